"""The tables hold what they promise: every row has a test that every run runs, or a written reason."""
import ast
import functools
import os
import re

import pytest
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TABLES = sorted(f for f in os.listdir(HERE) if f.endswith('.yaml'))
LEVELS = {'MUST', 'MUST NOT', 'SHOULD', 'SHOULD NOT'}


def skips(node):
    """Whether a Python test may end as skipped or as an expected failure: a mark, or a call in its own body."""
    words = {n.attr for part in [*node.decorator_list, *node.body] for n in ast.walk(part) if isinstance(n, ast.Attribute)}
    return bool(words & {'skip', 'skipif', 'xfail', 'importorskip'})


def python_tests(text):
    tree = ast.parse(text)
    marks = [n for n in tree.body if isinstance(n, ast.Assign) and 'pytestmark' in [getattr(t, 'id', '') for t in n.targets]]
    if any(word in ast.dump(mark) for mark in marks for word in ("'skip'", "'skipif'", "'xfail'")):
        return {}
    return {n.name: not skips(n) for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


def c_tests(text):
    """A C test counts when its group runs it; it may not call cmocka's skip()."""
    found = {}
    for match in re.finditer(r'^static void (\w+)\(void \*\*\w+\)\n\{\n(.*?)^\}', text, re.M | re.S):
        listed = re.search(r'cmocka_unit_test\w*\(\s*' + match.group(1) + r'\b', text)
        found[match.group(1)] = bool(listed) and not re.search(r'\bskip\(\)', match.group(2))
    return found


@functools.lru_cache(maxsize=None)
def runnable_in(path):
    with open(path) as f:
        return (python_tests if path.endswith('.py') else c_tests)(f.read())


def fault_of(reference):
    """What is wrong with a reference to a test; None when it exists and every run runs it."""
    path, _, name = reference.partition('::')
    full = os.path.join(ROOT, path) if '/' in path else os.path.join(HERE, path)
    if not os.path.isfile(full):
        return 'no such test'
    found = runnable_in(full)
    if name not in found:
        return 'no such test'
    return None if found[name] else 'a test that can be skipped or is not run'


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
            fault = fault_of(reference)
            if fault:
                found.append(f'{where}: {fault}: {reference}')
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


@pytest.mark.parametrize('text,runs', [
    ('def test_x():\n    pass', True),
    ('@pytest.mark.skip\ndef test_x():\n    pass', False),
    ('@pytest.mark.skipif(True, reason="r")\ndef test_x():\n    pass', False),
    ('@pytest.mark.xfail\ndef test_x():\n    pass', False),
    ('def test_x():\n    if 1:\n        pytest.skip("r")', False),
    ('pytestmark = pytest.mark.skip(reason="r")\ndef test_x():\n    pass', None),
])
def test_skipped_python_tests_do_not_count(text, runs):
    assert python_tests(text).get('test_x') is runs


@pytest.mark.parametrize('body,listed,runs', [('    f();\n', True, True), ('    f();\n', False, False), ('    skip();\n', True, False)])
def test_c_tests_count_when_they_are_run(body, listed, runs):
    text = f'static void test_x(void **state)\n{{\n{body}}}\n' + ('cmocka_unit_test(test_x)' if listed else '')
    assert c_tests(text) == {'test_x': runs}
