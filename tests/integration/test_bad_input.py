"""Malformed, oversized, duplicate-keyed, deeply nested, wrongly typed and non-UTF-8 input: 400, 413 or 422 with the field;
nothing stored, nothing signed, the processes alive."""
import json

import pytest

from harness import pki

GOOD = {'certificate_profile': 'server-tls', 'csr': 'x'}


@pytest.fixture(scope='module')
def before(instance):
    instance.people()
    return {'pids': {n: p['pid'] for n, p in instance.roles().items()}}


def post(people, raw, **options):
    return people['requester'].post('/v1/requests', raw=raw, **options)


def counts(instance):
    """What people asked for; the system's own (OCSP responders) come when they come."""
    return [len([row for row in instance.admin.pages(path) if 'requester_id' in row])
            for path in ('/v1/requests', '/v1/certificates')]


RAW = [
    ('empty', b'', {400}, None),
    ('not json', b'hello', {400}, None),
    ('truncated', b'{"certificate_profile": "server-tls"', {400}, None),
    ('trailing bytes', b'{"certificate_profile": "server-tls", "csr": "x"} {}', {400}, None),
    ('two documents', b'{}{}', {400}, None),
    ('array', b'[]', {400, 422}, None),
    ('scalar', b'7', {400, 422}, None),
    ('duplicate key', b'{"certificate_profile": "server-tls", "certificate_profile": "x", "csr": "y"}', {400}, 'certificate_profile'),
    ('duplicate key, escaped', b'{"csr": "x", "c\\u0073r": "y", "certificate_profile": "z"}', {400}, None),
    ('unknown key', b'{"certificate_profile": "server-tls", "csr": "x", "surprise": 1}', {400, 422}, 'surprise'),
    ('wrong type', b'{"certificate_profile": 7, "csr": "x"}', {400, 422}, 'certificate_profile'),
    ('null', b'{"certificate_profile": null, "csr": "x"}', {400, 422}, 'certificate_profile'),
    ('bool as number', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": true}', {400, 422}, 'validity_days'),
    ('float', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": 1.5}', {400, 422}, 'validity_days'),
    ('huge number', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": 1e400}', {400, 422}, None),
    ('over 64 bits', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": 99999999999999999999}', {400, 422}, None),
    ('negative', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": -1}', {400, 422}, 'validity_days'),
    ('nested', b'{"certificate_profile": ' + b'[' * 2000 + b']' * 2000 + b'}', {400, 422}, None),
    ('nested objects', b'{"a":' * 40 + b'1' + b'}' * 40, {400, 422}, None),
    ('not utf-8', b'{"certificate_profile": "\xff\xfe", "csr": "x"}', {400}, None),
    ('overlong utf-8', b'{"certificate_profile": "\xc0\xaf", "csr": "x"}', {400}, None),
    ('surrogate', b'{"certificate_profile": "server-tls", "csr": "x", "comment": "\\ud800"}', {400}, None),
    ('NUL in a string', b'{"certificate_profile": "server-tls\\u0000x", "csr": "x"}', {400, 422}, None),
    ('long string', json.dumps({**GOOD, 'comment': 'c' * 1001}).encode(), {400, 422}, 'comment'),
    ('control character', json.dumps({**GOOD, 'comment': 'a\u0007b'}).encode(), {400, 422}, 'comment'),
    ('too many names', json.dumps({**GOOD, 'names': [{'kind': 'dns', 'value': 'a.example.org'}] * 101}).encode(), {400, 422}, 'names'),
    ('nested wrong type', json.dumps({**GOOD, 'names': [{'kind': 'dns', 'value': 'a.org'}, {'kind': 7, 'value': 'x'}]}).encode(),
     {400, 422}, 'names/1/kind'),
    ('byte order mark', b'\xef\xbb\xbf{"certificate_profile": "server-tls", "csr": "x"}', {400}, None),
]


@pytest.mark.parametrize('raw,statuses,field', [pytest.param(*r[1:], id=r[0]) for r in RAW])
def test_refused_and_nothing_stored(instance, people, before, raw, statuses, field):
    stored = counts(instance)
    answer = post(people, raw)
    assert answer.status in statuses, (answer.status, answer.body[:300])
    document = answer.problem(answer.status)
    if field:
        assert document.get('field') == field, document
    assert counts(instance) == stored
    assert {n: p['pid'] for n, p in instance.roles().items()} == before['pids']


def test_oversized_body(instance, people):
    """The contract's limit is checked before the body is read."""
    answer = post(people, json.dumps({**GOOD, 'comment': 'c' * 70000}).encode())
    assert answer.status == 413


def test_body_where_none_belongs(people):
    answer = people['requester'].post('/v1/requests/req_' + '0' * 26 + '/cancel', raw=b'{"x": 1}')
    assert answer.status in (400, 413)


@pytest.mark.parametrize('kind', ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
def test_wrong_content_type(people, kind):
    answer = post(people, json.dumps(GOOD).encode(), content_type=kind)
    assert answer.status == 415


def test_mutated_csrs_never_pass(instance, people):
    """Each byte of a good CSR flipped, one at a time: refused, or it would be another key's signature."""
    import base64
    good = pki.csr(['DNS:flip.example.org'], form='DER')
    stored = counts(instance)
    for at in range(0, len(good), 7):
        bad = bytearray(good)
        bad[at] ^= 0x41
        answer = people['requester'].post('/v1/requests', {'certificate_profile': 'server-tls',
                                                            'csr': base64.b64encode(bytes(bad)).decode()})
        assert answer.status in (400, 422), (at, answer.status)
    assert counts(instance) == stored


def test_trailing_bytes_after_the_csr(people):
    import base64
    der = pki.csr(['DNS:trail.example.org'], form='DER') + b'\0'
    people['requester'].post('/v1/requests', {'certificate_profile': 'server-tls', 'csr': base64.b64encode(der).decode()}
                             ).problem(422, field='csr')


def test_text_is_data(instance, people):
    """Quotes, markup and SQL come back as they were sent."""
    nasty = '\'; DROP TABLE certificate; -- <script>alert(1)</script> "\\ %s ☃ 𝔘\n\tend'
    view = instance.request(comment=nasty)
    assert people['approver'].get('/v1/requests/' + view['id']).expect(200)['comment'] == nasty
