"""Mass revocation: plan, approval by another, steps that survive kill -9, legal holds, drills; then CRL and OCSP agree from outside."""
import pytest

from harness import pki, status
from harness.instance import wait_for


@pytest.fixture
def incident(admin):
    return admin.post('/v1/incidents', {'type': 'misissuance', 'impact': 'high', 'urgency': 'high', 'source': 'self_reported',
                                        'certificates': ['tls'], 'title': 'T', 'summary': 'S'}).expect(201)


@pytest.fixture
def officer(instance):
    return instance.user('security-officer')


def path(incident, rest):
    return f'/v1/incidents/{incident["id"]}{rest}'


def scope(admin, incident, certificates):
    return admin.post(path(incident, '/scopes'), {'serials': [c['serial'] for c in certificates], 'comment': 'x'}).expect(201)['id']


def plan(client, incident, scope_id, status=201, **fields):
    answer = client.post(path(incident, '/revocations'), {'scope_id': scope_id, 'item': 3, 'reason': 'keyCompromise', 'comment': 'x', **fields})
    return answer.expect(201) if status == 201 else answer.problem(status)


def approve(client, incident, made):
    return client.post(path(incident, f'/revocations/{made["id"]}/approve'), None).expect(200)


def finished(admin, incident, made):
    def look():
        now = next(p for p in admin.get(path(incident, '/revocations')).expect(200)['items'] if p['id'] == made['id'])
        return now if now['state'] == 'done' else None
    return wait_for(look, 'the plan is done', 60, 0.3)


def counts(view):
    return tuple(view[f'{name}_count'] for name in ('revoked', 'revoked_before', 'expired', 'held'))


def test_from_plan_to_what_outsiders_see(instance, admin, officer, incident, tmp_path):
    certificates = [instance.issue([f'mass-{i}.example.org']) for i in range(6)]
    untouched = instance.issue(['mass-other.example.org'])
    instance.revoke(certificates[0])
    held = admin.post(path(incident, '/holds'), {'certificate_id': certificates[1]['id'], 'reason': 'court order 7'}).expect(201)
    made = plan(admin, incident, scope(admin, incident, certificates))
    assert counts(made) == (4, 1, 0, 1) and made['state'] == 'drafted'
    drill = plan(admin, incident, made['scope_id'], drill=True)
    approve(officer, incident, drill)
    assert counts(finished(admin, incident, drill)) == (4, 1, 0, 1)
    assert [admin.get('/v1/certificates/' + c['id']).expect(200)['status'] for c in certificates].count('active') == 5, 'a drill revokes nothing'

    assert approve(officer, incident, made)['approver_id'] == officer.user_id
    assert counts(finished(admin, incident, made)) == (4, 1, 0, 1)
    states = [admin.get('/v1/certificates/' + c['id']).expect(200) for c in certificates]
    assert [s['status'] for s in states] == ['revoked', 'active', *['revoked'] * 4]
    assert {s['reason'] for s in states[2:]} == {'keyCompromise'} and states[0]['reason'] == 'superseded'
    assert admin.get('/v1/certificates/' + untouched['id']).expect(200)['status'] == 'active'
    kinds = [e['kind'] for e in admin.get(path(incident, '/timeline')).expect(200)['items']]
    assert kinds.count('revocation_recorded') == 1, 'the drill leaves none'
    for one, wanted in ((states[2], 'revoked'), (states[5], 'revoked'), (states[1], 'good')):
        wait_for(lambda: status.ocsp(instance, tmp_path, one['pem']) == wanted, 'OCSP says so', 20)
    listed = lambda one: int(one['serial'], 16) in status.crl_serials(instance, tmp_path, one['pem'])  # noqa: E731
    wait_for(lambda: listed(states[2]) and listed(states[5]), 'the CRL says so', 25)
    assert not listed(states[1])

    # The hold is over: the next plan takes it.
    holds = officer.post(path(incident, f'/holds/{held["id"]}/lift'), {'reason': 'case closed'}).expect(200)['items']
    assert holds[0]['lifter_id'] == officer.user_id
    again = plan(admin, incident, made['scope_id'])
    assert counts(again) == (1, 5, 0, 0)
    approve(officer, incident, again)
    finished(admin, incident, again)
    assert admin.get('/v1/certificates/' + certificates[1]['id']).expect(200)['status'] == 'revoked'


def test_what_is_refused(instance, admin, officer, incident):
    scope_id = scope(admin, incident, [instance.issue(['mass-no.example.org'])])
    assert plan(admin, incident, scope_id, 422, reason='superseded')['rule'] == 'revocation-reason'
    answer = admin.post(path(incident, '/revocations'), {'scope_id': scope_id, 'reason': 'keyCompromise', 'comment': 'x'})
    assert answer.problem(422)['rule'] == 'revocation-item'
    assert plan(admin, incident, 'scp_' + '0' * 26, 422)['rule'] == 'scope-unknown'
    made = plan(admin, incident, scope_id)
    where = path(incident, f'/revocations/{made["id"]}')
    assert admin.post(where + '/approve', None).problem(403)['rule'] == 'author-approves'
    instance.people()['operator'].post(where + '/approve', None).problem(403)
    instance.people()['requester'].post(where + '/withdraw', None).problem(403)
    assert admin.post(where + '/withdraw', None).expect(200)['state'] == 'withdrawn'
    assert officer.post(where + '/approve', None).problem(409)['rule'] == 'revocation-state'
    officer.post(path(incident, '/revocations/mrv_' + '0' * 26 + '/approve'), None).problem(404)
    unknown = {'certificate_id': 'crt_' + '0' * 26, 'reason': 'x'}
    assert admin.post(path(incident, '/holds'), unknown).problem(409)['rule'] == 'certificate-unknown'
    assert officer.post(path(incident, '/holds/hld_' + '0' * 26 + '/lift'), {'reason': 'x'}).problem(409)['rule'] == 'hold-state'


def test_a_private_ca_needs_no_case_of_the_baseline_requirements(instance, admin):
    incident = admin.post('/v1/incidents', {'type': 'other', 'impact': 'low', 'urgency': 'low', 'source': 'self_reported',
                                            'certificates': ['private'], 'title': 'T', 'summary': 'S'}).expect(201)
    scope_id = scope(admin, incident, [instance.issue(['mass-private.example.org'])])
    answer = admin.post(path(incident, '/revocations'), {'scope_id': scope_id, 'reason': 'cessationOfOperation', 'comment': 'x'})
    assert counts(answer.expect(201)) == (1, 0, 0, 0)


def test_a_plan_survives_kill_9(instance, admin, officer, incident):
    """Core dies while the plan waits for its worker or is at work: nobody is missed."""
    csr = pki.csr(['DNS:mass-kill.example.org'])
    certificates = [instance.issue(['mass-kill.example.org'], csr=csr) for _ in range(8)]
    made = plan(admin, incident, scope(admin, incident, certificates))
    approve(officer, incident, made)
    instance.kill('core')
    admin.close()

    def done():
        try:
            return finished(admin, incident, made)
        except (OSError, AssertionError):
            admin.close()
            return None
    assert counts(wait_for(done, 'the plan goes on after the crash', 90, 0.5))[0] == 8
    assert all(admin.get('/v1/certificates/' + c['id']).expect(200)['status'] == 'revoked' for c in certificates)
