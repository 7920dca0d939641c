"""Playbooks: versions that come into force, what an incident makes of them, and CACAO documents in both directions."""
import copy
import datetime
import json
import re

import pytest

HOUR, DAY = 3600, 86400
TEXT = """playbook: {name}
title: Wrong names
applies:
  types: [misissuance]
  severities: [high, critical]
steps:
  - id: look
    title: Look at one
    text: By hand.
    role: lead
    kind: manual
    within: 2h
  - id: stop
    title: Stop issuing
    text: Block the profile.
    role: lead
    kind: containment
    after: confirmed
    within: 1h
    evidence: the block
  - id: tell
    title: Tell the customers
    text: One notice each.
    role: communications
    kind: notice
    after_step: look
    within: 24h
    when: {{tracks: [customer]}}
  - id: report
    title: Post the first report
    text: After approval.
    role: communications
    kind: duty
    duty: ccadb-irg/p1-first-disclosure
"""


@pytest.fixture(scope='module')
def world(make_instance):
    instance = make_instance(drill=True).start()
    instance.enroll_admin()
    instance.manager, instance.operator = instance.user('incident-manager'), instance.user('operator')
    return instance


def when(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


def bring(client, name, text=TEXT, **fields):
    return client.post('/v1/playbooks', {'text': text.format(name=name), **fields}).expect(201)


def opened(client, **fields):
    return client.post('/v1/incidents', {
        'type': 'misissuance', 'impact': 'medium', 'urgency': 'high', 'source': 'self_reported', 'title': 'Wrong names',
        'summary': 'Names of another subscriber.', 'tracks': ['public'], 'certificates': ['tls'], **fields}).expect(201)


def steps(client, incident, playbook):
    items = client.get(f'/v1/incidents/{incident["id"]}/steps').expect(200)['items']
    return {s['step']: s for s in items if s['playbook'] == playbook}


def settle(client, incident, playbook, step, outcome='done', **fields):
    return client.post(f'/v1/incidents/{incident["id"]}/steps/settle', {'playbook': playbook, 'step': step, 'outcome': outcome, **fields})


def timeline(client, incident):
    return client.get(f'/v1/incidents/{incident["id"]}/timeline?limit=500').expect(200)['items']


def travel(instance, seconds):
    offset = instance.admin.get('/v1/system/clock').expect(200)['offset_s']
    instance.admin.post('/v1/system/clock', {'offset_s': offset + seconds}).expect(200)


def retire(client, name):
    return client.post(f'/v1/playbooks/{name}/retire').expect(200)


def test_an_incident_takes_up_what_applies_when_it_is_opened(world):
    bring(world.admin, 'names')
    incident, other = opened(world.manager), opened(world.manager, type='availability')
    mild = opened(world.manager, impact='low', urgency='low')
    retire(world.admin, 'names')
    found = steps(world.manager, incident, 'names')
    assert list(found) == ['look', 'stop', 'tell', 'report']
    assert {i: s['state'] for i, s in found.items()} == {'look': 'open', 'stop': 'waiting', 'tell': 'not_asked', 'report': 'open'}
    assert not steps(world.manager, other, 'names') and not steps(world.manager, mild, 'names')
    entries = timeline(world.manager, incident)
    assert [(e['kind'], e.get('subject')) for e in entries] == [('reported', None), ('aware', None), ('playbook_attached', 'names')]
    assert entries[2]['detail'] == 'version 1' and 'actor_id' not in entries[2]
    assert not steps(world.manager, opened(world.manager), 'names'), 'one that is retired applies to nothing'


def test_an_incident_that_an_alert_opens_follows_one_too(world):
    bring(world.admin, 'alerted', TEXT.replace('types: [misissuance]\n  severities: [high, critical]', 'types: [other]'))
    alert = {'rule': 'disk-full', 'subject': 'node-1', 'title': 'A disk is full', 'summary': 'No room.', 'impact': 'low', 'urgency': 'low'}
    for _ in range(3):  # equal ones count on the first
        raised = world.operator.post('/v1/alerts', alert).expect(200)
    retire(world.admin, 'alerted')
    incident = {'id': raised['incident_id']}
    assert list(steps(world.manager, incident, 'alerted')) == ['look', 'stop', 'tell', 'report']
    assert [e['kind'] for e in timeline(world.manager, incident)].count('playbook_attached') == 1


def test_assessing_brings_what_applies_from_then_on(world):
    bring(world.admin, 'graver')
    mild = opened(world.manager, impact='low', urgency='low')
    assert not steps(world.manager, mild, 'graver')
    path = f'/v1/incidents/{mild["id"]}/assess'
    world.manager.post(path, {'impact': 'high', 'urgency': 'high', 'comment': 'many names'}).expect(200)
    assert steps(world.manager, mild, 'graver')['tell']['state'] == 'not_asked'
    world.manager.post(path, {'add_tracks': ['customer'], 'comment': 'customers are concerned'}).expect(200)
    assert steps(world.manager, mild, 'graver')['tell']['state'] == 'waiting', 'the condition holds from now on'
    retire(world.admin, 'graver')
    assert [e['kind'] for e in timeline(world.manager, mild)].count('playbook_attached') == 1


def test_steps_are_owned_settled_and_opened_again(world):
    bring(world.admin, 'acts')
    incident = opened(world.manager)
    retire(world.admin, 'acts')
    world.manager.post(f'/v1/incidents/{incident["id"]}/steps/assign',
                       {'playbook': 'acts', 'step': 'look', 'user_id': world.operator.user_id}).expect(200)
    done = settle(world.operator, incident, 'acts', 'look', reason='it is so', proof='serial 01').expect(200)
    assert (done['state'], done['owner_id'], done['settled_by']) == ('done', world.operator.user_id, world.operator.user_id)
    assert (done['reason'], done['proof']) == ('it is so', 'serial 01')
    assert settle(world.operator, incident, 'acts', 'look').problem(409)['rule'] == 'step-settled'
    again = settle(world.manager, incident, 'acts', 'look', 'open', reason='the wrong certificate').expect(200)
    assert again['state'] == 'open' and 'settled' not in again and again['owner_id'] == world.operator.user_id
    settle(world.manager, incident, 'acts', 'tell', 'not_applicable', reason='no customers').expect(200)
    kinds = [(e['kind'], e.get('subject')) for e in timeline(world.manager, incident)][3:]
    assert kinds == [('step_assigned', 'acts/look'), ('step_done', 'acts/look'), ('step_reopened', 'acts/look'),
                     ('step_not_applicable', 'acts/tell')]
    actions = [e['action'] for e in world.admin.pages(f'/v1/audit/entries?object_id={incident["id"]}')]
    assert sorted(actions) == ['incident.create', 'incident.step.assign', 'incident.step.settle', 'incident.step.settle',
                               'incident.step.settle']


def test_what_does_not_apply_is_detached_and_stays_so(world):
    bring(world.admin, 'wrong')
    incident = opened(world.manager)
    path = f'/v1/incidents/{incident["id"]}/playbooks'
    settle(world.manager, incident, 'wrong', 'look').expect(200)
    world.operator.post(path + '/detach', {'name': 'wrong', 'reason': 'x'}).problem(403)
    world.manager.post(path + '/detach', {'name': 'wrong', 'reason': 'these are test certificates'}).expect(200)
    assert not steps(world.manager, incident, 'wrong')
    entry = timeline(world.manager, incident)[-1]
    assert (entry['kind'], entry['subject'], entry['detail']) == ('playbook_detached', 'wrong', 'these are test certificates')
    world.manager.post(path + '/detach', {'name': 'wrong', 'reason': 'x'}).problem(404, 'name', 'playbook-unknown')
    world.manager.post(f'/v1/incidents/{incident["id"]}/assess', {'impact': 'high', 'comment': 'more'}).expect(200)
    assert not steps(world.manager, incident, 'wrong'), 'it does not come back by itself'
    world.manager.post(path, {'name': 'wrong'}).expect(200)
    retire(world.admin, 'wrong')
    assert steps(world.manager, incident, 'wrong')['look']['state'] == 'done'


def test_an_incident_is_not_closed_over_open_steps(world):
    bring(world.admin, 'closing')
    incident = opened(world.manager)
    retire(world.admin, 'closing')

    def gaps():
        return [g['text'] for g in world.manager.get(f'/v1/incidents/{incident["id"]}/closure').expect(200)['items'] if g['gate'] == 'step-open']
    assert gaps() == ['Playbook closing, step look: Look at one.'], 'what waits, is not asked or stands for a duty is none'
    settle(world.manager, incident, 'closing', 'look', 'not_applicable', reason='the report was wrong').expect(200)
    assert not gaps()


def test_what_is_no_act_on_a_step_is_refused(world):
    bring(world.admin, 'gates')
    incident = opened(world.manager)
    retire(world.admin, 'gates')
    for step, outcome, fields, status, field, rule in (
            ('stop', 'done', {}, 422, 'proof', 'evidence-missing'),
            ('look', 'not_applicable', {}, 422, 'reason', 'reason-missing'),
            ('look', 'open', {'reason': 'x'}, 409, 'outcome', 'step-settled'),
            ('report', 'done', {'proof': 'x'}, 422, 'step', 'step-is-duty'),
            ('look', 'done', {'at': '2031-01-01T00:00:00Z'}, 422, 'at', 'time-in-future'),
            ('nothing', 'done', {}, 404, 'step', 'step-unknown')):
        settle(world.manager, incident, 'gates', step, outcome, **fields).problem(status, field, rule)
    assign = {'playbook': 'gates', 'step': 'look', 'user_id': 'usr_' + '0' * 26}
    world.manager.post(f'/v1/incidents/{incident["id"]}/steps/assign', assign).problem(409, 'user_id', 'user-unknown')
    auditor = world.people()['auditor']
    settle(auditor, incident, 'gates', 'look').problem(403)
    assert len(steps(auditor, incident, 'gates')) == 4
    assert len(timeline(world.manager, incident)) == 3, 'nothing was recorded'


def test_the_queue_shows_steps_among_duties_by_their_time(world):
    bring(world.admin, 'queue')
    incident = opened(world.manager)
    retire(world.admin, 'queue')

    def due():
        return [(d['obligation'], d['key'], d['state']) for d in world.manager.get('/v1/incident-duties?limit=500').expect(200)['items']
                if d['incident_id'] == incident['id']]
    first = due()
    assert first[0] == ('step', 'playbook/queue/look', 'pending')
    assert ('step', 'playbook/queue/report', 'pending') not in first, 'it is there as the duty that it stands for'
    assert any(key.startswith('ccadb-irg/p1-first-disclosure/') for _, key, _ in first)
    for state in ('triage', 'confirmed'):
        world.manager.post(f'/v1/incidents/{incident["id"]}/roles', {'role': 'lead', 'user_id': world.manager.user_id}).expect(200)
        world.manager.post(f'/v1/incidents/{incident["id"]}/move', {'state': state, 'comment': 'because'}).expect(200)
    assert [key for _, key, _ in due()[:2]] == ['playbook/queue/stop', 'playbook/queue/look']
    travel(world, 90 * 60)
    assert due()[0] == ('step', 'playbook/queue/stop', 'overdue')
    late = settle(world.manager, incident, 'queue', 'stop', proof='blk_1').expect(200)
    assert late['state'] == 'done_late'
    assert not [key for _, key, _ in due() if key == 'playbook/queue/stop']
    world.manager.post(f'/v1/incidents/{incident["id"]}/timeline', {'kind': 'disclosed', 'detail': 'posted'}).expect(201)
    assert steps(world.manager, incident, 'queue')['report']['state'] == 'done', 'the duty was met'


def test_later_versions_leave_running_incidents_alone(world):
    bring(world.admin, 'rolling')
    incident = opened(world.manager)
    settle(world.manager, incident, 'rolling', 'look').expect(200)
    changed = TEXT.replace('    within: 1h\n', '    within: 30m\n').replace('id: tell', 'id: inform')
    second = bring(world.admin, 'rolling', changed)
    assert (second['playbook']['version'], second['playbook']['in_force']) == (2, True)
    assert list(steps(world.manager, incident, 'rolling')) == ['look', 'stop', 'tell', 'report']
    diff = world.admin.get('/v1/playbooks/rolling/diff').expect(200)
    assert (diff['from'], diff['version'], diff['scope_changed']) == (1, 2, False)
    assert [(d['what'], d['step']) for d in diff['items']] == [('changed', 'stop'), ('gained', 'inform'), ('lost', 'tell')]
    simulated = world.admin.post('/v1/playbook-simulations', {'name': 'rolling'}).expect(200)
    mine = next(i for i in simulated['items'] if i['incident_id'] == incident['id'])
    assert (mine['applies'], mine['followed']) == (True, 1)
    assert (mine['gained'], mine['lost'], mine['changed']) == (['inform'], ['tell'], ['stop'])
    path = f'/v1/incidents/{incident["id"]}/playbooks'
    world.manager.post(path, {'name': 'rolling'}).expect(200)
    found = steps(world.manager, incident, 'rolling')
    assert list(found) == ['look', 'stop', 'inform', 'report'] and {s['version'] for s in found.values()} == {2}
    assert found['look']['state'] == 'done', 'what was done stays done'
    world.manager.post(path, {'name': 'rolling', 'version': 2}).problem(409, 'version', 'playbook-attached')
    world.manager.post(path, {'name': 'rolling', 'version': 1}).expect(200)
    assert list(steps(world.manager, incident, 'rolling')) == ['look', 'stop', 'tell', 'report']
    world.manager.post(path, {'name': 'rolling', 'version': 9}).problem(404, 'version', 'playbook-unknown')
    retire(world.admin, 'rolling')
    world.manager.post(path, {'name': 'rolling'}).problem(404, 'name', 'playbook-unknown')


def test_a_version_comes_into_force_at_its_time(world):
    bring(world.admin, 'timed')
    now = when(world.admin.get('/v1/system/clock').expect(200)['now'])
    effective = (now + datetime.timedelta(hours=2)).strftime('%Y-%m-%dT%H:%M:%SZ')
    changed = TEXT.replace('id: look', 'id: view').replace('after_step: look', 'after_step: view')
    later = bring(world.admin, 'timed', changed, effective=effective)['playbook']
    assert (later['version'], later['in_force'], later['effective'][:19]) == (2, False, effective[:19])
    assert 'look' in steps(world.manager, opened(world.manager), 'timed')
    world.admin.post('/v1/playbooks', {'text': TEXT.format(name='timed'), 'effective': '2020-01-01T00:00:00Z'}
                     ).problem(422, 'effective', 'time-past')
    travel(world, 3 * HOUR)
    assert 'view' in steps(world.manager, opened(world.manager), 'timed')
    versions = world.admin.get('/v1/playbooks/timed/versions').expect(200)['items']
    assert [(v['version'], v['in_force']) for v in versions] == [(2, True), (1, False)]
    retire(world.admin, 'timed')


def test_a_rollback_is_a_new_version_with_its_reason(world):
    bring(world.admin, 'back')
    bring(world.admin, 'back', TEXT.replace('title: Wrong names', 'title: Other names'))
    made = world.admin.post('/v1/playbooks/back/rollback', {'version': 1}, headers={'X-Reason': 'it%20was%20better'}).expect(201)
    assert (made['playbook']['version'], made['playbook']['title'], made['text']) == (3, 'Wrong names', TEXT.format(name='back'))
    world.admin.post('/v1/playbooks/back/rollback', {'version': 9}).problem(404, 'version', 'version-unknown')
    change, = world.admin.get('/v1/changes?object=playbook&key=back/3').expect(200)['items']
    assert (change['action'], change['actor_id'], change['reason']) == ('playbook.rollback', world.admin.user_id, 'it was better')
    gone = retire(world.admin, 'back')['playbook']
    assert (gone['version'], gone['state'], gone['in_force']) == (4, 'retired', False)
    world.admin.post('/v1/playbooks/back/retire').problem(409, 'name', 'playbook-retired')
    assert world.admin.post('/v1/playbooks/back/rollback', {'version': 1}).expect(201)['playbook']['in_force']
    retire(world.admin, 'back')


def test_a_version_changed_behind_the_application_is_found_and_not_brought_back(make_instance, engine, cluster):
    instance = make_instance().start()
    write = (lambda sql: cluster().query(instance.database, sql)) if engine == 'postgres' else instance.sql_write
    admin = instance.enroll_admin()
    bring(admin, 'kept')
    retire(admin, 'kept')
    write("UPDATE playbook_version SET content = replace(content, 'By hand.', 'Not at all.') WHERE version = 1")
    report = admin.get('/v1/changes/check').expect(200)['items']
    assert [(i['rule'], i['object'], i['key'], i['field']) for i in report] == [('row-changed', 'playbook', 'kept/1', 'content')]
    assert 'By hand.' in admin.post('/v1/playbooks/kept/rollback', {'version': 1}).expect(201)['text'], 'what the log vouches for'
    write("UPDATE state_change SET content = replace(content, 'By hand.', 'Not at all.') WHERE object = 'playbook'")
    admin.post('/v1/playbooks/kept/rollback', {'version': 1}).problem(409, 'version', 'version-altered')
    followed = opened(admin)
    write("UPDATE playbook_version SET content = 'x' WHERE version = 3")
    admin.get(f'/v1/incidents/{followed["id"]}/steps').problem(409, rule='playbook-altered')
    assert not admin.get('/v1/incident-duties?limit=500').expect(200)['complete'], 'the queue goes on, and says so'
    incident = opened(admin)
    assert [e['kind'] for e in timeline(admin, incident)] == ['reported', 'aware'], 'an incident opens all the same'


def test_simulation_tells_what_would_apply_and_writes_nothing(world):
    applies, other = opened(world.manager), opened(world.manager, type='availability')
    text = TEXT.format(name='dry')
    answer = world.manager.post('/v1/playbook-simulations', {'text': text, 'incidents': 500}).expect(200)
    by_id = {i['incident_id']: i for i in answer['items']}
    assert other['id'] not in by_id and answer['applies'] == len(by_id) <= answer['considered']
    mine = by_id[applies['id']]
    assert (mine['followed'], mine['gained'], mine['lost']) == (0, ['look', 'stop', 'tell', 'report'], [])
    assert world.manager.get('/v1/playbooks/dry').status == 404 and not steps(world.manager, applies, 'dry')
    for document in ({}, {'text': text, 'name': 'dry'}, {'text': text, 'version': 1}):
        world.manager.post('/v1/playbook-simulations', document).problem(422, 'text', 'text-or-name')
    world.operator.post('/v1/playbook-simulations', {'text': text}).problem(403)


def test_who_may_and_what_is_refused(world):
    text = TEXT.format(name='mine')
    for client in (world.operator, world.people()['requester'], world.people()['auditor']):
        client.post('/v1/playbooks', {'text': text}).problem(403)
    world.people()['requester'].get('/v1/playbooks').problem(403)
    world.admin.post('/v1/playbooks', {'text': text + 'colour: red\n'}).problem(400, 'colour')
    world.admin.post('/v1/playbooks', {'text': text.replace('p1-first-disclosure', 'p1-firstdisclosure')}
                     ).problem(422, 'steps', 'duty-unknown')
    world.admin.post('/v1/playbooks', {}).problem(422, 'text', 'text-or-library')
    world.admin.post('/v1/playbooks', {'text': text, 'library': 'service-outage'}).problem(422, 'text', 'text-or-library')
    world.admin.post('/v1/playbooks', {'library': 'nothing'}).problem(422, 'library', 'playbook-unknown')
    world.admin.get('/v1/playbooks/mine').problem(404, 'name', 'playbook-unknown')


UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
STAMP = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z')


def require_cacao(document):
    """What CACAO 2.0 (CS01) states: required properties, identifiers, the dictionary of steps and the way through it."""
    assert {'type', 'spec_version', 'id', 'name', 'created_by', 'created', 'modified', 'workflow_start', 'workflow'} <= set(document)
    assert (document['type'], document['spec_version']) == ('playbook', 'cacao-2.0')
    assert re.fullmatch('playbook--' + UUID, document['id']) and re.fullmatch('identity--' + UUID, document['created_by'])
    assert STAMP.fullmatch(document['created']) and STAMP.fullmatch(document['modified'])
    assert document['created'] <= document['modified']
    workflow, agents = document['workflow'], document['agent_definitions']
    uuids = [key.split('--')[1] for key in [document['id'], *workflow, *agents]]
    assert len(set(uuids)) == len(uuids), 'the UUID is unique whatever the type'
    for key, step in workflow.items():
        assert re.fullmatch(step['type'] + '--' + UUID, key)
        assert ('on_completion' in step) == (step['type'] != 'end')
        assert step.get('on_completion', key) in workflow
        for extension in step.get('step_extensions', {}):
            assert extension in document['extension_definitions']
            assert all(re.fullmatch('[a-z0-9_]{3,250}', name) for name in step['step_extensions'][extension])
        if step['type'] == 'action':
            assert step['agent'] in agents and [c['type'] for c in step['commands']] == ['manual']
            assert {c['playbook_activity'] for c in step['commands']} <= set(document['playbook_activities'])
    for key, agent in agents.items():
        assert re.fullmatch(agent['type'] + '--' + UUID, key) and agent['name']
    for key, extension in document['extension_definitions'].items():
        assert re.fullmatch('extension-definition--' + UUID, key)
        assert {'type', 'name', 'created_by', 'schema', 'version'} <= set(extension)
    assert set(document['playbook_extensions']) <= set(document['extension_definitions'])
    at, way = document['workflow_start'], []
    while at:
        way.append(at)
        at = workflow[at].get('on_completion')
    assert sorted(way) == sorted(workflow) and workflow[way[0]]['type'] == 'start' and workflow[way[-1]]['type'] == 'end'
    return [workflow[key] for key in way[1:-1]]


def exported(world, name):
    return world.admin.get(f'/v1/playbooks/{name}/cacao').expect(200)


def test_the_library_goes_out_as_cacao_and_comes_back(world):
    library = world.admin.get('/v1/playbook-library').expect(200)['items']
    assert len(library) == 8
    for item in library:
        made = world.admin.post('/v1/playbooks', {'library': item['name']}).expect(201)
        assert made['text'] == item['text'] and made['playbook']['name'] == item['name']
        document = exported(world, item['name'])
        assert [s['name'] for s in require_cacao(document)] == [s['title'] for s in made['steps']]
        back = world.admin.post('/v1/cacao-playbooks', {'document': json.dumps(document)}).expect(201)
        assert back['playbook']['version'] == 2
        assert (back['steps'], back['applies'], back['description']) == (made['steps'], made['applies'], made['description'])
        assert not world.admin.get(f'/v1/playbooks/{item["name"]}/diff').expect(200)['items']
        again = exported(world, item['name'])
        assert again['id'] == document['id'] and again['created'] == document['created'] <= again['modified']
        assert again['workflow'] == document['workflow'], 'the same steps have the same identifiers'
        retire(world.admin, item['name'])
    assert {p['name'] for p in world.admin.get('/v1/playbooks').expect(200)['items']} >= {i['name'] for i in library}


def test_what_cacao_cannot_bring_is_named(world):
    bring(world.admin, 'outward')
    document = exported(world, 'outward')
    retire(world.admin, 'outward')
    action = next(key for key, step in document['workflow'].items() if step['type'] == 'action')
    for path, value, field in ((('signatures',), [], 'signatures'), (('playbook_variables',), {}, 'playbook_variables'),
                               (('workflow', action, 'targets'), [], f'workflow/{action}/targets'),
                               (('workflow', action, 'commands', 0, 'type'), 'bash', f'workflow/{action}/commands/0/type'),
                               (('workflow', action, 'type'), 'parallel', f'workflow/{action}/type'),
                               (('spec_version',), 'cacao-1.1', 'spec_version')):
        broken = copy.deepcopy(document)
        place = broken
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        world.admin.post('/v1/cacao-playbooks', {'document': json.dumps(broken)}).problem(400, field)
    del document['playbook_extensions']
    world.admin.post('/v1/cacao-playbooks', {'document': json.dumps(document)}).problem(400, rule='playbook-name-missing')
    made = world.admin.post('/v1/cacao-playbooks', {'document': json.dumps(document), 'name': 'foreign', 'types': ['other']}).expect(201)
    assert made['applies']['types'] == ['other'] and made['playbook']['name'] == 'foreign'
    retire(world.admin, 'foreign')


def test_the_command_line_does_it_all(world, tmp_path):
    person = world.admin.post('/v1/users', {'display_name': 'CLI', 'roles': ['administrator']}).expect(201)
    world.cli('enroll', world.url, person['link'], '--ca-file', world.root_pem).expect(0)
    file = tmp_path / 'lost.yaml'
    file.write_text(TEXT.format(name='typed'))
    world.cli('playbook', 'import', '--text', f'@{file}', '--because', 'a new kind of incident').expect(0)
    assert 'typed' in world.cli('playbook', 'list').expect(0).out and 'service-outage' in world.cli('playbook', 'library').expect(0).out
    incident = opened(world.manager)
    assert 'By hand.' in world.cli('playbook', 'show', 'typed').expect(0).out
    cacao = tmp_path / 'typed.json'
    cacao.write_text(world.cli('playbook', 'export', 'typed').expect(0).out)
    require_cacao(json.loads(cacao.read_text()))
    world.cli('playbook', 'import-cacao', '--document', f'@{cacao}').expect(0)
    world.cli('incident', 'playbook-attach', incident['id'], '--name', 'typed', '--version', '2').expect(0)
    world.cli('incident', 'step-settle', incident['id'], '--playbook', 'typed', '--step', 'look', '--outcome', 'done').expect(0)
    rows = world.cli('incident', 'steps', incident['id'], '--json').json()['items']
    assert [(r['step'], r['state'], r['version']) for r in rows if r['playbook'] == 'typed'][0] == ('look', 'done', 2)
    assert 'playbook/typed/' not in world.cli('incident', 'due').expect(0).out.replace('playbook/typed/look', '')
    change = world.cli('change', 'list', '--object', 'playbook', '--key', 'typed/1', '--json').json()['items'][0]
    assert change['reason'] == 'a new kind of incident'
    world.cli('playbook', 'retire', 'typed').expect(0)
