"""Service accounts: whose they are, what they cannot do, and that they and their owner are one person. And tokens made with
tokens, which end with them and leave no more than they do."""
import datetime

import pytest

from harness.login import Person


@pytest.fixture(scope='module')
def world(make_instance):
    instance = make_instance().start()
    instance.enroll_admin()
    return instance


def make(world, owner=None, group=None, roles=(), name='deploy robot', client=None):
    document = {'display_name': name, 'purpose': 'deploys', **({'group_id': group} if group else {'owner_id': owner})}
    made = (client or world.admin).post('/v1/service-accounts', document).expect(201)
    for role in roles:
        bind(world, made['id'], role).expect(201)
    return made


def bind(world, user_id, role, client=None):
    expires = (datetime.datetime.utcnow() + datetime.timedelta(days=10)).strftime('%Y-%m-%dT%H:%M:%SZ')
    return (client or world.admin).post('/v1/bindings', {'user_id': user_id, 'role': role, 'all': True, 'expires': expires,
                                                         'reason': 'a test'})


def token_of(owner, account, **fields):
    return owner.post(f'/v1/service-accounts/{account["id"]}/tokens', {'label': 't', 'expires_in_days': 2, **fields})


def works(world, owner, account, **fields):
    made = token_of(owner, account, **fields).expect(201)
    client = world.anonymous(token=made['secret'])
    client.token_id = made['token']['id']
    return client


def entries(world, action):
    return list(world.admin.pages('/v1/audit/entries?action=' + action))


def test_an_account_shows_whose_it_is_and_when_it_was_used(world):
    owner = world.user('requester')
    account = make(world, owner.user_id, roles=['requester'])
    assert account['owner_id'] == owner.user_id and account['usable'] and 'last_used' not in account
    robot = works(world, owner, account)
    me = robot.get('/v1/me').expect(200)
    assert me['user_id'] == account['id'] and me['roles'] == ['requester']
    assert world.admin.get('/v1/service-accounts/' + account['id']).expect(200)['last_used']
    assert world.admin.get('/v1/users/' + account['id']).expect(200)['kind'] == 'service'
    # The owner sees their own, somebody else none of it.
    assert [a['id'] for a in owner.pages('/v1/service-accounts')] == [account['id']]
    assert owner.pages(f'/v1/tokens?user_id={account["id"]}')
    stranger = world.user('requester')
    assert list(stranger.pages('/v1/service-accounts')) == []
    stranger.get('/v1/service-accounts/' + account['id']).problem(404)
    stranger.get(f'/v1/tokens?user_id={account["id"]}').problem(403)
    token_of(stranger, account).problem(404, rule='service-account-unknown')
    token_of(world.admin, account).problem(404, rule='service-account-unknown')
    made = [e for e in entries(world, 'service.account.create') if e['object_id'] == account['id']]
    assert made and made[0]['details']['owner'] == owner.user_id
    assert [e for e in entries(world, 'service.account.token.create') if e['object_id'] == account['id']]


def test_it_never_logs_in(world):
    owner = world.user('requester')
    account = make(world, owner.user_id, roles=['requester'])
    robot = works(world, owner, account)
    world.admin.post(f'/v1/users/{account["id"]}/link').problem(422, rule='service-account')
    robot.post('/v1/me/password', {'password': 'correct horse battery staple'}).problem(422, rule='service-account')
    robot.post('/v1/me/totp').problem(422, rule='service-account')
    world.anonymous().post('/v1/login/password', {'account': account['id'], 'password': 'correct horse battery staple',
                                                  'code': '000000', 'bearer': True}).problem(401, rule='login-failed')


def test_it_and_its_owner_are_one_person(world):
    """Self-approval by way of a robot, in every direction; each refusal is in the log."""
    boss = world.user('requester', 'approver')
    other = world.user('approver')
    robot_account = make(world, boss.user_id, roles=['approver', 'requester'])
    twin_account = make(world, boss.user_id, roles=['approver'])
    robot, twin = works(world, boss, robot_account), works(world, boss, twin_account)
    cases = [(boss, robot), (robot, boss), (robot, twin)]
    for asks, decides in cases:
        request = world.request(client=asks)
        decides.post(f'/v1/requests/{request["id"]}/approve', {'comment': 'me'}).problem(403, rule='requester-is-approver')
        denied = [e for e in entries(world, 'request.approve') if e['object_id'] == request['id']]
        assert denied and denied[0]['outcome'] == 'denied' and denied[0]['details']['rule'] == 'requester-is-approver'
    # Giving the robot away in between changes nothing: who owned it did.
    request = world.request(client=robot)
    world.admin.post(f'/v1/service-accounts/{robot_account["id"]}/transfer',
                     {'owner_id': other.user_id, 'reason': 'moved'}).expect(200)
    for person in (boss, other):
        person.post(f'/v1/requests/{request["id"]}/approve', {'comment': 'me'}).problem(403, rule='requester-is-approver')
    world.user('approver').post(f'/v1/requests/{request["id"]}/approve', {'comment': 'fine'}).expect(200)


