"""Stopping issuance: every way to a certificate refuses from the moment the block is answered, nothing else does, and somebody
else than the placer lets it go on."""
import hashlib

import pytest

from harness import acme, pki


@pytest.fixture
def incident(admin):
    return admin.post('/v1/incidents', {'type': 'misissuance', 'impact': 'high', 'urgency': 'high', 'source': 'self_reported',
                                        'title': 'T', 'summary': 'S'}).expect(201)


@pytest.fixture
def officer(instance):
    return instance.user('security-officer')


@pytest.fixture
def place(admin, officer, incident):
    """Places blocks and lifts what still stands in the end, so that the next test can issue."""
    placed = []

    def one(kind, status=201, **fields):
        answer = admin.post('/v1/blocks', {'incident_id': incident['id'], 'kind': kind, 'reason': 'because', **fields})
        if status != 201:
            return answer.problem(status)
        placed.append(answer.expect(201))
        return placed[-1]
    yield one
    for block in placed:
        officer.post(f'/v1/blocks/{block["id"]}/lift', {'reason': 'over'})


def ask(instance, name, client=None, key=None, profile=None):
    csr = pki.csr([f'DNS:{name}'], private_key=key) if key else pki.csr([f'DNS:{name}'])
    return (client or instance.people()['requester']).post('/v1/requests', {
        'certificate_profile': profile or instance.profile('server-tls')['name'], 'csr': csr})


def refused(answer, block):
    problem = answer.problem(422)
    assert problem['rule'] == 'issuance-blocked' and block['id'] in problem['detail']
    return problem.get('field')


def test_everything_stops_for_every_protocol_and_goes_on(instance, admin, officer, incident, place):
    people = instance.people()
    account = acme.World(instance).account()
    waiting = ask(instance, 'waiting.example.org').expect(201)
    there = instance.issue(['there.example.org'])
    order = account.new_order('stopped.example.org').json()

    def issued():  # but for responders', which are exempt
        return {c['id'] for c in admin.pages('/v1/certificates?limit=500') if c['certificate_profile'] != 'ocsp-signer'}
    before = issued()
    block = place('everything')

    refused(ask(instance, 'new.example.org'), block)
    refused(people['approver'].post(f'/v1/requests/{waiting["id"]}/approve', {'comment': 'x'}), block)
    assert people['requester'].get(f'/v1/requests/{waiting["id"]}').expect(200)['state'] == 'awaiting_approval'
    refused(people['operator'].post(f'/v1/certificates/{there["id"]}/renew', {}), block)
    stopped = account.finalize(order, pki.csr(['DNS:stopped.example.org'], form='DER'))
    assert stopped.status == 400 and stopped.json()['rule'] == 'issuance-blocked'
    assert issued() == before
    instance.revoke(there)  # revocation goes on

    lifted = officer.post(f'/v1/blocks/{block["id"]}/lift', {'reason': 'the fault is found'}).expect(200)
    assert lifted['lifter_id'] == officer.user_id
    people['approver'].post(f'/v1/requests/{waiting["id"]}/approve', {'comment': 'x'}).expect(200)
    account.order('going-on.example.org')
    kinds = [e['kind'] for e in admin.get(f'/v1/incidents/{incident["id"]}/timeline').expect(200)['items']]
    assert kinds[-2:] == ['issuance_stopped', 'issuance_resumed']


def test_each_kind_stops_what_it_names_and_nothing_else(instance, admin, place):
    acme.World(instance)  # has the profile that needs no approval
    key = pki.key('p256', fresh=True)
    one = instance.issue(['kind.example.org'], csr=pki.csr(['DNS:kind.example.org'], private_key=key))
    other = instance.user('requester', name='Other Person')
    ask(instance, 'fine.example.org').expect(201)

    block = place('key', spki_sha256=one['spki_sha256'])
    assert refused(ask(instance, 'any.example.org', key=key), block) == 'csr'
    ask(instance, 'any.example.org').expect(201)

    block = place('name', domain='blocked.example.org')
    for name in ('blocked.example.org', 'deep.er.blocked.example.org'):
        assert refused(ask(instance, name), block) == 'names'
    for name in ('notblocked.example.org', 'example.org', 'blocked.example.net'):
        ask(instance, name).expect(201)

    block = place('requester', requester_id=other.user_id)
    refused(ask(instance, 'person.example.org', client=other), block)
    ask(instance, 'person.example.org').expect(201)

    block = place('certificate_profile', certificate_profile=one['certificate_profile'])
    assert refused(ask(instance, 'profile.example.org'), block) == 'certificate_profile'
    ask(instance, 'profile.example.org', profile='server-tls-auto').expect(201)

    block = place('issuer', issuer_id=one['issuer_id'])
    assert refused(ask(instance, 'issuer.example.org', profile='server-tls-auto'), block) == 'issuer_id'
    standing = {b['id'] for b in admin.get('/v1/blocks').expect(200)['items']}
    assert block['id'] in standing and len(standing) == 5


