"""Commands on the server's host: init and its resumption, tenants, profiles, doctor."""
import os
import signal
import sqlite3
import subprocess
import tempfile
import time

import pytest

from harness import instance as harness
from harness import pki


def init(folder, *options, **more):
    return harness.run_cli('init', '--data', folder / 'data', *options, home=folder, **more)


def test_init_options_reach_configuration_and_names(tmp_path):
    done = init(tmp_path, '--development', '--listen', '127.0.0.1:18999', '--http-listen', '127.0.0.1:18998', '--uid-base', '4000',
                '--name', 'Ex, Ample \\ AG', '--set', 'gate_workers=2').expect(0)
    text = (tmp_path / 'data' / 'certinext.yaml').read_text()
    for line in ('public_url: "https://127.0.0.1:18999"', 'https_listen: "127.0.0.1:18999"', 'http_listen: "127.0.0.1:18998"',
                 'uid_base: 4000', 'gate_workers: 2'):
        assert line in text.replace("'", '"'), line
    assert 'https://127.0.0.1:18999/enroll#cxl_' in done.out
    root = (tmp_path / 'data' / 'public' / 'root.pem').read_text()
    assert 'O=Ex\\, Ample \\\\ AG' in pki.openssl('x509', '-noout', '-subject', '-nameopt', 'rfc2253', stdin=root.encode()
                                                  ).stdout.decode()
    if os.getuid() == 0:
        assert os.stat(tmp_path / 'data' / 'keys').st_uid == 4002


@pytest.mark.parametrize('options', [('--listen', 'nonsense'), ('--set', 'no_such_option=1'), ('--set', 'novalue'),
                                     ('--uid-base', 'x'), ('--database', 'mysql://x'), ('--no-such-option',)])
def test_init_refuses_bad_options_and_makes_nothing(tmp_path, options):
    done = init(tmp_path, *options)
    assert done.status in (64, 65), (done.status, done.err)
    assert not (tmp_path / 'data').exists()


def test_init_refuses_an_instance_and_a_stranger(tmp_path):
    init(tmp_path).expect(0)
    before = (tmp_path / 'data' / 'keys' / 'kek').read_bytes()
    again = init(tmp_path)
    assert again.status != 0 and 'instance-exists' in again.err
    assert (tmp_path / 'data' / 'keys' / 'kek').read_bytes() == before


def test_init_refuses_the_database_of_another_instance(tmp_path):
    (tmp_path / 'a').mkdir()
    init(tmp_path / 'a').expect(0)
    database = f'sqlite:{tmp_path}/a/data/db/certinext.db'
    (tmp_path / 'b').mkdir()
    done = init(tmp_path / 'b', '--database', database)
    assert done.status != 0 and 'tenant-exists' in done.err
    # The second attempt must not take over the other's tenant either.
    assert init(tmp_path / 'b', '--database', database).status != 0


def test_init_goes_on_after_a_failure(tmp_path):
    """The database is out of reach at first."""
    lost = init(tmp_path, '--development', '--database', 'postgresql://127.0.0.1:1/none')
    assert lost.status != 0 and 'run the same command again' in lost.err
    serve = harness.run_cli('serve', '--data', tmp_path / 'data', home=tmp_path)
    assert serve.status != 0 and 'run the same certinext init again' in serve.err
    done = init(tmp_path, '--development').expect(0)
    assert 'did not finish' in done.err and not (tmp_path / 'data' / 'init-unfinished').exists()
    assert init(tmp_path).status != 0


