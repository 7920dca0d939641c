"""What an incident reaches: every filter finds exactly its certificates, and what was found stays as it was."""
import datetime

import pytest

from harness import pki


@pytest.fixture
def incident(admin):
    return admin.post('/v1/incidents', {'type': 'misissuance', 'impact': 'low', 'urgency': 'low', 'source': 'self_reported',
                                        'title': 'T', 'summary': 'S'}).expect(201)


def scope(client, incident, status=201, **fields):
    answer = client.post(f'/v1/incidents/{incident["id"]}/scopes', {'comment': 'because', **fields})
    return answer.expect(201) if status == 201 else answer.problem(status)


def members(client, incident, found):
    path = f'/v1/incidents/{incident["id"]}/scopes/{found["id"]}/certificates'
    return {c['certificate_id']: c for c in client.get(path + '?limit=500').expect(200)['items']}


def test_each_filter_finds_exactly_its_certificates(instance, admin, incident):
    key = pki.key('p256', fresh=True)
    other = instance.user('requester', name='Other Person')
    one = instance.issue(['scope-1.example.org', 'scope-1b.example.org'], csr=pki.csr(
        ['DNS:scope-1.example.org', 'DNS:scope-1b.example.org'], private_key=key))
    middle = datetime.datetime.fromisoformat(one['created'].replace('Z', '+00:00')) + datetime.timedelta(microseconds=1)
    middle = middle.isoformat().replace('+00:00', 'Z')
    two = instance.issue(['scope-2.example.org'], csr=pki.csr(['DNS:scope-2.example.org'], private_key=key), client=other)
    three = instance.issue(['scope-3.example.org'], client=other)
    wanted = [({'spki_sha256': one['spki_sha256']}, [one, two]),
              ({'requester_id': other.user_id}, [two, three]),
              ({'requester_id': other.user_id, 'spki_sha256': one['spki_sha256']}, [two]),
              ({'serials': [one['serial'], three['serial']]}, [one, three]),
              ({'serials': [one['serial']], 'requester_id': other.user_id}, []),
              ({'serials': [one['serial']], 'spki_sha256': one['spki_sha256']}, [one]),
              ({'issued_after': middle, 'issuer_id': one['issuer_id'], 'certificate_profile': one['certificate_profile']},
               [two, three]),
              ({'issued_after': one['created'], 'issued_before': middle}, [one]),
              ({'certificate_profile': 'no-such', 'issued_after': one['created']}, [])]
    for filters, certificates in wanted:
        found = scope(admin, incident, **filters)
        assert set(members(admin, incident, found)) == {c['id'] for c in certificates}, filters
        assert found['certificate_count'] == found['valid_count'] == len(certificates)
    first = scope(admin, incident, spki_sha256=one['spki_sha256'])
    assert (first['name_count'], first['requester_count'], first['revoked_count']) == (3, 2, 0)
    assert members(admin, incident, first)[one['id']]['names'] == ['scope-1.example.org', 'scope-1b.example.org']

    # What was found then stays; the same query again finds what is so now.
    instance.revoke(one)
    again = scope(admin, incident, corrects_id=first['id'], comment='one was revoked meanwhile')
    assert (again['corrects_id'], again['spki_sha256']) == (first['id'], one['spki_sha256'])
    assert (again['certificate_count'], again['valid_count'], again['revoked_count']) == (2, 1, 1)
    listed = {s['id']: s for s in admin.get(f'/v1/incidents/{incident["id"]}/scopes').expect(200)['items']}
    assert listed[first['id']]['revoked_count'] == 0 and listed[again['id']] == again
    kinds = [e['kind'] for e in admin.get(f'/v1/incidents/{incident["id"]}/timeline').expect(200)['items']]
    assert kinds[-2:] == ['scope_concluded', 'scope_changed']


def test_what_is_refused(instance, admin, incident):
    assert scope(admin, incident, 422)['rule'] == 'scope-filter'
    assert scope(admin, incident, 422, serials=['0a', '0a'])['rule'] == 'duplicate'
    unknown = 'scp_' + '0' * 26
    assert scope(admin, incident, 422, corrects_id=unknown)['rule'] == 'scope-unknown'
    admin.get(f'/v1/incidents/{incident["id"]}/scopes/{unknown}/certificates').problem(404)
    instance.people()['auditor'].post(f'/v1/incidents/{incident["id"]}/scopes', {'comment': 'x'}).problem(403)


def test_who_sees_some_certificates_learns_of_no_other_by_an_incident(instance, admin, incident):
    """The permissions of incidents are held everywhere, the certificates are read in one group only."""
    instance.issue(['elsewhere.example.org'])
    seen = scope(admin, incident, serials=[instance.issue(['elsewhere-2.example.org'])['serial']])
    group = admin.post('/v1/groups', {'name': 'scope-readers'}).expect(201)['id']
    admin.post('/v1/roles', {'name': 'recorder', 'permissions': ['me.read', 'incident.read', 'incident.record']}).expect(200)
    client = instance.user('recorder')
    admin.post('/v1/bindings', {'user_id': client.user_id, 'role': 'basic-user', 'groups': [group], 'reason': 'x'}).expect(201)
    path = f'/v1/incidents/{incident["id"]}/scopes'
    for wanted in ({'issued_after': '2020-01-01T00:00:00Z'}, {'corrects_id': seen['id']}):
        assert scope(client, incident, 403, **wanted)['rule'] == 'scope-all-needed'
    assert client.get(f'{path}/{seen["id"]}/certificates').problem(403)['rule'] == 'scope-all-needed'
    assert [s['id'] for s in client.get(path).expect(200)['items']] == [seen['id']], 'nothing was kept of what was refused'
    admin.post('/v1/bindings', {'user_id': client.user_id, 'role': 'basic-user', 'all': True, 'reason': 'x'}).expect(201)
    assert len(members(client, incident, seen)) == 1
    assert scope(client, incident, corrects_id=seen['id'])['certificate_count'] == 1


def test_a_right_to_incidents_in_a_group_is_none(instance, admin, incident):
    """They concern the whole tenant."""
    group = admin.post('/v1/groups', {'name': 'scope-incidents'}).expect(201)['id']
    client = instance.user('basic-user')
    end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)).strftime('%Y-%m-%dT%H:%M:%SZ')
    admin.post('/v1/bindings', {'user_id': client.user_id, 'role': 'incident-manager', 'groups': [group], 'reason': 'x',
                                'expires': end}).expect(201)
    for answer in (client.get('/v1/incidents'), client.get(f'/v1/incidents/{incident["id"]}'),
                   client.get(f'/v1/incidents/{incident["id"]}/reports'), client.get('/v1/incident-duties'),
                   client.post(f'/v1/incidents/{incident["id"]}/move', {'state': 'triage', 'comment': 'x'})):
        assert answer.problem(403)['rule'] == 'scope-all-needed'
