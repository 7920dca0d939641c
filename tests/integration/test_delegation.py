"""Delegation: somebody decides in another's place for a time, limited by kind or group; both identities are recorded, there
are no loops, nothing is passed on, and separation of duties sees both persons."""
import pytest

from harness.approvals import DAY, House, after, approve, stage


@pytest.fixture(scope='module')
def home(instance):
    return House(instance)


@pytest.fixture
def house(home):
    yield home
    home.end_rules()


def delegate(delegator, to, **fields):
    return delegator.post('/v1/delegations', {'delegate_id': to.user_id, 'expires': after(7), 'reason': 'holiday', **fields})


def decide(client, delegation, request, decision='approve'):
    return client.post(f'/v1/delegations/{delegation["id"]}/decide',
                       {'request_id': request['id'], 'decision': decision, 'comment': 'for them'})


@pytest.fixture
def pair(instance):
    """Who may decide, and who may only read requests."""
    return instance.user('approver'), instance.user('requester')


def test_both_identities_are_recorded(instance, house, pair):
    boss, deputy = pair
    delegation = delegate(boss, deputy).expect(201)
    assert delegation['state'] == 'active' and delegation['delegator_id'] == boss.user_id
    request = instance.request()
    approve(deputy, request).problem(403, rule='permission-missing')
    done = decide(deputy, delegation, request).expect(200)
    assert done['approvals'][0]['approver_id'] == deputy.user_id and done['approvals'][0]['behalf_of_id'] == boss.user_id
    entry = next(e for e in house.entries('object_id=' + request['id']) if e['action'] == 'delegation.decide')
    assert entry['actor_id'] == deputy.user_id and boss.user_id in str(entry['details']) and delegation['id'] in str(entry['details'])
    other = instance.request()
    assert decide(deputy, delegation, other, 'reject').expect(200)['state'] == 'rejected'
    seen = {d['id'] for d in deputy.pages('/v1/delegations')}
    assert delegation['id'] in seen and delegation['id'] not in {d['id'] for d in instance.user('approver').pages('/v1/delegations')}


def test_it_is_limited_to_a_kind_of_request(instance, pair):
    boss, deputy = pair
    delegation = delegate(boss, deputy, kind='revoke').expect(201)
    decide(deputy, delegation, instance.request()).problem(403, rule='delegation-outside')


def test_it_is_limited_to_a_group_and_those_below(instance, house, pair):
    boss, deputy = pair
    top, below, other = (house.group(n) for n in ('dlg-top', 'dlg-below', 'dlg-other'))
    house.admin.post(f'/v1/groups/{top}/nest', {'child_id': below}).expect(200)
    delegation = delegate(boss, deputy, group_id=top).expect(201)
    decide(deputy, delegation, instance.request(group_id=other)).problem(403, rule='delegation-outside')
    decide(deputy, delegation, instance.request()).problem(403, rule='delegation-outside')
    decide(deputy, delegation, instance.request(group_id=below)).expect(200)


def test_it_is_for_who_it_names_and_ends_at_once(instance, pair):
    boss, deputy = pair
    delegation = delegate(boss, deputy).expect(201)
    request = instance.request()
    decide(instance.user('requester'), delegation, request).problem(403, rule='delegation-unknown')
    instance.user('approver').post(f'/v1/delegations/{delegation["id"]}/end').problem(404)
    assert boss.post(f'/v1/delegations/{delegation["id"]}/end').expect(200)['state'] == 'ended'
    decide(deputy, delegation, request).problem(403, rule='delegation-over')


def test_its_time_is_bounded(instance, pair):
    boss, deputy = pair
    delegate(boss, deputy, expires=after(91)).problem(422, rule='delegation-too-long')
    delegate(boss, deputy, expires=after(-1)).problem(422, rule='delegation-over')
    later = delegate(boss, deputy, start=after(1)).expect(201)
    assert later['state'] == 'pending'
    decide(deputy, later, instance.request()).problem(403, rule='delegation-over')


