"""Alerts of tools: signed, taken once, kept as evidence, counted into incidents."""
import concurrent.futures
import subprocess
import time

import pytest

from harness.alerts import Tool

ALERT = {'rule': 'disk-full', 'subject': 'db-1', 'title': 'Disk is full', 'summary': '97 %', 'severity': 'critical'}
MANAGER = {'version': '4', 'groupKey': 'x', 'status': 'firing', 'receiver': 'cx', 'alerts': [
    {'status': 'firing', 'labels': {'alertname': 'CrlStale', 'instance': f'ca-{i}:9100', 'severity': 'warning'},
     'annotations': {'summary': 'CRL is stale', 'description': 'not renewed'}} for i in range(3)] + [
    {'status': 'resolved', 'labels': {'alertname': 'Old'}, 'annotations': {}}]}
SARIF = {'version': '2.1.0', 'runs': [{'tool': {'driver': {'name': 'scan'}}, 'results': [
    {'ruleId': 'CVE-2026-0001', 'level': 'error', 'message': {'text': 'libfoo 1.0 is vulnerable'},
     'locations': [{'physicalLocation': {'artifactLocation': {'uri': 'usr/lib/libfoo.so'}}}]},
    {'ruleId': 'CVE-2026-0002', 'kind': 'pass', 'message': {'text': 'not affected'}}]}]}


@pytest.fixture
def tool(instance, admin):
    return Tool(instance, f'monitor-{next(Tool.names)}')


def incidents(admin):
    return {i['title']: i for i in admin.pages('/v1/incidents')}


def test_equal_alerts_of_a_tool_are_one_incident_with_its_evidence(instance, admin, tool):
    alert = {**ALERT, 'title': 'Disk of db-1 is full'}
    first = tool.send(alert).expect(200)
    assert (first['repeated'], first['delivery']['opened_count'], first['delivery']['alert_count']) == (False, 1, 1)
    assert tool.send(alert).expect(200)['delivery']['opened_count'] == 0
    incident = incidents(admin)['Disk of db-1 is full']
    assert (incident['severity'], incident['source']) == ('critical', 'self_reported')
    entries = admin.get(f'/v1/incidents/{incident["id"]}/timeline').expect(200)['items']
    (raised,) = [e for e in entries if e['kind'] == 'alert_raised']
    assert (raised['subject'], raised['detail']) == (tool.view['name'] + ':disk-full', 'db-1')
    # From the incident to the octets that opened it.
    body = admin.get(f'/v1/alert-sources/{tool.id}/deliveries/{raised["proof"]}')
    assert body.status == 200 and b'"97 %"' in body.body
    # A person's alert of that rule and subject is another one: the source's name stands before it.
    own = admin.post('/v1/alerts', {'rule': 'disk-full', 'subject': 'db-1', 'title': 'Mine', 'summary': 's',
                                    'impact': 'low', 'urgency': 'low'}).expect(200)
    assert own['incident_id'] != incident['id'] and own['count'] == 1
    actions = [e['action'] for e in admin.get(f'/v1/audit/entries?object_id={incident["id"]}').expect(200)['items']]
    assert actions == ['incident.alert', 'incident.alert']
    assert len(admin.get(f'/v1/audit/entries?object_id={tool.id}').expect(200)['items']) == 3  # create, deliver, deliver


def test_a_delivery_is_taken_once(instance, admin, tool):
    alert = {**ALERT, 'subject': 'db-2', 'title': 'Once'}
    first = tool.send(alert, delivery='again').expect(200)
    for _ in range(3):
        assert tool.send(alert, delivery='again').expect(200) == {'repeated': True, 'delivery': first['delivery']}
    tool.send({**alert, 'title': 'Other'}, delivery='again').problem(409)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tool.send({**alert, 'subject': 'db-3'}, delivery='at-once').expect(200), range(8)))
    assert sorted(a['repeated'] for a in answers) == [False] + [True] * 7
    assert len({a['delivery']['id'] for a in answers}) == 1


def test_what_is_not_signed_is_refused_and_leaves_nothing(instance, admin, tool):
    before = admin.get(f'/v1/alert-sources/{tool.id}/deliveries').expect(200)['items']
    now = int(time.time())
    other = Tool(instance, 'other')
    assert before == []
    tool.send(ALERT, secret='00' * 32).problem(401)
    tool.send(ALERT, at=now - 400).problem(401)
    tool.send(ALERT, at=now + 400).problem(401)
    tool.send(ALERT, path=other.path).problem(401)
    tool.send(ALERT, path=tool.path[:-26] + '0' * 26).problem(401)
    tool.send(ALERT, header='nonsense').problem(400)
    instance.anonymous().post(tool.path, ALERT).problem(400)
    header = tool.signature(b'{}', 'd')
    tool.send(b'{ }', header=header).problem(401)
    tool.send(b'{}', header=header.replace('d=d', 'd=e')).problem(401)
    assert admin.get(f'/v1/alert-sources/{tool.id}/deliveries').expect(200)['items'] == before


@pytest.mark.parametrize('document', [b'nonsense', b'', {}, [], b'{"rule":"a","rule":"b"}'])
def test_what_is_no_alert_is_refused(tool, document):
    tool.send(document).problem(400)