def test_a_trial_says_what_would_stop_and_stops_nothing(instance, admin, incident):
    key = pki.key('p256', fresh=True)
    one = instance.issue(['trial.example.org'], csr=pki.csr(['DNS:trial.example.org'], private_key=key))
    body = {'incident_id': incident['id'], 'reason': 'x'}

    def count(**fields):
        return admin.post('/v1/block-trial', {**body, **fields}).expect(200)['recent_count']
    assert count(kind='key', spki_sha256=one['spki_sha256']) == 1
    assert count(kind='name', domain='trial.example.org') == 1 and count(kind='name', domain='rial.example.org') == 0
    assert count(kind='issuer', issuer_id=one['issuer_id']) <= count(kind='everything')
    assert count(kind='key', spki_sha256=hashlib.sha256(b'x').hexdigest()) == 0
    assert count(kind='name', domain='example.org') >= count(kind='name', domain='trial.example.org')
    assert one['id'] and admin.get('/v1/blocks').expect(200)['items'] == []


def test_what_is_refused(instance, admin, officer, place):
    assert place('issuer', 422)['field'] == 'issuer_id'
    assert place('everything', 422, domain='example.org')['field'] == 'domain'
    assert place('issuer', 409, issuer_id='iss_' + '0' * 26)['rule'] == 'block-object-unknown'
    assert place('key', 422, domain='example.org')['rule'] == 'block-member'
    block = place('name', domain='x.example.org')
    lift = f'/v1/blocks/{block["id"]}/lift'
    assert admin.post(lift, {'reason': 'x'}).problem(403)['rule'] == 'placer-lifts'
    for role in ('operator', 'auditor'):
        instance.people()[role].post(lift, {'reason': 'x'}).problem(403)
    instance.people()['requester'].post('/v1/blocks', {'incident_id': block['incident_id'], 'kind': 'everything', 'reason': 'x'}).problem(403)
    officer.post(lift, {'reason': 'x'}).expect(200)
    assert officer.post(lift, {'reason': 'x'}).problem(409)['rule'] == 'block-lifted'
    assert [b['id'] for b in admin.get('/v1/blocks?lifted=true').expect(200)['items']][0] == block['id']
    officer.post('/v1/blocks/blk_' + '0' * 26 + '/lift', {'reason': 'x'}).problem(404)
    unknown = {'incident_id': 'inc_' + '0' * 26, 'kind': 'everything', 'reason': 'x'}
    admin.post('/v1/blocks', unknown).problem(404)
    admin.post('/v1/block-trial', unknown).problem(404)


def test_approved_requests_that_wait_are_refused_too(instance, admin, place):
    """A key of the server's: approved, and stopped before the collection."""
    people = instance.people()
    made = people['requester'].post('/v1/requests', {
        'certificate_profile': instance.profile('server-tls')['name'], 'server_key': {'key_type': 'p256'},
        'names': [{'kind': 'dns', 'value': 'collect.example.org'}]}).expect(201)
    people['approver'].post(f'/v1/requests/{made["id"]}/approve', {'comment': 'x'}).expect(200)
    block = place('name', domain='example.org')
    refused(people['requester'].post(f'/v1/requests/{made["id"]}/collect', {'password': 'correct horse battery'}), block)


def test_the_responder_is_exempt(instance, admin, place):
    """Its certificate is the platform's own: without it a revocation could not be told."""
    one = instance.issue(['exempt.example.org'])
    place('everything')
    instance.revoke(one)
    assert admin.get('/v1/certificates/' + one['id']).expect(200)['status'] == 'revoked'


def test_ceremonies_on_the_host_are_stopped_too(instance, admin, officer, place, tmp_path):
    root = instance.issuer('root')
    csr, out = tmp_path / 'sub.csr', tmp_path / 'sub.pem'
    key = tmp_path / 'sub.key'
    pki.openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', csr, '-subj', '/O=Test/CN=Sub')
    create = lambda name: instance.cli('ca', 'create', '--name', name, '--parent', root['name'], '--key-type', 'p256',  # noqa: E731
                                       '--subject', f'CN={name},O=Test', '--data', instance.data)
    sign = lambda: instance.cli('ca', 'sign-csr', str(csr), '--parent', root['name'], '--out', str(out), '--data', instance.data)  # noqa: E731
    before = {i['name'] for i in admin.pages('/v1/issuers')}
    block = place('issuer', issuer_id=root['id'])
    for answer in (create('stopped-sub'), sign()):
        assert answer.status != 0 and block['id'] in answer.err and 'stopped' in answer.err
    assert not out.exists() and {i['name'] for i in admin.pages('/v1/issuers')} == before
    officer.post(f'/v1/blocks/{block["id"]}/lift', {'reason': 'over'}).expect(200)
    sign().expect(0)
    create('going-on-sub').expect(0)
