"""Approval rules as data: which action where, how many approvers, from which role or group, in which order; expiry and
escalation by the clock; what an approver sees; changes of access that wait for others."""
import pytest

from harness.approvals import HOUR, House, approve, stage
from harness.instance import wait_for


@pytest.fixture(scope='module')
def home(instance):
    return House(instance)


@pytest.fixture
def house(home):
    yield home
    home.end_rules()


def test_a_fresh_instance_has_no_rule_and_works(instance, house):
    assert list(house.admin.pages('/v1/approval-rules')) == []
    assert instance.request(['plain.example.org'], profile='server-tls-auto')['approvals_needed'] == 0


def test_a_rule_adds_stages_in_order_and_the_quorum_is_counted(instance, house):
    group = house.group('reviewers')
    house.rule('issue', stage('role:approver', 2), stage('group:' + group), certificate_profile='server-tls-auto')
    one, two, reviewer = (instance.user('approver') for _ in range(3))
    request = instance.request(['staged.example.org'], profile='server-tls-auto')
    assert request['state'] == 'awaiting_approval' and request['approvals_needed'] == 3
    context = one.get(f'/v1/requests/{request["id"]}/context').expect(200)
    assert [s['who'] for s in context['stages']] == ['role:approver', 'group:' + group] and context['next'] == 'role:approver'
    manager = instance.user('manager')
    approve(manager, request).problem(403, rule='stage-role')
    approve(one, request).expect(200)
    approve(one, request).problem(409, rule='approved-before')
    approve(two, request).expect(200)
    third = instance.user('approver')
    approve(third, request).problem(403, rule='stage-group')
    house.admin.post(f'/v1/groups/{group}/add', {'user_id': reviewer.user_id}).expect(200)
    approve(reviewer, request).expect(200)
    done = instance.settled(house.admin.get('/v1/requests/' + request['id']).expect(200))
    assert done['state'] == 'done', done


def test_no_rule_lowers_what_the_profile_asks_for(instance, house):
    before = instance.request(['floor.example.org'])['approvals_needed']
    house.rule('issue', stage('any'), certificate_profile='server-tls')
    assert instance.request(['floor.example.org'])['approvals_needed'] == before >= 1


def test_the_rule_that_asks_for_most_applies_and_only_where_it_holds(instance, house):
    group = house.group('strict')
    house.rule('issue', stage('any', 2), certificate_profile='server-tls-auto', group_id=group)
    house.rule('issue', stage('any', 3), certificate_profile='server-tls-auto', tags='env=prod')
    ask = lambda name, **more: instance.request([name], profile='server-tls-auto', **more)['approvals_needed']
    assert ask('a.example.org') == 0
    assert ask('b.example.org', group_id=group) == 2
    assert ask('c.example.org', group_id=group, tags=[{'name': 'env', 'value': 'prod'}]) == 3
    assert ask('d.example.org', tags=[{'name': 'env', 'value': 'test'}]) == 0


def test_renew_and_revoke_follow_rules(instance, house, people):
    certificate = instance.issue(['lineage.example.org'], profile='server-tls-auto')
    house.rule('renew', stage('any'))
    house.rule('revoke', stage('any'))
    renewal = people['requester'].post(f'/v1/certificates/{certificate["id"]}/renew', {}).expect(201)
    assert renewal['state'] == 'awaiting_approval'
    answer = people['operator'].post(f'/v1/certificates/{certificate["id"]}/revoke', {'reason': 'superseded'}).expect(200)
    assert answer['outcome'] == 'awaiting_approval'
    approve(people['approver'], {'id': answer['request_id']}).expect(200)
    assert house.admin.get('/v1/certificates/' + certificate['id']).expect(200)['status'] == 'revoked'


def test_the_approver_sees_the_difference_and_what_policy_says(instance, house, people):
    instance.issue(['diff.example.org'])
    same = instance.request(['diff.example.org', 'more.example.org'])
    context = people['approver'].get(f'/v1/requests/{same["id"]}/context').expect(200)
    assert context['policy_ok'] is True and context['previous_certificate_id']
    changes = {c['field']: c for c in context['changes']}
    assert changes['names'] == {'field': 'names', 'after': 'more.example.org'}
    assert changes['key'] == {'field': 'key', 'before': 'as before', 'after': 'another'}
    assert set(changes) <= {'names', 'key', 'subject'}
    first = people['approver'].get('/v1/requests/' + instance.request(['nobody.example.org'])['id'] + '/context').expect(200)
    assert 'previous_certificate_id' not in first and first['changes'] == []


