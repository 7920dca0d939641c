"""Search, filters, pages that stay stable while the inventory grows, export and download."""
import csv
import io
import json

import pytest

from harness import pki


@pytest.fixture(scope='module')
def stock(instance):
    """Nine certificates with different names, tags and one revocation."""
    made = [instance.issue([f'inv{i}.stock.example.org'], tags=[{'name': 'team', 'value': 'blue' if i % 2 else 'red'}])
            for i in range(9)]
    instance.revoke(made[0])
    return made


def ids(client, query=''):
    return [c['id'] for c in client.pages('/v1/certificates' + query)]


def test_filters(instance, people, stock):
    auditor, one = people['auditor'], stock[3]
    for query in (f'?name={one["names"][0]["value"]}', f'?serial={one["serial"]}', f'?sha256={one["sha256"]}',
                  f'?spki_sha256={one["spki_sha256"]}'):
        assert ids(auditor, query) == [one['id']], query
    assert set(ids(auditor, '?name=*.stock.example.org')) == {c['id'] for c in stock}
    assert ids(auditor, '?name=stock.example.org') == []
    assert ids(auditor, '?status=revoked&name=*.stock.example.org') == [stock[0]['id']]
    assert set(ids(auditor, '?tag=team=blue&name=*.stock.example.org')) == {c['id'] for i, c in enumerate(stock) if i % 2}
    assert set(ids(auditor, '?requester_id=' + people['requester'].user_id)) >= {c['id'] for c in stock}
    assert ids(auditor, '?requester_id=' + people['auditor'].user_id) == []
    assert set(ids(auditor, '?issuer_id=' + one['issuer_id'])) >= {c['id'] for c in stock}
    assert set(ids(auditor, '?certificate_profile=' + one['certificate_profile'])) >= {c['id'] for c in stock}


def test_expiry_window(people, stock):
    at = stock[5]['not_after']
    inside = ids(people['auditor'], f'?expires_after={at}&name=*.stock.example.org')
    before = ids(people['auditor'], f'?expires_before={at}&name=*.stock.example.org')
    assert stock[5]['id'] in inside and stock[5]['id'] not in before
    assert set(inside) | set(before) == {c['id'] for c in stock} and not set(inside) & set(before)


def test_newest_first_and_pages_are_complete(people, stock):
    whole = ids(people['auditor'], '?name=*.stock.example.org')
    assert whole == [c['id'] for c in reversed(stock)]
    for limit in (1, 2, 4, 9, 10):
        assert ids(people['auditor'], f'?name=*.stock.example.org&limit={limit}') == whole


def test_pages_are_stable_while_certificates_arrive(instance, people, stock):
    before = ids(people['auditor'], '?limit=500')
    page = people['auditor'].get('/v1/certificates?limit=3').expect(200)
    seen = [c['id'] for c in page['items']]
    while page.get('next_cursor'):
        instance.issue(['arrives.example.org'])
        page = people['auditor'].get(f'/v1/certificates?limit=3&cursor={page["next_cursor"]}').expect(200)
        seen += [c['id'] for c in page['items']]
    assert seen == before


@pytest.mark.parametrize('query,field', [
    ('limit=0', 'limit'), ('limit=501', 'limit'), ('limit=x', 'limit'), ('cursor=!!', 'cursor'), ('cursor=AAAA', 'cursor'),
    ('serial=zz', 'serial'), ('sha256=00', 'sha256'), ('status=lost', 'status'), ('expires_after=yesterday', 'expires_after'),
    ('issuer_id=iss_x', 'issuer_id'), ('tag=x', 'tag'), ('name=', 'name'), ('limit=1&limit=2', 'limit'), ('nonsense=1', None)])
def test_bad_queries_name_the_field(people, query, field):
    people['auditor'].get('/v1/certificates?' + query).problem(400, field=field)


def test_a_cursor_of_another_search_is_refused_or_harmless(people, stock):
    page = people['auditor'].get('/v1/certificates?limit=1').expect(200)
    answer = people['auditor'].get(f'/v1/users?cursor={page["next_cursor"]}')
    assert answer.status in (200, 400, 403)


def test_export_csv_and_ndjson(instance, people, stock):
    client = next(c for c in (*people.values(), instance.admin)
                  if 'certificate.export' in c.get('/v1/me').expect(200)['permissions'])
    answer = client.get('/v1/certificates/export?format=csv&name=*.stock.example.org')
    assert answer.status == 200 and answer.header('Content-Type').startswith('text/csv')
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert {r['serial'] for r in rows} == {c['serial'] for c in stock}
    lines = client.get('/v1/certificates/export?format=ndjson&name=*.stock.example.org').body.decode().splitlines()
    assert {json.loads(line)['id'] for line in lines} == {c['id'] for c in stock}


def test_export_neutralises_spreadsheet_formulas(instance, people):
    """A cell that begins with = + - @ would be a formula for whoever opens the file."""
    certificate = instance.issue(['formula.example.org'], tags=[{'name': 'note', 'value': '=1+1'}])
    client = next(c for c in (*people.values(), instance.admin)
                  if 'certificate.export' in c.get('/v1/me').expect(200)['permissions'])
    text = client.get('/v1/certificates/export?format=csv&serial=' + certificate['serial']).body.decode()
    for row in csv.reader(io.StringIO(text)):
        assert not [cell for cell in row if cell[:1] in ('=', '+', '@')]


def test_download_formats(instance, people, stock):
    path = f'/v1/certificates/{stock[2]["id"]}/download'
    client = people['auditor']
    pem = client.get(path).body.decode()
    assert pem == client.get(path + '?format=pem').body.decode() and pki.der(pem) == client.get(path + '?format=der').body
    chain = pki.split_pem(client.get(path + '?format=chain').body.decode())
    assert [pki.der(c) for c in chain[:2]] == [pki.der(pem), pki.der(instance.chain()[0])]
    bundle = client.get(path + '?format=pkcs7')
    out = pki.openssl('pkcs7', '-inform', 'DER', '-print_certs', stdin=bundle.body).stdout.decode()
    assert {pki.der(c) for c in pki.split_pem(out)} >= {pki.der(pem), pki.der(instance.chain()[0])}
    client.get(path + '?format=jks').problem(400, field='format')


def test_names_are_found_case_insensitively(instance, people):
    certificate = instance.issue(csr=pki.csr(['DNS:MiXed.Example.ORG']))
    assert certificate['names'] == [{'kind': 'dns', 'value': 'mixed.example.org'}]
    assert certificate['id'] in ids(people['auditor'], '?name=mixed.example.org')
