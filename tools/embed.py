#!/usr/bin/python3
"""Turn a text file into a C string.

usage: embed.py [--as-is] INPUT OUT_C SYMBOL

Writes `const char SYMBOL[]` (NUL-terminated) and `const size_t SYMBOL_len`. --as-is takes any octets and lets the
assembler read them, which for megabytes is faster than a C array: `const uint8_t SYMBOL[]` and `const uint64_t SYMBOL_len`.
"""
import os
import sys

AS_IS = """/* Made by tools/embed.py. */
__asm__(".pushsection .rodata\\n.balign 8\\n"
        ".globl {symbol}\\n.type {symbol}, @object\\n{symbol}:\\n"
        ".incbin \\"{path}\\"\\n.L{symbol}_end:\\n.size {symbol}, . - {symbol}\\n.balign 8\\n"
        ".globl {symbol}_len\\n.type {symbol}_len, @object\\n.size {symbol}_len, 8\\n{symbol}_len:\\n"
        ".quad .L{symbol}_end - {symbol}\\n.popsection");
"""


def as_is(source, target, symbol):
    with open(target, "w", encoding="utf-8") as file:
        file.write(AS_IS.format(symbol=symbol, path=os.path.abspath(source)))


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "--as-is":
        as_is(*sys.argv[2:])
        return
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    if b"\0" in data:
        sys.exit(f"{sys.argv[1]}: holds a NUL")
    symbol = sys.argv[3]
    rows = ['    "' + "".join(f"\\{octet:03o}" for octet in data[at:at + 20]) + '"'
            for at in range(0, len(data), 20)]
    with open(sys.argv[2], "w", encoding="ascii") as file:
        file.write("#include <stddef.h>\n")
        file.write(f"extern const char {symbol}[];\nextern const size_t {symbol}_len;\n")
        file.write(f"const char {symbol}[] =\n" + "\n".join(rows) + ";\n")
        file.write(f"const size_t {symbol}_len = {len(data)};\n")


if __name__ == "__main__":
    main()
