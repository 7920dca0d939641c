"""The command line: exit codes, --json, contexts, inspect, lint, doctor, and that secrets stay out of arguments' echoes."""
import base64
import json
import os
import re
import shutil
import subprocess

import pytest

from harness import pki, status
from harness.instance import BINARY, ROOT, free_port, run_cli, wait_for


@pytest.fixture(scope='module')
def home(instance, tmp_path_factory):
    """A home whose context is the administrator's."""
    folder = str(tmp_path_factory.mktemp('home'))
    person = instance.enroll_admin().post('/v1/users', {'display_name': 'CLI', 'roles': ['administrator', 'requester']}).expect(201)
    run_cli('enroll', instance.url, person['link'], '--ca-file', instance.root_pem, home=folder).expect(0)
    return folder


class Ways:
    """For each exit code a command that ends with it."""

    def __init__(self, instance, home, folder, make_instance):
        self.instance, self.home, self.folder, self.make_instance = instance, home, folder, make_instance

    def run(self, *arguments, home=None, **options):
        return run_cli(*arguments, home=home or self.home, **options)

    def as_person(self, *roles, disabled=False):
        """A home whose context is of a new person."""
        folder = self.folder / f'home-{"-".join(roles)}-{disabled}'
        folder.mkdir()
        person = self.instance.enroll_admin().post('/v1/users', {'display_name': 'CLI', 'roles': list(roles)}).expect(201)
        run_cli('enroll', self.instance.url, person['link'], '--ca-file', self.instance.root_pem, home=folder).expect(0)
        if disabled:
            self.instance.admin.post(f'/v1/users/{person["user"]["id"]}/disable').expect(200)
        return folder

    def ok(self):
        return self.run('me', 'show')

    def usage(self):
        return self.run('nonsense')

    def parse(self):
        return self.run('request', 'show', 'req_x')

    def policy(self):
        return self.run('request', 'create', '--certificate-profile', 'server-tls', '--csr', pki.csr(['email:a@example.org']))

    def auth(self):
        return self.run('me', 'show', home=self.as_person('requester', disabled=True))

    def denied(self):
        return self.run('user', 'list', home=self.as_person('requester'))

    def notfound(self):
        return self.run('request', 'show', 'req_' + '0' * 26)

    def conflict(self):
        self.run('group', 'create', '--name', 'twice').expect(0)
        return self.run('group', 'create', '--name', 'twice')

    def limit(self):
        return self.run('user', 'list', '--limit', '501')

    def busy(self):
        return self.run('serve', '--data', self.instance.data)

    def io(self):
        return self.run('enroll', f'https://127.0.0.1:{free_port()}', 'cxl_' + 'a' * 43, '--ca-file', self.instance.root_pem,
                        home=self.folder)

    def store(self):
        other = self.make_instance()
        path = os.path.join(other.data, 'certinext.yaml')
        with open(path) as f:
            lines = [line for line in f if not line.startswith('database_url')]
        with open(path, 'w') as f:
            f.writelines([*lines, 'database_url: "postgresql:///nobody?host=/nonexistent"\n'])
        return self.run('invite', '--data', other.data)

    def crypto(self):
        path = self.folder / 'log.ndjson'
        self.run('audit', 'export', '--out', path).expect(0)
        text = path.read_text()
        path.write_text(text.replace('"user.enroll"', '"user.enrolm"', 1))
        assert path.read_text() != text
        return self.run('audit', 'verify', path)


# Without memory, and with a bug: nothing that a command line can bring about.
UNREACHABLE = {'nomem', 'internal'}


def test_every_exit_code(instance, home, tmp_path, make_instance):
    with open(os.path.join(ROOT, 'docs', 'cli.md')) as f:
        documented = {word: int(code) for code, word in re.findall(r'^\| (\d+) \| (\w+) \|', f.read(), re.M)}
    assert list(documented.values()) == [0, *range(64, 78)]
    ways = Ways(instance, home, tmp_path, make_instance)
    for word, code in documented.items():
        if word in UNREACHABLE:
            continue
        done = getattr(ways, word)()
        assert done.status == code, (word, done.status, done.err[-500:])
        assert bool(done.err) == (code != 0), (word, done.err)


