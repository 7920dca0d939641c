"""Requests: what is asked is what is issued, and a refusal names the rule and the field."""
import pytest

from harness import pki


def create(people, **document):
    document.setdefault('certificate_profile', 'server-tls')
    return people['requester'].post('/v1/requests', document)


def test_der_csr_is_taken_too(instance, people):
    import base64
    der = pki.csr(['DNS:der.example.org'], form='DER')
    view = create(people, csr=base64.b64encode(der).decode()).expect(201)
    assert view['names'] == [{'kind': 'dns', 'value': 'der.example.org'}]


def test_names_of_the_request_replace_those_of_the_csr(instance, people):
    view = create(people, csr=pki.csr(), names=[{'kind': 'dns', 'value': 'given.example.org'}]).expect(201)
    done = instance.settled(instance.approve(view))
    text = pki.text(instance.admin.get('/v1/certificates/' + done['certificate_id']).expect(200)['pem'])
    assert 'DNS:given.example.org' in text


def test_a_name_in_the_csr_only_is_refused_not_dropped(people):
    csr = pki.csr(['DNS:hidden.example.org', 'DNS:given.example.org'])
    create(people, csr=csr, names=[{'kind': 'dns', 'value': 'given.example.org'}]).problem(422)


@pytest.mark.parametrize('names', [['email:a@example.org'], ['URI:https://example.org/'],
                                   ['DNS:ok.example.org', 'email:a@example.org']])
def test_name_kinds_that_the_profile_lacks_are_refused(instance, people, names):
    assert instance.profile('server-tls')['name_kinds'] == ['dns', 'ip']
    problem = create(people, csr=pki.csr(names)).problem(422)
    assert problem.get('rule') and problem.get('field')


@pytest.mark.parametrize('name', ['', 'a..example.org', '-a.example.org', 'a-.example.org', 'a_b.example.org', 'a b.example.org',
                                  'exa\u0000mple.org', '*.*.example.org', 'a.*.example.org', '*', 'x' * 64 + '.example.org',
                                  '.'.join(['a' * 60] * 5) + '.example.org', 'b\u00fccher.example', '10.0.0.1', '0x0a000001', '2130706433', '127.1'])
def test_bad_dns_names_are_refused(people, name):
    answer = create(people, csr=pki.csr(), names=[{'kind': 'dns', 'value': name}])
    assert answer.status in (400, 422), answer.body
    answer.problem(answer.status)


@pytest.mark.parametrize('kind,status', [('p521', 422), ('rsa1024', 422)])
def test_weak_or_foreign_keys_are_refused(people, kind, status):
    problem = create(people, csr=pki.csr(['DNS:key.example.org'], kind)).problem(status)
    assert problem.get('rule')


def test_a_key_known_as_compromised_is_refused(people):
    """The private key of a published example (RFC 9500 §2.1 testECCP256): known to everyone."""
    published = '''-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIObLW92AqkWunJXowVR2Z5/+yVPBaFHnEedDk5WJxk/BoAoGCCqGSM49
AwEHoUQDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71vc75eSOkyMsxFxbFsTNEMTLjV
uKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==
-----END EC PRIVATE KEY-----
'''
    create(people, csr=pki.csr(['DNS:known.example.org'], private_key=published)).problem(422)


def test_a_tampered_csr_is_refused(people):
    import base64
    der = bytearray(pki.csr(['DNS:tamper.example.org'], form='DER'))
    at = der.find(b'tamper')
    der[at:at + 6] = b'Tamper'.lower().replace(b't', b'u', 1)
    problem = create(people, csr=base64.b64encode(bytes(der)).decode()).problem(422)
    assert problem['field'] == 'csr'


def test_an_unsupported_extension_in_the_csr_is_refused(people):
    csr = pki.csr(['DNS:ext.example.org'], extensions=['1.2.3.4.5=ASN1:UTF8String:x'])
    assert create(people, csr=csr).problem(422)['field'].startswith('csr')


def test_a_ca_certificate_is_not_to_be_had(people):
    create(people, csr=pki.csr(['DNS:ca.example.org'], extensions=['basicConstraints=critical,CA:TRUE'])).problem(422)
    answer = create(people, csr=pki.csr(['DNS:ca.example.org']), certificate_profile='sub-ca')
    assert answer.status in (403, 404, 422), answer.body


@pytest.mark.parametrize('document,field', [
    ({'csr': 'x', 'certificate_profile': 'no-such-profile'}, 'certificate_profile'),
    ({'csr': 'not a csr'}, 'csr'),
    ({}, None),
    ({'csr': '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n'}, 'csr'),
])
def test_refusals_name_the_field(people, document, field):
    answer = create(people, **document)
    assert 400 <= answer.status < 500
    assert answer.problem(answer.status).get('field') == field or field is None


def test_validity_beyond_the_profile_is_refused_not_shortened(instance, people):
    limit = instance.profile('server-tls')['validity_max_days']
    csr = pki.csr(['DNS:long.example.org'])
    problem = create(people, csr=csr, validity_days=limit + 1).problem(422)
    assert problem['field'] == 'validity_days'
    create(people, csr=csr, validity_days=limit).expect(201)


