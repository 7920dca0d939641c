"""Where a right reaches: what lies outside is not listed, not counted, not exported, and answers 404 like what is not
there. And how rights come and go: groups, bindings, roles, conflicts, the explainers."""
import json
import time

import pytest

from harness import pki


def after(days):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + days * 86400))


class Place:
    """Two groups with a certificate and an open request each, one tagged, and people bound to the first group."""

    def __init__(self, instance):
        self.instance, self.admin = instance, instance.enroll_admin()
        self.ours, self.theirs = self.group('ours'), self.group('theirs')
        everywhere = instance.people()['requester']
        ask = lambda group, name, profile='server-tls-auto', **more: instance.request(
            [name], profile=profile, client=everywhere, group_id=group, **more)
        self.mine = instance.settled(ask(self.ours, 'mine.example.org'))['certificate_id']
        self.foreign = instance.settled(ask(self.theirs, 'foreign.example.org'))['certificate_id']
        self.unowned = instance.settled(instance.request(['unowned.example.org'], profile='server-tls-auto'))['certificate_id']
        self.tagged = instance.settled(ask(self.theirs, 'tagged.example.org', tags=[{'name': 'env', 'value': 'prod'}]))['certificate_id']
        self.my_request = ask(self.ours, 'wait.example.org', 'server-tls')['id']
        self.foreign_request = ask(self.theirs, 'wait2.example.org', 'server-tls')['id']

    def group(self, name):
        return self.admin.post('/v1/groups', {'name': name}).expect(201)['id']

    def person(self, role, expires=None, **scope):
        """Somebody whose only right is this one."""
        client = self.instance.user('basic-user')
        self.admin.post(f'/v1/bindings', {'user_id': client.user_id, 'role': role, 'reason': 'test',
                                          **({'expires': expires} if expires else {}), **scope}).expect(201)
        for binding in self.admin.pages('/v1/bindings'):
            if binding.get('user_id') == client.user_id and binding['all']:
                self.admin.post(f'/v1/bindings/{binding["id"]}/end').expect(200)
        return client


@pytest.fixture(scope='module')
def place(instance):
    return Place(instance)


def ids(client, path):
    return {item['id'] for item in client.pages(path)}


def test_a_group_scope_holds_on_every_way_to_certificates(place):
    reader = place.person('manager', groups=[place.ours], expires=after(30))
    assert ids(reader, '/v1/certificates') == {place.mine}
    assert ids(reader, '/v1/certificates?limit=1') == {place.mine}
    for query in ('name=foreign.example.org', 'name=*.example.org', 'status=active', 'tag=env=prod'):
        assert ids(reader, '/v1/certificates?' + query) <= {place.mine}, query
    lines = reader.get('/v1/certificates/export?format=ndjson').body.decode().splitlines()
    assert [json.loads(line)['id'] for line in lines] == [place.mine]
    for certificate in (place.foreign, place.unowned, 'crt_' + '0' * 26):
        answers = [reader.get(f'/v1/certificates/{certificate}'), reader.get(f'/v1/certificates/{certificate}/download'),
                   reader.post(f'/v1/certificates/{certificate}/renew', {}),
                   reader.post(f'/v1/certificates/{certificate}/replace', {'csr': pki.csr(['DNS:x.example.org'])}),
                   reader.post(f'/v1/certificates/{certificate}/revoke', {'reason': 'superseded'}),
                   reader.post(f'/v1/certificates/{certificate}/tags', {'tags': []}),
                   reader.post(f'/v1/certificates/{certificate}/group', {'group_id': place.ours})]
        assert [a.status for a in answers] == [404] * 7, certificate
        assert {a.json()['rule'] for a in answers} == {'certificate-unknown'}
    reader.get(f'/v1/certificates/{place.mine}').expect(200)


def test_a_group_scope_holds_on_every_way_to_requests(place):
    reader = place.person('manager', groups=[place.ours], expires=after(30))
    mine = ids(reader, '/v1/requests')
    assert place.my_request in mine and place.foreign_request not in mine
    assert place.foreign_request not in ids(reader, '/v1/requests?state=awaiting_approval')
    for path, body in (('', None), ('/approve', {'comment': 'x'}), ('/reject', {'comment': 'x'}), ('/cancel', None),
                       ('/collect', {'password': 'long enough'})):
        target = f'/v1/requests/{place.foreign_request}{path}'
        answer = reader.get(target) if not path else reader.post(target, body)
        assert (answer.status, answer.json()['rule']) == (404, 'request-unknown'), path
    reader.post(f'/v1/requests/{place.my_request}/cancel').problem(403, rule='requester-only')


