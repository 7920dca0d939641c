"""What RFC 8555 and RFC 9773 ask of a server beyond the usual way of an order: one test a sentence (tests/conformance)."""
import re

import pytest

from harness import acme, pki

TYPES = {'accountDoesNotExist', 'alreadyReplaced', 'alreadyRevoked', 'badCSR', 'badNonce', 'badPublicKey', 'badRevocationReason',
         'badSignatureAlgorithm', 'caa', 'compound', 'connection', 'dns', 'externalAccountRequired', 'incorrectResponse', 'invalidContact',
         'invalidProfile', 'malformed', 'orderNotReady', 'rateLimited', 'rejectedIdentifier', 'serverInternal', 'tls', 'unauthorized',
         'unsupportedContact', 'unsupportedIdentifier', 'userActionRequired'}


@pytest.fixture(scope='module')
def world(instance):
    return acme.World(instance)


@pytest.fixture(scope='module')
def account(world):
    return world.account()


def test_directory_and_nonce_by_post_as_get(account):
    """RFC 8555 §6.3."""
    read = account.post(account.base + account.directory_path)
    assert read.expect(200) == account.directory
    nonce = account.post(account.directory['newNonce'])
    assert (nonce.status, nonce.body) == (204, b'') and 'no-store' in nonce.header('Cache-Control')
    assert nonce.header('Replay-Nonce')
    acme.problem(account.post(account.directory['newNonce'], {}), 'malformed', 400, 'post-as-get')


@pytest.mark.parametrize('nonce', ['====', 'a+b/', 'gr\u00fc\u00df', 'AAAA='])
def test_a_nonce_that_is_not_base64url_is_malformed(account, nonce):
    """§6.5.2."""
    acme.problem(account.post(account.kid, None, nonce=nonce), 'malformed', 400)


def test_a_nonce_of_another_length_is_bad(account):
    acme.problem(account.post(account.kid, None, nonce='AAAA'), 'badNonce', 400)
    answer = account.post(account.kid, None, nonce=None)
    acme.problem(answer, 'badNonce', 400)
    assert answer.header('Replay-Nonce')


def test_a_new_account_shows_the_binding_that_was_verified(world):
    """§7.3.4."""
    client = world.client()
    binding = client.binding(world.eab())
    body = {'termsOfServiceAgreed': True, 'externalAccountBinding': binding}
    made = client.by_key(client.directory['newAccount'], body, client.key)
    assert made.expect(201)['externalAccountBinding'] == binding


def test_a_known_key_changes_nothing(world):
    """§7.3.1: the account as it was; §7.3: what is not known is not reflected."""
    account = world.account(contact=['mailto:a@example.org'])
    again = world.client(account.key)
    answer = again.new_account(contact=['mailto:other@example.org'], orders='https://x/', future=1)
    document = answer.expect(200)
    assert document['contact'] == ['mailto:a@example.org'] and document['orders'] == account.kid + '/orders'
    assert 'future' not in document
    updated = account.post(account.kid, {'orders': 'https://x/', 'termsOfServiceAgreed': False, 'status': 'valid', 'future': 1}).expect(200)
    assert updated['orders'] == account.kid + '/orders' and updated['termsOfServiceAgreed'] is True and 'future' not in updated


@pytest.mark.parametrize('label', ['xn--', 'xn--99999999999', 'xn--abc-'])
def test_a_labels_are_properly_encoded(account, label):
    """§7.1.4."""
    acme.problem(account.new_order(f'{label}.example.org'), 'malformed', 400)
    identifier = {'type': 'dns', 'value': f'{label}.example.org'}
    acme.problem(account.post(account.directory['newAuthz'], {'identifier': identifier}), 'malformed', 400)


def test_an_international_name_is_ordered(account):
    order, _ = account.order('xn--bcher-kva.example.org')
    assert 'DNS:xn--bcher-kva.example.org' in pki.text(account.certificate(order)[0])


def test_members_that_a_challenge_does_not_know_are_ignored(world):
    """§7.5.1."""
    account = world.account(world.eab(validation='challenge'))
    order = account.new_order('ignored.example.org').expect(201)
    authorization = account.post(order['authorizations'][0]).expect(200)
    answer = account.post(authorization['challenges'][0]['url'], {'keyAuthorization': 'x', 'future': {'a': 1}})
    assert answer.expect(200)['type'] == authorization['challenges'][0]['type']


def test_a_refused_csr_leaves_the_order_ready(account):
    """§7.4."""
    made = account.new_order('amend.example.org')
    order, url = made.expect(201), made.header('Location')
    acme.problem(account.finalize(order, pki.csr(['DNS:wrong.example.org'], form='DER')), 'badCSR', 400)
    assert account.post(url).expect(200)['status'] == 'ready'
    account.finalize(order, pki.csr(['DNS:amend.example.org'], form='DER')).expect(200)
    assert account.settled(url)['status'] == 'valid'