def test_exit_codes_of_missing_files(home):
    for command in (('inspect',), ('lint',), ('audit', 'verify'), ('review', 'verify')):
        assert run_cli(*command, '/nonexistent', home=home).status == 69, command
    assert run_cli('me', 'show', '--no-such-option', home=home).status == 64
    assert run_cli('request', 'approve', 'req_' + '0' * 26, '--comment', 'x', home=home).status == 69
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


@pytest.fixture(scope='module')
def objects(instance, tmp_path_factory):
    """{what inspect calls it: DER} of a CRL, OCSP responses, keys and a certificate of a running instance."""
    folder = tmp_path_factory.mktemp('objects')
    certificate = instance.issue(['objects.example.org'])
    instance.revoke(certificate, 'keyCompromise')
    wait_for(lambda: status.ocsp(instance, folder, certificate['pem']) == 'revoked', 'OCSP says revoked')
    wait_for(lambda: int(certificate['serial'], 16) in status.crl_serials(instance, folder, certificate['pem']), 'the CRL lists it')
    urls = pki.urls(certificate['pem'])
    request = status.ocsp_request(folder, certificate['pem'], instance.chain()[0], nonce=True)
    key = pki.key().encode()
    return certificate['serial'], {
        'crl': instance.fetch(urls[0][0]).body, 'ocsp response': status.ocsp_post(instance, urls[1][0], request).body,
        'private key': pki.openssl('pkcs8', '-topk8', '-nocrypt', '-outform', 'DER', stdin=key).stdout,
        'public key': pki.openssl('pkey', '-pubout', '-outform', 'DER', stdin=key).stdout,
        'certificate': pki.der(certificate['pem'])}


def test_inspect_tells_each_object_by_its_content(objects, tmp_path):
    serial, made = objects
    for kind, data in made.items():
        [path] = pki.files(tmp_path, object_der=data)
        shown = run_cli('inspect', path, '--json').expect(0).json()
        assert shown['type'] == kind
        assert run_cli('inspect', path).expect(0).out.strip()
        if kind == 'crl':
            assert serial in [r['serial'] for r in shown['revoked']] and shown['sharded'] is True
        if kind == 'ocsp response':
            assert [(r['serial'], r['status']) for r in shown['responses']] == [(serial, 'revoked')]
    [path] = pki.files(tmp_path, error_der=bytes.fromhex('30030a0106'))
    assert run_cli('inspect', path, '--json').expect(0).json()['status'] == 'unauthorized'


