"""Foreign ACME clients as Debian packages them, each against the real server over real sockets."""
import glob
import os
import re
import shutil
import subprocess
import sys

import pytest

from harness import acme, pki
from harness.challtestsrv import World

ENGINES = ['sqlite']  # what clients make of the protocol; tests/integration/test_acme*.py are for both

FAULTS = {'every': 'acme-nonce:3', 'delay': 'acme-validate:1500'}

HOOK = '''#!/usr/bin/python3
import base64, hashlib, json, os, urllib.request
def tell(action, **body):
    urllib.request.urlopen(urllib.request.Request(os.environ['CHALLTESTSRV'] + '/' + action, json.dumps(body).encode())).read()
domain, validation, token = (os.environ.get('CERTBOT_' + n, '') for n in ('DOMAIN', 'VALIDATION', 'TOKEN'))
if token:
    tell('add-http01', token=token, content=validation)
else:
    tell('set-txt', host=f'_acme-challenge.{domain}.', value=validation)
'''


@pytest.fixture(scope='module')
def outside():
    if not World.available():
        pytest.skip('pebble-challtestsrv is not installed (Debian package pebble)')
    made = World()
    yield made
    made.stop()


@pytest.fixture(scope='module')
def proving(make_instance, outside):
    return make_instance(settings=outside.settings).start()


def need(program):
    if not shutil.which(program):
        pytest.skip(f'{program} is not installed')


def run(*command, expect=0, **environment):
    done = subprocess.run([str(c) for c in command], env={**os.environ, **{k: str(v) for k, v in environment.items()}},
                          capture_output=True, text=True, timeout=100)
    assert (done.returncode == 0) == (expect == 0), f'{done.stdout[-1500:]}\n{done.stderr[-1500:]}'
    return done


class Certbot:
    def __init__(self, world, outside, folder, eab):
        self.folder, self.world = folder, world
        self.hook = os.path.join(folder, 'hook')
        with open(self.hook, 'w') as f:
            f.write(HOOK)
        os.chmod(self.hook, 0o755)
        self.environment = {'REQUESTS_CA_BUNDLE': world.instance.root_pem, 'CHALLTESTSRV': outside.management}
        self.common = ['--config-dir', folder / 'c', '--work-dir', folder / 'w', '--logs-dir', folder / 'l', '--non-interactive',
                       '--server', world.url]
        self.account = ['--agree-tos', '-m', 'web@example.org', '--eab-kid', eab['eab']['id'], '--eab-hmac-key', eab['hmac_key']]

    def certonly(self, *names, challenge='http', expect=0, more=()):
        domains = [word for name in names for word in ('-d', name)]
        return run('certbot', 'certonly', *self.common, *self.account, '--manual', '--preferred-challenges', challenge,
                   '--manual-auth-hook', self.hook, *domains, *more, expect=expect, **self.environment)

    def do(self, command, *arguments, expect=0):
        return run('certbot', command, *self.common, *arguments, expect=expect, **self.environment)

    def refused(self, *names, **options):
        """What the server answered, from the log: Debian 12's certbot trips over its own exception and does not print it."""
        self.certonly(*names, expect=1, **options)
        with open(self.folder / 'l' / 'letsencrypt.log') as f:
            return f.read()

    def leaf(self, name):
        with open(glob.glob(f'{self.folder}/c/live/{name}*/cert.pem')[-1]) as f:
            return f.read()


def test_certbot_issues_renews_revokes_and_is_refused(proving, outside, tmp_path):
    need('certbot')
    world = acme.World(proving, profiles=('server-tls-auto',))
    eab = world.eab(validation='challenge', domains=['example.org'])
    bot = Certbot(world, outside, tmp_path, eab)
    bot.certonly('bot.example.org', 'www.bot.example.org')
    first = bot.leaf('bot.example.org')
    assert 'DNS:www.bot.example.org' in pki.text(first)
    bot.do('renew', '--force-renewal', '--no-random-sleep-on-renew', '--manual-auth-hook', bot.hook)
    second = bot.leaf('bot.example.org')
    assert pki.field(first, '-serial') != pki.field(second, '-serial')
    bot.do('update_account', '-m', 'other@example.org')
    bot.do('revoke', '--cert-name', 'bot.example.org', '--no-delete-after-revoke', '--reason', 'superseded')
    serial = pki.field(second, '-serial').lower()
    view = next(c for c in proving.admin.pages('/v1/certificates?name=bot.example.org') if c['serial'] == serial)
    assert view['status'] == 'revoked'
    assert 'identifier-out-of-scope' in bot.refused('bot.example.net')
    assert 'name-wildcard-not-allowed' in bot.refused('*.bot.example.org', challenge='dns')
    (tmp_path / 'second').mkdir()
    forged = Certbot(world, outside, tmp_path / 'second', {**eab, 'hmac_key': acme.b64(b'0' * 32)})
    assert 'eab-mac' in forged.refused('bot.example.org')


