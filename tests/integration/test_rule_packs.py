"""Rule packs of a tenant: uploaded once and for good, activated for what is to come, gone back to, and tried before on open incidents."""
import datetime
import json

import pytest

from harness.instance import wait_for

HOUR, DAY = 3600, 86400


def moment(instance, seconds=0):
    now = instance.admin.get('/v1/system/clock').expect(200)['now']
    at = datetime.datetime.fromisoformat(now.replace('Z', '+00:00')) + datetime.timedelta(seconds=seconds)
    return at.strftime('%Y-%m-%dT%H:%M:%SZ')


def travel(instance, seconds):
    offset = instance.admin.get('/v1/system/clock').expect(200)['offset_s']
    instance.admin.post('/v1/system/clock', {'offset_s': offset + round(seconds)}).expect(200)


def pack(version, limit='48h', name='contract', obligation='must', more='', head=''):
    return f'''pack: {name}
version: "{version}"
title: Contract with the customer
document: Service contract {version}
read: primary
status: in-force
effective_from: 2026-01-01
{head}duties:
  - id: tell
    title: Tell the customer
    obligation: {obligation}
    trigger: [aware]
    scope: incident
    limit: {limit}
    satisfied_by: [disclosed]
    owed_to: [customers]
    section: "4.2"
    warnings: [50]
{more}'''


SECOND = '''  - id: report
    title: Send the report
    obligation: should
    trigger: [aware]
    scope: incident
    limit: 5d
    satisfied_by: [full_report_posted]
    owed_to: [customers]
    section: "4.3"
    warnings: [50]
'''


def upload(client, text, **fields):
    return client.post('/v1/rule-packs', {'text': text, 'reason': 'a test', **fields})


def activate(client, name, version=None, **fields):
    if version:
        fields['version'] = version
    return client.post(f'/v1/rule-packs/{name}/activate', {'reason': 'a test', **fields})


def opened(client, **fields):
    return client.post('/v1/incidents', {
        'type': 'misissuance', 'impact': 'medium', 'urgency': 'high', 'source': 'self_reported', 'title': 'Wrong names',
        'summary': 'Names of another subscriber.', 'tracks': ['public'], 'certificates': ['tls'], **fields}).expect(201)['id']


def duties(client, incident, name='contract'):
    items = client.get(f'/v1/incidents/{incident}/duties').expect(200)['items']
    return {d['key'].split('/')[1]: d for d in items if d['key'].startswith(name + '/')}


def hours(duty):
    parse = lambda text: datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))
    return round((parse(duty['deadline']) - parse(duty['start'])).total_seconds() / HOUR)


def applying(client, name='contract'):
    return {v['version'] for v in client.get('/v1/rule-packs').expect(200)['items'] if v['name'] == name and v['in_force']}


@pytest.fixture(scope='module')
def world(make_instance, engine, cluster):
    instance = make_instance(drill=True).start()
    instance.enroll_admin()
    instance.write = (lambda sql: cluster().query(instance.database, sql)) if engine == 'postgres' else instance.sql_write
    instance.officer, instance.auditor = instance.user('security-officer'), instance.user('auditor')
    instance.manager, instance.requester = instance.user('incident-manager'), instance.user('requester')
    return instance


def test_the_packaged_versions_are_there(world):
    items = world.auditor.get('/v1/rule-packs').expect(200)['items']
    assert len(items) >= 11 and all(i['source'] == 'packaged' for i in items)
    shown = world.auditor.get('/v1/rule-packs/ccadb-irg').expect(200)
    assert shown['pack']['version'] == '3.2' and shown['text'].startswith('pack: ccadb-irg') and not shown['uses']
    world.requester.get('/v1/rule-packs').problem(403)
    world.auditor.get('/v1/rule-packs/nothing').problem(404, rule='rule-pack-unknown', field='name')
    world.auditor.get('/v1/rule-packs/ccadb-irg?version=9').problem(404, rule='rule-pack-unknown', field='version')


