#!/usr/bin/python3
"""Turn rule-packs/*.yaml into the table of built-in rule packs. usage: gen_rule_packs.py OUT_C INPUT..."""
import os
import sys


def main():
    out, inputs = sys.argv[1], sorted(sys.argv[2:])
    lines = ['#include "core/incident/rule_set.h"', '']
    for i, path in enumerate(inputs):
        with open(path, 'rb') as file:
            data = file.read()
        rows = ['    "' + ''.join(f'\\{octet:03o}' for octet in data[at:at + 20]) + '"' for at in range(0, len(data), 20)]
        lines += [f'static const char text_{i}[] =', '\n'.join(rows) + ';']
    lines.append('const struct rule_text rule_texts[] = {')
    for i, path in enumerate(inputs):
        name = os.path.basename(path).removesuffix('.yaml')
        lines.append(f'    {{"{name}", text_{i}, sizeof(text_{i}) - 1}},')
    lines += ['};', 'const size_t rule_text_count = sizeof(rule_texts) / sizeof(rule_texts[0]);']
    with open(out, 'w', encoding='ascii') as file:
        file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
