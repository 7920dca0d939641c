"""What the ACME server must not take: forged, replayed, foreign and oversized requests, and names that were not proven."""
import json

import pytest

from harness import acme, pki


@pytest.fixture(scope='module')
def world(instance):
    return acme.World(instance)


@pytest.fixture(scope='module')
def account(world):
    return world.account()


@pytest.fixture(scope='module')
def other(world):
    return world.account()


def order_body(*names):
    return {'identifiers': [{'type': 'dns', 'value': n} for n in names]}


# ---- JWS ----

def test_alg_none_is_refused(account):
    url = account.directory['newOrder']
    answer = account.send(url, acme.jws(account.header(url, alg='none'), order_body('a.example.org'), lambda m: b''))
    document = acme.problem(answer, 'badSignatureAlgorithm', 400)
    assert document['algorithms'] == ['ES256', 'ES384', 'EdDSA', 'RS256']


def test_hmac_with_the_public_key_is_refused(account):
    import hashlib
    import hmac
    url, secret = account.directory['newOrder'], account.key.spki_der()
    for alg in ('HS256', 'HS384'):
        body = acme.jws(account.header(url, alg=alg), order_body('a.example.org'),
                        lambda m: hmac.new(secret, m, hashlib.sha256).digest())
        acme.problem(account.send(url, body), 'badSignatureAlgorithm', 400)


@pytest.mark.parametrize('alg', ['ES384', 'EdDSA', 'RS256'])
def test_an_algorithm_that_does_not_fit_the_key_is_refused(account, alg):
    acme.problem(account.post(account.directory['newOrder'], order_body('a.example.org'), alg=alg),
                 'badSignatureAlgorithm', 400)


def test_wrong_curve_is_refused(world):
    client = world.client()
    url = client.directory['newAccount']
    for changes, kind in (({'crv': 'P-384'}, 'malformed'), ({'crv': 'P-521'}, 'badPublicKey'), ({'crv': 'secp256k1'}, 'badPublicKey'),
                          ({'kty': 'oct', 'k': 'AAAA'}, 'malformed'), ({'kty': 'OKP', 'crv': 'X25519'}, 'badPublicKey'),
                          ({'y': client.key.jwk['x']}, 'badPublicKey'), ({'x': client.key.jwk['x'][:-2]}, 'malformed'),
                          ({'d': client.key.jwk['x']}, 'malformed')):
        jwk = {**client.key.jwk, **changes}
        acme.problem(client.post(url, {}, jwk=jwk), kind, 400)


def test_jwk_and_kid_together_or_neither_are_refused(account):
    url = account.directory['newOrder']
    acme.problem(account.post(url, order_body('a.example.org'), jwk=account.key.jwk), 'malformed', 400, 'jws-key')
    acme.problem(account.post(url, order_body('a.example.org'), kid=None), 'malformed', 400, 'jws-key')


def test_the_signer_fits_the_resource(account):
    acme.problem(account.by_key(account.directory['newOrder'], order_body('a.example.org'), account.key),
                 'malformed', 400, 'jws-kid-needed')
    acme.problem(account.post(account.directory['newAccount'], {}), 'malformed', 400, 'jws-jwk-needed')


@pytest.mark.parametrize('wrong', ['other', 'http', 'query', 'none'])
def test_wrong_url_is_refused(account, wrong):
    url = account.directory['newOrder']
    signed = {'other': account.directory['newAuthz'], 'http': url.replace('https', 'http'), 'query': url + '?x=1', 'none': None}[wrong]
    acme.problem(account.send(url, acme.jws(account.header(url, url=signed), order_body('a.example.org'), account.key.sign)),
                 'unauthorized', 403, 'jws-url')


def test_a_nonce_is_used_once(account):
    url = account.directory['newOrder']
    body = acme.jws(account.header(url), order_body('a.example.org'), account.key.sign)
    account.send(url, body).expect(201)
    refused = account.send(url, body)
    acme.problem(refused, 'badNonce', 400)
    assert refused.header('Replay-Nonce')
    read = acme.jws(account.header(account.kid), None, account.key.sign)
    account.send(account.kid, read).expect(200)
    acme.problem(account.send(account.kid, read), 'badNonce', 400)


