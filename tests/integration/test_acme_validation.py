"""ACME orders whose names are proven: each challenge through the real outbound process against pebble-challtestsrv."""
import base64
import hashlib
import time

import pytest

from harness import acme, pki
from harness.challtestsrv import World


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


@pytest.fixture(scope='module')
def world(proving):
    return acme.World(proving, profiles=('server-tls-auto', 'server-tls'), reuse_hours=24,
                      challenges=['http-01', 'dns-01', 'tls-alpn-01', 'dns-account-01'])


@pytest.fixture
def account(world):
    return world.account(world.eab(validation='challenge', domains=['example.org', '127.0.0.1']))


def answer_for(account, token):
    return f'{token}.{account.key.thumbprint}'


def put(outside, account, challenge, name):
    """What the client of the challenge would put up."""
    content = answer_for(account, challenge['token'])
    digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b'=').decode()
    if challenge['type'] == 'http-01':
        outside.tell('add-http01', token=challenge['token'], content=content)
    elif challenge['type'] == 'tls-alpn-01':
        outside.tell('add-tlsalpn01', host=name, content=content)
    elif challenge['type'] == 'dns-01':
        outside.tell('set-txt', host=f'_acme-challenge.{name}.', value=digest)
    else:
        label = base64.b32encode(hashlib.sha256(account.kid.encode()).digest()[:10]).decode().lower()
        outside.tell('set-txt', host=f'_{label}._acme-challenge.{name}.', value=digest)


def decided(account, url, limit_s=30):
    deadline = time.monotonic() + limit_s
    while True:
        answer = account.post(url)
        authorization = answer.expect(200)
        if authorization['status'] != 'pending':
            return authorization
        assert time.monotonic() < deadline, authorization
        time.sleep(0.05)


def prove(outside, account, url, kind, good=True):
    authorization = account.post(url).expect(200)
    challenge = next(c for c in authorization['challenges'] if c['type'] == kind)
    if good:
        put(outside, account, challenge, authorization['identifier']['value'])
    answer = account.post(challenge['url'], {})
    assert answer.expect(200)['status'] == 'processing' and int(answer.header('Retry-After')) > 0
    assert any('rel="up"' in link for link in answer.headers.get_all('Link'))
    return decided(account, url)


@pytest.mark.parametrize('kind', ['http-01', 'dns-01', 'tls-alpn-01', 'dns-account-01'])
def test_a_proven_name_gets_its_certificate(outside, account, kind):
    name = f'{kind}.example.org'
    made = account.new_order(name)
    order = made.expect(201)
    assert order['status'] == 'pending'
    authorization = prove(outside, account, order['authorizations'][0], kind)
    assert authorization['status'] == 'valid'
    assert [(c['type'], c['status'], 'validated' in c) for c in authorization['challenges']] == [(kind, 'valid', True)]
    assert account.post(made.header('Location')).expect(200)['status'] == 'ready'
    account.finalize(order, pki.csr([f'DNS:{name}'], form='DER')).expect(200)
    assert account.settled(made.header('Location'))['status'] == 'valid'


def test_a_wildcard_by_dns(outside, account):
    order = account.new_order('*.wild.example.org', profile='server-tls').expect(201)
    authorization = prove(outside, account, order['authorizations'][0], 'dns-01')
    assert authorization['status'] == 'valid' and authorization['wildcard'] is True


def test_an_address_by_http_and_alpn(outside, account):
    for kind in ('http-01',):
        order = account.new_order({'type': 'ip', 'value': '127.0.0.1'}).expect(201)
        offered = {c['type'] for c in account.post(order['authorizations'][0]).expect(200)['challenges']}
        assert offered == {'http-01', 'tls-alpn-01'}
        assert prove(outside, account, order['authorizations'][0], kind)['status'] == 'valid'


def test_what_is_not_proven_is_invalid(outside, account):
    made = account.new_order('unproven.example.org')
    order = made.expect(201)
    authorization = prove(outside, account, order['authorizations'][0], 'http-01', good=False)
    assert authorization['status'] == 'invalid'
    (challenge,) = authorization['challenges']
    assert challenge['status'] == 'invalid' and challenge['error']['type'].startswith('urn:ietf:params:acme:error:')
    assert challenge['error']['detail']
    order = account.post(made.header('Location')).expect(200)
    assert order['status'] == 'invalid' and order['error'] == challenge['error']
    acme.problem(account.finalize(order, pki.csr(['DNS:unproven.example.org'], form='DER')), 'orderNotReady', 403)
    # A decided challenge is answered as it is, and not validated again.
    assert account.post(challenge['url'], {}).expect(200)['status'] == 'invalid'


def test_a_valid_authorization_is_reused_by_policy(outside, proving, account):
    first = account.new_order('reuse.example.org').expect(201)
    prove(outside, account, first['authorizations'][0], 'http-01')
    again = account.new_order('reuse.example.org').expect(201)
    assert again['status'] == 'ready' and again['authorizations'] == first['authorizations']
    strict = acme.World(proving, challenges=['http-01'])
    other = strict.account(strict.eab(validation='challenge'))
    first = other.new_order('reuse.example.org').expect(201)
    prove(outside, other, first['authorizations'][0], 'http-01')
    assert other.new_order('reuse.example.org').expect(201)['authorizations'] != first['authorizations']


def test_the_validation_is_in_the_audit_log(outside, world, account):
    order = account.new_order('log.example.org').expect(201)
    prove(outside, account, order['authorizations'][0], 'http-01')
    entries = list(world.instance.people()['auditor'].pages('/v1/audit/entries?object_id=' + order['authorizations'][0].rsplit('/', 1)[1]))
    assert [(e['action'], e['outcome']) for e in entries] == [('system.acme.validate', 'done'), ('acme.challenge.respond', 'done')]


def test_a_validation_survives_the_death_of_core(outside, make_instance):
    instance = make_instance(settings=outside.settings).start()
    world = acme.World(instance)
    account = world.account(world.eab(validation='challenge'))
    order = account.new_order('crash.example.org').expect(201)
    authorization = account.post(order['authorizations'][0]).expect(200)
    challenge = next(c for c in authorization['challenges'] if c['type'] == 'http-01')
    put(outside, account, challenge, 'crash.example.org')
    account.post(challenge['url'], {}).expect(200)
    instance.kill('core')
    instance.wait_ready()
    account.http.close()
    account.next_nonce = None
    assert decided(account, order['authorizations'][0], limit_s=90)['status'] == 'valid'