def test_handing_out_a_private_key_is_an_action_of_its_own(instance, house, people):
    """A key that the server makes leaves it when it is collected; one that stays with the requester does not."""
    def ask(name):
        return people['requester'].post('/v1/requests', {
            'certificate_profile': 'server-tls-auto', 'server_key': {'key_type': 'p256'},
            'names': [{'kind': 'dns', 'value': name}]}).expect(201)
    assert ask('before.example.org')['state'] == 'awaiting_collection'
    house.rule('export', stage('role:manager'), certificate_profile='server-tls-auto')
    assert instance.request(['own.example.org'], profile='server-tls-auto')['approvals_needed'] == 0
    waiting = ask('after.example.org')
    assert waiting['state'] == 'awaiting_approval' and waiting['approvals_needed'] == 1
    collect = f'/v1/requests/{waiting["id"]}/collect'
    people['requester'].post(collect, {'password': 'correct horse'}).problem(409)
    approve(people['approver'], waiting).problem(403, rule='stage-role')
    assert approve(instance.user('manager'), waiting).expect(200)['state'] == 'awaiting_collection'
    people['requester'].post(collect, {'password': 'correct horse'}).expect(200)
    house.rule('issue', stage('any', 2), certificate_profile='server-tls-auto')
    assert ask('both.example.org')['approvals_needed'] == 2


def test_bad_rules_are_refused_with_the_reason(house):
    def bad(status, rule, **fields):
        house.admin.post('/v1/approval-rules', {'action': 'issue', 'stages': [stage('any')], 'reason': 'x', **fields}
                         ).problem(status, rule=rule)
    bad(422, 'stage-who', stages=[stage('everybody')])
    bad(422, 'role-unknown', stages=[stage('role:nobody')])
    bad(422, 'rule-total', stages=[stage('any', 8), stage('any', 8), stage('any', 1)])
    bad(422, 'rule-subject', role='manager')
    bad(422, 'rule-subject', action='role_grant', tags='env=prod')
    bad(422, 'rule-escalation', escalate_after_hours=2)
    bad(422, 'rule-escalation', escalate_after_hours=9, escalate_to_role='manager', expires_in_hours=9)
    bad(422, 'scope-everything', tags='*')


def test_a_role_under_a_rule_waits_for_another_person(instance, house, people):
    house.rule('role_grant', stage('any'), role='operator')
    person = instance.user('basic-user')
    binding = house.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'operator', 'all': True,
                                                'reason': 'on call'}).expect(201)
    assert binding['state'] == 'proposed'
    assert 'operator' not in person.get('/v1/me').expect(200)['roles']
    proposal = house.proposal(binding_id=binding['id'])
    path = f'/v1/proposals/{proposal["id"]}'
    house.admin.post(path + '/approve', {'comment': 'me'}).problem(403, rule='requester-is-approver')
    done = house.second.post(path + '/approve', {'comment': 'yes'}).expect(200)
    assert done['state'] == 'done' and done['approvals'][0]['approver_id'] == house.second.user_id
    assert 'operator' in person.get('/v1/me').expect(200)['roles']
    house.second.post(path + '/approve', {'comment': 'again'}).problem(409)


def test_the_ways_round_a_grant_rule_are_closed(instance, house):
    group = house.group('ops')
    house.admin.post('/v1/bindings', {'group_id': group, 'role': 'operator', 'all': True, 'reason': 'x'}).expect(201)
    house.rule('role_grant', stage('any'), role='operator')
    person = instance.user('basic-user')
    house.admin.post(f'/v1/users/{person.user_id}/roles', {'roles': ['operator']}).problem(422, rule='grant-needs-approval')
    house.admin.post('/v1/users', {'display_name': 'X', 'roles': ['operator']}).problem(422, rule='grant-needs-approval')
    house.admin.post(f'/v1/groups/{group}/add', {'user_id': person.user_id}).problem(422, rule='grant-needs-approval')
    child = house.group('ops-child')
    house.admin.post(f'/v1/groups/{group}/nest', {'child_id': child}).problem(422, rule='grant-needs-approval')
    instance.user('requester')  # other roles are as before


def test_a_rejected_and_a_cancelled_grant_never_come_into_force(instance, house):
    house.rule('role_grant', stage('any'), role='operator')
    person = instance.user('basic-user')
    ask = {'user_id': person.user_id, 'role': 'operator', 'all': True, 'reason': 'x'}
    first = house.admin.post('/v1/bindings', ask).expect(201)
    house.second.post(f'/v1/proposals/{house.proposal(binding_id=first["id"])["id"]}/reject', {'comment': 'no'}).expect(200)
    second = house.admin.post('/v1/bindings', ask).expect(201)
    path = f'/v1/proposals/{house.proposal(binding_id=second["id"])["id"]}'
    house.second.post(path + '/cancel').problem(404)
    assert house.admin.post(path + '/cancel').expect(200)['state'] == 'cancelled'
    states = {b['id']: b['state'] for b in house.admin.pages('/v1/bindings')}
    assert states[first['id']] == states[second['id']] == 'declined'
    assert person.get('/v1/me').expect(200)['roles'] == ['basic-user']


def test_a_conflict_that_came_meanwhile_stops_the_grant(instance, house):
    house.rule('role_grant', stage('any'), role='operator')
    person = instance.user('basic-user')
    binding = house.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'operator', 'all': True,
                                                'reason': 'x'}).expect(201)
    house.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'auditor', 'all': True, 'reason': 'x'}).expect(201)
    path = f'/v1/proposals/{house.proposal(binding_id=binding["id"])["id"]}'
    house.second.post(path + '/approve', {'comment': 'yes'}).problem(422, rule='roles-conflict')
    assert house.admin.get(path).expect(200)['state'] == 'awaiting_approval'