def test_tags_are_a_scope_too(place):
    reader = place.person('discovery-user', tags='env=prod|env=live')
    assert ids(reader, '/v1/certificates') == {place.tagged}
    reader.get(f'/v1/certificates/{place.tagged}').expect(200)
    reader.get(f'/v1/certificates/{place.mine}').problem(404)
    both = place.person('discovery-user', tags='env=prod', groups=[place.ours])
    assert ids(both, '/v1/certificates') == set()
    both.get(f'/v1/certificates/{place.tagged}').problem(404)


def test_setting_a_tag_needs_the_right_before_and_after(place):
    setter = place.person('standard-user', tags='env=prod')
    tags = f'/v1/certificates/{place.tagged}/tags'
    setter.post(tags, {'tags': [{'name': 'env', 'value': 'test'}]}).problem(403, rule='scope-outside')
    setter.post(f'/v1/certificates/{place.mine}/tags', {'tags': [{'name': 'env', 'value': 'prod'}]}).problem(404)
    done = setter.post(tags, {'tags': [{'name': 'env', 'value': 'prod'}, {'name': 'team', 'value': 'web'}]}).expect(200)
    assert len(done['tags']) == 2


def test_a_certificate_changes_group_only_within_reach(place):
    mover = place.person('manager', groups=[place.ours], expires=after(30))
    target = f'/v1/certificates/{place.mine}/group'
    mover.post(target, {'group_id': place.theirs}).problem(403, rule='scope-outside')
    mover.post(target, {}).problem(403, rule='scope-outside')
    assert mover.post(target, {'group_id': place.ours}).expect(200)['group_id'] == place.ours


def test_who_asks_asks_within_reach(place, instance):
    asker = place.person('requester', groups=[place.ours])
    made = instance.request(['asked.example.org'], profile='server-tls', client=asker)
    assert made['group_id'] == place.ours  # the only one it can be
    document = {'certificate_profile': 'server-tls', 'csr': pki.csr(['DNS:no.example.org'])}
    asker.post('/v1/requests', {**document, 'group_id': place.theirs}).problem(403, rule='scope-outside')
    basic = place.person('basic-user', groups=[place.ours])
    basic.post('/v1/requests', {**document, 'tags': [{'name': 'env', 'value': 'prod'}]}).problem(403, field='tags')


def test_users_tokens_and_the_log_are_scoped(place):
    member, stranger = place.instance.user('requester'), place.instance.user('requester')
    place.admin.post(f'/v1/groups/{place.ours}/add', {'user_id': member.user_id}).expect(200)
    reader = place.person('incident-manager', groups=[place.ours], expires=after(30))
    users = ids(reader, '/v1/users')
    assert users == {member.user_id, reader.user_id}
    reader.get(f'/v1/users/{stranger.user_id}').problem(404, rule='user-unknown')
    owners = {token['user_id'] for token in reader.pages('/v1/tokens')}
    assert owners == {member.user_id, reader.user_id}
    objects = {entry.get('object_id') for entry in reader.pages('/v1/audit/entries')}
    assert {place.mine, member.user_id} <= objects
    assert not objects & {place.foreign, place.unowned, stranger.user_id, None}
    reader.get('/v1/audit/export').problem(403, rule='scope-all-needed')
    reader.post(f'/v1/users/{member.user_id}/disable').problem(403, rule='scope-all-needed')


def test_a_nested_group_lies_in_its_parent(place):
    inner = place.group('inner')
    place.admin.post(f'/v1/groups/{place.ours}/nest', {'child_id': inner}).expect(200)
    deep = place.instance.settled(place.instance.request(['deep.example.org'], profile='server-tls-auto', group_id=inner))
    reader = place.person('discovery-user', groups=[place.ours])
    assert deep['certificate_id'] in ids(reader, '/v1/certificates')
    place.admin.post(f'/v1/groups/{place.ours}/unnest', {'child_id': inner}).expect(200)
    reader.get(f'/v1/certificates/{deep["certificate_id"]}').problem(404)  # with the next request


