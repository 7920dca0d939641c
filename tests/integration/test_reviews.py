"""Access reviews: who may answer, what lapses, the evidence; leavers; rights that nobody uses. On a simulated clock."""
import datetime
import json

import pytest

from harness.instance import run_cli, wait_for
from harness.login import Person

DAY = 86400


def moment(instance, days=0.0):
    now = instance.admin.get('/v1/system/clock').expect(200)['now']
    at = datetime.datetime.fromisoformat(now.replace('Z', '+00:00')) + datetime.timedelta(days=days)
    return at.strftime('%Y-%m-%dT%H:%M:%SZ')


def travel(instance, days):
    offset = instance.admin.get('/v1/system/clock').expect(200)['offset_s']
    instance.admin.post('/v1/system/clock', {'offset_s': offset + round(days * DAY)}).expect(200)


def opened(client, **fields):
    return client.post('/v1/access-reviews', {'reason': 'a test', **fields}).expect(201)


def items(client, review):
    return {i['binding_id']: i for i in client.pages(f'/v1/access-reviews/{review["id"]}/items')}


def binding_of(instance, client):
    found = [b for b in instance.admin.pages('/v1/bindings') if b.get('user_id') == client.user_id and b['state'] == 'active']
    return found[0]['id']


def decide(client, review, binding, decision, comment='looked at it'):
    return client.post(f'/v1/access-reviews/{review["id"]}/decide',
                       {'binding_id': binding, 'decision': decision, 'comment': comment})


def closed(client, review):
    def look():
        now = client.get(f'/v1/access-reviews/{review["id"]}').expect(200)
        return now if now['state'] == 'closed' else None
    return wait_for(look, 'the review to be closed', limit_s=60)


def entries(client, action):
    return [e for e in client.pages('/v1/audit/entries?action=' + action)]


@pytest.fixture(scope='module')
def world(make_instance, engine, cluster):
    instance = make_instance(drill=True).start()
    instance.enroll_admin()
    instance.change = (lambda sql: cluster().query(instance.database, sql)) if engine == 'postgres' else instance.sql_write
    instance.officer = instance.user('security-officer')
    instance.second = instance.user('security-officer')
    return instance


def test_another_person_answers_once(world):
    operator = world.user('operator')
    binding = binding_of(world, operator)
    review = opened(world.officer, roles=['operator', 'security-officer'])
    assert items(world.officer, review)[binding]['state'] == 'open' and review['open'] >= 3
    own = binding_of(world, world.officer)
    for decision in ('certify', 'revoke'):
        decide(world.officer, review, own, decision).problem(403, rule='reviewer-is-subject')
    decide(world.admin, review, own, 'certify').problem(403, rule='subject-enrolled-by-reviewer')
    decide(operator, review, own, 'certify').problem(403, rule='permission-missing')
    decide(world.second, review, own, 'certify').expect(200)
    decide(world.second, review, own, 'revoke').problem(409, rule='review-answered')
    decide(world.officer, review, binding, 'revoke', 'left the team').expect(200)
    assert world.admin.get('/v1/bindings/' + binding).expect(200)['state'] == 'ended'
    assert operator.get('/v1/me').expect(200)['roles'] == [], 'who is authenticated may know who they are'
    operator.get('/v1/certificates').problem(403, rule='permission-missing')
    item = items(world.officer, review)[binding]
    assert (item['state'], item['comment'], item['decided_by_id']) == ('revoked', 'left the team', world.officer.user_id)
    other = binding_of(world, world.user('auditor'))
    decide(world.officer, review, other, 'certify').problem(422, rule='review-item-unknown')
    denied = [e for e in entries(world.admin, 'review.decide') if e['outcome'] == 'denied']
    assert len(denied) >= 4


def test_a_member_of_the_group_is_a_subject(world):
    group = world.admin.post('/v1/groups', {'name': 'reviewers'}).expect(201)['id']
    world.admin.post(f'/v1/groups/{group}/add', {'user_id': world.officer.user_id}).expect(200)
    binding = world.admin.post('/v1/bindings', {'group_id': group, 'role': 'operator', 'all': True, 'reason': 'x',
                                                'expires': moment(world, 30)}).expect(201)['id']
    review = opened(world.second, groups=[group])
    assert binding in items(world.second, review) and binding_of(world, world.officer) in items(world.second, review)
    assert binding_of(world, world.second) not in items(world.second, review)
    decide(world.officer, review, binding, 'certify').problem(403, rule='reviewer-is-subject')
    decide(world.second, review, binding, 'certify').expect(200)