def test_certbot_gets_a_wildcard_by_dns(make_instance, outside, tmp_path):
    need('certbot')
    instance = make_instance(settings=outside.settings).start()
    world = acme.World(instance, profiles=('server-tls',))
    bot = Certbot(world, outside, tmp_path, world.eab(validation='challenge', domains=['example.org']))
    # The profile asks for a second person: certbot waits while the order is processing.
    import threading
    import time
    instance.people()

    def approve():
        for _ in range(300):
            waiting = list(instance.admin.with_token(instance.admin.token).pages('/v1/requests?state=awaiting_approval'))
            if waiting:
                return instance.approve(waiting[0])
            time.sleep(0.1)
        return None
    helper = threading.Thread(target=approve)
    helper.start()
    bot.certonly('*.wild.example.org', challenge='dns')
    helper.join()
    assert 'DNS:*.wild.example.org' in pki.text(bot.leaf('wild.example.org'))


def test_certbot_fetches_the_alternate_chain(proving, outside, tmp_path):
    need('certbot')
    world = acme.World(proving, profiles=('server-tls-auto',))
    bot = Certbot(world, outside, tmp_path, world.eab(validation='challenge', domains=['example.org']))
    bot.certonly('chain.example.org', more=('--preferred-chain', re.search('CN ?= ?([^,\n]+)', pki.field(proving.chain()[-1], '-subject')).group(1)))
    with open(tmp_path / 'l' / 'letsencrypt.log') as f:
        log = f.read()
    alternate = re.search(r'rel="alternate"', log) and re.findall(r'certificate/aco_[0-9a-z]+/1', log)
    assert alternate and log.count('-----BEGIN CERTIFICATE-----') >= 5  # two without the root, three with it


def test_certbot_chooses_the_chain_to_another_root(make_instance, outside, tmp_path):
    need('certbot')
    instance = make_instance(settings=outside.settings).start()
    issuing = instance.chain()[0]
    cross, other = pki.cross_sign(issuing)
    certificate, chain = pki.files(tmp_path, cross=cross, other=other)
    instance.cli('ca', 'add-chain', '--name', instance.issuer()['name'], '--certificate', certificate, '--chain', chain, '--data',
                 instance.data).expect(0)
    world = acme.World(instance, profiles=('server-tls-auto',))
    bot = Certbot(world, outside, tmp_path, world.eab(validation='challenge', domains=['example.org']))
    for name, wanted, expected in (('plain.example.org', (), issuing), ('other.example.org', ('--preferred-chain', 'Other Root'), cross)):
        bot.certonly(name, more=wanted)
        with open(f'{tmp_path}/c/live/{name}/chain.pem') as f:
            assert pki.split_pem(f.read()) == [expected], name


def test_certbot_completes_under_faults(make_instance, outside, tmp_path):
    """Every third nonce is refused, and a validation takes its time (src/base/fault.h)."""
    need('certbot')
    instance = make_instance(settings=outside.settings).start(faults=FAULTS)
    world = acme.World(instance, profiles=('server-tls-auto',))
    bot = Certbot(world, outside, tmp_path, world.eab(validation='challenge', domains=['example.org']))
    bot.certonly('slow.example.org', 'www.slow.example.org')
    leaf = bot.leaf('slow.example.org')
    assert 'DNS:www.slow.example.org' in pki.text(leaf)
    bot.do('revoke', '--cert-name', 'slow.example.org', '--no-delete-after-revoke')
    with open(tmp_path / 'l' / 'letsencrypt.log') as f:
        assert 'badNonce' in f.read()
    assert [c['status'] for c in instance.admin.pages('/v1/certificates?name=www.slow.example.org')] == ['revoked']


def test_acme_tiny_issues_renews_and_is_refused(proving, outside, tmp_path):
    need('acme-tiny')
    person = proving.user('requester', name='Web servers')
    world = acme.World(proving, profiles=('server-tls-auto',), user_id=person.user_id)
    files = tmp_path / 'webroot'
    files.mkdir()
    key, csr = pki.files(tmp_path, account_key=pki.key('rsa2048'), request_csr=pki.csr(['DNS:tiny.example.org']))
    program = shutil.which('acme-tiny')
    # It writes the answers to a folder; this passes them on, as a web server would.
    relay = tmp_path / 'relay.py'
    relay.write_text(f'''
import json, os, runpy, sys, threading, time, urllib.request
def watch():
    seen = set()
    while True:
        for token in set(os.listdir({str(files)!r})) - seen:
            content = open(os.path.join({str(files)!r}, token)).read()
            if content:
                seen.add(token)
                body = json.dumps({{'token': token, 'content': content}}).encode()
                urllib.request.urlopen({outside.management!r} + '/add-http01', body).read()
        time.sleep(0.01)
threading.Thread(target=watch, daemon=True).start()
sys.argv = [{program!r}] + sys.argv[1:]
runpy.run_path({program!r}, run_name='__main__')
''')
    def tiny(request, expect=0):
        return run(sys.executable, relay, '--account-key', key, '--csr', request, '--acme-dir', files, '--disable-check',
                   '--directory-url', world.url, expect=expect, SSL_CERT_FILE=proving.root_pem)
    first, second = tiny(csr), tiny(csr)
    leaf = pki.split_pem(first.stdout)[0]
    assert 'DNS:tiny.example.org' in pki.text(leaf) and leaf != pki.split_pem(second.stdout)[0]
    for names, kind in ((['DNS:*.tiny.example.org'], 'p256'), (['DNS:a_b.example.org'], 'p256'), (['DNS:weak.example.org'], 'p521')):
        (bad,) = pki.files(tmp_path, bad_csr=pki.csr(names, kind))
        tiny(bad, expect=1)