def test_a_binding_to_a_group_is_its_members(place):
    team, outer = place.group('team'), place.group('outer')
    person = place.instance.user('basic-user')
    place.admin.post('/v1/bindings', {'group_id': outer, 'role': 'operator', 'all': True, 'reason': 'shift'}).expect(201)
    assert 'system.status.read' not in person.get('/v1/me').expect(200)['permissions']
    place.admin.post(f'/v1/groups/{team}/add', {'user_id': person.user_id}).expect(200)
    place.admin.post(f'/v1/groups/{outer}/nest', {'child_id': team}).expect(200)
    person.get('/v1/system/status').expect(200)
    place.admin.post(f'/v1/groups/{team}/remove', {'user_id': person.user_id}).expect(200)
    person.get('/v1/system/status').problem(403)


def test_a_cycle_of_groups_is_refused(place):
    chain = [place.group(f'chain{i}') for i in range(9)]
    for parent, child in zip(chain, chain[1:8]):
        place.admin.post(f'/v1/groups/{parent}/nest', {'child_id': child}).expect(200)
    nest = lambda parent, child: place.admin.post(f'/v1/groups/{parent}/nest', {'child_id': child})
    nest(chain[3], chain[0]).problem(422, rule='group-cycle')
    nest(chain[0], chain[0]).problem(422, rule='group-cycle')
    nest(chain[7], chain[8]).problem(422, rule='group-depth')


@pytest.mark.parametrize('change,rule', [
    ({'role': 'no-such-role'}, 'role-unknown'), ({'all': False}, 'scope-missing'), ({'all': None}, 'scope-missing'),
    ({'all': None, 'tags': 'env=*'}, 'scope-everything'), ({'all': None, 'tags': ' '}, 'scope-everything'),
    ({'all': None, 'tags': 'env'}, 'tag-expression-form'), ({'tags': 'env=prod'}, 'scope-both'),
    ({'role': 'administrator'}, 'binding-needs-end'), ({'role': 'administrator', 'expires': after(400)}, 'binding-too-long'),
    ({'expires': after(-1)}, 'binding-over'), ({'all': None, 'groups': ['grp_' + '0' * 26]}, 'group-unknown'),
    ({'user_id': 'usr_' + '0' * 26}, 'user-unknown'), ({'user_id': None}, 'subject-one')])
def test_a_bad_binding_is_refused_with_the_reason(place, change, rule):
    person = place.instance.people()['requester']
    document = {'user_id': person.user_id, 'role': 'operator', 'all': True, 'reason': 'test', **change}
    document = {k: v for k, v in document.items() if v is not None}
    place.admin.post('/v1/bindings', document).problem(422, rule=rule)


def test_who_gives_is_not_who_gets(place):
    team = place.group('own-team')
    other = place.instance.user('administrator')
    bind = lambda **subject: other.post('/v1/bindings', {'role': 'operator', 'all': True, 'reason': 'me', **subject})
    bind(user_id=other.user_id).problem(403, rule='granter-is-receiver')
    other.post(f'/v1/groups/{team}/add', {'user_id': other.user_id}).problem(403, rule='granter-is-receiver')
    place.admin.post(f'/v1/groups/{team}/add', {'user_id': other.user_id}).expect(200)
    bind(group_id=team).problem(403, rule='granter-is-receiver')
    other.post(f'/v1/groups/{place.ours}/nest', {'child_id': team}).problem(403, rule='granter-is-receiver')


