"""What the check tools share: the list of files, and a self-test that proves that a check can fail.

A check tool is `main(run, self_test_cases)`: `run(root)` returns a list of findings ("path:line: text") for the
tree under root. A self-test case is (name, {path: text}, part of the expected finding or None for a clean tree).
`--self-test` builds each tree in a temporary folder and compares."""
import os
import subprocess
import sys
import tempfile


def tracked(root, *suffixes, under=()):
    """Files of the tree, relative and sorted: git's list where there is a repository, else a walk."""
    if os.path.isdir(os.path.join(root, '.git')) or os.path.isfile(os.path.join(root, '.git')):
        out = subprocess.run(['git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                             check=True, capture_output=True).stdout.decode()
        names = [n for n in out.split('\0') if n and os.path.isfile(os.path.join(root, n))]
    else:
        names = [os.path.relpath(os.path.join(folder, f), root)
                 for folder, _, files in os.walk(root) for f in files]
    return sorted(n for n in names
                  if (not suffixes or n.endswith(suffixes))
                  and (not under or n.startswith(tuple(u.rstrip('/') + '/' for u in under))))


def text_of(root, name):
    """The text, or None for a binary file."""
    with open(os.path.join(root, name), 'rb') as f:
        data = f.read()
    if b'\0' in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def blank_c(text):
    """C text with comments and literals blanked, so that line numbers stay and words inside them do not count."""
    out, i, n = [], 0, len(text)
    while i < n:
        two = text[i:i + 2]
        if two == '//':
            end = text.find('\n', i)
            end = n if end < 0 else end
        elif two == '/*':
            end = text.find('*/', i + 2)
            end = n if end < 0 else end + 2
        elif text[i] in '"\'':
            end = i + 1
            while end < n and text[end] != text[i] and text[end] != '\n':
                end += 2 if text[end] == '\\' else 1
            end = min(end + 1, n)
        else:
            out.append(text[i])
            i += 1
            continue
        out.append(''.join(c if c == '\n' else ' ' for c in text[i:end]))
        i = end
    return ''.join(out)


def self_test(run, cases):
    failed = 0
    for name, files, expected in cases:
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
                    f.write(text)
            found = run(root)
        good = not found if expected is None else any(expected in line for line in found)
        if not good:
            failed += 1
            print(f'self-test failed: {name}: expected {expected!r}, found {found}')
    return failed


def main(run, cases):
    if sys.argv[1:] == ['--self-test']:
        sys.exit(1 if self_test(run, cases) else 0)
    if sys.argv[1:]:
        sys.exit(f'usage: {os.path.basename(sys.argv[0])} [--self-test]')
    found = run(os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0]))))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)
