"""Incidents through the API: the record, its clocks on a simulated clock, its gates, and what is never possible."""
import datetime
import re

import pytest

from harness.instance import run_cli, wait_for

HOUR, DAY = 3600, 86400


def when(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


def opened(client, **fields):
    return client.post('/v1/incidents', {
        'type': 'misissuance', 'impact': 'medium', 'urgency': 'high', 'source': 'self_reported', 'title': 'Wrong names',
        'summary': 'Names of another subscriber.', 'tracks': ['public'], 'certificates': ['tls'], **fields}).expect(201)


def record(client, incident, kind, **fields):
    return client.post(f'/v1/incidents/{incident["id"]}/timeline', {'kind': kind, **fields}).expect(201)


def duties(client, incident):
    """The latest round of each duty by pack and id."""
    items = client.get(f'/v1/incidents/{incident["id"]}/duties').expect(200)['items']
    return {re.sub(r'/\d+/\d+$', '', d['key']): d for d in items}


def move(client, incident, state, **fields):
    return client.post(f'/v1/incidents/{incident["id"]}/move', {'state': state, 'comment': 'because', **fields})


def assign(client, incident, role, person):
    return client.post(f'/v1/incidents/{incident["id"]}/roles', {'role': role, 'user_id': person.user_id}).expect(200)


def timeline(client, incident):
    return client.get(f'/v1/incidents/{incident["id"]}/timeline?limit=500').expect(200)['items']


def travel(instance, seconds):
    offset = instance.admin.get('/v1/system/clock').expect(200)['offset_s']
    instance.admin.post('/v1/system/clock', {'offset_s': offset + seconds}).expect(200)


def test_an_incident_from_report_to_duty(instance, admin):
    incident = opened(admin)
    assert (incident['state'], incident['severity'], incident['overdue_count']) == ('reported', 'high', 0)
    assert [e['kind'] for e in timeline(admin, incident)] == ['reported', 'aware']
    first = duties(admin, incident)['ccadb-irg/p1-first-disclosure']
    assert first['document'] == 'CCADB Incident Reporting Guidelines 3.2' and first['start_kind'] == 'aware'
    assert when(first['deadline']) - when(incident['aware']) == datetime.timedelta(hours=72)
    assert [round((when(w) - when(first['start'])).total_seconds()) for w in first['warnings']] == [
        36 * HOUR, 54 * HOUR, 64.8 * HOUR]
    met = admin.post(f'/v1/incidents/{incident["id"]}/duties/meet',
                     {'key': first['key'], 'proof': 'bug 1961406'}).expect(200)
    assert met['state'] == 'met' and met['met_entry'] == 3
    assert timeline(admin, incident)[2]['proof'] == 'bug 1961406'
    again = admin.post(f'/v1/incidents/{incident["id"]}/duties/meet', {'key': first['key'], 'proof': 'x'})
    assert again.problem(409)['rule'] == 'duty-not-open'
    assert duties(admin, incident)['ccadb-irg/p2-full-report']['state'] == 'pending'


def test_times_are_set_once_and_corrected_by_adding(instance, admin):
    incident = opened(admin)
    path = f'/v1/incidents/{incident["id"]}/timeline'
    assert admin.post(path, {'kind': 'aware'}).problem(409)['rule'] == 'time-set-once'
    assert admin.post(path, {'kind': 'state_changed'}).problem(422)['rule'] == 'kind-own'
    record(admin, incident, 'disclosed', detail='posted')
    assert admin.post(path, {'kind': 'disclosed'}).problem(409)['rule'] == 'time-set-once'
    early = '2026-11-01T08:00:00Z'
    entry = record(admin, incident, 'aware', corrects=2, at=early, detail='a mail of that day says so')
    assert entry['corrects'] == 2
    assert duties(admin, incident)['ccadb-irg/p1-first-disclosure']['start'].startswith('2026-11-01T08:00')
    assert admin.get(f'/v1/incidents/{incident["id"]}').expect(200)['aware'] == incident['aware'], 'the first stays'
    for fields, rule in (({'kind': 'disclosed', 'corrects': 2}, 'correction-target'),
                         ({'kind': 'aware', 'corrects': 4}, 'correction-target'),
                         ({'kind': 'aware', 'corrects': 99}, 'correction-target'),
                         ({'kind': 'reported', 'corrects': 1}, 'correction-target'),
                         ({'kind': 'note', 'at': '2099-01-01T00:00:00Z'}, 'time-in-future')):
        assert admin.post(path, fields).problem(422)['rule'] == rule, fields


def test_every_move_and_its_gates(instance, admin):
    manager, officer = instance.user('incident-manager'), instance.user('security-officer')
    incident = opened(admin, type='obligation', tracks=[], certificates=['private'])
    assert move(admin, incident, 'closed').problem(409)['rule'] == 'incident-state'
    move(admin, incident, 'triage').expect(200)
    assert move(admin, incident, 'confirmed').problem(422)['rule'] == 'lead-missing'
    assert assign(officer, incident, 'lead', manager)['roles'][0]['role'] == 'lead'
    assign(admin, incident, 'approver', officer)
    confirmed = move(admin, incident, 'confirmed').expect(200)['confirmed']
    move(manager, incident, 'contained').expect(200)
    move(manager, incident, 'remediated').expect(200)
    move(manager, incident, 'recovered').expect(200)
    assert move(manager, incident, 'validated').problem(422)['rule'] == 'remediator-validates'
    move(admin, incident, 'validated').expect(200)
    assert move(admin, incident, 'closed').problem(422)['rule'] == 'sign-off'
    for side, person in (('security', officer), ('operations', admin)):
        person.post(f'/v1/incidents/{incident["id"]}/sign-offs/{side}', {'comment': 'looked at it'}).expect(201)
    assert move(admin, incident, 'closed').problem(422)['rule'] == 'closer-is-approver'
    record(admin, incident, 'report_received', subject='cpr-1')
    assert move(officer, incident, 'closed').problem(422)['rule'] == 'duty-open'
    record(admin, incident, 'report_acknowledged', subject='cpr-1')
    assert move(officer, incident, 'closed').expect(200)['state'] == 'closed'
    # Reopened: confirmed stays what it was.
    move(admin, incident, 'triage').expect(200)
    assert move(admin, incident, 'confirmed').expect(200)['confirmed'] == confirmed
    assert [e['kind'] for e in timeline(admin, incident)].count('confirmed') == 1


def test_merging_gains_no_time(instance, admin):
    early = opened(admin, aware='2026-11-02T08:00:00Z', aware_reason='the first mail')
    late = opened(admin)
    assert move(admin, early, 'merged').problem(422)['rule'] == 'merge-target'
    assert move(admin, early, 'merged', merged_into=early['id']).problem(422)['rule'] == 'merge-target'
    assert move(admin, early, 'merged', merged_into=late['id']).expect(200)['merged_into'] == late['id']
    assert duties(admin, late)['ccadb-irg/p1-first-disclosure']['start'].startswith('2026-11-02T08:00')
    path = f'/v1/incidents/{early["id"]}/timeline'
    assert admin.post(path, {'kind': 'note', 'detail': 'x'}).problem(409)['rule'] == 'incident-merged'
    assert timeline(admin, early), 'nothing of it is lost'


def test_what_is_due_next_in_all_incidents(instance, admin):
    incident = opened(admin, aware='2026-11-20T08:00:00Z')
    record(admin, incident, 'comment_received', subject='c1')
    queue = admin.get('/v1/incident-duties?limit=500').expect(200)['items']
    assert [d['deadline'] for d in queue] == sorted(d['deadline'] for d in queue)
    assert all(d['state'] in ('pending', 'overdue') for d in queue)
    mine = [d for d in queue if d['incident_id'] == incident['id']]
    assert {'g2-first-notice', 'p1-first-disclosure', 'p3-answer-comment'} <= {d['key'].split('/')[1] for d in mine}
    few = admin.get('/v1/incident-duties?limit=1').expect(200)
    assert len(few['items']) == 1 and few['complete'] is False


def test_assessing_changes_severity_and_adds_duties(instance, admin):
    incident = opened(admin, tracks=[], impact='low', urgency='low')
    assert 'ccadb-irg/p1-first-disclosure' not in duties(admin, incident)
    seen = admin.post(f'/v1/incidents/{incident["id"]}/assess',
                      {'impact': 'high', 'urgency': 'high', 'add_tracks': ['public'], 'comment': 'many more'}).expect(200)
    assert (seen['severity'], seen['tracks']) == ('critical', ['public'])
    first = duties(admin, incident)['ccadb-irg/p1-first-disclosure']
    assert first['start'] == incident['aware'], 'from awareness, not from the assessment'


def test_who_may_do_what(instance, admin):
    incident = opened(admin)
    path = f'/v1/incidents/{incident["id"]}'
    people = {**instance.people(), **{r: instance.user(r) for r in ('manager', 'key-custodian', 'incident-manager', 'security-officer')}}
    tries = {
        'read': lambda who: who.get(path),
        'create': lambda who: who.post('/v1/incidents', {'type': 'other', 'impact': 'low', 'urgency': 'low', 'source': 'audit',
                                                         'title': 'T', 'summary': 'S'}),
        'record': lambda who: who.post(f'{path}/timeline', {'kind': 'note', 'detail': 'seen'}),
        'assess': lambda who: who.post(f'{path}/assess', {'impact': 'high', 'comment': 'more'}),
        'assign': lambda who: who.post(f'{path}/roles', {'role': 'lead', 'user_id': admin.user_id}),
        'alert': lambda who: who.post('/v1/alerts', {'rule': 'r', 'subject': who.user_id, 'title': 'T', 'summary': 'S',
                                                              'impact': 'low', 'urgency': 'low'}),
        'reports': lambda who: who.get(f'{path}/reports'),
    }
    everything = set(tries)
    allowed = {'incident-manager': everything, 'security-officer': everything - {'alert', 'reports'},
               'operator': {'read', 'create', 'record', 'alert'}, 'auditor': {'read'}, 'manager': {'read'}}
    for role, who in people.items():
        answers = {name: attempt(who) for name, attempt in tries.items()}
        assert {n for n, a in answers.items() if a.status < 300} == allowed.get(role, set()), (role, answers)
        assert all(a.problem(403)['rule'] == 'permission-missing' for a in answers.values() if a.status >= 300), role
    assert all(attempt(admin).status < 300 for attempt in tries.values())
    instance.anonymous().get('/v1/incidents').problem(401)
    for method in ('delete', 'put', 'patch'):
        assert admin.send(method.upper(), path).status == 405, 'nothing deletes'


def test_every_change_has_its_audit_entry(instance, admin):
    incident = opened(admin)
    record(admin, incident, 'note', detail='looked at it', proof='ticket 7')
    assign(admin, incident, 'lead', admin)
    move(admin, incident, 'triage').expect(200)
    entries = admin.get(f'/v1/audit/entries?object_id={incident["id"]}').expect(200)['items']
    assert [e['action'] for e in entries] == ['incident.move', 'incident.assign', 'incident.record', 'incident.create']
    assert entries[2]['details']['proof'] == 'ticket 7'


def test_the_rules_are_shown_with_their_sources(instance, admin):
    packs = {p['name']: p for p in admin.get('/v1/incident-rules').expect(200)['items']}
    assert packs['ccadb-irg']['effective_from'].startswith('2026-03-20T00:00')
    assert packs['apple-root-program']['status'] == 'draft'
    limits = {d['id']: d['limit'] for d in packs['cabf-tls-br']['duties']}
    assert (limits['r4-revoke-leaf'], limits['r5-revoke-leaf'], limits['r6-revoke-ca']) == ('24h', '5d', '7d')
    assert {d['id']: d['limit'] for d in packs['chrome-root-program']['duties']}['g15-change'] == 'stated-30d'


def test_personal_text_is_sealed(instance, admin, request):
    incident = opened(admin, title='Reported by Zaphod B', summary='zaphod@example.org says so')
    record(admin, incident, 'note', detail='Zaphod called', proof='Zaphod letter')
    if request.config.getoption('--engine') == 'postgres':
        pytest.skip('the file of SQLite is read here; sealing is the same code')
    for table in ('incident', 'incident_entry'):
        for row in instance.sql(f'SELECT * FROM {table}'):
            assert not any(b'aphod' in value for value in row if isinstance(value, bytes)), table


def drill(make_instance):
    instance = make_instance(drill=True).start()
    instance.enroll_admin()
    return instance


def kinds(client, incident):
    return [e['kind'] for e in timeline(client, incident)]


def test_warnings_and_misses_come_by_themselves_and_once(make_instance):
    instance = drill(make_instance)
    incident = opened(instance.admin, type='problem_report', tracks=[], certificates=['private'])
    record(instance.admin, incident, 'report_received', subject='cpr-1')
    for hours, kind, percent in ((12.1, 'duty_warned', '50'), (6, 'duty_warned', '75'), (4, 'duty_warned', '90'),
                                 (2, 'duty_missed', '100')):
        before = len(timeline(instance.admin, incident))
        travel(instance, round(hours * HOUR))
        wait_for(lambda: len(timeline(instance.admin, incident)) > before, f'{kind} {percent}')
        entry = timeline(instance.admin, incident)[-1]
        assert (entry['kind'], entry['subject']) == (kind, 'acknowledge-report')
        assert entry['detail'].startswith(percent + ' %')
    assert instance.stop() == 0
    instance.start()
    travel(instance, HOUR)
    wait_for(lambda: instance.admin.get('/v1/incidents').status == 200, 'it answers')
    second = opened(instance.admin, tracks=[], certificates=['private'])
    record(instance.admin, second, 'report_received', subject='cpr-2')
    travel(instance, 25 * HOUR)
    wait_for(lambda: 'duty_missed' in kinds(instance.admin, second), 'the second is missed')
    assert kinds(instance.admin, incident).count('duty_missed') == 1
    late = next(d for d in duties(instance.admin, incident).values())
    met = instance.admin.post(f'/v1/incidents/{incident["id"]}/duties/meet', {'key': late['key'], 'proof': 'mail 3'})
    assert met.expect(200)['state'] == 'met_late', 'lateness is recorded as lateness'
    assert instance.admin.get(f'/v1/incidents/{incident["id"]}').expect(200)['late_count'] == 1


def test_a_missed_revocation_opens_its_incident_once(make_instance):
    instance = drill(make_instance)
    incident = opened(instance.admin, type='key_compromise')
    record(instance.admin, incident, 'leaf_revocation_required', item=3, subject='batch-1')
    record(instance.admin, incident, 'leaf_revocation_required', item=12, subject='batch-2')
    deadline = duties(instance.admin, incident)['cabf-tls-br/r4-revoke-leaf']['deadline']
    travel(instance, 25 * HOUR)

    def children():
        return [i for i in instance.admin.get('/v1/incidents').expect(200)['items'] if i.get('parent_id') == incident['id']]
    wait_for(children, 'the delayed revocation is opened')
    instance.kill('core')
    wait_for(lambda: instance.anonymous().get('/healthz').status == 200, 'core is back')
    travel(instance, HOUR)
    (child,) = children()
    assert (child['type'], child['tracks'], child['aware']) == ('delayed_revocation', ['public'], deadline)
    assert 'creator_id' not in child
    assert {'revocation_missed', 'incident_opened'} <= set(kinds(instance.admin, incident))
    separate = duties(instance.admin, incident)['ccadb-irg/p9-delayed-revocation']
    assert separate['start'] == deadline and separate['subject'] == 'batch-1'
    assert duties(instance.admin, child)['ccadb-irg/p1-first-disclosure']['start'] == deadline
    made = instance.admin.get(f'/v1/audit/entries?object_id={child["id"]}&action=incident.create').expect(200)['items']
    assert len(made) == 1 and 'actor_id' not in made[0]
    travel(instance, 5 * DAY)
    wait_for(lambda: len(children()) == 2, 'the five days of the other batch are over too')


def test_from_the_command_line(instance, admin, tmp_path):
    def cli(*arguments):
        return run_cli('incident', *arguments, '--json', home=str(tmp_path)).expect(0).json()
    person = admin.post('/v1/users', {'display_name': 'Ada', 'roles': ['administrator']}).expect(201)
    run_cli('enroll', instance.url, person['link'], '--ca-file', instance.root_pem, home=str(tmp_path)).expect(0)
    made = cli('create', '--type', 'misissuance', '--impact', 'high', '--urgency', 'low', '--source', 'audit', '--title', 'T',
               '--summary', 'S', '--track', 'public', '--certificate', 'tls')
    assert (made['severity'], made['tracks']) == ('medium', ['public'])
    cli('record', made['id'], '--kind', 'disclosed', '--proof', 'bug 1', '--detail', 'posted')
    assert cli('timeline', made['id'])['items'][-1]['proof'] == 'bug 1'
    due = cli('duties', made['id'])['items']
    key = next(d['key'] for d in due if '/p2-full-report/' in d['key'])
    assert cli('meet', made['id'], '--key', key, '--proof', 'bug 1, comment 2')['state'] == 'met'
    assert cli('move', made['id'], '--state', 'triage', '--comment', 'c')['state'] == 'triage'
    assert cli('assign', made['id'], '--role', 'lead', '--user-id', person['user']['id'])['roles'][0]['role'] == 'lead'
    assert cli('due')['items'] and cli('rules')['items'] and cli('list')['items']
    assert 'p1-first-disclosure' in run_cli('incident', 'duties', made['id'], home=str(tmp_path)).expect(0).out