def test_an_order_not_completed_in_time_is_invalid(make_instance):
    """§7.4."""
    instance = make_instance(drill=True).start()
    world = acme.World(instance)
    account = world.account()
    made = account.new_order('late.example.org')
    assert made.expect(201)['status'] == 'ready'
    instance.admin.post('/v1/system/clock', {'offset_s': 8 * 86400}).expect(200)
    account.next_nonce = None
    assert account.post(made.header('Location')).expect(200)['status'] == 'invalid'
    acme.problem(account.finalize(made.json(), pki.csr(['DNS:late.example.org'], form='DER')), 'orderNotReady', 403)


def roll(account, new):
    url = account.directory['keyChange']
    inner = acme.jws({'alg': new.alg, 'jwk': new.jwk, 'url': url}, {'account': account.kid, 'oldKey': account.key.jwk}, new.sign)
    assert account.post(url, inner).status == 200
    account.key = new


def test_a_rollover_leaves_orders_and_authorizations(world):
    """§7.3.5."""
    account = world.account()
    pending = world.account(world.eab(validation='challenge'))
    ready_at, waits_at = account.new_order('roll.example.org'), pending.new_order('roll2.example.org')
    for client in (account, pending):
        roll(client, acme.Key('ES384'))
    order = account.post(ready_at.header('Location')).expect(200)
    assert order['status'] == 'ready'
    assert pending.post(waits_at.header('Location')).expect(200)['status'] == 'pending'
    assert pending.post(waits_at.json()['authorizations'][0]).expect(200)['status'] == 'pending'
    account.finalize(order, pki.csr(['DNS:roll.example.org'], form='DER')).expect(200)
    assert account.settled(ready_at.header('Location'))['status'] == 'valid'


def test_deactivation_revokes_nothing(world):
    """§7.3.6."""
    account = world.account()
    order, _ = account.order('stays.example.org')
    serial = pki.field(account.certificate(order)[0], '-serial').lower()
    account.post(account.kid, {'status': 'deactivated'}).expect(200)
    (row,) = [c for c in world.admin.pages('/v1/certificates?name=stays.example.org') if c['serial'] == serial]
    assert row['status'] == 'active'


def test_a_revocation_without_a_reason_has_none_in_the_list(world, tmp_path):
    """§7.6: the extension is omitted."""
    account = world.account()
    order, _ = account.order('noreason.example.org')
    leaf = account.certificate(order)[0]
    assert account.post(account.directory['revokeCert'], {'certificate': acme.b64(pki.der(leaf))}).status == 200
    serial = pki.field(leaf, '-serial').lower()
    (row,) = [c for c in world.admin.pages('/v1/certificates?name=noreason.example.org') if c['serial'] == serial]
    assert row['status'] == 'revoked' and row.get('revocation_reason', 'unspecified') == 'unspecified'


def test_error_types_are_registered_ones(account):
    """§6.7: the namespace is used for what its registry lists."""
    urls = [account.directory[k] for k in ('newAccount', 'newOrder', 'newAuthz', 'revokeCert', 'keyChange')]
    seen = set()
    for url in urls + [account.kid, account.kid + '/orders']:
        for payload in ({}, {'identifiers': 'x'}, {'identifier': {'type': 'x', 'value': 'y'}}, {'certificate': 'AA'}, b'x', None):
            answer = account.post(url, payload)
            if answer.status >= 400:
                document = answer.json()
                seen.add(document['type'].removeprefix('urn:ietf:params:acme:error:'))
                assert 'identifier' not in document  # §6.7.1: in subproblems only
    assert seen and seen <= TYPES, seen - TYPES


def test_a_chain_is_certificates_and_nothing_else(account):
    """§9.1: strict encoding, no explanatory text."""
    order, _ = account.order('strict.example.org')
    text = account.post(order['certificate']).body.decode()
    block = r'-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64}\n-----END CERTIFICATE-----\n'
    assert re.fullmatch(f'(?:{block})+', text)


def test_tokens_are_long_and_their_own(world):
    """§8.3, §11.3."""
    account = world.account(world.eab(validation='challenge'))
    order = account.new_order('t1.example.org', 't2.example.org').expect(201)
    tokens = {c['token'] for url in order['authorizations'] for c in account.post(url).expect(200)['challenges']}
    assert len(tokens) >= 2 and all(re.fullmatch('[A-Za-z0-9_-]{22,}', t) for t in tokens)


def test_an_order_shows_what_it_replaces(account):
    """RFC 9773 §5."""
    from cryptography import x509
    order, _ = account.order('shown.example.org')
    certificate = x509.load_pem_x509_certificate(account.certificate(order)[0].encode())
    key_id = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    number = certificate.serial_number
    reference = acme.b64(key_id) + '.' + acme.b64(number.to_bytes(number.bit_length() // 8 + 1, 'big'))
    made = account.new_order('shown.example.org', replaces=reference)
    assert made.expect(201)['replaces'] == reference
    assert account.post(made.header('Location')).expect(200)['replaces'] == reference
    assert 'replaces' not in order