def test_an_upload_waits_and_an_activation_counts_from_then_on(world):
    early = opened(world.admin)
    made = upload(world.manager, pack('1'), reason='signed yesterday').expect(201)
    assert (made['source'], made['in_force'], made['created_by_id']) == ('uploaded', False, world.manager.user_id)
    assert not applying(world.auditor) and not duties(world.admin, opened(world.admin))
    activate(world.manager, 'contract', '1').problem(403)
    shown = activate(world.officer, 'contract', '1').expect(200)
    assert shown['pack']['in_force'] and [u['version'] for u in shown['uses']] == ['1']
    assert applying(world.auditor) == {'1'} and not duties(world.admin, early), 'what started before keeps its rules'
    travel(world, 60)
    first = opened(world.admin)
    assert hours(duties(world.admin, first)['tell']) == 48 and duties(world.admin, first)['tell']['document'] == 'Service contract 1'

    upload(world.admin, pack('2', '24h')).expect(201)
    at = moment(world, DAY)
    activate(world.officer, 'contract', '2', effective=at).expect(200)
    assert applying(world.auditor) == {'1'}
    travel(world, DAY + 60)
    assert applying(world.auditor) == {'2'}
    second = opened(world.admin)
    tell = duties(world.admin, second)['tell']
    assert (hours(tell), tell['document']) == (24, 'Service contract 2')
    kept = duties(world.admin, first)['tell']
    assert (hours(kept), kept['document']) == (48, 'Service contract 1'), 'it keeps the version that it started under'

    # Back to the first, as another use of it.
    activate(world.officer, 'contract', '1').expect(200)
    travel(world, 60)
    assert hours(duties(world.admin, opened(world.admin))['tell']) == 48
    assert [u['version'] for u in world.auditor.get('/v1/rule-packs/contract').expect(200)['uses']] == ['1', '2', '1']
    assert hours(duties(world.admin, second)['tell']) == 24


def test_a_planned_activation_is_taken_back_by_another(world):
    at = moment(world, HOUR)
    activate(world.officer, 'contract', '2', effective=at).expect(200)
    activate(world.officer, 'contract', '1', effective=at).expect(200)
    travel(world, HOUR + 60)
    assert applying(world.auditor) == {'1'}


def test_a_packaged_pack_is_replaced_and_comes_back(world):
    text = world.auditor.get('/v1/rule-packs/ccadb-irg').expect(200)['text']
    changed = text.replace('version: "3.2"', 'version: "3.2-b"').replace('limit: 72h', 'limit: 36h', 1)
    upload(world.admin, text).problem(409, rule='rule-pack-version-exists')
    upload(world.admin, changed).expect(201)
    before = opened(world.admin)
    activate(world.officer, 'ccadb-irg', '3.2-b').expect(200)
    travel(world, 60)
    after = opened(world.admin)
    assert hours(duties(world.admin, before, 'ccadb-irg')['p1-first-disclosure']) == 72
    assert hours(duties(world.admin, after, 'ccadb-irg')['p1-first-disclosure']) == 36
    difference = world.auditor.get('/v1/rule-packs/ccadb-irg/diff?from=3.2&to=3.2-b').expect(200)['items']
    assert difference == [{'field': 'version', 'was': '3.2', 'is': '3.2-b'},
                          {'duty': 'p1-first-disclosure', 'field': 'limit', 'was': '72h', 'is': '36h'}]
    for version in ('3.2', None):  # that version, and: the packaged ones in their own time
        activate(world.officer, 'ccadb-irg', '3.2-b').expect(200)
        travel(world, 60)
        shown = activate(world.officer, 'ccadb-irg', version).expect(200)
        assert shown['pack']['version'] == '3.2' and shown['pack']['source'] == 'packaged'
        travel(world, 60)
        assert hours(duties(world.admin, opened(world.admin), 'ccadb-irg')['p1-first-disclosure']) == 72
    names = [(i['name'], i['version']) for i in world.auditor.get('/v1/rule-packs').expect(200)['items']]
    assert len(names) == len(set(names))
    rules = world.admin.get('/v1/incident-rules').expect(200)['items']
    assert {r['version'] for r in rules if r['name'] == 'ccadb-irg'} == {'3.2', '3.2-b'}


