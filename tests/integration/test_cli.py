"""The command line: exit codes, --json, contexts, inspect, lint, doctor, and that secrets stay out of arguments' echoes."""
import json
import os
import re
import subprocess

import pytest

from harness import pki
from harness.instance import BINARY, ROOT, run_cli


@pytest.fixture(scope='module')
def home(instance, tmp_path_factory):
    """A home whose context is the administrator's."""
    folder = str(tmp_path_factory.mktemp('home'))
    person = instance.enroll_admin().post('/v1/users', {'display_name': 'CLI', 'roles': ['administrator', 'requester']}).expect(201)
    run_cli('enroll', instance.url, person['link'], '--ca-file', instance.root_pem, home=folder).expect(0)
    return folder


def test_exit_codes(instance, home):
    assert run_cli('me', 'show', home=home).status == 0
    assert run_cli('nonsense', home=home).status == 64
    assert run_cli('me', 'show', '--no-such-option', home=home).status == 64
    missing = run_cli('request', 'show', 'req_' + '0' * 26, home=home)
    assert missing.status == 69 and missing.err
    assert run_cli('request', 'approve', 'req_' + '0' * 26, '--comment', 'x', home=home).status == 69
    assert run_cli('request', 'show', 'req_x', home=home).status == 65
    assert run_cli('request', 'create', '--certificate-profile', 'server-tls', '--csr',
                   pki.csr(['email:a@example.org']), home=home).status == 66
    assert run_cli('inspect', '/nonexistent', home=home).status == 69
    assert run_cli('serve', '--data', '/nonexistent').status == 69
    assert run_cli('serve').status == 64
    assert run_cli('config', 'check', '--data', '/nonexistent').status == 69


def test_version_and_help(home):
    assert run_cli('--version', home=home).expect(0).out.startswith('certinext ')
    assert 'request' in run_cli('--help', home=home).expect(0).out
    assert '--comment' in run_cli('request', 'approve', '--help', home=home).expect(0).out


@pytest.mark.parametrize('command', [('me', 'show'), ('user', 'list'), ('profile', 'list'), ('issuer', 'list'), ('request', 'list'),
                                     ('certificate', 'list'), ('token', 'list'), ('system', 'status')])
def test_json_everywhere(home, command):
    document = json.loads(run_cli(*command, '--json', home=home).expect(0).out)
    assert isinstance(document, (dict, list))
    assert run_cli(*command, home=home).expect(0).out.strip()


def test_request_from_a_file_and_from_standard_input(instance, home, tmp_path):
    csr = pki.csr(['DNS:cli.example.org'])
    path = tmp_path / 'cli.csr'
    path.write_text(csr)
    made = run_cli('request', 'create', '--certificate-profile', 'server-tls', '--csr', f'@{path}', '--json', home=home).expect(0)
    assert made.json()['state'] == 'awaiting_approval'
    piped = run_cli('request', 'create', '--certificate-profile', 'server-tls', '--csr', '@-', '--json', home=home, stdin=csr)
    assert piped.expect(0).json()['state'] == 'awaiting_approval'


def test_inspect(instance, home, tmp_path):
    certificate = instance.issue(['inspect.example.org'])
    path, csr, key = pki.files(tmp_path, c_pem=certificate['pem'], c_csr=pki.csr(['DNS:in.example.org']), k_pem=pki.key())
    out = run_cli('inspect', path, '--json', home=home).expect(0).json()
    assert certificate['serial'] in json.dumps(out).lower()
    assert 'in.example.org' in run_cli('inspect', csr, home=home).expect(0).out
    shown = run_cli('inspect', key, home=home)
    assert shown.status == 0
    body = ''.join(pki.key().splitlines()[1:-1])
    assert body[10:40] not in shown.out
    assert run_cli('inspect', '/dev/null', home=home).status not in (0, 64)


def test_lint(instance, home, tmp_path):
    certificate = instance.issue(['lint.example.org'])
    good, bad = tmp_path / 'good.pem', tmp_path / 'bad.pem'
    good.write_text(certificate['pem'])
    run_cli('lint', good, home=home).expect(0)
    pki.openssl('req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-keyout', '/dev/null', '-out', bad, '-subj', '/CN=x',
                '-days', '4000', '-sha1')
    found = run_cli('lint', bad, '--json', home=home)
    assert found.status not in (0, 64)


def test_doctor(instance, home):
    run_cli('doctor', '--data', instance.data, home=home).expect(0)


def test_contexts(instance, home):
    listing = run_cli('context', 'list', '--json', home=home).expect(0)
    assert instance.url in listing.out


def test_the_stored_context_is_private(home):
    import os
    import stat
    found = []
    for folder, _, names in os.walk(home):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, 'rb') as f:
                if b'cxt_' in f.read():
                    found.append(path)
                    assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0
    assert found


def test_an_unknown_server_is_not_trusted(instance, tmp_path):
    person = instance.enroll_admin().post('/v1/users', {'display_name': 'X', 'roles': ['auditor']}).expect(201)
    done = run_cli('enroll', instance.url, person['link'], home=str(tmp_path))
    assert done.status != 0, 'a server whose root nobody named was trusted'


def test_completion_and_manual_pages():
    script = run_cli('completion', 'bash').expect(0).out
    for words in ('"ca create-root")', '"request create")', '"init "*)', 'serve config'):
        assert words in script, words
    subprocess.run(['bash', '-n'], input=script, text=True, check=True)
    generator = os.path.join(ROOT, 'tools', 'gen_man.py')
    stale = subprocess.run(['/usr/bin/python3', generator, BINARY, 'check', os.path.join(ROOT, 'man')],
                           capture_output=True, text=True)
    assert stale.returncode == 0, stale.stderr


def listed_commands():
    """Every command that `certinext --help` lists."""
    for line in run_cli('--help').expect(0).out.splitlines():
        match = re.match(r'  ([a-z]\S*(?: [a-z]\S*)?) {2,}\S', line)
        if match:
            yield match.group(1)


def test_every_command_explains_itself():
    commands = list(listed_commands())
    assert len(commands) > 50 and {'serve', 'init', 'ca create', 'request create'} <= set(commands)
    for command in commands:
        shown = run_cli(*command.split(), '--help').expect(0).out
        assert shown.startswith('Usage: certinext ' + command) and '--help' in shown, command
    for noun in {c.split()[0] for c in commands if ' ' in c}:
        verbs = run_cli(noun).expect(0).out
        assert all(c in verbs for c in commands if c.startswith(noun + ' ')), noun


def test_json_of_the_hosts_commands(instance):
    for command in (['invite'], ['ca', 'list'], ['status'], ['gate', 'certificate'], ['doctor']):
        shown = instance.cli(*command, '--data', instance.data, '--json').expect(0)
        assert isinstance(json.loads(shown.out), dict), command
