#!/usr/bin/python3
"""Manual pages from the program's own help, so that they cannot differ from it.

  gen_man.py CERTINEXT write DIRECTORY   man/certinext.1 and one page a noun, committed
  gen_man.py CERTINEXT check DIRECTORY   whether the committed pages are those of this program
"""
import os
import re
import subprocess
import sys

DATE = "November 25, 2026"
OPTION = re.compile(r"^  --(\S+)(?: (\S+))? {2,}(.*)$")
COMMAND = re.compile(r"^  ([a-z]\S*(?: [a-z]\S*)?) {2,}(.*)$")
EXIT_STATUS = r""".Sh EXIT STATUS
0 on success, 64 for wrong use, 65 malformed input, 66 refused by a rule, 67 not authenticated, 68 not allowed,
69 not found, 70 conflict, 71 over a limit, 72 busy, 73 input or output failed or the server was not reached,
74 database failed, 75 cryptography failed, 76 out of memory, 77 internal error.
"""


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-") if text.startswith("-") else text.replace("\\", "\\e")
    return "\\&" + text if text[:1] in (".", "'") else text


def sentence(text):
    """mdoc wants each sentence on its own line."""
    return re.sub(r"([.;]) +(?=[A-Z])", r"\1\n", escape(text))


def run(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout


def commands(program):
    """[(words, summary)] of what takes --help, [(words, summary)] of what belongs to the server's host."""
    host, everywhere = [], []
    into = None
    for line in run(program, "--help").splitlines():
        if line.startswith("On the server"):
            into = host
        elif line.startswith("Everywhere"):
            into = everywhere
        elif into is not None and COMMAND.match(line):
            words, summary = COMMAND.match(line).groups()
            into.append((words.split(), summary))
    return everywhere, host


def options(text):
    lines = [".Bl -tag -width Ds"]
    for line in text.splitlines():
        match = OPTION.match(line)
        if match:
            name, value, meaning = match.groups()
            lines.append(".It Fl Fl " + name + (f" Ar {value.replace('|', ' | ')}" if value else ""))
            lines += sentence(meaning[:1].upper() + meaning[1:]).splitlines()
    return lines + [".El"]


def head(name, summary):
    title = name.upper()
    return [f".Dd {DATE}", f".Dt {title} 1", ".Os", ".Sh NAME", f".Nm {name}", f".Nd {escape(summary.lower())}"]


def noun_page(program, noun, entries):
    name = f"certinext-{noun}"
    single = len(entries) == 1 and len(entries[0][0]) == 1
    summary = entries[0][1] if single else f"commands about {noun}s" if not noun.endswith("s") else f"commands about {noun}"
    lines = head(name, summary) + [".Sh SYNOPSIS"]
    helps = {tuple(words): run(program, *words, "--help") for words, _ in entries}
    for words, _ in entries:
        arguments = helps[tuple(words)].splitlines()[0].split("…]", 1)[-1].strip()
        lines += [f".Nm certinext {' '.join(words)}", ".Op Ar option ..."] + ([f".Ar {arguments}"] if arguments else [])
    lines.append(".Sh DESCRIPTION")
    for words, meaning in entries:
        lines += [f".Ss {' '.join(words)}"] + sentence(meaning + ".").splitlines() + options(helps[tuple(words)])
    lines += EXIT_STATUS.strip().splitlines() + [".Sh SEE ALSO", ".Xr certinext 1"]
    return "\n".join(lines) + "\n"


def index_page(everywhere, host):
    nouns = list(dict.fromkeys(words[0] for words, _ in everywhere + host))
    lines = head("certinext", "certificate lifecycle management with its own certification authority")
    lines += [".Sh SYNOPSIS", ".Nm", ".Ar command", ".Op Ar argument ...", ".Sh DESCRIPTION", ".Nm",
              "is one program: the platform, its ceremonies and the command line that talks to it.",
              "Commands on the server's host:", ".Bl -tag -width Ds"]
    for words, meaning in host:
        lines += [f".It Cm {' '.join(words)}"] + sentence(meaning[:1].upper() + meaning[1:] + ".").splitlines()
    lines += [".El", ".Pp", "Commands that work everywhere; each command takes", ".Fl Fl help :", ".Bl -tag -width Ds"]
    for words, meaning in everywhere:
        lines += [f".It Cm {' '.join(words)}"] + sentence(meaning + ".").splitlines()
    lines += [".El", ".Sh ENVIRONMENT", ".Bl -tag -width Ds",
              ".It Ev CERTINEXT_TOKEN", "API token to use instead of the context's.",
              ".It Ev CERTINEXT_DATA", "Data directory for", ".Cm status", "and", ".Cm doctor .",
              ".It Ev XDG_CONFIG_HOME", "Where contexts are kept; else", ".Pa ~/.config .", ".El",
              ".Sh FILES", ".Bl -tag -width Ds", ".It Pa ~/.config/certinext/contexts.yaml",
              "Servers and tokens, readable by the owner only.", ".El"]
    lines += EXIT_STATUS.strip().splitlines() + [".Sh SEE ALSO"]
    pages = sorted(f"certinext-{noun}" for noun in nouns)
    lines += [f".Xr {page} 1{' ,' if page != pages[-1] else ''}" for page in pages]
    return "\n".join(lines) + "\n"


def pages(program):
    everywhere, host = commands(program)
    made = {"certinext.1": index_page(everywhere, host)}
    both = everywhere + host
    for noun in dict.fromkeys(words[0] for words, _ in both):
        made[f"certinext-{noun}.1"] = noun_page(program, noun, [e for e in both if e[0][0] == noun])
    return made


def main(argv):
    if len(argv) != 4 or argv[2] not in ("write", "check"):
        print(__doc__, file=sys.stderr)
        return 2
    made = pages(argv[1])
    os.makedirs(argv[3], exist_ok=True)
    status = 0
    for name, text in made.items():
        path = os.path.join(argv[3], name)
        if argv[2] == "write":
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
        elif not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
            print(f"{path} is stale: run tools/gen_man.py {argv[1]} write {argv[3]}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv))
