"""Foreign ACME clients that answer challenges themselves, on the ports that the instance looks at: lego, dehydrated, uacme with
ualpn, caddy, npm acme-client. DNS is pebble-challtestsrv's. (certbot and acme-tiny: test_acme_clients.py.)"""
import functools
import glob
import hashlib
import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import urllib.request

import pytest

from harness import acme, pki
from harness import http as harness_http
from harness.instance import BUILD, free_port, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
DOMAINS = ['example.org', '127.0.0.1']
ENGINES = ['sqlite']  # what clients make of the protocol; tests/integration/test_acme*.py are for both


class Outside:
    """DNS by challtestsrv: every name is 127.0.0.1. The ports for http-01 and tls-alpn-01 are left to the clients."""

    def __init__(self):
        self.http, self.tls, self.dns, self.manage = (free_port() for _ in range(4))
        self.process = subprocess.Popen(
            ['pebble-challtestsrv', '-defaultIPv6', '', '-http01', '', '-https01', '', '-tlsalpn01', '',
             '-dns01', f'127.0.0.1:{self.dns}', '-management', f'127.0.0.1:{self.manage}'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, 'pebble-challtestsrv answers')
        self.settings = {'validation_perspectives': f'near,resolver=127.0.0.1@{self.dns}', 'dns_trust_anchor': 'none',
                         'outbound_allow_networks': '127.0.0.0/8', 'validation_http_port': self.http,
                         'validation_tls_port': self.tls}

    def answers(self):
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{self.manage}/clear-txt', b'{"host":"x."}', timeout=5):
                return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Webroot:
    """A plain web server over a folder, on the port that http-01 looks at."""

    def __init__(self, folder, port):
        self.challenges = folder / '.well-known' / 'acme-challenge'
        self.challenges.mkdir(parents=True)
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', port), functools.partial(Files, directory=str(folder)))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope='module')
def outside():
    if not shutil.which('pebble-challtestsrv'):
        pytest.skip('pebble-challtestsrv is not installed (Debian package pebble)')
    made = Outside()
    yield made
    made.stop()


@pytest.fixture(scope='module')
def proving(make_instance, outside):
    return make_instance(settings=outside.settings).start()


@pytest.fixture(scope='module')
def world(proving):
    return acme.World(proving, profiles=('server-tls-auto',), challenges=['http-01', 'dns-01', 'tls-alpn-01'])


@pytest.fixture
def eab(world):
    harness_http.close_all()  # the test before may have let connections idle until the gate closed them
    return world.eab(validation='challenge', domains=DOMAINS)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f'{program} is not installed')


def run(*command, fails=False, cwd=None, **environment):
    done = subprocess.run([str(c) for c in command], env={**os.environ, **{k: str(v) for k, v in environment.items()}},
                          capture_output=True, text=True, timeout=90, cwd=cwd)
    assert (done.returncode != 0) == fails, f'{command[0]} ended with {done.returncode}: {done.stdout[-2500:]}\n{done.stderr[-2500:]}'
    return done.stdout + done.stderr


def read(pattern):
    with open(max(glob.glob(str(pattern)), key=os.path.getmtime)) as f:
        return pki.split_pem(f.read())[0]


def assert_for(leaf, name):
    assert name in pki.text(leaf)
    return pki.field(leaf, '-serial').split('=')[-1].strip().lower()


def assert_revoked(instance, name, leaf):
    harness_http.close_all()
    serial = pki.field(leaf, '-serial').split('=')[-1].strip().lower()
    found = [c for c in instance.admin.pages(f'/v1/certificates?name={name}') if c['serial'] == serial]
    assert [c['status'] for c in found] == ['revoked']


def forged(eab):
    return {**eab, 'hmac_key': acme.b64(b'0' * 32)}


# lego: http-01 and tls-alpn-01 by its own listeners