def test_evidence_says_who_was_in_the_group(world):
    outer, inner = (world.admin.post('/v1/groups', {'name': name}).expect(201)['id'] for name in ('outer-team', 'inner-team'))
    was, nested, later = (world.user('basic-user') for _ in range(3))
    world.admin.post(f'/v1/groups/{outer}/nest', {'child_id': inner}).expect(200)
    world.admin.post(f'/v1/groups/{outer}/add', {'user_id': was.user_id}).expect(200)
    world.admin.post(f'/v1/groups/{inner}/add', {'user_id': nested.user_id}).expect(200)
    binding = world.admin.post('/v1/bindings', {'group_id': outer, 'role': 'operator', 'all': True, 'reason': 'x',
                                                'expires': moment(world, 30)}).expect(201)['id']
    review = opened(world.officer, groups=[outer], roles=['operator'])
    decide(world.officer, review, binding, 'certify').expect(200)
    world.admin.post(f'/v1/groups/{outer}/add', {'user_id': later.user_id}).expect(200)
    closed(world.officer, review)  # everything has its answer
    path = f'/v1/access-reviews/{review["id"]}/evidence'

    def members():
        answer = wait_for(lambda: (lambda a: a if a.status == 200 else None)(world.officer.get(path)), 'a checkpoint')
        document = json.loads(json.loads(answer.body)['document'])
        assert document['certinext-access-review'] == 2
        return next((i['member_count'], i['members']) for i in document['items'] if i['binding'] == binding)
    at_the_answer = (2, sorted([was.user_id, nested.user_id]))
    assert members() == at_the_answer, 'not who came later'
    world.admin.post(f'/v1/groups/{outer}/remove', {'user_id': was.user_id}).expect(200)
    assert members() == at_the_answer, 'and still who has left since'


def test_what_nobody_answers_lapses_at_the_deadline(world, tmp_path):
    operator, approver = world.user('operator'), world.user('approver')
    unanswered, kept = binding_of(world, operator), binding_of(world, approver)
    review = opened(world.officer, roles=['operator', 'approver'], deadline=moment(world, 2))
    world.officer.post('/v1/access-reviews', {'reason': 'x', 'deadline': moment(world, 91)}).problem(422, rule='review-deadline')
    decide(world.officer, review, kept, 'certify').expect(200)
    world.officer.get(f'/v1/access-reviews/{review["id"]}/evidence').problem(409, rule='review-open')
    travel(world, 1)
    assert world.admin.get('/v1/bindings/' + unanswered).expect(200)['state'] == 'active'
    travel(world, 1.1)
    done = closed(world.officer, review)
    assert done['open'] == 0 and done['lapsed'] >= 1 and done['certified'] >= 1
    assert world.admin.get('/v1/bindings/' + unanswered).expect(200)['state'] == 'ended'
    assert world.admin.get('/v1/bindings/' + kept).expect(200)['state'] == 'active'
    lapses = [e for e in entries(world.admin, 'review.item.lapse') if e['object_id'] == unanswered]
    assert len(lapses) == 1 and 'actor_id' not in lapses[0]
    decide(world.officer, review, unanswered, 'certify').problem(409, rule='review-over')
    check_evidence(world, done, unanswered, tmp_path)


def check_evidence(world, review, binding, tmp_path):
    path = f'/v1/access-reviews/{review["id"]}/evidence'
    answer = wait_for(lambda: (lambda a: a if a.status == 200 else None)(world.officer.get(path)), 'a checkpoint')
    bundle = json.loads(answer.body)
    document = json.loads(bundle['document'])
    assert {i['binding']: i['state'] for i in document['items']}[binding] == 'lapsed'
    file = tmp_path / 'evidence.json'
    file.write_bytes(answer.body)
    vkey = world.admin.get('/v1/audit/checkpoint').expect(200)['vkey']
    good = run_cli('review', 'verify', str(file), '--vkey', vkey, '--json').json()
    assert good['verified'] and good['trusted_key'] and good['items'] == len(document['items'])
    assert 'taken from the file itself' in run_cli('review', 'verify', str(file)).expect().out

    def altered(rule, change, key=vkey):
        other = json.loads(answer.body)
        change(other)
        file.write_text(json.dumps(other))
        refused = run_cli('review', 'verify', str(file), '--vkey', key, '--json')
        assert refused.status == 75 and rule in refused.out + refused.err, (rule, refused.err)
    altered('document-altered', lambda o: o.update(document=o['document'].replace('lapsed', 'certified')))
    altered('details-altered', lambda o: o['proof'].update(details=o['proof']['details'].replace('a', 'b', 1)))
    altered('entry-altered', lambda o: o['proof'].update(leaf=o['proof']['leaf'].replace('done', 'dome')))
    altered('checkpoint-signature', lambda o: o['proof'].update(size=o['proof']['size'] + 1))
    file.write_text('{}')
    assert run_cli('review', 'verify', str(file)).status == 65
    world.change("UPDATE access_review_item SET state = 'certified' WHERE state = 'lapsed'")
    world.officer.get(path).problem(409, rule='evidence-altered')
    world.change("UPDATE access_review_item SET state = 'lapsed' WHERE decided_by_id IS NULL AND state = 'certified'")
    world.officer.get(path).expect(200)


