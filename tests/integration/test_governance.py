"""Governance of incidents: exports, figures, the leadership's pack, what is kept and what is told apart."""
import csv
import datetime
import hashlib
import io
import json
import os
import re
import sqlite3
import subprocess
import urllib.parse

import pytest
import yaml

from harness import exports
from harness.instance import ROOT, wait_for


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
        assert 'Grace' not in text
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


# ---- figures and packs, on a simulated clock ----

HOUR, DAY = 3600, 86400


@pytest.fixture
def drill(make_instance):
    instance = make_instance(drill=True).start()
    instance.enroll_admin()
    return instance


def travel(instance, seconds):
    offset = instance.admin.get('/v1/system/clock').expect(200)['offset_s']
    instance.admin.post('/v1/system/clock', {'offset_s': offset + seconds}).expect(200)


def now(instance):
    return instance.admin.get('/v1/system/clock').expect(200)['now']


def later(text, seconds):
    return (moment(text) + datetime.timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%SZ')


def moment(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


def metrics(client, since, until, rest=''):
    return client.get(f'/v1/incident-metrics?from={since}&until={until}{rest}').expect(200)


def timeline(client, incident):
    return client.get(path(incident, '/timeline?limit=500')).expect(200)['items']


def seconds_of(figures, measure):
    return {i['incident_id']: i['seconds'] for i in next(t for t in figures['times'] if t['measure'] == measure)['incidents']}


def test_figures_are_those_of_the_timelines(drill):
    admin, lead = drill.admin, drill.user('incident-manager')
    start = later(now(drill), -1)
    slow, fast, wrong, twin = (opened(admin, tracks=['customer', 'public']) for _ in range(4))
    record(admin, slow, 'non_compliance_started', at=later(start, -5 * DAY))
    travel(drill, 2 * HOUR)
    for incident in (slow, fast):
        assign(admin, incident, 'lead', lead)
        for state in ('triage', 'confirmed'):
            move(admin, incident, state)
    move(admin, wrong, 'false_alarm')
    move(admin, twin, 'merged', merged_into=fast['id'])
    travel(drill, HOUR)
    move(admin, fast, 'contained')
    travel(drill, 30 * HOUR)
    move(admin, slow, 'contained')
    record(admin, slow, 'customers_notified')
    record(admin, fast, 'disclosed')
    for state in ('remediated', 'recovered'):
        move(admin, slow, state)
        move(admin, fast, state)
    move(admin, fast, 'remediated')  # it was not: taken back
    figures = metrics(admin, start, now(drill))
    assert figures['complete'] and figures['incident_count'] == 4
    assert (figures['false_alarms'], figures['duplicates']) == ([wrong['id']], [twin['id']])

    def between(incident, first, last):
        times = {e['kind']: e['at'] for e in reversed(timeline(admin, incident))}
        return int((moment(times[last]) - moment(times[first])).total_seconds())
    assert seconds_of(figures, 'contain') == {i['id']: between(i, 'aware', 'contained') for i in (slow, fast)}
    assert seconds_of(figures, 'notify') == {slow['id']: between(slow, 'confirmed', 'customers_notified')}
    assert seconds_of(figures, 'detect') == {slow['id']: between(slow, 'non_compliance_started', 'aware')}
    assert set(seconds_of(figures, 'recover')) == {slow['id']} and set(seconds_of(figures, 'acknowledge')) == {slow['id'], fast['id']}
    contain = next(t for t in figures['times'] if t['measure'] == 'contain')
    assert (contain['p50_s'], contain['max_s']) == tuple(i['seconds'] for i in contain['incidents'])
    # The rates are those of the duties, which are those of the timelines.
    wanted = {}
    for incident in (slow, fast):
        for duty in admin.get(path(incident, '/duties')).expect(200)['items']:
            if duty['state'] not in ('replaced', 'ended'):
                counts = wanted.setdefault(tuple(duty['key'].split('/')[:2]), dict.fromkeys(('met', 'met_late', 'overdue', 'pending'), 0))
                counts[duty['state']] += 1
    assert {(d['pack'], d['id']): (d['on_time_count'], d['late_count'], d['overdue_count'], d['pending_count']) for d in figures['duties']} \
        == {key: tuple(counts.values()) for key, counts in wanted.items()}
    for duty in figures['duties']:
        decided = duty['on_time_count'] + duty['late_count'] + duty['overdue_count']
        assert duty['on_time_percent'] == (duty['on_time_count'] * 100 // decided if decided else 100)
    late = {(d['incident_id'], d['state']) for d in figures['late']}
    assert (slow['id'], 'met_late') in late, 'customers were told after 24 hours'
    assert metrics(admin, start, now(drill), '&type=availability')['incident_count'] == 0
    assert metrics(admin, start, now(drill), '&severity=critical&track=customer&type=misissuance')['incident_count'] == 4
    admin.get(f'/v1/incident-metrics?from={now(drill)}&until={start}').problem(422, 'until', 'period')


def text_of(client, pack):
    answer = client.get('/v1/incident-packs/' + pack['id'])
    answer.expect(200)
    assert hashlib.sha256(answer.body).hexdigest() == pack['markdown_sha256']
    return answer.body.decode()


def packs(client):
    return client.get('/v1/incident-packs').expect(200)['items']


def test_the_end_of_a_quarter_makes_its_pack_once(drill):
    admin = drill.admin
    late = opened(admin, title='Late <b>*one*</b>')
    record(admin, late, 'report_received', subject='cpr-1')
    cause = {'title': 'No check', 'text': 'Nobody looked', 'timeline': 'since May', 'detection': 'a mail', 'interaction': 'none'}
    admin.post(path(late, '/parts'), {'kind': 'cause', 'content': cause}).expect(201)
    content = {'text': 'Check it', 'action_kind': 'prevent', 'criterion': 'no repetition', 'due': later(now(drill), DAY), 'status': 'ongoing', 'title': 'Check twice *x*', 'answers': [1],
               'owner_id': admin.get('/v1/me').expect(200)['user_id']}
    admin.post(path(late, '/parts'), {'kind': 'action', 'content': content}).expect(201)
    ended = now(drill)
    quarter = (moment(ended).month - 1) // 3
    turn = datetime.datetime(moment(ended).year + (quarter == 3), (quarter + 1) % 4 * 3 + 1, 1, tzinfo=datetime.timezone.utc)
    travel(drill, int((turn - moment(ended)).total_seconds()) + DAY)
    made = wait_for(lambda: packs(admin), 'the pack of the quarter', 60)
    assert 'maker_id' not in made[0] and moment(made[0]['until']) == turn
    text = text_of(admin, made[0])
    assert late['id'] in text and 'Late \\<b\\>\\*one\\*' in text and 'Check twice \\*x\\*; due' in text and ', overdue' in text
    headings = [line for line in text.splitlines() if line.startswith('#')]
    assert headings[1:] == ['## ' + h for h in (
        'How many', 'By severity', 'By type', 'How fast', 'How punctual', 'Late and overdue', 'Near misses: met in the last tenth of the time',
        'Open incidents', 'Open action items', 'Efficacy follow-ups', 'Incidents of the period')]
    drill.kill('core')
    wait_for(lambda: drill.anonymous().get('/healthz').status == 200, 'core is back')
    admin.close()
    travel(drill, HOUR)
    asked = admin.post('/v1/incident-packs', {'from': made[0]['from'], 'until': made[0]['until']}).expect(201)
    assert asked['maker_id'] and [p['id'] for p in packs(admin)] == [asked['id'], made[0]['id']], 'made once, and a further one beside it'
    assert text_of(admin, made[0]) == text, 'never altered'
    entries = admin.get(f'/v1/audit/entries?object_id={made[0]["id"]}').expect(200)['items']
    assert [e['action'] for e in entries] == ['incident.pack.create']


def test_what_a_pack_refuses(instance, admin):
    people = instance.people()
    period = {'from': '2026-01-01T00:00:00Z', 'until': '2026-04-01T00:00:00Z'}
    people['auditor'].post('/v1/incident-packs', period).problem(403)
    people['requester'].get('/v1/incident-packs').problem(403)
    admin.post('/v1/incident-packs', {**period, 'until': '2025-01-01T00:00:00Z'}).problem(422, 'until', 'period')
    admin.post('/v1/incident-packs', {**period, 'until': '2027-12-01T00:00:00Z'}).problem(422, 'until', 'time-in-future')
    admin.get('/v1/incident-packs/pck_' + '0' * 26).problem(404, 'pack_id', 'pack-unknown')


# ---- what is kept ----

def dispose(client, incident, class_, rule=None, status=201):
    answer = client.post(path(incident, '/disposals'), {'class': class_, 'reason': 'its time is over'})
    return answer.expect(201) if rule is None else answer.problem(status, rule=rule)


def approve(client, incident, class_):
    return client.post(path(incident, '/disposals/approve'), {'class': class_})


@pytest.fixture
def aged(make_instance, engine, cluster):
    """An instance, and a way to make what is in it older: a token does not live for two years."""
    instance = make_instance().start()
    instance.enroll_admin()
    instance.write = (lambda sql: cluster().query(instance.database, sql)) if engine == 'postgres' else instance.sql_write
    instance.age = lambda table, column, days, which: instance.write(
        f'UPDATE {table} SET {column} = {column} - {days * DAY * 1000000} WHERE {which}')
    return instance


def test_texts_are_disposed_of_by_two_when_their_time_is_over(aged):
    admin, officer = aged.admin, aged.user('security-officer')
    incident = reported(aged, admin, problem='a private matter', reporter='Grace Researcher')
    record(admin, incident, 'note', detail='called her', proof='mail 7')
    dispose(admin, incident, 'raw_report', 'incident-state', 409)
    move(admin, incident, 'false_alarm')
    assert {p['class']: p['days'] for p in admin.get('/v1/retention-periods').expect(200)['items']} == dict.fromkeys(
        ('incident_record', 'raw_report', 'reporter_identity'), 2557)
    admin.post('/v1/retention-periods', {'class': 'raw_report', 'days': 730}).problem(422, 'days', 'retention-period')
    for class_ in ('raw_report', 'reporter_identity'):
        assert {'class': class_, 'days': 731} in officer.post('/v1/retention-periods', {'class': class_, 'days': 731}).expect(200)['items']
    aged.age('incident_entry', 'at_us', 730, "kind = 'state_changed'")
    dispose(admin, incident, 'raw_report', 'retention-period', 409)
    aged.age('incident_entry', 'at_us', 2, "kind = 'state_changed'")
    dispose(admin, incident, 'incident_record', 'retention-period', 409)
    # A hold beats the period, also between proposal and approval.
    assert dispose(admin, incident, 'raw_report')['text_count'] == 0
    hold = admin.post(path(incident, '/record-holds'), {'reason': 'court order 7'}).expect(201)['holds'][0]
    assert approve(officer, incident, 'raw_report').problem(409)['rule'] == 'legal-hold'
    dispose(admin, incident, 'reporter_identity', 'legal-hold', 409)
    where = path(incident, f'/record-holds/{hold["id"]}/lift')
    assert officer.post(where, {'reason': 'case closed'}).expect(200)['holds'][0]['lifter_id'] == officer.user_id
    assert officer.post(where, {'reason': 'again'}).problem(409)['rule'] == 'hold-state'
    assert approve(admin, incident, 'raw_report').problem(403)['rule'] == 'proposer-approves'
    assert approve(officer, incident, 'reporter_identity').problem(409)['rule'] == 'disposal-state'
    dispose(admin, incident, 'raw_report', 'disposal-state', 409)
    gone = approve(officer, incident, 'raw_report').expect(200)
    assert (gone['approver_id'], gone['text_count'], len(gone['sha256'])) == (officer.user_id, 1, 64)
    assert approve(officer, incident, 'raw_report').problem(409)['rule'] == 'disposal-state'
    report, = admin.get(path(incident, '/reports')).expect(200)['items']
    assert (report['problem'], report['reporter']) == ('[disposed]', 'Grace Researcher'), 'one class, not the others'
    dispose(admin, incident, 'reporter_identity')
    approve(officer, incident, 'reporter_identity').expect(200)
    assert admin.get(path(incident, '/reports')).expect(200)['items'][0]['reporter'] == '[disposed]'
    # What is left of the record is everything but its texts.
    aged.age('incident_entry', 'at_us', 2557 - 732, "kind = 'state_changed'")
    before = timeline(admin, incident)
    dispose(admin, incident, 'incident_record')
    gone = approve(officer, incident, 'incident_record').expect(200)
    after = timeline(admin, incident)
    assert gone['text_count'] == 2 + len(before) + sum('proof' in e for e in before)
    assert [{k: v for k, v in e.items() if k not in ('detail', 'proof')} for e in after] == \
        [{k: v for k, v in e.items() if k not in ('detail', 'proof')} for e in before]
    assert {e['detail'] for e in after} == {'[disposed]'} and 'called her' not in str(after)
    seen = admin.get(path(incident, '')).expect(200)
    assert (seen['title'], seen['summary'], seen['state']) == ('[disposed]', '[disposed]', 'false_alarm')
    assert len(admin.get(path(incident, '/retention')).expect(200)['disposals']) == 3
    entries = admin.get(f'/v1/audit/entries?object_id={incident["id"]}&limit=100').expect(200)['items']
    actions = [e['action'] for e in entries if e['outcome'] == 'done']  # and one refused: the proposer's approval
    assert [actions.count(a) for a in ('incident.dispose.propose', 'incident.dispose', 'incident.record.hold', 'incident.record.release')] == [3, 3, 1, 1]
    check_forms(admin, incident)


def test_who_may_dispose(instance, admin):
    incident, people = opened(admin), instance.people()
    manager = instance.user('incident-manager')
    for client in (people['auditor'], people['operator'], manager):
        approve(client, incident, 'raw_report').problem(403)
        client.post('/v1/retention-periods', {'class': 'raw_report', 'days': 800}).problem(403)
    people['auditor'].post(path(incident, '/record-holds'), {'reason': 'x'}).problem(403)
    assert manager.post(path(incident, '/record-holds'), {'reason': 'x'}).expect(201)['holds'][0]['placer_id'] == manager.user_id
    admin.post('/v1/incidents/inc_' + '0' * 26 + '/record-holds', {'reason': 'x'}).problem(404)
    admin.post('/v1/incidents/inc_' + '0' * 26 + '/disposals', {'class': 'raw_report', 'reason': 'x'}).problem(404)
    admin.get('/v1/incidents/inc_' + '0' * 26 + '/retention').problem(404)


def test_no_operation_deletes_anything_of_an_incident():
    with open(os.path.join(ROOT, 'api', 'openapi.yaml')) as f:
        paths = yaml.safe_load(f)['paths']
    concerned = {name: item for name, item in paths.items() if re.search('incident|report|notice|record|retention', name)}
    assert len(concerned) > 40 and not [name for name, item in concerned.items() if 'delete' in item]


def test_the_database_refuses_to_delete_an_incident(instance, engine, cluster, admin):
    """Its timeline holds on to it."""
    incident = opened(admin)
    with pytest.raises((sqlite3.IntegrityError, subprocess.CalledProcessError)):
        if engine == 'postgres':
            cluster().query(instance.database, 'DELETE FROM incident')
        else:
            db = sqlite3.connect(f'{instance.data}/db/certinext.db', timeout=30)
            try:
                db.execute('PRAGMA foreign_keys=ON')
                db.execute('DELETE FROM incident')
            finally:
                db.close()
    admin.get(path(incident, '')).expect(200)


# ---- what belongs together ----

def related(client, incident):
    return {i['id']: i['relations'] for i in client.get(path(incident, '/related')).expect(200)['items']}


def test_merged_incidents_keep_what_they_are_and_can_be_seen_apart(instance, admin):
    early = opened(admin, type='status_failure', aware='2026-11-02T08:00:00Z', aware_reason='the first mail')
    record(admin, early, 'report_received', subject='cpr-early')
    late = opened(admin, type='status_failure')
    record(admin, late, 'report_received', subject='cpr-late')
    before = timeline(admin, early), admin.get(path(early, '/duties')).expect(200)['items']
    move(admin, early, 'merged', merged_into=late['id'])
    assert related(admin, late)[early['id']] == ['merged_from', 'same_type']
    assert related(admin, early)[late['id']] == ['merged_into', 'same_type']
    assert timeline(admin, early)[:len(before[0])] == before[0], 'its timeline is its own still, and clocks added to it'
    assert [d['key'] for d in admin.get(path(early, '/duties')).expect(200)['items']] == [d['key'] for d in before[1]]
    assert 'cpr-early' not in {e.get('subject') for e in timeline(admin, late)}
    brought = [(e['at'], e.get('detail')) for e in timeline(admin, late) if e['kind'] == 'aware'][-1]
    assert brought == (early['aware'], early['id']), 'the earlier awareness, with where it is from'
    starts = {d['start'] for d in admin.get(path(late, '/duties')).expect(200)['items'] if d['start_kind'] == 'aware'}
    assert starts == {early['aware']}


def test_related_incidents_of_two_years(aged):
    admin = aged.admin
    old = opened(admin, type='audit_finding')
    aged.age('incident', 'created_us', 740, '1 = 1')
    key = 'ab' * 32
    one, other, far = opened(admin, type='audit_finding'), opened(admin, type='other'), opened(admin, type='availability')
    child = opened(admin, type='data_exposure', parent_id=one['id'])
    for incident in (one, other):
        admin.post(path(incident, '/scopes'), {'spki_sha256': key, 'comment': 'x'}).expect(201)
    assert related(admin, one) == {other['id']: ['same_key'], child['id']: ['child']}
    assert related(admin, child) == {one['id']: ['parent']} and related(admin, far) == {}
    assert old['id'] not in related(admin, one), 'older than two years'
    second = opened(admin, type='audit_finding')
    assert related(admin, second) == {one['id']: ['same_type']}
    admin.get('/v1/incidents/inc_' + '0' * 26 + '/related').problem(404)