@pytest.mark.parametrize('kind', ['crl', 'ocsp response', 'private key', 'public key', 'certificate'])
def test_inspect_refuses_what_is_cut_short_or_has_more(objects, tmp_path, kind):
    """65 and a word about it; never a crash, never half of an object shown as if it were whole."""
    data = objects[1][kind]
    cuts = {1, 2, len(data) // 2, len(data) - 1}
    for bad in [data[:n] for n in cuts] + [data + b'\0', data[:1] + b'\x80' + data[2:], b'\xff' + data[1:]]:
        [path] = pki.files(tmp_path, bad_der=bad)
        done = run_cli('inspect', path, '--json')
        assert done.status == 65 and not done.out, (len(bad), done.status, done.out[:200])
        assert isinstance(json.loads(done.err), dict)


def test_inspect_of_a_wrong_label_or_nothing(objects, tmp_path):
    body = base64.encodebytes(objects[1]['crl']).decode()
    for label in ('OCSP RESPONSE', 'CERTIFICATE', 'PRIVATE KEY', 'PUBLIC KEY', 'SOMETHING ELSE'):
        [path] = pki.files(tmp_path, wrong_pem=f'-----BEGIN {label}-----\n{body}-----END {label}-----\n')
        assert run_cli('inspect', path).status == 65, label
    for nothing in (b'', b'\0', b'just text\n', b'0' * 5000):
        [path] = pki.files(tmp_path, nothing_der=nothing)
        assert run_cli('inspect', path).status == 65


def documented_codes():
    """{code: category} of docs/cli.md."""
    with open(os.path.join(ROOT, 'docs', 'cli.md')) as f:
        return {int(code): word for code, word in re.findall(r'^\| (\d+) \| (\w+) \|', f.read(), re.M)}


def test_exit_codes_are_the_documented_ones():
    assert documented_codes() == {0: 'ok', 64: 'usage', 65: 'parse', 66: 'policy', 67: 'auth', 68: 'denied', 69: 'notfound', 70: 'conflict',
                                  71: 'limit', 72: 'busy', 73: 'io', 74: 'store', 75: 'crypto', 76: 'nomem', 77: 'internal'}


def test_a_wrong_option_is_64_for_every_command(tmp_path):
    for command in listed_commands():
        done = run_cli(*command.split(), '--no-such-option', home=str(tmp_path))
        assert done.status == 64 and done.err and not done.out, (command, done.status, done.err)


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
    for shell in ('bash', 'zsh'):
        script = run_cli('completion', shell).expect(0).out
        for words in ('"ca create-root")', '"request create")', '"init "*)', 'serve config'):
            assert words in script, words
    subprocess.run(['bash', '-n'], input=run_cli('completion', 'bash').out, text=True, check=True)
    assert run_cli('completion', 'fish').status == 64
    generator = os.path.join(ROOT, 'tools', 'gen_man.py')
    stale = subprocess.run(['/usr/bin/python3', generator, BINARY, 'check', os.path.join(ROOT, 'man')],
                           capture_output=True, text=True)
    assert stale.returncode == 0, stale.stderr


BASH = '{script}\nCOMP_WORDS=({words}) COMP_CWORD={at}\n_certinext\nprintf "%s\\n" "${{COMPREPLY[@]}}"\n'
# Completion's own builtins work in a widget only; these stand in for them and show what they are given.
ZSH = """compdef() {{ :; }}
_files() {{ print -- FILES; }}
compadd() {{ shift; local one; integer found=0; for one; do [[ $one == ${{words[CURRENT]}}* ]] && print -- $one && found=1; done
(( found )); }}
{script}
words=({words} '') CURRENT={at}
_certinext
"""


@pytest.mark.parametrize('words', [['requ'], ['ca', 'cre'], ['ca', ''], ['request', 'create', '--cs'], ['ca', 'create', '--key'],
                                   ['init', '--dat'], ['inspect', '--js']])
def test_both_shells_complete_the_same(tmp_path, words):
    if not shutil.which('zsh'):
        pytest.skip('zsh is not installed (tools/setup check)')
    at, given = len(words), ' '.join(['certinext', *(w or "''" for w in words)])
    bash = subprocess.run(['bash', '--norc'], input=BASH.format(script=run_cli('completion', 'bash').out, words=given, at=at), text=True,
                          capture_output=True, cwd=tmp_path, check=True)
    zsh = subprocess.run(['zsh', '-f'], input=ZSH.format(script=run_cli('completion', 'zsh').out, words=given, at=at + 1), text=True,
                         capture_output=True, cwd=tmp_path, check=True)
    assert zsh.stderr == '' and bash.stdout.split() and sorted(zsh.stdout.split()) == sorted(bash.stdout.split())
    assert all(found.startswith(words[-1]) for found in bash.stdout.split())


def test_zsh_offers_files_where_a_value_is_wanted():
    if not shutil.which('zsh'):
        pytest.skip('zsh is not installed (tools/setup check)')
    script = ZSH.format(script=run_cli('completion', 'zsh').out, words="certinext inspect ''", at=3)
    assert subprocess.run(['zsh', '-f'], input=script, text=True, capture_output=True, check=True).stdout == 'FILES\n'


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