def test_leavers_lose_everything_when_due(world):
    leaver, colleague = world.user('operator'), world.user('operator')
    group = world.admin.post('/v1/groups', {'name': 'leavers'}).expect(201)['id']
    world.admin.post(f'/v1/groups/{group}/add', {'user_id': leaver.user_id}).expect(200)
    binding, path = binding_of(world, leaver), f'/v1/users/{leaver.user_id}'
    world.admin.post(path + '/leave', {'reason': 'x', 'left': moment(world, -2), 'due': moment(world, 1)}).problem(422, rule='leaver-too-late')
    mark = world.officer.post(path + '/leave', {'reason': 'retires', 'left': moment(world, 3), 'due': moment(world, 3.5)}).expect(200)
    assert mark['state'] == 'waiting' and mark['source'] == 'person'
    assert world.officer.post(path + '/stay').expect(200)['state'] == 'withdrawn'
    world.officer.post(path + '/stay').problem(404, rule='leaver-unknown')
    world.officer.post(path + '/leave', {'reason': 'retires', 'left': moment(world, 3), 'due': moment(world, 3.5)}).expect(200)
    travel(world, 3)
    leaver.get('/v1/me').expect(200)
    travel(world, 0.6)
    wait_for(lambda: leaver.get('/v1/me').status == 401, 'the leaver to be gone', limit_s=60)
    assert world.admin.get(path).expect(200)['state'] == 'disabled'
    assert world.admin.get('/v1/bindings/' + binding).expect(200)['state'] == 'ended'
    assert leaver.user_id not in world.admin.get('/v1/groups/' + group).expect(200)['members']
    assert [e['object_id'] for e in entries(world.admin, 'leaver.end')] == [leaver.user_id]
    states = [l['state'] for l in world.admin.pages('/v1/leavers') if l['user_id'] == leaver.user_id]
    assert sorted(states) == ['done', 'withdrawn']
    colleague.get('/v1/me').expect(200)
    at_once = world.user('operator')
    world.admin.post(f'/v1/users/{at_once.user_id}/leave', {'reason': 'gone', 'left': moment(world, -5)}).expect(200)
    wait_for(lambda: at_once.get('/v1/me').status == 401, 'who left days ago to be gone', limit_s=60)


def test_rights_that_nobody_uses_are_told(world):
    requester, idle, reader = world.user('requester'), world.user('requester'), world.user('auditor')
    world.request(['used.example.org'], profile='server-tls-auto', client=requester)
    travel(world, 8)
    told = {r['binding_id']: r for r in world.officer.pages('/v1/unused-rights?days=7')}
    assert told[binding_of(world, requester)]['use'] == 'unused'
    told = {r['binding_id']: r for r in world.officer.pages('/v1/unused-rights?days=9&limit=3')}
    used = told[binding_of(world, requester)]
    assert used['use'] == 'used' and 'request.create' not in used['unused'] and 'certificate.renew' in used['unused']
    assert told[binding_of(world, idle)]['use'] == 'new'
    assert told[binding_of(world, reader)]['use'] in ('unknown', 'new')
    reader.get('/v1/unused-rights').expect(200)
    requester.get('/v1/unused-rights').problem(403)


def test_every_three_months_by_itself_once(make_instance):
    instance = make_instance(drill=True).start()
    admin = instance.enroll_admin()
    binding = binding_of(instance, admin)
    travel(instance, 89)
    assert list(admin.pages('/v1/access-reviews')) == []
    # In a session: what a token makes ends with it.
    session = Person(instance, client=admin).login()
    token = session.post('/v1/tokens', {'label': 'later', 'expires_in_days': 90}).expect(201)['secret']
    user_id, instance.admin = admin.user_id, instance.anonymous(token=token)
    admin = instance.admin
    admin.user_id = user_id
    travel(instance, 1.5)
    review = wait_for(lambda: list(admin.pages('/v1/access-reviews')), 'the review to be opened', limit_s=60)[0]
    assert review['privileged'] and 'created_by_id' not in review and binding in items(admin, review)
    assert instance.stop() == 0
    instance.start()
    travel(instance, 15)
    done = closed(admin, review)
    assert done['kept'] == 1 and done['lapsed'] == 0, 'the last administrator stays'
    assert admin.get('/v1/bindings/' + binding).expect(200)['state'] == 'active'
    titles = [i['title'] for i in admin.pages('/v1/incidents')]
    assert titles == ["The last administrator's access was not reviewed"]
    assert len(list(admin.pages('/v1/access-reviews'))) == 1
    assert len(entries(admin, 'review.open')) == 1 and len(entries(admin, 'review.close')) == 1