def test_lego(proving, world, outside, eab, tmp_path):
    need('lego')

    def lego(command, *names, folder='a', key=eab, way=('--http', '--http.port', f'127.0.0.1:{outside.http}'), more=(), **options):
        domains = [word for name in names for word in ('--domains', name)]
        return run('lego', '--server', world.url, '--accept-tos', '--email', 'lego@example.org', '--eab', '--kid', key['eab']['id'], '--hmac',
                   key['hmac_key'], '--path', tmp_path / folder, *domains, *way, command, *more, LEGO_CA_CERTIFICATES=proving.root_pem, **options)
    by_tls = ('--tls', '--tls.port', f'127.0.0.1:{outside.tls}')
    lego('run', 'lego.example.org', 'www.lego.example.org')
    first = read(tmp_path / 'a/certificates/lego.example.org.crt')
    lego('renew', 'lego.example.org', more=('--days', '10000', '--no-random-sleep'))
    second = read(tmp_path / 'a/certificates/lego.example.org.crt')
    assert assert_for(first, 'DNS:www.lego.example.org') != assert_for(second, 'DNS:lego.example.org')
    lego('revoke', 'lego.example.org')
    assert_revoked(proving, 'lego.example.org', second)
    lego('run', 'alpn.example.org', way=by_tls)
    assert_for(read(tmp_path / 'a/certificates/alpn.example.org.crt'), 'DNS:alpn.example.org')
    assert 'rejectedIdentifier' in lego('run', 'lego.example.net', fails=True)
    assert 'connection' in lego('run', 'nobody.example.org', fails=True,
                                way=('--http', '--http.port', f'127.0.0.1:{free_port()}'))
    assert 'MAC' in lego('run', 'x.example.org', folder='b', key=forged(eab), fails=True)


def test_lego_and_uacme_complete_under_faults(make_instance, outside, tmp_path):
    """Every third nonce is refused, and a validation takes its time (src/base/fault.h)."""
    need('lego', 'uacme', 'unshare')
    slow = make_instance(settings=outside.settings).start(faults={'every': 'acme-nonce:3', 'delay': 'acme-validate:1500'})
    world = acme.World(slow, profiles=('server-tls-auto',), challenges=['http-01'])
    key = world.eab(validation='challenge', domains=DOMAINS)
    run('lego', '--server', world.url, '--accept-tos', '--email', 'lego@example.org', '--eab', '--kid', key['eab']['id'], '--hmac', key['hmac_key'],
        '--path', tmp_path / 'l', '--domains', 'slow.example.org', '--http', '--http.port', f'127.0.0.1:{outside.http}', 'run',
        LEGO_CA_CERTIFICATES=slow.root_pem)
    assert_for(read(tmp_path / 'l/certificates/slow.example.org.crt'), 'DNS:slow.example.org')
    if os.geteuid() != 0:
        return  # uacme takes no trust anchor but by a mount
    with Webroot(tmp_path / 'web', outside.http) as web:
        hook = tmp_path / 'hook'
        hook.write_text(f'#!/bin/sh\n[ "$2" = http-01 ] || exit 1\n[ "$1" = begin ] && printf %s "$5" > {web.challenges}/"$4" || true\n')
        hook.chmod(0o755)
        for arguments in (['-e', f'{key["eab"]["id"]}:{key["hmac_key"]}', 'new', 'u@example.org'], ['issue', 'slow2.example.org']):
            run('unshare', '-m', 'sh', '-c', UACME, 'sh', '-v', '-y', '-c', tmp_path / 'u', '-a', world.url, '-h', hook, '-t', 'EC', *arguments,
                ROOT_PEM=slow.root_pem)
    assert_for(read(tmp_path / 'u/slow2.example.org/cert.pem'), 'DNS:slow2.example.org')


# dehydrated: http-01 by a web root, wildcard refusal

@pytest.mark.limit(240)  # a shell script of very many processes: quick alone, slow beside others
def test_dehydrated(proving, world, outside, eab, tmp_path):
    need('dehydrated', 'curl')

    def prepare(name, key):
        folder = tmp_path / name
        folder.mkdir()
        (folder / 'config').write_text('\n'.join([
            f'CA="{world.url}"', f'BASEDIR="{folder}"', f'WELLKNOWN="{web.challenges}"', f'EAB_KID="{key["eab"]["id"]}"',
            f'EAB_HMAC_KEY="{key["hmac_key"]}"', f'CURL_OPTS="--cacert {proving.root_pem}"', 'KEY_ALGO=prime256v1', 'ACCOUNT_KEYSIZE=2048',
            'CONTACT_EMAIL=web@example.org', '']))
        return folder / 'config'
    with Webroot(tmp_path / 'web', outside.http) as web:
        config = prepare('good', eab)

        def dehydrated(*arguments, **options):
            return run('dehydrated', '-f', config, *arguments, **options)
        dehydrated('--register', '--accept-terms')
        dehydrated('-c', '-d', 'dry.example.org')
        first = read(tmp_path / 'good/certs/dry.example.org/cert.pem')
        dehydrated('-c', '-x', '-d', 'dry.example.org')
        live = tmp_path / 'good/certs/dry.example.org/cert.pem'
        second = read(live)
        assert assert_for(first, 'DNS:dry.example.org') != assert_for(second, 'DNS:dry.example.org')
        dehydrated('--revoke', live)
        assert_revoked(proving, 'dry.example.org', second)
        assert 'rejectedIdentifier' in dehydrated('-c', '-d', 'dry.example.net', fails=True)
        assert 'wildcards' in dehydrated('-c', '-d', '*.dry.example.org', '--alias', 'wild', fails=True)
        config = prepare('forged', forged(eab))
        assert 'MAC' in dehydrated('--register', '--accept-terms', fails=True)