@pytest.mark.parametrize('nonce', ['', 'x', 'A' * 43, 'no base64!', 'A' * 300])
def test_an_invented_nonce_is_refused(account, nonce):
    kind = 'badNonce' if nonce in ('', 'A' * 43) else 'malformed'  # RFC 8555 §6.5.2: what is no base64url is malformed
    acme.problem(account.post(account.kid, None, nonce=nonce), kind, 400)


def test_a_tampered_nonce_is_refused(account):
    nonce = account.nonce()
    for at in (0, 15, 42):
        changed = nonce[:at] + ('A' if nonce[at] != 'A' else 'E') + nonce[at + 1:]
        acme.problem(account.post(account.kid, None, nonce=changed), 'badNonce', 400)
    acme.problem(account.post(account.kid, None, nonce=None), 'badNonce', 400)


def test_a_nonce_that_is_too_old_is_refused(make_instance):
    instance = make_instance(drill=True).start()
    account = acme.World(instance).account()
    old = account.nonce()
    instance.admin.post('/v1/system/clock', {'offset_s': 1200}).expect(200)
    acme.problem(account.post(account.kid, None, nonce=old), 'badNonce', 400)
    account.post(account.kid).expect(200)


def test_a_signature_of_another_key_is_refused(account):
    acme.problem(account.post(account.kid, None, key=acme.Key()), 'malformed', 400, 'jws-signature')


def test_a_tampered_payload_is_refused(account):
    url = account.directory['newOrder']
    body = acme.jws(account.header(url), order_body('a.example.org'), account.key.sign)
    body['payload'] = acme.b64(json.dumps(order_body('b.example.org')))
    acme.problem(account.send(url, body), 'malformed', 400, 'jws-signature')


def test_the_form_of_a_jws_is_strict(account):
    url = account.directory['newOrder']
    good = acme.jws(account.header(url), order_body('a.example.org'), account.key.sign)
    bad = [{**good, 'header': {'alg': 'ES256'}}, {**good, 'signatures': []}, {k: v for k, v in good.items() if k != 'signature'},
           {**good, 'payload': good['payload'] + '='}, [good], 'x', json.dumps(good)[:-1] + ',"payload":""}',
           {**good, 'protected': acme.b64('{}')}, {**good, 'protected': acme.b64('[]')}, '']
    for header in ({'crit': ['exp'], 'exp': 1}, {'b64': False}):
        bad.append(acme.jws(account.header(url, **header), order_body('a.example.org'), account.key.sign))
    for body in bad:
        acme.problem(account.send(url, body), 'malformed', 400)


def test_the_content_type_is_jose_json(account):
    url = account.directory['newOrder']
    body = acme.jws(account.header(url), order_body('a.example.org'), account.key.sign)
    acme.problem(account.send(url, body, content_type='application/json'), 'malformed', 415)
    account.next_nonce = None


def test_five_megabytes_are_refused_unread(account):
    url = account.directory['newOrder']
    try:
        answer = account.send(url, b'{"payload":"' + b'A' * 5_000_000 + b'"}')
        assert answer.status == 413
    except (BrokenPipeError, ConnectionResetError):
        account.http.close()  # refused before all of it was sent
    account.next_nonce = None
    account.post(account.kid).expect(200)


def test_weak_account_keys_are_refused(world):
    for bits in (1024, 2047 + 1 - 512):
        client = world.client(acme.Key('RS256', rsa_bits=bits))
        acme.problem(client.new_account(world.eab()), 'badPublicKey', 400)
    client = world.client(acme.Key('RS256'))
    jwk = {**client.key.jwk, 'e': 'Aw'}  # exponent 3
    acme.problem(client.post(client.directory['newAccount'], {}, jwk=jwk), 'badPublicKey', 400)
    from cryptography.hazmat.primitives.asymmetric import ec
    published = ec.derive_private_key(int.from_bytes(bytes.fromhex(
        'e6cb5bdd80aa45ae9c95e8c15476679ffec953c16851e711e743939589c64fc1'), 'big'), ec.SECP256R1())
    acme.problem(world.client(acme.Key('ES256', published)).new_account(world.eab()), 'badPublicKey', 400)