def test_loops_are_refused(instance):
    one, two, three = (instance.user('approver') for _ in range(3))
    delegate(one, one).problem(422, rule='delegate-is-delegator')
    delegate(one, two).expect(201)
    delegate(two, one).problem(422, rule='delegation-loop')
    delegate(two, three).expect(201)
    delegate(three, one).problem(422, rule='delegation-loop')


def test_what_was_delegated_is_not_passed_on(instance, pair):
    boss, deputy = pair
    delegate(boss, deputy).expect(201)
    delegate(deputy, instance.user('requester')).problem(403, rule='permission-missing')
    narrowed = boss.post('/v1/tokens', {'label': 'part', 'expires_in_days': 1, 'roles': ['approver']}).expect(201)
    delegate(instance.anonymous(token=narrowed['secret']), deputy).problem(403, rule='token-narrowed')


def test_delegate_and_delegator_count_once(instance, house):
    house.rule('issue', stage('any', 2), certificate_profile='server-tls-auto')
    boss, deputy = instance.user('approver'), instance.user('approver')
    delegation = delegate(boss, deputy).expect(201)
    request = instance.request(['twice.example.org'], profile='server-tls-auto')
    decide(deputy, delegation, request).expect(200)
    approve(deputy, request).problem(409, rule='approved-before')
    approve(boss, request).problem(409, rule='approved-before')
    decide(deputy, delegation, request).problem(409, rule='approved-before')
    other = instance.request(['once.example.org'], profile='server-tls-auto')
    approve(boss, other).expect(200)
    decide(deputy, delegation, other).problem(409, rule='approved-before')


def test_a_stage_asks_for_the_delegators_role(instance, house, pair):
    boss, deputy = pair
    house.rule('issue', stage('role:manager'), certificate_profile='server-tls-auto')
    delegation = delegate(boss, deputy).expect(201)
    request = instance.request(['stage.example.org'], profile='server-tls-auto')
    decide(deputy, delegation, request).problem(403, rule='stage-role')
    manager = instance.user('manager')
    decide(deputy, delegate(manager, deputy).expect(201), request).expect(200)


def test_the_right_is_the_delegators_as_it_is_then(instance, house, pair):
    boss, deputy = pair
    delegation = delegate(boss, deputy).expect(201)
    request = instance.request()
    house.admin.post(f'/v1/users/{boss.user_id}/roles', {'roles': ['basic-user']}).expect(200)
    decide(deputy, delegation, request).problem(403)
    house.admin.post(f'/v1/users/{boss.user_id}/roles', {'roles': ['approver']}).expect(200)
    house.admin.post(f'/v1/users/{boss.user_id}/disable').expect(200)
    decide(deputy, delegation, request).problem(403, rule='delegator-inactive')
    assert house.admin.get('/v1/requests/' + request['id']).expect(200)['approvals'] == []


def test_who_must_not_decide_does_not_by_delegation(instance, house, pair):
    boss, _ = pair
    delegate(boss, instance.people()['auditor']).problem(403, rule='roles-conflict')
    deputy = instance.user('finance-manager')
    delegation = delegate(boss, deputy).expect(201)
    request = instance.request()
    instance.user('security-officer').post('/v1/role-conflicts', {
        'one': 'finance-manager', 'other': 'approver'}).expect(201)
    decide(deputy, delegation, request).problem(403, rule='roles-conflict')
    delegate(boss, deputy).problem(403, rule='roles-conflict')


def test_it_ends_by_the_clock(make_instance):
    instance = make_instance(drill=True).start()
    admin = instance.enroll_admin()
    boss, deputy = instance.user('approver'), instance.user('requester')
    delegation = delegate(boss, deputy, expires=after(1)).expect(201)
    admin.post('/v1/system/clock', {'offset_s': 2 * DAY}).expect(200)
    decide(deputy, delegation, instance.request()).problem(403, rule='delegation-over')
    assert next(d['state'] for d in deputy.pages('/v1/delegations') if d['id'] == delegation['id']) == 'expired'