def test_conflicting_roles_do_not_meet_on_any_way(place):
    """Binding, group, nesting, role edit, shorthand; and a pair that the tenant adds itself."""
    admin, officer = place.admin, place.instance.user('security-officer')
    auditor = place.instance.user('auditor')
    refused = lambda answer: answer.problem(422, rule='roles-conflict')
    refused(admin.post('/v1/users', {'display_name': 'X', 'roles': ['auditor', 'operator']}))
    refused(admin.post(f'/v1/users/{auditor.user_id}/roles', {'roles': ['auditor', 'approver']}))
    refused(admin.post('/v1/bindings', {'user_id': auditor.user_id, 'role': 'operator', 'all': True, 'reason': 'x'}))
    refused(admin.post('/v1/bindings', {'user_id': auditor.user_id, 'role': 'operator', 'all': True, 'reason': 'x',
                                        'start': after(2)}))
    shift, outer = place.group('shift'), place.group('shift-outer')
    admin.post('/v1/bindings', {'group_id': outer, 'role': 'operator', 'all': True, 'reason': 'x'}).expect(201)
    refused(admin.post(f'/v1/groups/{outer}/add', {'user_id': auditor.user_id}))
    admin.post(f'/v1/groups/{shift}/add', {'user_id': auditor.user_id}).expect(200)
    refused(admin.post(f'/v1/groups/{outer}/nest', {'child_id': shift}))
    refused(admin.post('/v1/bindings', {'group_id': shift, 'role': 'operator', 'all': True, 'reason': 'x'}))
    admin.post('/v1/roles', {'name': 'helper', 'permissions': ['certificate.read']}).expect(200)
    admin.post('/v1/roles', {'name': 'plain', 'permissions': ['me.read']}).expect(200)
    person = place.instance.user('helper', 'plain')
    officer.post('/v1/role-conflicts', {'one': 'request.create', 'other': 'user.disable'}).problem(422, rule='roles-conflict')
    officer.post('/v1/role-conflicts', {'one': 'plain', 'other': 'certificate.export'}).expect(201)
    refused(admin.post('/v1/roles', {'name': 'helper', 'permissions': ['certificate.read', 'certificate.export']}))
    refused(admin.post(f'/v1/users/{person.user_id}/roles', {'roles': ['plain', 'discovery-user']}))
    assert 'certificate.export' not in person.get('/v1/me').expect(200)['permissions']


def test_a_role_of_ones_own(place):
    place.admin.post('/v1/roles', {'name': 'seer', 'permissions': ['certificate.read', 'me.read']}).expect(200)
    person = place.instance.user('seer')
    assert set(person.get('/v1/me').expect(200)['permissions']) == {'certificate.read', 'me.read'}
    place.admin.post('/v1/roles', {'name': 'seer', 'permissions': ['me.read']}).expect(200)
    person.get('/v1/certificates').problem(403)
    place.admin.post('/v1/roles', {'name': 'seer', 'permissions': ['nothing.real']}).problem(422, rule='permission-unknown')
    place.admin.post('/v1/roles', {'name': 'auditor', 'permissions': []}).problem(422, rule='role-builtin')
    place.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'seer', 'all': True, 'reason': 'no end'}).expect(201)
    place.admin.post('/v1/roles', {'name': 'seer', 'permissions': ['user.create']}).problem(422, rule='binding-needs-end')


def test_a_binding_begins_and_ends(place):
    person = place.instance.user('basic-user')
    later = place.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'operator', 'all': True, 'reason': 'soon',
                                              'start': after(1)}).expect(201)
    assert later['state'] == 'pending'
    person.get('/v1/system/status').problem(403)
    now = place.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'operator', 'all': True,
                                            'reason': 'now'}).expect(201)
    person.get('/v1/system/status').expect(200)
    ended = place.admin.post(f'/v1/bindings/{now["id"]}/end').expect(200)
    assert ended['state'] == 'ended' and ended['reason'] == 'now'
    person.get('/v1/system/status').problem(403)


def test_a_token_is_narrowed_to_a_scope(place):
    person = place.instance.user('requester')
    made = person.post('/v1/tokens', {'label': 'bot', 'expires_in_days': 1, 'roles': ['requester'],
                                      'groups': [place.ours]}).expect(201)
    bot = place.instance.anonymous(token=made['secret'])
    assert place.foreign not in ids(bot, '/v1/certificates') and place.mine in ids(bot, '/v1/certificates')
    bot.get(f'/v1/certificates/{place.foreign}').problem(404)
    bot.post('/v1/tokens', {'label': 'wider', 'expires_in_days': 1, 'roles': ['requester']}).problem(403)
    person.post('/v1/tokens', {'label': 'x', 'expires_in_days': 1, 'groups': [place.ours]}).problem(422)


