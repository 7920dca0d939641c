"""ACME Renewal Information (RFC 9773): windows, windows pulled forward in bulk, and orders that replace a certificate."""
import datetime

import pytest
from cryptography import x509

from harness import acme, pki

UTC = datetime.timezone.utc


@pytest.fixture(scope='module')
def world(instance):
    return acme.World(instance)


@pytest.fixture(scope='module')
def account(world):
    return world.account()


def reference(pem):
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key_id = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    serial = certificate.serial_number
    return acme.b64(key_id) + '.' + acme.b64(serial.to_bytes(serial.bit_length() // 8 + 1, 'big'))


def when(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


def renewal(account, pem):
    return account.http.get(account.path(account.directory['renewalInfo'] + '/' + reference(pem)))


def window(answer):
    suggested = answer.expect(200)['suggestedWindow']
    return when(suggested['start']), when(suggested['end'])


def issue(account, *names, **payload):
    order, _ = account.order(*names, **payload)
    return account.certificate(order)[0]


def test_the_window_is_in_the_last_third(account):
    leaf = issue(account, 'ari.example.org')
    answer = renewal(account, leaf)
    assert 60 <= int(answer.header('Retry-After')) <= 86400
    start, end = window(answer)
    certificate = x509.load_pem_x509_certificate(leaf.encode())
    before, after = (t.replace(tzinfo=UTC) for t in (certificate.not_valid_before, certificate.not_valid_after))
    assert before + (after - before) * 0.6 < start < end < after
    assert 'explanationURL' not in answer.json()


def test_unknown_certificates_have_no_window(account):
    leaf = issue(account, 'ari2.example.org')
    path = account.path(account.directory['renewalInfo'])
    key_id, serial = reference(leaf).split('.')
    for wrong in (f'{key_id}.{acme.b64(b"x" * 18)}', f'{acme.b64(b"x" * 20)}.{serial}'):
        acme.problem(account.http.get(f'{path}/{wrong}'), 'malformed', 404)
    assert account.http.get(f'{path}/nonsense').status == 400
    assert account.http.get(f'{path}/AB.CD').status in (400, 404)


def test_a_revoked_certificate_should_be_renewed_at_once(account):
    leaf = issue(account, 'ari3.example.org')
    assert account.post(account.directory['revokeCert'], {'certificate': acme.b64(pki.der(leaf))}).status == 200
    _, end = window(renewal(account, leaf))
    assert end < datetime.datetime.now(UTC)


def test_windows_are_pulled_forward_in_bulk_and_taken_back(instance, account):
    old = [issue(account, f'bulk{i}.example.org') for i in range(2)]
    before = [window(renewal(account, leaf)) for leaf in old]
    operator = instance.people()['operator']
    start = datetime.datetime.now(UTC).replace(microsecond=0)
    document = {'start': start.isoformat().replace('+00:00', 'Z'), 'certificate_profile': 'server-tls-auto',
                'end': (start + datetime.timedelta(hours=8)).isoformat().replace('+00:00', 'Z'),
                'explanation_url': 'https://example.org/incident'}
    pulled = operator.post('/v1/renewal-windows', document).expect(201)
    assert pulled['certificate_count'] >= 2
    fresh = issue(account, 'bulk-new.example.org')
    for leaf in old:
        answer = renewal(account, leaf)
        assert window(answer) == (start, start + datetime.timedelta(hours=8))
        assert answer.json()['explanationURL'] == 'https://example.org/incident'
    assert window(renewal(account, fresh))[0] > start + datetime.timedelta(days=1), 'issued after it'
    operator.post(f'/v1/renewal-windows/{pulled["id"]}/withdraw').expect(200)
    assert [window(renewal(account, leaf)) for leaf in old] == before
    listed = next(operator.pages('/v1/renewal-windows'))
    assert listed['id'] == pulled['id'] and listed['withdrawn']
    operator.post('/v1/renewal-windows', {**document, 'end': document['start']}).problem(422, 'end', 'window-order')
    instance.people()['requester'].post('/v1/renewal-windows', document).problem(403)


def test_replaces_is_honoured_once(instance, world, account):
    leaf = issue(account, 'next.example.org')
    successor = issue(account, 'next.example.org', replaces=reference(leaf))
    by_serial = {c['serial']: c['id'] for c in instance.admin.pages('/v1/certificates?name=next.example.org')}
    first, second = (instance.admin.get('/v1/certificates/' + by_serial[pki.field(pem, '-serial').lower()]).expect(200)
                     for pem in (leaf, successor))
    assert first['replaced_by'] == second['id'] and 'replaced_by' not in second
    acme.problem(account.new_order('next.example.org', replaces=reference(leaf)), 'alreadyReplaced', 409)


def test_replaces_needs_an_own_certificate_with_a_name_in_common(world, account):
    leaf = issue(account, 'own.example.org')
    stranger = world.account()
    acme.problem(stranger.new_order('own.example.org', replaces=reference(leaf)), 'malformed', 400, 'replaces-unknown')
    acme.problem(account.new_order('another.example.org', replaces=reference(leaf)), 'malformed', 400, 'replaces-other-names')
    for wrong in ('x', 'AA.AA', '', 1, reference(leaf) + '.x'):
        acme.problem(account.new_order('own.example.org', replaces=wrong), 'malformed', 400)


def test_two_orders_replace_one_certificate_once(account):
    leaf = issue(account, 'race.example.org')
    orders = [account.new_order('race.example.org', replaces=reference(leaf)).expect(201) for _ in range(2)]
    csr = [pki.csr(['DNS:race.example.org'], form='DER') for _ in orders]
    account.finalize(orders[0], csr[0]).expect(200)
    acme.problem(account.finalize(orders[1], csr[1]), 'alreadyReplaced', 409)


def test_a_replacement_is_not_counted_against_the_limit_of_names(instance):
    world = acme.World(instance, name_limit=1)
    account = world.account()
    leaf = issue(account, 'favoured.example.org')
    acme.problem(account.new_order('favoured.example.org'), 'rateLimited', 429)
    account.new_order('favoured.example.org', replaces=reference(leaf)).expect(201)