def test_alertmanager_and_sarif(instance, admin):
    manager = Tool(instance, 'prometheus', 'alertmanager')
    answer = manager.send(MANAGER).expect(200)['delivery']
    assert (answer['alert_count'], answer['opened_count'], answer['skipped_count']) == (3, 3, 1)
    assert manager.send(MANAGER).expect(200)['delivery']['opened_count'] == 0
    assert manager.send({'alerts': [{'labels': {}}]}).problem(400)['field'] == 'alerts/0'
    scanner = Tool(instance, 'scanner', 'sarif')
    answer = scanner.send(SARIF).expect(200)['delivery']
    assert (answer['alert_count'], answer['skipped_count']) == (1, 1)
    assert incidents(admin)['libfoo 1.0 is vulnerable']['severity'] == 'critical'


def test_a_mapping_of_ones_own(instance, admin):
    mapping = {'items': '/findings/*', 'rule': ['/id'], 'subject': ['/host/name'], 'title': ['/text'], 'severity': ['/score'],
               'skip': ['/fixed=true']}
    tool = Tool(instance, 'nessus', 'custom', mapping=mapping)
    assert tool.view['mapping'] == mapping
    answer = tool.send({'findings': [{'id': 4711, 'host': {'name': 'web/1'}, 'text': 'Old TLS', 'score': 9.1},
                                     {'id': 4712, 'fixed': True}]}).expect(200)['delivery']
    assert (answer['alert_count'], answer['skipped_count']) == (1, 1)
    assert incidents(admin)['Old TLS']['severity'] == 'critical'
    admin.post('/v1/alert-sources', {'name': 'x', 'kind': 'custom'}).problem(422)
    admin.post('/v1/alert-sources', {'name': 'x', 'kind': 'sarif', 'mapping': mapping}).problem(422)
    wrong = admin.post('/v1/alert-sources', {'name': 'x', 'kind': 'custom', 'mapping': {**mapping, 'rule': ['id']}}).problem(400)
    assert wrong['field'] == 'mapping/rule'
    admin.post('/v1/alert-sources', {'name': 'nessus', 'kind': 'generic'}).problem(409)


def test_rotation_overlaps_and_ending_ends(instance, admin):
    tool = Tool(instance, 'rotated')
    old = tool.secret
    made = admin.post(f'/v1/alert-sources/{tool.id}/rotate', {'overlap_hours': 1}).expect(200)
    assert made['secret'] != old and 'previous_until' in made['source']
    tool.secret = made['secret']
    tool.send(ALERT, secret=old).expect(200)
    tool.send(ALERT).expect(200)
    tool.secret = admin.post(f'/v1/alert-sources/{tool.id}/rotate', {'overlap_hours': 0}).expect(200)['secret']
    tool.send(ALERT, secret=old).problem(401)
    tool.send(ALERT, secret=made['secret']).problem(401)
    tool.send(ALERT).expect(200)
    assert 'ended' in admin.post(f'/v1/alert-sources/{tool.id}/end').expect(200)
    tool.send(ALERT).problem(401)
    admin.post(f'/v1/alert-sources/{tool.id}/end').problem(409)
    admin.post(f'/v1/alert-sources/{tool.id}/rotate', {}).problem(409)
    assert len(admin.get(f'/v1/alert-sources/{tool.id}/deliveries').expect(200)['items']) == 3, 'what it sent stays'
    assert 'secret' not in str(admin.get('/v1/alert-sources').expect(200)['items'])


def test_an_overlap_ends_by_the_clock(make_instance):
    instance = make_instance(drill=True).start()
    admin = instance.enroll_admin()
    tool, clock = Tool(instance, 'clocked'), lambda: int(time.time())
    old = tool.secret
    tool.secret = admin.post(f'/v1/alert-sources/{tool.id}/rotate', {'overlap_hours': 1}).expect(200)['secret']
    tool.send(ALERT, secret=old).expect(200)
    admin.post('/v1/system/clock', {'offset_s': 3601}).expect(200)
    tool.send(ALERT, secret=old, at=clock() + 3601).problem(401)
    tool.send(ALERT, at=clock() + 3601).expect(200)


def test_who_may(instance, admin, tool):
    people = instance.people()
    tool.send(ALERT).expect(200)
    for path in ('/v1/alert-sources', f'/v1/alert-sources/{tool.id}/deliveries'):
        people['auditor'].get(path).expect(200)
        people['requester'].get(path).problem(403)
    evidence = f'/v1/alert-sources/{tool.id}/deliveries/' + \
        admin.get(f'/v1/alert-sources/{tool.id}/deliveries').expect(200)['items'][0]['id']
    people['auditor'].get(evidence).problem(403)
    people['auditor'].post('/v1/alert-sources', {'name': 'x', 'kind': 'generic'}).problem(403)


def test_the_recipe_of_the_documentation(instance, tool, tmp_path):
    """What docs/incidents.md shows, with openssl and a shell."""
    body = tmp_path / 'alert.json'
    body.write_text('{"rule":"recipe","subject":"a","title":"By hand","severity":"low"}')
    script = '''t=$(date +%s); d=recipe-1
mac=$( (printf '%s.%s.' "$t" "$d"; cat "$1") | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$2" | sed 's/.*= //')
printf 't=%s,d=%s,v1=%s' "$t" "$d" "$mac"'''
    done = subprocess.run(['sh', '-c', script, 'sh', body, tool.secret], check=True, capture_output=True, text=True)
    assert tool.send(body.read_bytes(), header=done.stdout).expect(200)['delivery']['delivery'] == 'recipe-1'