def test_cancel_and_reject(instance, people):
    mine = instance.request()
    people['approver'].post(f'/v1/requests/{mine["id"]}/cancel').problem(403)
    assert people['requester'].post(f'/v1/requests/{mine["id"]}/cancel').expect(200)['state'] == 'cancelled'
    people['approver'].post(f'/v1/requests/{mine["id"]}/approve', {'comment': 'late'}).problem(409)

    other = instance.request()
    rejected = people['approver'].post(f'/v1/requests/{other["id"]}/reject', {'comment': 'no need'}).expect(200)
    assert rejected['state'] == 'rejected' and rejected['approvals'][0]['decision'] == 'reject'
    people['approver'].post(f'/v1/requests/{other["id"]}/approve', {'comment': 'changed'}).problem(409)
    people['requester'].post(f'/v1/requests/{other["id"]}/cancel').problem(409)


def test_renew_keeps_the_key_and_replace_changes_it(instance, people):
    first = instance.issue(['renew.example.org'])
    path = '/v1/certificates/' + first['id']
    renewed = instance.settled(instance.approve(people['requester'].post(path + '/renew', {}).expect(201)))
    second = instance.admin.get('/v1/certificates/' + renewed['certificate_id']).expect(200)
    assert second['spki_sha256'] == first['spki_sha256'] and second['serial'] != first['serial']
    assert second['names'] == first['names']

    csr = pki.csr(['DNS:renew.example.org'])
    replaced = instance.settled(instance.approve(people['requester'].post(path + '/replace', {'csr': csr}).expect(201)))
    third = instance.admin.get('/v1/certificates/' + replaced['certificate_id']).expect(200)
    assert third['spki_sha256'] != first['spki_sha256'] and third['names'] == first['names']


def test_replace_needs_the_same_names_and_another_key(instance, people):
    private_key = pki.key(fresh=True)
    first = instance.issue(['swap.example.org'], csr=pki.csr(['DNS:swap.example.org'], private_key=private_key))
    path = f'/v1/certificates/{first["id"]}/replace'
    people['requester'].post(path, {'csr': pki.csr(['DNS:elsewhere.example.org'])}).problem(422)
    people['requester'].post(path, {'csr': pki.csr(['DNS:swap.example.org'], private_key=private_key)}).problem(422)


def test_unknown_ids_are_404_and_malformed_ones_400(people):
    people['requester'].get('/v1/requests/req_' + '0' * 26).problem(404)
    answer = people['requester'].get('/v1/requests/req_nonsense')
    assert answer.status in (400, 404)
    people['requester'].get('/v1/nothing-here').problem(404)
    assert people['requester'].send('DELETE', '/v1/requests').status == 405


def test_list_filters(instance, people):
    request = instance.request()
    waiting = [r['id'] for r in people['approver'].pages('/v1/requests?state=awaiting_approval')]
    assert request['id'] in waiting
    mine = list(people['approver'].pages('/v1/requests?requester_id=' + people['requester'].user_id))
    assert mine and all(r['requester_id'] == people['requester'].user_id for r in mine)
    people['approver'].get('/v1/requests?state=nonsense').problem(400, field='state')
    people['approver'].get('/v1/requests?no_such_filter=1').problem(400, rule='unknown-parameter')


@pytest.mark.parametrize('uri', ['relative/path', '//example.org/x', 'https:', 'no scheme', 'https://exa mple.org/', 'http://\u00e4.org/', 'http://example.org/\u00e4'])
def test_bad_uris_are_refused(instance, people, uri):
    """RFC 5280 §4.2.1.6: absolute, in the syntax of RFC 3986, ASCII."""
    profile = next(p for p in instance.profiles().values() if 'uri' in p['name_kinds'] and p['trust'] == 'private')
    create(people, certificate_profile=profile['name'], csr=pki.csr(), names=[{'kind': 'uri', 'value': uri}]).problem(422)


@pytest.mark.parametrize('subject,field', [({'common_name': 'x' * 65}, 'common_name'), ({'organization': 'x' * 65}, 'organization'),
                                           ({'organizational_unit': 'x' * 65}, 'organizational_unit')])
def test_upper_bounds_of_attributes(instance, people, subject, field):
    """RFC 5280 appendix A.1: ub-common-name and ub-organization-name are 64."""
    attribute = next(iter(subject))
    profiles = [p for p in instance.profiles().values() if attribute in p.get('subject_attributes', []) and
                p['kind'] not in ('sub-ca', 'ocsp-signer', 'root-ca')]
    if not profiles:
        pytest.skip(f'no installed profile takes {attribute}')
    profile = profiles[0]
    kinds = {'dns': 'DNS:a.example.org', 'email': 'email:a@example.org', 'ip': 'IP:192.0.2.1', 'uri': 'URI:https://a.example/'}
    names = [kinds[profile['name_kinds'][0]]] if profile['name_kinds'] else []
    problem = create(people, certificate_profile=profile['name'], csr=pki.csr(names), subject=subject).problem(422)
    assert problem['field'].startswith('subject') or field in problem['field']
