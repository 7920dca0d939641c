#!/usr/bin/python3
"""sealed_compile.py SOURCE INCLUDE… -- COMPILER…: plaintext cannot be bound to a sealed column, because it does not compile."""
import subprocess
import sys

divider = sys.argv.index("--")
source, includes, compiler = sys.argv[1], sys.argv[2:divider], sys.argv[divider + 1:]
failed = 0
for variant in ("SEALED", "INSERT_BYTES", "INSERT_TEXT", "INSERT_POINTER", "UPDATE_BYTES", "UPDATE_TEXT"):
    run = subprocess.run([*compiler, "-std=gnu2x", "-D_GNU_SOURCE", "-fsyntax-only", "-Werror=incompatible-pointer-types", f"-DVARIANT_{variant}",
                          *(f"-I{folder}" for folder in includes), source],
                         capture_output=True, text=True, check=False)
    compiled = run.returncode == 0
    # It must fail for this reason, not for a missing header.
    right = compiled if variant == "SEALED" else not compiled and ("incompatible type" in run.stderr or "incompatible pointer type" in run.stderr)
    print(f"{'ok' if right else 'FAILED'}: {variant}: {'compiles' if compiled else run.stderr.strip()}")
    failed += not right
sys.exit(1 if failed else 0)