# ---- objects of others ----

def test_no_object_of_another_account_is_to_be_had(account, other):
    made = account.new_order('mine.example.org')
    order, url = made.expect(201), made.header('Location')
    authorization = order['authorizations'][0]
    done, done_url = account.order('mine2.example.org')
    kinds = ['http-01', 'dns-01', 'tls-alpn-01', 'dns-account-01']
    challenges = [authorization.replace('/authorization/', '/challenge/') + '/' + k for k in kinds]
    for target in (url, authorization, done['certificate'], done['certificate'] + '/1', done_url, *challenges):
        acme.problem(other.post(target), 'malformed', 404)
    for target in challenges:
        acme.problem(other.post(target, {}), 'malformed', 404)
    acme.problem(other.post(authorization, {'status': 'deactivated'}), 'malformed', 404)
    acme.problem(other.finalize(order, pki.csr(['DNS:mine.example.org'], form='DER')), 'malformed', 404)
    for target in (account.kid, account.kid + '/orders'):
        acme.problem(other.post(target), 'unauthorized', 403)
    acme.problem(other.post(account.kid, {'status': 'deactivated'}), 'unauthorized', 403)
    assert account.post(url).expect(200)['status'] == 'ready'


def test_kid_of_another_account_does_not_verify(account, other):
    acme.problem(account.post(account.directory['newOrder'], order_body('a.example.org'), kid=other.kid), 'malformed', 400,
                 'jws-signature')
    last = 'y' if account.kid.endswith('z') else 'z'
    for kid in (account.kid[:-1] + last, 'x', account.kid + '/', account.kid.replace('https', 'http')):
        acme.problem(account.post(account.directory['newOrder'], order_body('a.example.org'), kid=kid), 'accountDoesNotExist', 400)


# ---- identifiers ----

@pytest.mark.parametrize('name', ['10.0.0.1', '2130706433', '0x7f000001', '127.1', '0177.0.0.1', 'a_b.example.org', '-a.example.org',
                                  'A' * 64 + '.example.org', 'a..example.org', 'example.org.', '', '*', '*.*.example.org', 'a.*.example.org',
                                  'exa mple.org', 'ex\u00e4mple.org', '::1', '[::1]', 'a\u0000.example.org'])
def test_bad_dns_identifiers_are_refused(account, name):
    answer = account.new_order(name)
    assert acme.problem(answer, answer.json()['type'].rsplit(':', 1)[1])['status'] in (400, 403)


@pytest.mark.parametrize('value', ['10.0.0.01', '10.1', '0x0a000001', '167772161', '::ffff:10.0.0.1', '2001:DB8::1', '2001:db8:0::1',
                                   'fe80::1%eth0', 'intranet', '10.0.0.1/32', ''])
def test_bad_ip_identifiers_are_refused(account, value):
    answer = account.new_order({'type': 'ip', 'value': value})
    if value == '::ffff:10.0.0.1':  # an address of its own here, out of the account's scope
        acme.problem(answer, answer.json()['type'].rsplit(':', 1)[1])
        return
    acme.problem(answer, 'malformed', 400)


def test_names_out_of_scope_are_named_one_by_one(account):
    document = acme.problem(account.new_order('www.example.org', 'www.example.net', 'example.com'), 'rejectedIdentifier', 403,
                            'identifier-out-of-scope')
    assert [s['identifier']['value'] for s in document['subproblems']] == ['www.example.net', 'example.com']
    assert all(s['type'].endswith(':rejectedIdentifier') and s['detail'] for s in document['subproblems'])
    acme.problem(account.new_order('notexample.org'), 'rejectedIdentifier', 403)
    acme.problem(account.post(account.directory['newAuthz'], {'identifier': {'type': 'dns', 'value': 'example.net'}}),
                 'rejectedIdentifier', 403)


def test_ten_thousand_identifiers_are_refused(account):
    answer = account.new_order(*[f'{i}.example.org' for i in range(10000)])
    assert answer.status == 413  # the body is larger than any order that could be served
    account.http.close()
    account.next_nonce = None
    acme.problem(account.new_order(*[f'{i}.example.org' for i in range(101)]), 'malformed', 400)
    acme.problem(account.new_order(), 'malformed', 400)
    acme.problem(account.new_order('a.example.org', 'A.example.org'), 'malformed', 400, 'identifier-duplicate')