def test_simulation_lists_what_would_change_and_changes_nothing(world):
    simulate = lambda **fields: world.manager.post('/v1/rule-packs/contract/simulate', fields)
    incident = opened(world.admin)
    key = duties(world.admin, incident)['tell']['key']
    mine = lambda answer: {(i['duty'], i['what']): i for i in answer['items'] if i['incident_id'] == incident}
    shorter = mine(simulate(text=pack('3', '1h', obligation='should', more=SECOND)).expect(200))
    assert set(what for _, what in shorter) == {'deadline', 'obligation', 'added'}
    assert (shorter[key, 'obligation']['was'], shorter[key, 'obligation']['is']) == ('must', 'should')
    deadline = duties(world.admin, incident)['tell']['deadline']
    assert shorter[key, 'deadline']['was'] == deadline and shorter[key, 'deadline']['is'] < deadline
    travel(world, 2 * HOUR)
    assert mine(simulate(text=pack('3', '1h')).expect(200))[key, 'state'] == {
        'incident_id': incident, 'duty': key, 'what': 'state', 'was': 'pending', 'is': 'overdue'}
    other = pack('3').replace('id: tell', 'id: other')
    assert {(k.split('/')[1], what) for k, what in mine(simulate(text=other).expect(200))} == {('tell', 'removed'), ('other', 'added')}
    assert not mine(simulate(text=pack('3', '1h'), effective=moment(world)).expect(200)), 'what started before keeps its version'
    assert not mine(simulate(version='1').expect(200)) and mine(simulate(version='2').expect(200))
    assert simulate(version='2').expect(200)['complete']
    assert duties(world.admin, incident)['tell']['deadline'] == deadline and len(applying(world.auditor)) == 1
    simulate().problem(422, rule='text-or-version')
    simulate(version='2', text=pack('3')).problem(422, rule='text-or-version')
    simulate(text=pack('3', name='other')).problem(422, rule='rule-pack-other-name')
    simulate(version='9').problem(404, rule='rule-pack-unknown')
    simulate(text=pack('3', '1w')).problem(400, rule='limit')
    world.requester.post('/v1/rule-packs/contract/simulate', {'version': '2'}).problem(403)


def test_what_is_refused(world):
    upload(world.admin, pack('1', '1h')).problem(409, rule='rule-pack-version-exists')
    upload(world.admin, 'pack: [').problem(400)
    upload(world.admin, pack('4', '1w')).problem(400, rule='limit', field='duties/0/limit')
    upload(world.admin, pack('4') + 'colour: red\n').problem(400, field='colour')
    upload(world.admin, pack('4') + '# ' + 'x' * 65536).problem(400, field='text')
    upload(world.admin, pack('4'), reason='').problem(400, field='reason')
    for client in (world.auditor, world.requester):
        upload(client, pack('4')).problem(403)
        activate(client, 'contract', '2').problem(403)
    activate(world.officer, 'contract', '9').problem(404, rule='rule-pack-unknown', field='version')
    activate(world.officer, 'nothing').problem(404, rule='rule-pack-unknown', field='name')
    activate(world.officer, 'contract', '2', effective=moment(world, -60)).problem(422, rule='rule-pack-effective', field='effective')
    activate(world.officer, 'contract', '2', effective=moment(world, 367 * DAY)).problem(422, rule='rule-pack-effective')
    upload(world.admin, pack('draft').replace('status: in-force', 'status: draft')).expect(201)
    activate(world.officer, 'contract', 'draft').problem(422, rule='rule-pack-draft')
    upload(world.admin, pack('short', head='effective_until: 2026-01-02\n')).expect(201)
    activate(world.officer, 'contract', 'short').problem(422, rule='rule-pack-dates')
    upload(world.admin, pack('later').replace('2026-01-01', moment(world, 30 * DAY)[:10])).expect(201)
    activate(world.officer, 'contract', 'later', effective=moment(world, DAY)).problem(422, rule='rule-pack-dates')
    waits = activate(world.officer, 'contract', 'later').expect(200)['uses'][-1]
    assert waits['effective'] == moment(world, 30 * DAY)[:10] + 'T00:00:00Z'
    activate(world.officer, 'contract', '1', effective=waits['effective']).expect(200)


