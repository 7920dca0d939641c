#!/usr/bin/python3
"""No statement of the incident domain deletes, and none changes an entry of a timeline or a mark."""
import pathlib
import re
import sys

FORBIDDEN = re.compile(r'\bDELETE\s+FROM\b|\bTRUNCATE\b|\bUPDATE\s+incident_(?:entry|mark|scope\w*|report|part|sign_off)\b|row_incident_(?:entry|scope|part|sign_off)_set_', re.I)


def main():
    core = pathlib.Path(sys.argv[1]) / 'src/core'
    folder = core / 'incident'
    others = [path for path in (core / 'governance').glob('*.c') if path.name != 'disposal_store.c']  # whose affair it is: retention.h
    found = [f'{path.name}: {match.group(0)}' for path in sorted([*folder.glob('*.c'), *others])
             for match in FORBIDDEN.finditer(re.sub(r'"\s*"', '', path.read_text()))]
    assert FORBIDDEN.search('DELETE FROM incident') and FORBIDDEN.search('update incident_entry SET'), 'the pattern finds'
    assert sum(1 for _ in folder.glob('*.c')) > 5, 'there is something to look at'
    sys.exit('\n'.join(found) or 0)


main()