# uacme with ualpn: tls-alpn-01 by a server beside it. Its libcurl has the trust store compiled in, so it runs under one of its own.

UACME = 'mount --bind "$ROOT_PEM" /etc/ssl/certs/ca-certificates.crt && exec uacme "$@"'
HOOK = '''#!/bin/sh
# uacme METHOD TYPE IDENT TOKEN AUTH; ualpn on its socket
[ "$2" = tls-alpn-01 ] || exit 1
[ "$1" = begin ] && line="auth $3 $5" || line="unauth $3"
[ "$(echo "$line" | ualpn -s "$UALPN_SOCKET")" = OK ]
'''


def test_uacme_with_ualpn(proving, world, outside, eab, tmp_path):
    need('uacme', 'ualpn', 'unshare')
    if os.geteuid() != 0:
        pytest.skip('uacme takes no trust anchor: the test gives it one by a mount, as root only')
    hook, control = tmp_path / 'hook', tmp_path / 'ualpn.sock'
    hook.write_text(HOOK)
    hook.chmod(0o755)

    def uacme(*arguments, folder='good', **options):
        return run('unshare', '-m', 'sh', '-c', UACME, 'sh', '-v', '-y', '-c', tmp_path / folder, '-a', world.url, '-h', hook, '-t', 'EC', '-o',
                   *arguments, ROOT_PEM=proving.root_pem, UALPN_SOCKET=control, **options)

    def key(eab_key):
        return f'{eab_key["eab"]["id"]}:{eab_key["hmac_key"]}'
    server = subprocess.Popen(['ualpn', '-b', f'127.0.0.1@{outside.tls}', '-c', '127.0.0.1@9', '-s', str(control), '-p', str(tmp_path / 'pid')],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: control.exists() or server.poll() is not None, 'ualpn answers')
        assert server.poll() is None
        uacme('-e', key(eab), 'new', 'u@example.org')
        uacme('issue', 'uacme.example.org')
        live = tmp_path / 'good/uacme.example.org/cert.pem'
        first = read(live)
        uacme('-f', 'issue', 'uacme.example.org')
        second = read(live)
        assert assert_for(first, 'DNS:uacme.example.org') != assert_for(second, 'DNS:uacme.example.org')
        uacme('issue', '127.0.0.1')  # RFC 8738: the responder is asked for 1.0.0.127.in-addr.arpa
        assert_for(read(tmp_path / 'good/127.0.0.1/cert.pem'), 'IP Address:127.0.0.1')
        uacme('newkey')
        uacme('revoke', live)
        assert_revoked(proving, 'uacme.example.org', second)
        assert 'rejectedIdentifier' in uacme('issue', 'uacme.example.net', fails=True)
        uacme('issue', '*.uacme.example.org', fails=True)
        assert 'MAC' in uacme('-e', key(forged(eab)), 'new', folder='forged', fails=True)
    finally:
        server.terminate()
        server.wait(10)


# caddy: a web server that fetches its certificate by itself; it neither revokes nor renews on command

def served_by(port, name, anchor):
    context = ssl.create_default_context(cafile=anchor)
    with socket.create_connection(('127.0.0.1', port), timeout=5) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
        return ssl.DER_cert_to_PEM_cert(tls.getpeercert(True))


def caddy(world, outside, anchor, folder, name, key):
    folder.mkdir(exist_ok=True)
    config = {'admin': {'disabled': True}, 'storage': {'module': 'file_system', 'root': str(folder / 'store')}, 'apps': {
        'http': {'http_port': outside.http, 'https_port': outside.tls, 'servers': {'s': {
            'listen': [f'127.0.0.1:{outside.tls}'], 'routes': [{'match': [{'host': [name]}], 'handle': [
                {'handler': 'static_response', 'body': 'hello'}]}]}}},
        'tls': {'automation': {'policies': [{'subjects': [name], 'issuers': [{
            'module': 'acme', 'ca': world.url, 'trusted_roots_pem_files': [anchor],
            'external_account': {'key_id': key['eab']['id'], 'mac_key': key['hmac_key']}}]}]}}}}
    (folder / 'caddy.json').write_text(json.dumps(config))
    log = open(folder / 'log', 'ab')
    process = subprocess.Popen(['caddy', 'run', '--config', str(folder / 'caddy.json')], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                               env={**os.environ, 'HOME': str(folder), 'XDG_DATA_HOME': str(folder), 'XDG_CONFIG_HOME': str(folder)})
    log.close()
    return process