@pytest.mark.parametrize('after_s', [0.02, 0.06, 0.12, 0.25])
def test_init_goes_on_after_kill(tmp_path, after_s):
    port, plain = harness.free_port(), harness.free_port()
    options = ['--development', '--listen', f'127.0.0.1:{port}', '--http-listen', f'127.0.0.1:{plain}']
    process = subprocess.Popen([harness.BINARY, 'init', '--data', tmp_path / 'data', *options], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    done = init(tmp_path, *options)
    if done.status != 0:
        assert 'instance-exists' in done.err  # it had finished already
    names = [i['name'] for i in harness.run_cli('ca', 'list', '--data', tmp_path / 'data', '--json', home=tmp_path
                                                ).expect(0).json()['items'] if i['certificate']]
    assert {'development-root', 'development-issuing'} <= set(names)
    assert (tmp_path / 'data' / 'gate' / 'tls.crt').exists()
    assert harness.run_cli('invite', '--data', tmp_path / 'data', home=tmp_path).expect(0).out.startswith('https://')


def test_unlock_secret_elsewhere(tmp_path):
    """init, ceremonies and serve all use unlock_file."""
    secret = tmp_path / 'unlock'
    os.chmod(tmp_path, 0o755)
    init(tmp_path, '--set', f'unlock_file={secret}').expect(0)
    assert secret.exists() and not (tmp_path / 'data' / 'keys' / 'unlock').exists()
    make = ['ca', 'create-root', '--data', tmp_path / 'data', '--subject', 'CN=R', '--name']
    harness.run_cli(*make, 'one', home=tmp_path).expect(0)
    os.rename(secret, tmp_path / 'away')
    assert harness.run_cli(*make, 'two', home=tmp_path).status != 0
    os.rename(tmp_path / 'away', secret)
    harness.run_cli(*make, 'two', home=tmp_path).expect(0)


def test_tenants_are_apart(make_instance):
    """A second tenant: own administrator, own CA, nothing of the first one in sight."""
    instance = make_instance()
    host = ['--data', instance.data]
    link = instance.cli('tenant', 'create', 'second', *host, '--json').expect(0).json()['link']
    assert instance.cli('tenant', 'create', 'second', *host).status != 0
    assert instance.cli('tenant', 'create', 'Not A Name', *host).status != 0
    for name, parent in (('own-root', None), ('own-issuing', 'own-root')):
        instance.cli('ca', 'create' if parent else 'create-root', *host, '--tenant', 'second', '--name', name, '--subject',
                     f'CN={name}', *(['--parent', parent] if parent else [])).expect(0)
    # A CA of one tenant signs nothing for another.
    crossed = instance.cli('ca', 'create', *host, '--tenant', 'second', '--name', 'crossed', '--subject', 'CN=X', '--parent',
                           'development-root')
    assert crossed.status != 0
    instance.start()
    second = instance.enroll(link)
    assert {i['name'] for i in second.pages('/v1/issuers')} == {'own-root', 'own-issuing'}
    assert {i['name'] for i in instance.enroll_admin().pages('/v1/issuers')} == {'development-root', 'development-issuing'}
    foreign = instance.issuer()['id']
    assert second.get('/v1/issuers/' + foreign).status == 404


def test_profile_check_and_install(instance, tmp_path):
    source = os.path.join(harness.ROOT, 'profiles', 'server-tls.yaml')
    with open(source) as f:
        text = f.read()
    assert instance.cli('profile', 'check', source, '--json').expect(0).json()['name'] == 'server-tls'
    bad, new = tmp_path / 'bad.yaml', tmp_path / 'new.yaml'
    bad.write_text(text + '\nno_such_field: 1\n')
    done = instance.cli('profile', 'check', bad)
    assert done.status == 65 and 'no_such_field' in done.err
    assert instance.cli('profile', 'install', bad, '--data', instance.data).status == 65
    assert 'name: server-tls' in text
    new.write_text(text.replace('name: server-tls', 'name: my-own'))
    instance.cli('profile', 'install', new, '--data', instance.data).expect(0)
    assert instance.cli('profile', 'install', new, '--data', instance.data).status != 0
    issued = instance.issue(['own.example.org'], profile='my-own')
    assert 'DNS:own.example.org' in pki.text(issued['pem'])


def test_doctor_on_a_healthy_instance(make_instance):
    instance = make_instance().start()
    instance.issue(['doctor.example.org'])
    harness.wait_for(lambda: any(i['check'] == 'audit' and i['verdict'] == 'ok' for i in doctor(instance)[1]), 'a verified log')
    status, items = doctor(instance)
    assert status == 0 and not [i for i in items if i['verdict'] == 'fail']
    assert {'configuration', 'permissions', 'process', 'server', 'disk', 'tls', 'crl', 'audit'} <= {i['check'] for i in items}
    # An expired TLS certificate is named.
    path = os.path.join(instance.data, 'gate', 'tls.crt')
    with open(path) as f:
        before = f.read()
    with open(path, 'w') as f:
        f.write(expired())
    assert ('tls', 'fail') in verdicts(instance)
    with open(path, 'w') as f:
        f.write(before)
    crl = os.path.join(instance.data, 'public', 'crl', instance.issuer()['id'], '0.crl')
    with open(crl, 'wb') as f:
        f.write(b'0')
    assert ('crl', 'fail') in verdicts(instance)
    instance.stop()
    found = verdicts(instance)
    assert ('process', 'fail') in found and ('server', 'fail') in found and ('audit', 'ok') in found


def doctor(instance):
    done = instance.cli('doctor', '--data', instance.data, '--json')
    return done.status, done.json()['items']


def verdicts(instance):
    return {(i['check'], i['verdict']) for i in doctor(instance)[1]}


def expired():
    """A certificate whose time is over."""
    with tempfile.TemporaryDirectory() as folder:
        key, request = pki.files(folder, k_pem=pki.key('p256'), r_csr=pki.csr(subject='/CN=old', private_key=pki.key('p256')))
        config = os.path.join(folder, 'ca.cnf')
        with open(config, 'w') as f:
            f.write(f'[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n'
                    'default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n')
        open(os.path.join(folder, 'index'), 'w').close()
        with open(os.path.join(folder, 'serial'), 'w') as f:
            f.write('01\n')
        return pki.openssl('ca', '-batch', '-selfsign', '-config', config, '-keyfile', key, '-in', request, '-startdate',
                           '20200101000000Z', '-enddate', '20200201000000Z', '-notext').stdout.decode()


def test_doctor_finds_an_altered_log(make_instance, engine):
    if engine != 'sqlite':
        pytest.skip('the file is altered behind the back of the engine')
    instance = make_instance().start()
    instance.issue(['altered.example.org'])
    harness.wait_for(lambda: ('audit', 'ok') in verdicts(instance), 'a verified log')
    instance.stop()
    connection = sqlite3.connect(os.path.join(instance.data, 'db', 'certinext.db'))
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER {trigger}')
    assert connection.execute("UPDATE audit_entry SET action = 'token.revoke' WHERE action = 'request.create'").rowcount > 0
    connection.commit()
    connection.close()
    status, items = doctor(instance)
    [audit] = [i for i in items if i['check'] == 'audit']
    assert status != 0 and audit['verdict'] == 'fail' and 'entry-altered' in audit['text']
