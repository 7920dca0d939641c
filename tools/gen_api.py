#!/usr/bin/python3
"""Turns api/openapi.yaml into C and pages. Fails, listing every broken rule, rather than writing a part.

  gen_api.py CONTRACT c DIRECTORY      C headers and sources, for the build
  gen_api.py CONTRACT pages DIRECTORY  reference pages (docs/reference), committed
  gen_api.py CONTRACT check DIRECTORY  whether the committed pages are those the contract gives
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from apigen import c_code, pages  # noqa: E402
from apigen.contract import ContractError, load  # noqa: E402

C_FILES = {
    "api_permissions.h": c_code.permissions_header,
    "api_types.h": c_code.types_header,
    "api_types.c": c_code.types_source,
    "api_routes.h": c_code.routes_header,
    "api_routes.c": c_code.routes_source,
    "cli_commands.h": c_code.commands_header,
    "cli_commands.c": c_code.commands_source,
}
PAGES = {"api.md": pages.api, "permissions.md": pages.permissions}


def write(directory, files, contract):
    made = {name: writer(contract) for name, writer in files.items()}  # all, before the first is written
    os.makedirs(directory, exist_ok=True)
    for name, text in made.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
            out.write(text)


def stale(directory, contract):
    for name, writer in PAGES.items():
        with open(os.path.join(directory, name), encoding="utf-8") as page:
            if page.read() != writer(contract):
                yield name


def main(argv):
    if len(argv) != 4 or argv[2] not in ("c", "pages", "check"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(argv[1], encoding="utf-8") as source:
            contract = load(source.read())
    except ContractError as error:
        print(f"{argv[1]} breaks {len(error.errors)} rule(s):\n{error}", file=sys.stderr)
        return 1
    if argv[2] == "check":
        names = list(stale(argv[3], contract))
        for name in names:
            print(f"{argv[3]}/{name} is stale: run tools/gen_api.py {argv[1]} pages {argv[3]}", file=sys.stderr)
        return 1 if names else 0
    write(argv[3], C_FILES if argv[2] == "c" else PAGES, contract)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