def test_another_tenant_sees_and_gets_nothing(place, instance):
    added = instance.cli('tenant', 'create', 'other', '--data', instance.data)
    if added.status != 0:
        pytest.skip('a second tenant cannot be made here: ' + added.err[-200:])
    stranger = instance.enroll(added.out)
    assert ids(stranger, '/v1/certificates') == set() and ids(stranger, '/v1/requests') == set()
    assert ids(stranger, '/v1/groups') == set()
    for path in (f'/v1/certificates/{place.mine}', f'/v1/requests/{place.my_request}', f'/v1/groups/{place.ours}',
                 f'/v1/users/{place.admin.user_id}'):
        stranger.get(path).problem(404)
    stranger.post('/v1/bindings', {'user_id': place.admin.user_id, 'role': 'operator', 'all': True,
                                   'reason': 'x'}).problem(422, rule='user-unknown')


def test_the_explainers_say_why(place):
    admin = place.admin
    team = place.group('explained')
    person = place.instance.user('basic-user')
    before = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
    time.sleep(1.1)
    admin.post(f'/v1/groups/{team}/add', {'user_id': person.user_id}).expect(200)
    binding = admin.post('/v1/bindings', {'group_id': team, 'role': 'operator', 'groups': [place.ours],
                                          'reason': 'x'}).expect(201)
    question = {'user_id': person.user_id, 'permission': 'certificate.revoke', 'object_id': place.mine}
    yes = admin.post('/v1/access/explain', question).expect(200)
    assert yes['allowed'] and yes['complete']
    assert (yes['path']['groups'], yes['path']['binding_id'], yes['path']['role']) == ([team], binding['id'], 'operator')
    assert 'certificate.revoke' in yes['path']['permissions']
    no = admin.post('/v1/access/explain', {**question, 'object_id': place.foreign}).expect(200)
    assert not no['allowed'] and 'scope-outside' in no['why']
    past = admin.post('/v1/access/explain', {**question, 'as_of': before}).expect(200)
    assert not past['allowed'] and not past['complete'] and past['gaps']
    own = admin.post('/v1/access/explain', {'user_id': place.instance.people()['requester'].user_id,
                                            'permission': 'request.approve', 'object_id': place.my_request}).expect(200)
    assert not own['allowed'] and 'permission-missing' in own['why']
    holders = admin.post('/v1/access/holders', {'permission': 'certificate.revoke', 'object_id': place.mine}).expect(200)
    assert holders['complete'] and person.user_id in {h['user_id'] for h in holders['items']}
    rights = admin.post('/v1/access/rights', {'user_id': person.user_id}).expect(200)
    assert {r['role'] for r in rights['items']} == {'basic-user', 'operator'}
    person.post('/v1/access/explain', question).problem(403)
    assert 'access.explain' in {e['action'] for e in admin.pages('/v1/audit/entries?actor_id=' + admin.user_id)}


def test_list_look_up_and_explanation_agree(place):
    """The SQL of lists, the check of one object and the explainer are three ways to one answer."""
    import random
    dice = random.Random(7)
    everything = ids(place.admin, '/v1/certificates?limit=500')
    expressions = ['env=prod', 'env=test', 'env=prod & team=web', 'env=test|team=web']
    for group, tags in ((place.ours, [('env', 'test')]), (place.theirs, [('team', 'web'), ('env', 'test')]), (None, [('env', 'prod')])):
        made = place.instance.settled(place.instance.request(
            [f'agree{dice.randrange(10**6)}.example.org'], profile='server-tls-auto', **({'group_id': group} if group else {}),
            tags=[{'name': n, 'value': v} for n, v in tags]))
        everything.add(made['certificate_id'])
    for _ in range(5):
        scope = {}
        while not scope:
            if dice.random() < 0.6:
                scope['groups'] = dice.sample([place.ours, place.theirs], dice.choice([1, 1, 2]))
            if dice.random() < 0.6:
                scope['tags'] = dice.choice(expressions)
        person = place.person('discovery-user', **scope)
        listed = ids(person, '/v1/certificates')
        exported = {json.loads(line)['id'] for line in person.get('/v1/certificates/export?format=ndjson').body.decode().splitlines()}
        found = {c for c in everything if person.get(f'/v1/certificates/{c}').status == 200}
        explained = {c for c in everything if place.admin.post('/v1/access/explain', {
            'user_id': person.user_id, 'permission': 'certificate.read', 'object_id': c}).expect(200)['allowed']}
        assert listed == exported == found == explained, scope
