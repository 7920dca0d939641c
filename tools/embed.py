#!/usr/bin/python3
"""Turn a text file into a C string.

usage: embed.py INPUT OUT_C SYMBOL

Writes `const char SYMBOL[]` (NUL-terminated) and `const size_t SYMBOL_len`.
"""
import sys


def main():
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