def test_unknown_identifier_types_are_refused(account):
    for kind in ('email', 'permanent-identifier', 'DNS'):
        acme.problem(account.new_order({'type': kind, 'value': 'a.example.org'}), 'unsupportedIdentifier', 400)
    acme.problem(account.new_order({'type': 'permanent-identifier', 'value': 'serial-1'}), 'unsupportedIdentifier', 400, 'identifier-device')
    acme.problem(account.post(account.directory['newAuthz'], {'identifier': {'type': 'hardware-module', 'value': 'x'}}),
                 'unsupportedIdentifier', 400, 'identifier-device')
    for identifier in ({'type': 'dns'}, {'value': 'x'}, {'type': 1, 'value': 'x'}, 'x'):
        body = {'identifiers': [identifier]}
        acme.problem(account.post(account.directory['newOrder'], body), 'malformed', 400)


def test_device_attestation_is_not_offered(world, account):
    """Its place is kept (enum acme_challenge), and nothing answers to its name."""
    document = {'name': 'devices', 'certificate_profiles': ['server-tls-auto'], 'challenges': ['device-attest-01']}
    answer = world.admin.post('/v1/acme-directories', document)
    assert answer.problem(answer.status)['field'].startswith('challenges') and answer.status in (400, 422)
    order = account.new_order('device.example.org').expect(201)
    target = order['authorizations'][0].replace('/authorization/', '/challenge/') + '/device-attest-01'
    refused = account.post(target, {'attObj': 'oA'})
    assert refused.status in (400, 404), refused.body
    account.next_nonce = None


def test_dates_are_the_profiles(account):
    for member in ('notBefore', 'notAfter'):
        acme.problem(account.new_order('a.example.org', **{member: '2030-01-01T00:00:00Z'}), 'malformed', 400, 'order-dates')


# ---- finalising ----

def ready(account, *names):
    return account.new_order(*names).expect(201)


@pytest.mark.parametrize('names', [['DNS:a.example.org', 'DNS:b.example.org'], ['DNS:b.example.org'], [],
                                   ['DNS:a.example.org', 'IP:10.0.0.1']])
def test_the_csr_has_exactly_the_names_of_the_order(account, names):
    order = ready(account, 'a.example.org')
    acme.problem(account.finalize(order, pki.csr(names, form='DER')), 'badCSR', 400)
    order = ready(account, 'a.example.org', 'b.example.org', 'c.example.org')
    acme.problem(account.finalize(order, pki.csr(['DNS:a.example.org', 'DNS:b.example.org'], form='DER')), 'badCSR', 400)


def test_the_common_name_counts_as_a_name(account):
    order = ready(account, 'cn.example.org')
    acme.problem(account.finalize(order, pki.csr(['DNS:cn.example.org'], subject='/CN=other.example.org', form='DER')), 'badCSR', 400)
    account.finalize(order, pki.csr([], subject='/CN=cn.example.org', form='DER')).expect(200)


def test_the_account_key_is_not_certified(world):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    account = world.account()
    pem = account.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    order = ready(account, 'key.example.org')
    acme.problem(account.finalize(order, pki.csr(['DNS:key.example.org'], private_key=pem, form='DER')), 'badCSR', 400, 'csr-account-key')


def test_weak_and_foreign_csr_keys_are_refused(account):
    order = ready(account, 'weak.example.org')
    for kind in ('rsa1024', 'p521'):
        acme.problem(account.finalize(order, pki.csr(['DNS:weak.example.org'], kind, form='DER')), 'badCSR', 400)
    for body in ({}, {'csr': ''}, {'csr': 'AAAA'}, {'csr': 'a=='}, {'csr': 1}):
        answer = account.post(order['finalize'], body)
        acme.problem(answer, answer.json()['type'].rsplit(':', 1)[1], 400)
    extra = pki.csr(['DNS:weak.example.org'], extensions=['basicConstraints=critical,CA:TRUE'], form='DER')
    acme.problem(account.finalize(order, extra), 'badCSR', 400)


