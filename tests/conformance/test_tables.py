"""The tables hold what they promise: every row has a test that exists or a written reason."""
import ast
import os
import re

import pytest
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TABLES = sorted(f for f in os.listdir(HERE) if f.endswith('.yaml'))
LEVELS = {'MUST', 'MUST NOT', 'SHOULD', 'SHOULD NOT'}


def functions_of(path):
    with open(path) as f:
        text = f.read()
    if path.endswith('.py'):
        return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    return set(re.findall(r'^static void (\w+)\(void \*\*', text, re.M))


def exists(reference):
    path, _, name = reference.partition('::')
    full = os.path.join(ROOT, path) if '/' in path else os.path.join(HERE, path)
    return os.path.isfile(full) and name in functions_of(full)


def judge(table):
    """What is wrong with a table; empty when nothing is."""
    found, seen = [], set()
    for row in table['rows']:
        where = f'{table["rfc"]} {row.get("section")}: {row.get("text", "")[:50]}'
        if not row.get('section') or row.get('level') not in LEVELS or not row.get('text'):
            found.append(f'{where}: section, level and text are needed')
        if ('test' in row) == ('reason' in row):
            found.append(f'{where}: either a test or a reason')
        if 'reason' in row and len(row['reason']) < 15:
            found.append(f'{where}: that is no reason')
        tests = row.get('test', [])
        for reference in [tests] if isinstance(tests, str) else tests:
            if not exists(reference):
                found.append(f'{where}: no such test: {reference}')
        if set(row) - {'section', 'level', 'text', 'test', 'reason', 'diverges'}:
            found.append(f'{where}: unknown key')
        if (row.get('section'), row.get('text')) in seen:
            found.append(f'{where}: twice')
        seen.add((row.get('section'), row.get('text')))
    return found


@pytest.mark.parametrize('name', TABLES)
def test_table(name):
    with open(os.path.join(HERE, name)) as f:
        table = yaml.safe_load(f)
    assert name == f'rfc{table["rfc"]}.yaml' and len(table['rows']) >= 10
    assert judge(table) == []


@pytest.mark.parametrize('row,expected', [
    ({'section': '1', 'level': 'MUST', 'text': 'x'}, 'either a test or a reason'),
    ({'section': '1', 'level': 'MUST', 'text': 'x', 'test': 'test_tables.py::no_such'}, 'no such test'),
    ({'section': '1', 'level': 'MUST', 'text': 'x', 'reason': 'no'}, 'no reason'),
    ({'level': 'MUST', 'text': 'x', 'reason': 'because it is so and so'}, 'are needed'),
])
def test_the_judge_finds_bad_rows(row, expected):
    assert any(expected in line for line in judge({'rfc': 1, 'rows': [row]}))