def test_changing_the_rules_waits_where_a_rule_says_so(instance, house):
    guard = house.guard(stage('any'))
    assert guard['state'] == 'active'
    new = house.rule('issue', stage('any', 2), certificate_profile='server-tls-auto')
    assert new['state'] == 'proposed'
    assert instance.request(['rules.example.org'], profile='server-tls-auto')['approvals_needed'] == 0
    path = f'/v1/proposals/{house.proposal(rule_id=new["id"])["id"]}'
    house.admin.post(path + '/approve', {'comment': 'me'}).problem(403, rule='requester-is-approver')
    house.second.post(path + '/approve', {'comment': 'yes'}).expect(200)
    assert instance.request(['rules.example.org'], profile='server-tls-auto')['approvals_needed'] == 2
    assert house.admin.post(f'/v1/approval-rules/{guard["id"]}/end', {'reason': 'x'}).expect(200)['state'] == 'active'
    house.second.post(f'/v1/proposals/{house.proposal(rule_id=guard["id"], state="awaiting_approval")["id"]}/approve',
                      {'comment': 'yes'}).expect(200)
    assert house.admin.get(f'/v1/approval-rules/{guard["id"]}').expect(200)['state'] == 'ended'


def test_command_line(instance, house):
    made = house.admin.post('/v1/users', {'display_name': 'Cleo', 'roles': ['administrator']}).expect(201)
    instance.cli('enroll', instance.url, made['link'], '--ca-file', instance.root_pem).expect(0)
    run = lambda *words: instance.cli(*words, '--json').expect(0).json()  # noqa: E731
    rule = run('approval-rule', 'create', '--action', 'elevation', '--role', 'manager', '--stage', 'role:administrator=1',
               '--stage', 'any=2', '--reason', 'x')
    assert [(s['who'], s['approvers']) for s in rule['stages']] == [('role:administrator', 1), ('any', 2)]
    assert rule['id'] in instance.cli('approval-rule', 'list').expect(0).out
    assert run('approval-rule', 'end', rule['id'], '--reason', 'over')['state'] == 'ended'
    person = instance.user('basic-user')
    bound = run('binding', 'create', '--user-id', person.user_id, '--role', 'operator', '--all', 'true', '--eligible', 'true', '--reason', 'x')
    assert bound['state'] == 'eligible'
    request = instance.request(['seen.example.org'])
    assert run('request', 'context', request['id'])['policy_ok'] is True
    house.rule('role_grant', stage('any'), role='operator')
    run('binding', 'create', '--user-id', person.user_id, '--role', 'operator', '--all', 'true', '--reason', 'y')
    waiting = next(p for p in run('proposal', 'list')['items'] if p['state'] == 'awaiting_approval')
    assert run('proposal', 'cancel', waiting['id'])['state'] == 'cancelled'
    glass = house.account()
    assert run('break-glass', 'create', '--user-id', glass.user_id, '--reason', 'safe')['open'] is False
    opening = run('break-glass', 'open', glass.user_id, '--minutes', '5', '--ticket', 'OPS-2', '--reason', 'drill')
    assert run('proposal', 'cancel', opening['proposal_id'])['state'] == 'cancelled'
    assert glass.user_id in instance.cli('break-glass', 'list').expect(0).out


def test_expiry_and_escalation_by_the_clock(make_instance):
    instance = make_instance(drill=True).start()
    house = House(instance)
    group = house.group('small')
    house.rule('issue', stage('group:' + group), certificate_profile='server-tls-auto', expires_in_hours=48,
               escalate_after_hours=24, escalate_to_role='manager')
    manager, auditor = instance.user('manager'), instance.people()['auditor']
    first = instance.request(['first.example.org'], profile='server-tls-auto')
    second = instance.request(['second.example.org'], profile='server-tls-auto')
    approve(manager, first).problem(403, rule='stage-group')
    house.admin.post('/v1/system/clock', {'offset_s': 25 * HOUR}).expect(200)

    def actions(request):
        return {e['action'] for e in auditor.pages('/v1/audit/entries?object_id=' + request['id'])}
    wait_for(lambda: 'approval.escalate' in actions(first), 'the escalation is recorded')
    done = instance.settled(approve(manager, first).expect(200))
    assert done['state'] == 'done'
    house.admin.post('/v1/system/clock', {'offset_s': 49 * HOUR}).expect(200)
    approve(manager, second).problem(409)
    view = wait_for(lambda: (lambda v: v if v['state'] == 'failed' else None)(
        house.admin.get('/v1/requests/' + second['id']).expect(200)), 'the request lapses')
    assert view['failure_rule'] == 'approval-expired'
    assert 'approval.expire' in actions(second) and 'approval.expire' not in actions(first)
