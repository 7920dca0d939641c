"""The ways round self-approval, one test each: every one refused, and every refusal in the log. Identity is the person."""
import time

import pytest


def after(days):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + days * 86400))


def approve(client, request):
    return client.post(f'/v1/requests/{request["id"]}/approve', {'comment': 'mine'})


def denied(instance, client, action):
    """The entries of this person's denied attempts at the action, newest first."""
    return [e for e in instance.people()['auditor'].pages('/v1/audit/entries?actor_id=' + client.user_id)
            if e['action'] == action and e['outcome'] == 'denied']


def still_waits(instance, request):
    view = instance.admin.get('/v1/requests/' + request['id']).expect(200)
    assert view['state'] == 'awaiting_approval' and view['approvals'] == []


@pytest.fixture(scope='module')
def second_admin(instance):
    instance.enroll_admin()
    return instance.enroll(instance.cli('invite', '--data', instance.data).expect(0).out)


def test_one_the_requester(instance):
    """Not even with every role, not even the top one."""
    both = instance.user('administrator', 'requester', 'approver')
    request = instance.request(client=both)
    approve(both, request).problem(403, rule='requester-is-approver')
    still_waits(instance, request)
    assert len(denied(instance, both, 'request.approve')) == 1


def test_two_a_second_token(instance):
    both = instance.user('requester', 'approver')
    made = both.post('/v1/tokens', {'label': 'second', 'expires_in_days': 1, 'roles': ['approver']}).expect(201)
    token = instance.anonymous(token=made['secret'])
    request = instance.request(client=both)
    approve(token, request).problem(403, rule='requester-is-approver')
    still_waits(instance, request)
    assert len(denied(instance, both, 'request.approve')) == 1


def test_three_a_delegate(instance):
    """The requester's delegate decides by the requester's right: it is the requester who decides."""
    both, delegate = instance.user('requester', 'approver'), instance.user('requester')
    delegation = both.post('/v1/delegations', {'delegate_id': delegate.user_id, 'expires': after(7),
                                               'reason': 'holiday'}).expect(201)
    request = instance.request(client=both)
    path = f'/v1/delegations/{delegation["id"]}/decide'
    answer = {'request_id': request['id'], 'decision': 'approve', 'comment': 'for them'}
    delegate.post(path, answer).problem(403, rule='delegator-is-requester')
    own = instance.request(client=delegate)
    delegate.post(path, {**answer, 'request_id': own['id']}).problem(403, rule='requester-is-approver')
    still_waits(instance, request)
    still_waits(instance, own)
    assert len(denied(instance, delegate, 'delegation.decide')) == 2


def test_four_a_person_whom_the_requester_enrolled(instance):
    """A second account: who made its link could be who uses it."""
    requester = instance.admin
    request = instance.request(client=requester)
    puppet = instance.user('approver')
    approve(puppet, request).problem(403, rule='approver-enrolled-by-requester')
    still_waits(instance, request)
    assert len(denied(instance, puppet, 'request.approve')) == 1


def test_five_a_role_changed_mid_flight(instance):
    person = instance.user('requester')
    request = instance.request(client=person)
    instance.admin.post(f'/v1/users/{person.user_id}/roles', {'roles': ['approver']}).expect(200)
    approve(person, request).problem(403, rule='requester-is-approver')
    still_waits(instance, request)
    assert len(denied(instance, person, 'request.approve')) == 1


def test_six_an_elevation(instance):
    """Being made an approver for an hour, after asking."""
    person = instance.user('requester')
    eligible = instance.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'approver', 'all': True,
                                                    'eligible': True, 'reason': 'on call'}).expect(201)
    request = instance.request(client=person)
    approve(person, request).problem(403, rule='permission-missing')
    person.post(f'/v1/bindings/{eligible["id"]}/activate',
                {'minutes': 60, 'ticket': 'T-1', 'reason': 'x'}).expect(201)
    approve(person, request).problem(403, rule='requester-is-approver')
    still_waits(instance, request)
    assert len(denied(instance, person, 'request.approve')) == 2


def test_seven_the_granter_is_the_receiver(instance, second_admin):
    """Giving oneself the right to decide: directly, by a group, or by approving the grant oneself."""
    admin = instance.admin
    admin.post('/v1/bindings', {'user_id': admin.user_id, 'role': 'approver', 'all': True,
                                'reason': 'x'}).problem(403, rule='granter-is-receiver')
    group = admin.post('/v1/groups', {'name': 'deciders'}).expect(201)['id']
    admin.post(f'/v1/groups/{group}/add', {'user_id': admin.user_id}).problem(403, rule='granter-is-receiver')
    rule = admin.post('/v1/approval-rules', {'action': 'role_grant', 'role': 'approver', 'reason': 'x',
                                             'stages': [{'who': 'any', 'approvers': 1}]}).expect(201)
    admin.post('/v1/bindings', {'user_id': second_admin.user_id, 'role': 'approver', 'all': True,
                                'reason': 'x'}).expect(201)
    proposal = next(iter(admin.pages('/v1/proposals')))
    path = f'/v1/proposals/{proposal["id"]}/approve'
    second_admin.post(path, {'comment': 'me'}).problem(403, rule='receiver-is-approver')
    admin.post(path, {'comment': 'me'}).problem(403, rule='requester-is-approver')
    admin.post(f'/v1/approval-rules/{rule["id"]}/end', {'reason': 'over'}).expect(200)
    assert len(denied(instance, admin, 'binding.create')) == 1
    assert len(denied(instance, admin, 'proposal.approve')) == 1
    assert len(denied(instance, second_admin, 'proposal.approve')) == 1


def test_a_guessed_object_leaves_an_entry_and_guessing_on_does_not_flood(instance):
    """A 404 by scope says nothing to the caller and is in the log, once for a person, an operation and a while."""
    group = instance.enroll_admin().post('/v1/groups', {'name': 'narrow'}).expect(201)['id']
    person = instance.user('basic-user')
    instance.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'approver', 'groups': [group],
                                         'reason': 'x'}).expect(201)
    for binding in instance.admin.pages('/v1/bindings'):
        if binding.get('user_id') == person.user_id and binding['all']:
            instance.admin.post(f'/v1/bindings/{binding["id"]}/end').expect(200)
    request = instance.request()
    for _ in range(5):
        person.get('/v1/requests/' + request['id']).problem(404)
        approve(person, request).problem(404, rule='request-unknown')
    assert len(denied(instance, person, 'object.unreached')) == 1
    assert len(denied(instance, person, 'request.approve')) == 1
    assert denied(instance, person, 'request.approve')[0]['object_id'] == request['id']
    instance.anonymous().get('/v1/requests/' + request['id']).problem(401)