def test_an_order_is_finalised_once_and_when_ready(world, account):
    order, url = account.order('once.example.org')
    acme.problem(account.finalize(account.post(url).expect(200), pki.csr(['DNS:once.example.org'], form='DER')), 'orderNotReady', 403)
    unproven = world.account(world.eab(validation='challenge'))
    pending = unproven.new_order('once.example.org').expect(201)
    assert pending['status'] == 'pending'
    acme.problem(unproven.finalize(pending, pki.csr(['DNS:once.example.org'], form='DER')), 'orderNotReady', 403)


def test_reading_takes_an_empty_payload(account):
    order, url = account.order('empty.example.org')
    for target in (url, order['certificate'], account.kid + '/orders'):
        acme.problem(account.post(target, {}), 'malformed', 400, 'post-as-get')
    for target in (url, order['certificate'], account.kid, account.directory['newOrder']):
        acme.problem(account.http.get(account.path(target)), 'malformed', 405)


# ---- external account binding ----

def test_external_binding_is_required(world):
    acme.problem(world.client().new_account(), 'externalAccountRequired', 403)


@pytest.mark.parametrize('changes,kind', [({'alg': 'none'}, 'badSignatureAlgorithm'), ({'alg': 'ES256'}, 'badSignatureAlgorithm'),
                                          ({'kid': 'ace_0123456789abcdefghjkmnpqrs'}, 'unauthorized'), ({'kid': 'x'}, 'unauthorized'),
                                          ({'kid': None}, 'malformed'), ({'nonce': 'x'}, 'malformed'), ({'url': 'https://x/'}, 'unauthorized'),
                                          ({'url': None}, 'unauthorized')])
def test_a_wrong_binding_is_refused(world, changes, kind):
    client = world.client()
    url = client.directory['newAccount']
    binding = client.binding(world.eab(), **changes)
    acme.problem(client.by_key(url, {'externalAccountBinding': binding}, client.key), kind)


def test_a_binding_is_for_its_key_its_secret_and_its_directory(instance, world):
    client, thief = world.client(), world.client()
    eab = world.eab()
    stolen = client.binding(eab)
    acme.problem(thief.by_key(thief.directory['newAccount'], {'externalAccountBinding': stolen}, thief.key), 'unauthorized', 403)
    guessed = client.binding({**eab, 'hmac_key': acme.b64(b'x' * 32)})
    acme.problem(client.by_key(client.directory['newAccount'], {'externalAccountBinding': guessed}, client.key), 'unauthorized', 403, 'eab-mac')
    elsewhere = acme.World(instance).client()
    acme.problem(elsewhere.new_account(eab), 'unauthorized', 403, 'eab-unknown')


def test_a_binding_ends(make_instance):
    instance = make_instance(drill=True).start()
    world = acme.World(instance)
    once = world.eab(use_max=1)
    world.account(once)
    acme.problem(world.client().new_account(once), 'unauthorized', 403, 'eab-used-up')
    revoked = world.eab()
    instance.people()['requester'].post(f'/v1/acme-eab-keys/{revoked["eab"]["id"]}/revoke').expect(200)
    acme.problem(world.client().new_account(revoked), 'unauthorized', 403, 'eab-revoked')
    short = world.eab(expires_in_days=1)
    instance.admin.post('/v1/system/clock', {'offset_s': 2 * 86400}).expect(200)
    acme.problem(world.client().new_account(short), 'unauthorized', 403, 'eab-expired')


# ---- terms ----

def test_terms_must_be_agreed_to(instance):
    world = acme.World(instance, terms_url='https://example.org/terms')
    client = world.client()
    assert client.directory['meta']['termsOfService'] == 'https://example.org/terms'
    answer = client.new_account(world.eab(), termsOfServiceAgreed=False)
    acme.problem(answer, 'userActionRequired', 403)
    assert any('https://example.org/terms' in link for link in answer.headers.get_all('Link'))
    client.new_account(world.eab()).expect(201)


def test_unknown_directories_are_not_found(world):
    path = world.client().directory_path.replace(world.directory['id'], 'acd_0123456789abcdefghjkmnpqrs')
    assert world.http.get(path).status == 404
    assert world.http.get('/acme/x/directory').status in (400, 404)
