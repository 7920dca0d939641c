"""Governance of incidents: exports, figures, the leadership's pack, what is kept and what is told apart."""
import csv
import io
import json
import urllib.parse

import pytest

from harness import exports


def opened(client, **fields):
    return client.post('/v1/incidents', {
        'type': 'misissuance', 'impact': 'high', 'urgency': 'high', 'source': 'self_reported', 'title': 'Wrong names', 'summary': 'A & B <c>',
        'tracks': ['public'], 'certificates': ['tls'], **fields}).expect(201)


def path(incident, rest):
    return f'/v1/incidents/{incident["id"]}{rest}'


def move(client, incident, state, **fields):
    return client.post(path(incident, '/move'), {'state': state, 'comment': 'because', **fields}).expect(200)


def record(client, incident, kind, **fields):
    return client.post(path(incident, '/timeline'), {'kind': kind, **fields}).expect(201)


def assign(client, incident, role, person):
    client.post(path(incident, '/roles'), {'role': role, 'user_id': person.user_id}).expect(200)


def exported(client, incident, form):
    answer = client.post(path(incident, f'/export?form={form}'), None)
    answer.expect(200)
    return answer.body.decode()


def reported(instance, admin, **fields):
    """Somebody sends the public form; the incident that it opens."""
    before = {i['id'] for i in admin.get('/v1/incidents?limit=500').expect(200)['items']}
    form = '/report/' + admin.get('/v1/me').expect(200)['tenant_id']
    answer = instance.anonymous().post(form, raw=urllib.parse.urlencode(fields).encode(),
                                       content_type='application/x-www-form-urlencoded')
    assert answer.status == 201, answer.body
    return next(i for i in admin.get('/v1/incidents?limit=500').expect(200)['items'] if i['id'] not in before)


def check_forms(client, incident):
    return (exports.ocsf(json.loads(exported(client, incident, 'ocsf'))), exports.iodef(exported(client, incident, 'iodef')),
            exports.veris(json.loads(exported(client, incident, 'veris'))))


def test_exports_follow_the_incident(instance, admin):
    officer = instance.user('security-officer')
    incident = opened(admin)
    ocsf, iodef, veris = check_forms(admin, incident)
    assert (ocsf['activity_id'], ocsf['status_id'], ocsf['severity_id'], ocsf['desc']) == (1, 1, 5, 'A & B <c>')
    assert ocsf['finding_info_list'][0]['uid'] == incident['id'] == veris['incident_id'] == iodef.find(exports.NS + 'IncidentID').text
    assert [d.text for d in iodef.findall(exports.NS + 'Description')] == ['Wrong names', 'A & B <c>']
    assert (iodef.get('status'), veris['security_incident']) == ('new', 'Suspected')
    assign(admin, incident, 'lead', officer)
    record(admin, incident, 'non_compliance_started', at='2026-11-01T00:00:00Z')
    for state in ('triage', 'confirmed', 'contained', 'remediated', 'recovered'):
        move(admin, incident, state)
    ocsf, iodef, veris = check_forms(admin, incident)
    assert (ocsf['activity_id'], ocsf['status_id'], ocsf['verdict_id'], ocsf['assignee']) == (2, 2, 2, {'uid': officer.user_id})
    assert iodef.find(exports.NS + 'StartTime').text.startswith('2026-11-01') and iodef.find(exports.NS + 'RecoveryTime') is not None
    assert (iodef.get('status'), veris['security_incident'], veris['timeline']['incident']['day']) == ('in-progress', 'Confirmed', 1)
    assert veris['timeline']['containment']['unit'] == 'Minutes'


@pytest.mark.parametrize('type_', ['key_compromise', 'availability', 'data_exposure', 'obligation', 'audit_finding'])
def test_every_form_holds_for_other_types(admin, type_):
    incident = opened(admin, type=type_, source='audit', impact='low', urgency='low')
    ocsf, iodef, veris = check_forms(admin, incident)
    assert ocsf['severity_id'] == 2 and iodef.find(exports.NS + 'Discovery').get('source') == 'audit'
    move(admin, incident, 'false_alarm')
    ocsf, iodef, veris = check_forms(admin, incident)
    assert (ocsf['activity_id'], ocsf['verdict_id'], iodef.get('status'), veris['security_incident']) == (3, 1, 'resolved', 'False positive')


def test_a_merged_incident_says_where_it_went(admin):
    one, other = opened(admin), opened(admin)
    move(admin, one, 'merged', merged_into=other['id'])
    ocsf, iodef, _ = check_forms(admin, one)
    assert ocsf['verdict_id'] == 10 and ocsf['unmapped']['merged_into'] == other['id']
    assert iodef.find(f'{exports.NS}RelatedActivity/{exports.NS}IncidentID').text == other['id']


def test_a_reporter_is_exported_with_consent_alone(instance, admin):
    secret = reported(instance, admin, problem='wrong names', reporter='Grace Researcher')
    record(admin, secret, 'note', detail='called Grace Researcher back')
    for form in ('ocsf', 'iodef', 'veris'):
        text = exported(admin, secret, form)
        assert 'Grace' not in text and 'wrong names' not in text
    assert 'withheld' in exported(admin, secret, 'iodef')
    agreed = reported(instance, admin, problem='wrong names', reporter='Ada Agreed', may_be_named='yes')
    contacts = exports.iodef(exported(admin, agreed, 'iodef')).findall(exports.NS + 'Contact')
    assert [(c.get('role'), c[0].text) for c in contacts][1:] == [('reporter', 'Ada Agreed')]
    # Consent to be named in public is not yet the right to see who reported.
    auditor = instance.people()['auditor']
    assert len(exports.iodef(exported(auditor, agreed, 'iodef')).findall(exports.NS + 'Contact')) == 1


def test_all_incidents_as_csv(instance, admin):
    named = opened(admin, title='=HYPERLINK("x")')
    secret = reported(instance, admin, problem='wrong names', reporter='Olga Reporter')
    hidden = opened(admin)
    move(admin, hidden, 'merged', merged_into=named['id'])
    answer = admin.post('/v1/incident-export', None)
    answer.expect(200)
    rows = {row['id']: row for row in csv.DictReader(io.StringIO(answer.body.decode(), newline=''))}
    assert rows[named['id']]['title'] == '\'=HYPERLINK("x")' and rows[named['id']]['tracks'] == 'public'
    assert rows[hidden['id']]['merged_into'] == named['id'] and rows[hidden['id']]['state'] == 'merged'
    assert 'Olga' not in answer.body.decode() and rows[secret['id']]['type'] == 'problem_report'
    assert len(rows) == len(admin.get('/v1/incidents?limit=500').expect(200)['items']), 'each once'


def test_exports_are_rights_and_leave_a_trace(instance, admin):
    incident = opened(admin)
    people = instance.people()
    people['operator'].post(path(incident, '/export?form=ocsf'), None).problem(403)
    people['requester'].post('/v1/incident-export', None).problem(403)
    admin.post(path(incident, '/export?form=stix'), None).problem(422, 'form')
    admin.post('/v1/incidents/inc_' + '0' * 26 + '/export?form=ocsf', None).problem(404)
    exported(people['auditor'], incident, 'veris')
    entry = admin.get(f'/v1/audit/entries?object_id={incident["id"]}&limit=1').expect(200)['items'][0]
    assert (entry['action'], entry['details']['form']) == ('incident.export', 'veris')
