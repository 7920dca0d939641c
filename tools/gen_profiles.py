#!/usr/bin/python3
"""Turn profiles/*.yaml into the table of built-in profiles. usage: gen_profiles.py OUT_C INPUT..."""
import os
import sys


def main():
    out, inputs = sys.argv[1], sorted(sys.argv[2:])
    lines = ['#include "host/builtin.h"', '']
    for i, path in enumerate(inputs):
        with open(path, 'rb') as file:
            data = file.read()
        rows = ['    "' + ''.join(f'\\{octet:03o}' for octet in data[at:at + 20]) + '"' for at in range(0, len(data), 20)]
        lines += [f'static const char text_{i}[] =', '\n'.join(rows) + ';']
    lines.append('const struct host_builtin host_builtins[] = {')
    for i, path in enumerate(inputs):
        name = os.path.basename(path).removesuffix('.yaml')
        lines.append(f'    {{"{name}", text_{i}, sizeof(text_{i}) - 1}},')
    lines += ['};', 'const size_t host_builtin_count = sizeof(host_builtins) / sizeof(host_builtins[0]);']
    with open(out, 'w', encoding='ascii') as file:
        file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