def test_history_and_what_sql_changes(world):
    versions = {v['key']: v for v in world.auditor.pages('/v1/changes?object=rule-pack')}
    assert versions['contract/1']['reason'] == 'signed yesterday' and versions['contract/1']['action'] == 'rule.pack.upload'
    uses = {v['key']: v for v in world.auditor.pages('/v1/changes?object=rule-pack-use')}
    assert (uses['contract/1']['action'], uses['contract/1']['actor_id']) == ('rule.pack.activate', world.officer.user_id)
    check = lambda: [(i['rule'], i['object'], i['key'], i.get('field')) for i in world.auditor.get('/v1/changes/check').expect(200)['items']]
    assert not check()
    world.write("UPDATE rule_pack SET content = content || ' ' WHERE version = '2'")
    assert check() == [('row-changed', 'rule-pack', 'contract/2', 'content')]
    world.write("UPDATE rule_pack SET content = substr(content, 1, length(content) - 1) WHERE version = '2'")
    world.write("UPDATE rule_pack_use SET from_us = from_us + 1 WHERE name = 'contract' AND number = 1")
    assert check() == [('row-changed', 'rule-pack-use', 'contract/1', 'from_us')]
    world.write("UPDATE rule_pack_use SET from_us = from_us - 1 WHERE name = 'contract' AND number = 1")
    assert not check()


def test_the_clock_warns_by_the_uploaded_rules_also_after_a_restart(world):
    upload(world.admin, pack('quick', '1h')).expect(201)
    activate(world.officer, 'contract', 'quick').expect(200)
    travel(world, 60)
    incident = opened(world.admin)
    world.stop()
    world.start()
    assert hours(duties(world.admin, incident)['tell']) == 1 and applying(world.auditor) == {'quick'}
    travel(world, HOUR + 60)
    missed = lambda: [e for e in world.admin.get(f'/v1/incidents/{incident}/timeline?limit=500').expect(200)['items'] if e['kind'] == 'duty_missed']
    assert [e for e in wait_for(missed, 'the clock to tell', limit_s=60) if e['subject'] == 'tell']


def test_the_command_line(world, tmp_path):
    person = world.admin.post('/v1/users', {'display_name': 'CLI', 'roles': ['administrator']}).expect(201)
    world.cli('enroll', world.url, person['link'], '--ca-file', world.root_pem).expect(0)
    file = tmp_path / 'pack.yaml'
    file.write_text(pack('cli', '12h'))
    made = world.cli('rule-pack', 'upload', '--text', f'@{file}', '--reason', 'für heute', '--json').expect(0)
    assert json.loads(made.out)['version'] == 'cli'
    assert 'contract' in world.cli('rule-pack', 'list').expect(0).out
    assert 'limit' in world.cli('rule-pack', 'diff', 'contract', '--from', '1', '--to', 'cli').expect(0).out
    assert world.cli('rule-pack', 'simulate', 'contract', '--version', 'cli', '--json').json()['considered'] > 0
    world.cli('rule-pack', 'activate', 'contract', '--version', 'cli', '--reason', 'now').expect(0)
    assert world.cli('rule-pack', 'show', 'contract', '--json').json()['pack']['version'] == 'cli'