def test_nobody_gives_their_own_robot_a_role(world):
    second = world.user('administrator')
    account = make(world, second.user_id)
    bind(world, account['id'], 'requester', second).problem(403, rule='granter-is-receiver')
    second.post(f'/v1/users/{account["id"]}/roles', {'roles': ['requester']}).problem(403, rule='granter-is-receiver')
    group = world.admin.post('/v1/groups', {'name': 'robots'}).expect(201)
    second.post(f'/v1/groups/{group["id"]}/add', {'user_id': account['id']}).problem(403, rule='granter-is-receiver')
    bind(world, account['id'], 'requester').expect(201)


def test_what_nobody_holds_together_a_person_and_their_robot_do_not(world):
    auditor = world.user('auditor')
    account = make(world, auditor.user_id)
    bind(world, account['id'], 'requester').problem(422, rule='roles-conflict')
    requester = world.user('requester')
    theirs = make(world, requester.user_id, roles=['requester'])
    bind(world, requester.user_id, 'auditor').problem(422, rule='roles-conflict')
    world.admin.post(f'/v1/service-accounts/{theirs["id"]}/transfer', {'owner_id': auditor.user_id, 'reason': 'x'}
                     ).problem(422, rule='roles-conflict')


def test_it_works_as_long_as_somebody_active_owns_it(world):
    owner, heir = world.user('requester'), world.user('requester')
    account = make(world, owner.user_id, roles=['requester'])
    robot = works(world, owner, account)
    world.admin.post(f'/v1/users/{owner.user_id}/disable').expect(200)
    robot.get('/v1/me').problem(401)
    assert world.admin.get('/v1/service-accounts/' + account['id']).expect(200)['usable'] is False
    world.admin.post(f'/v1/service-accounts/{account["id"]}/transfer', {'owner_id': owner.user_id, 'reason': 'x'}
                     ).problem(422, rule='owner-inactive')
    done = world.admin.post(f'/v1/service-accounts/{account["id"]}/transfer', {'owner_id': heir.user_id, 'reason': 'left'}).expect(200)
    assert done['usable'] and done['owner_id'] == heir.user_id
    robot.get('/v1/me').problem(401)  # the earlier owner knew that token
    assert works(world, heir, account).get('/v1/me').expect(200)['user_id'] == account['id']
    entry = [e for e in entries(world, 'service.account.transfer') if e['object_id'] == account['id']][0]
    assert entry['details']['owner_before'] == owner.user_id and entry['details']['reason'] == 'left'


def test_a_group_owns_one(world):
    first, second = world.user('requester'), world.user('requester')
    group = world.admin.post('/v1/groups', {'name': 'owners'}).expect(201)
    for person in (first, second):
        world.admin.post(f'/v1/groups/{group["id"]}/add', {'user_id': person.user_id}).expect(200)
    account = make(world, group=group['id'], roles=['requester'])
    robot = works(world, first, account)
    robot.get('/v1/me').expect(200)
    assert [a['id'] for a in second.pages('/v1/service-accounts')] == [account['id']]
    # A token lasts no longer than the one it was made with works.
    world.admin.post(f'/v1/users/{first.user_id}/disable').expect(200)
    robot.get('/v1/me').problem(401)
    robot = works(world, second, account)
    robot.get('/v1/me').expect(200)
    world.admin.post(f'/v1/users/{second.user_id}/disable').expect(200)
    robot.get('/v1/me').problem(401)
    assert not world.admin.get('/v1/service-accounts/' + account['id']).expect(200)['usable']


def test_a_leavers_accounts_end(make_instance):
    instance = make_instance(drill=True).start()
    instance.enroll_admin()
    owner = instance.user('requester')
    account = make(instance, owner.user_id, roles=['requester'])
    robot = works(instance, owner, account)
    instance.admin.post(f'/v1/users/{owner.user_id}/leave', {'reason': 'gone'}).expect(200)
    from harness.instance import wait_for
    wait_for(lambda: instance.admin.get('/v1/users/' + owner.user_id).expect(200)['state'] == 'disabled', 'the leaver to be gone', 60)
    assert instance.admin.get('/v1/service-accounts/' + account['id']).expect(200)['state'] == 'disabled'
    robot.get('/v1/me').problem(401)
    instance.admin.post(f'/v1/users/{account["id"]}/enable').problem(409, rule='owner-inactive')


