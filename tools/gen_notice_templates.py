#!/usr/bin/python3
"""Turn notice-templates/*.yaml into the table of built-in notice templates. usage: gen_notice_templates.py OUT_C INPUT..."""
import sys


def main():
    out, inputs = sys.argv[1], sorted(sys.argv[2:])
    lines = ['#include "core/notify/template.h"', '']
    for i, path in enumerate(inputs):
        with open(path, 'rb') as file:
            data = file.read()
        rows = ['    "' + ''.join(f'\\{octet:03o}' for octet in data[at:at + 20]) + '"' for at in range(0, len(data), 20)]
        lines += [f'static const char text_{i}[] =', '\n'.join(rows) + ';']
    lines.append('const struct notice_text_file notice_text_files[] = {')
    lines += [f'    {{text_{i}, sizeof(text_{i}) - 1}},' for i in range(len(inputs))]
    lines += ['};', 'const size_t notice_text_file_count = sizeof(notice_text_files) / sizeof(notice_text_files[0]);']
    with open(out, 'w', encoding='ascii') as file:
        file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