def test_caddy_serves_what_it_was_given(proving, world, outside, eab, tmp_path):
    need('caddy')
    anchor = proving.root_pem

    def try_served(name):
        try:
            return served_by(outside.tls, name, anchor)
        except OSError:
            return None

    def once(folder, name, key, refusal=None):
        process = caddy(world, outside, anchor, tmp_path / folder, name, key)
        try:
            if refusal:
                wait_for(lambda: refusal in (tmp_path / folder / 'log').read_text(), f'caddy is refused: {refusal}', 25)
                assert try_served(name) is None
                return None
            return wait_for(lambda: try_served(name), 'caddy has its certificate', 25)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    first = once('good', 'caddy.example.org', eab)
    assert_for(first, 'DNS:caddy.example.org')
    shutil.rmtree(glob.glob(str(tmp_path / 'good/store/certificates/*'))[0])  # it has to ask again
    assert assert_for(once('good', 'caddy.example.org', eab), 'DNS:caddy.example.org') != assert_for(first, 'DNS:caddy.example.org')
    once('outside', 'caddy.example.net', eab, 'rejectedIdentifier')
    once('forged', 'caddy.example.org', forged(eab), 'MAC')
    ended = world.eab(validation='challenge', domains=DOMAINS)
    world.admin.post(f'/v1/acme-eab-keys/{ended["eab"]["id"]}/revoke').expect(200)
    once('ended', 'caddy.example.org', ended, 'revoked')


# npm acme-client, pinned by acme-client-npm/package-lock.json

@pytest.fixture(scope='module')
def npm_client():
    """Fetched once a build folder and lock file."""
    need('node', 'npm')
    source = os.path.join(HERE, 'acme-client-npm')
    with open(os.path.join(source, 'package-lock.json'), 'rb') as f:
        folder = os.path.join(BUILD, 'acme-client-npm-' + hashlib.sha256(f.read()).hexdigest()[:16])
    os.makedirs(folder, exist_ok=True)
    for name in ('package.json', 'package-lock.json', 'client.js'):
        shutil.copy(os.path.join(source, name), os.path.join(folder, name))
    if not os.path.isfile(os.path.join(folder, 'complete')):
        done = subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], cwd=folder,
                              capture_output=True, text=True, timeout=100)
        if done.returncode != 0:
            pytest.skip('npm cannot fetch acme-client: ' + done.stderr.strip().split('\n')[-1])
        open(os.path.join(folder, 'complete'), 'w').close()
    return folder


def test_npm_acme_client(proving, world, outside, eab, npm_client):
    def client(*steps, key=eab):
        task = {'directory': world.url, 'kid': key['eab']['id'], 'hmac': key['hmac_key'], 'http_port': outside.http,
                'management': f'http://127.0.0.1:{outside.manage}', 'steps': steps}
        out = run('node', 'client.js', cwd=npm_client, TASK=json.dumps(task), NODE_EXTRA_CA_CERTS=proving.root_pem)
        return json.loads(out.strip().split('\n')[-1])
    first, second, by_dns, rolled, revoked = client(
        {'do': 'issue', 'name': 'npm.example.org', 'challenge': 'http-01'}, {'do': 'issue', 'name': 'npm.example.org', 'challenge': 'http-01'},
        {'do': 'issue', 'name': 'dns.npm.example.org', 'challenge': 'dns-01'}, {'do': 'rollover'}, {'do': 'revoke'})
    assert 'error' not in {**first, **second, **by_dns}, (first, second, by_dns)
    leaves = [pki.split_pem(answer['certificate'])[0] for answer in (first, second, by_dns)]
    assert assert_for(leaves[0], 'DNS:npm.example.org') != assert_for(leaves[1], 'DNS:npm.example.org')
    assert rolled == {'ok': True} and revoked == {'ok': True}
    assert_revoked(proving, 'dns.npm.example.org', leaves[2])
    outside_name, wrong_answer = client({'do': 'issue', 'name': 'npm.example.net', 'challenge': 'http-01'},
                                        {'do': 'issue', 'name': 'wrong.example.org', 'challenge': 'http-01', 'spoil': True})
    assert 'outside the domains' in outside_name['error']
    assert 'key authorization' in wrong_answer['error']
    (refused,) = client({'do': 'issue', 'name': 'npm.example.org', 'challenge': 'http-01'}, key=forged(eab))
    assert 'MAC' in refused['error']