def test_what_a_token_makes_ends_with_it(world):
    person = world.user('requester', 'approver')
    parent = person.post('/v1/tokens', {'label': 'parent', 'expires_in_days': 3}).expect(201)
    client = world.anonymous(token=parent['secret'])
    client.post('/v1/tokens', {'label': 'longer', 'expires_in_days': 4}).problem(422, 'expires_in_days', 'token-outlives-parent')
    child = client.post('/v1/tokens', {'label': 'child', 'expires_in_days': 2}).expect(201)
    assert child['token']['parent_id'] == parent['token']['id'] and child['token']['expires'] <= parent['token']['expires']
    grandchild = world.anonymous(token=child['secret']).post('/v1/tokens', {'label': 'g', 'expires_in_days': 1}).expect(201)
    last = world.anonymous(token=grandchild['secret'])
    last.get('/v1/me').expect(200)
    last.post('/v1/tokens', {'label': 'too deep', 'expires_in_days': 1}).problem(422, rule='token-chain')
    person.post(f'/v1/tokens/{parent["token"]["id"]}/revoke').expect(200)
    for secret in (child['secret'], grandchild['secret']):
        world.anonymous(token=secret).get('/v1/me').problem(401)
    states = {t['id']: t['state'] for t in person.pages('/v1/tokens')}
    assert states[child['token']['id']] == states[grandchild['token']['id']] == 'revoked'


def test_a_token_made_in_a_session_has_no_parent(world):
    person = Person(world, 'requester')
    made = person.login().post('/v1/tokens', {'label': 'long', 'expires_in_days': 366}).expect(201)
    assert 'parent_id' not in made['token']


def test_what_narrows_the_owner_or_a_role_narrows_parent_and_child(world):
    """What is left is what the owner has and every token of the chain leaves."""
    admin = world.admin
    wide, narrow = ['certificate.renew', 'request.create', 'token.create'], ['request.create', 'token.create']
    admin.post('/v1/roles', {'name': 'renewer', 'permissions': wide}).expect(200)
    person = world.user('renewer', 'approver')
    parent = person.post('/v1/tokens', {'label': 'p', 'expires_in_days': 3, 'roles': ['renewer']}).expect(201)
    client = world.anonymous(token=parent['secret'])
    client.post('/v1/tokens', {'label': 'c', 'expires_in_days': 2, 'roles': ['approver']}).problem(403, rule='role-not-held')
    child = client.post('/v1/tokens', {'label': 'c', 'expires_in_days': 2, 'roles': ['renewer']}).expect(201)
    made = world.anonymous(token=child['secret'])
    assert sorted(made.get('/v1/me').expect(200)['permissions']) == wide
    admin.post('/v1/roles', {'name': 'renewer', 'permissions': narrow}).expect(200)
    assert sorted(made.get('/v1/me').expect(200)['permissions']) == narrow
    admin.post(f'/v1/users/{person.user_id}/roles', {'roles': ['approver']}).expect(200)
    me = made.get('/v1/me').expect(200)
    assert me['permissions'] == ['token.create'] and me['roles'] == []


def test_a_child_does_not_leave_its_parents_places(world):
    """A role that the parent has in one group only: the child that names it has it in that group only."""
    person = world.user('operator', 'requester')
    groups = [world.admin.post('/v1/groups', {'name': name}).expect(201)['id'] for name in ('near', 'far')]
    certificates = {}
    for group in groups:
        certificate = world.issue()
        world.admin.post(f'/v1/certificates/{certificate["id"]}/group', {'group_id': group}).expect(200)
        certificates[group] = certificate['id']
    parent = person.post('/v1/tokens', {'label': 'p', 'expires_in_days': 3, 'roles': ['operator'], 'groups': groups[:1]}).expect(201)
    client = world.anonymous(token=parent['secret'])
    client.get('/v1/certificates/' + certificates[groups[0]]).expect(200)
    client.get('/v1/certificates/' + certificates[groups[1]]).problem(404)
    client.post('/v1/tokens', {'label': 'c', 'expires_in_days': 1, 'roles': ['operator']}).problem(403, rule='scope-all-needed')


def test_somebody_without_a_role_knows_who_they_are(world):
    nobody = world.user('requester')
    for binding in [b for b in world.admin.pages('/v1/bindings') if b.get('user_id') == nobody.user_id]:
        world.admin.post(f'/v1/bindings/{binding["id"]}/end').expect(200)
    me = nobody.get('/v1/me').expect(200)
    assert me['roles'] == [] and me['permissions'] == [] and me['user_id'] == nobody.user_id
    nobody.get('/v1/sessions').problem(403)
    world.anonymous().get('/v1/me').problem(401)


def test_command_line(world, tmp_path):
    home = str(tmp_path)
    owner = world.user('requester')
    world.cli('enroll', '--ca-file', world.root_pem, world.url, world.admin.post(
        '/v1/users', {'display_name': 'Second Admin', 'roles': ['administrator']}).expect(201)['link'], home=home).expect(0)
    made = world.cli('service-account', 'create', '--display-name', 'robot', '--purpose', 'builds', '--owner-id', owner.user_id,
                     '--json', home=home).expect(0).json()
    shown = world.cli('service-account', 'list', home=home).expect(0).out
    assert made['id'] in shown and owner.user_id in shown
    world.cli('service-account', 'transfer', made['id'], '--owner-id', owner.user_id, '--reason', 'x', home=home).expect(0)
    assert 'purpose: builds' in world.cli('service-account', 'show', made['id'], home=home).expect(0).out
