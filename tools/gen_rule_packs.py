#!/usr/bin/python3
"""Turn rule-packs/*.yaml (or, with --playbooks, playbooks/*.yaml) into the table of those that are built in.
usage: gen_rule_packs.py [--playbooks] OUT_C INPUT..."""
import os
import sys


def main():
    arguments = sys.argv[1:]
    header, table = 'core/incident/rule_set.h', 'rule'
    if arguments[0] == '--playbooks':
        header, table = 'core/playbook/library.h', 'playbook'
        arguments = arguments[1:]
    out, inputs = arguments[0], sorted(arguments[1:])
    lines = [f'#include "{header}"', '']
    for i, path in enumerate(inputs):
        with open(path, 'rb') as file:
            data = file.read()
        rows = ['    "' + ''.join(f'\\{octet:03o}' for octet in data[at:at + 20]) + '"' for at in range(0, len(data), 20)]
        lines += [f'static const char text_{i}[] =', '\n'.join(rows) + ';']
    lines.append(f'const struct rule_text {table}_texts[] = {{')
    for i, path in enumerate(inputs):
        name = os.path.basename(path).removesuffix('.yaml')
        lines.append(f'    {{"{name}", text_{i}, sizeof(text_{i}) - 1}},')
    lines += ['};', f'const size_t {table}_text_count = sizeof({table}_texts) / sizeof({table}_texts[0]);']
    with open(out, 'w', encoding='ascii') as file:
        file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
