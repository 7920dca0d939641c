"""SCIM 2.0: a directory creates, changes and deactivates its users and sets who is in its groups, in the shapes that Entra ID
and Okta send, and cannot do more than it was given."""
import json
import time

import pytest

from harness.login import Person
from harness.scim import LIST, Directory, operation, patch, quote, refused, shape

ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'


def after(days):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + days * 86400))


@pytest.fixture(scope='module')
def admin(instance):
    return instance.enroll_admin()


@pytest.fixture(scope='module')
def directory(instance):
    return Directory(instance)


def user_of(admin, user_id):
    return admin.get('/v1/users/' + user_id).expect(200)


def adopted(instance, admin, directory, *roles):
    """Somebody who was here before the directory, and is now one of its users."""
    person = instance.user(*roles)
    admin.post('/v1/scim-users/' + person.user_id, {'client_id': directory.id, 'user_name': person.user_id}).expect(200)
    return person


def entries(admin, action, object_id):
    return [e for e in admin.pages(f'/v1/audit/entries?action={action}') if e.get('object_id') == object_id]


# ---- what the service says of itself ----

def test_the_service_tells_what_it_can_do(directory):
    config = directory.get('/ServiceProviderConfig').expect(200)
    supported = {name: config[name]['supported'] for name in ('patch', 'bulk', 'filter', 'changePassword', 'sort', 'etag')}
    assert supported == {'patch': True, 'bulk': False, 'filter': True, 'changePassword': False, 'sort': False, 'etag': False}
    assert config['filter']['maxResults'] == 200
    types = directory.get('/ResourceTypes').expect(200)
    assert [t['endpoint'] for t in types['Resources']] == ['/Users', '/Groups'] and types['schemas'] == [LIST]
    schemas = directory.get('/Schemas').expect(200)['Resources']
    for kind, schema in zip(types['Resources'], schemas):
        assert directory.get('/ResourceTypes/' + kind['id']).expect(200) == kind
        assert directory.get('/Schemas/' + kind['schema']).expect(200) == schema and schema['id'] == kind['schema']
    emails, = [a for a in schemas[0]['attributes'] if a['name'] == 'emails']
    assert [a['name'] for a in emails['subAttributes']] == ['value', 'type', 'primary']
    refused(directory.get('/Schemas/urn:none'), 404)
    refused(directory.get('/ResourceTypes?filter=' + quote('id eq "User"')), 403)
    # It does as it says: no ETag, no order, and a bulk request has no path.
    user = directory.get('/Users/' + directory.user())
    assert user.header('ETag') is None
    refused(directory.post('/Bulk', {}), 404)


# ---- who may ----

ROUTES = [(method, path) for path, methods in {
    '/ServiceProviderConfig': 'GET', '/ResourceTypes': 'GET', '/ResourceTypes/User': 'GET', '/Schemas': 'GET',
    '/Schemas/x': 'GET', '/Users': 'GET POST', '/Users/{user}': 'GET PUT PATCH DELETE', '/Groups': 'GET POST',
    '/Groups/{group}': 'GET PUT PATCH DELETE'}.items() for method in methods.split()]


@pytest.fixture(scope='module')
def stranger(instance):
    """The directory of another tenant."""
    added = instance.cli('tenant', 'create', 'scim-other', '--data', instance.data)
    assert added.status == 0, added.err
    return Directory(instance, admin=instance.enroll(added.out))


@pytest.fixture(scope='module')
def other(instance):
    """Another directory of the same tenant."""
    return Directory(instance, 'Other directory')


@pytest.fixture(scope='module')
def target(directory):
    user = directory.user()
    return {'user': user, 'group': directory.group('Target', user)}


@pytest.mark.parametrize('method,path', ROUTES)
def test_every_route_needs_a_directory(instance, admin, directory, stranger, other, target, method, path):
    document = {'POST': {'userName': 'x', 'displayName': 'x'}, 'PUT': {'userName': 'x', 'displayName': 'x'},
                'PATCH': patch(operation('replace', 'displayName', 'x'))}.get(method)
    headers = {'Content-Type': 'application/scim+json'} if document else {}
    before = directory.get('/Users/' + target['user']).expect(200), directory.get('/Groups/' + target['group']).expect(200)

    def call(client):
        return client.send(method, '/scim/v2' + path.format(**target), document and json.dumps(document).encode(), headers)
    refused(call(instance.anonymous()), 401, rule='token-missing')
    refused(call(instance.anonymous(token='cxt_' + 'x' * 43)), 401, rule='token-invalid')
    refused(call(admin), 403, rule='permission-missing')
    refused(call(instance.people()['requester']), 403, rule='permission-missing')
    if '{' in path:  # what is another directory's does not exist
        refused(call(stranger.client), 404, rule='resource-unknown')
        refused(call(other.client), 404, rule='resource-unknown')
    elif method == 'GET' and path in ('/Users', '/Groups'):
        assert stranger.get(path).expect(200)['totalResults'] == 0
    assert before == (directory.get('/Users/' + target['user']).expect(200),
                      directory.get('/Groups/' + target['group']).expect(200))


def test_the_token_of_a_directory_opens_nothing_else(instance, admin, directory):
    for path in ('/v1/users', '/v1/groups', '/v1/certificates', '/v1/tokens', '/v1/audit/entries'):
        directory.client.get(path).problem(403, rule='permission-missing')
    directory.client.post('/v1/tokens', {'label': 'more', 'expires_in_days': 1}).problem(403)


def test_the_permission_alone_makes_no_directory(instance, admin):
    person = instance.user('basic-user')
    admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'provisioner', 'all': True, 'reason': 'x',
                                'expires': after(10)}).expect(201)
    refused(person.get('/scim/v2/Users'), 403, rule='not-a-directory')


def test_a_directory_that_was_given_more_provisions_no_more(instance, admin):
    one = Directory(instance, 'Greedy')
    one.get('/Users').expect(200)
    more = admin.post('/v1/bindings', {'user_id': one.id, 'role': 'auditor', 'all': True, 'reason': 'x'}).expect(201)
    refused(one.get('/Users'), 403, rule='directory-holds-more')
    admin.post(f'/v1/bindings/{more["id"]}/end').expect(200)
    one.get('/Users').expect(200)


def test_a_client_is_rotated_and_revoked(instance, admin):
    one = Directory(instance, 'Rotated')
    again = admin.post(f'/v1/scim-clients/{one.id}/rotate', {'expires_in_days': 30}).expect(200)
    assert again['client']['state'] == 'active' and again['secret'] != one.secret
    refused(one.get('/Users'), 401)
    one.client = instance.anonymous(token=again['secret'])
    one.get('/Users').expect(200)
    assert one.secret not in str(list(admin.pages('/v1/audit/entries'))) and again['secret'] not in instance.log_text()
    assert admin.post(f'/v1/scim-clients/{one.id}/revoke').expect(200)['state'] == 'revoked'
    refused(one.get('/Users'), 401)
    admin.post(f'/v1/scim-clients/{one.id}/rotate', {}).problem(409, rule='scim-client-revoked')
    listed = {c['user_id']: c['state'] for c in admin.get('/v1/scim-clients').expect(200)['items']}
    assert listed[one.id] == 'revoked'
    instance.people()['operator'].get('/v1/scim-clients').problem(403)
    for action in ('scim.client.create', 'scim.client.rotate', 'scim.client.revoke'):
        assert len(entries(admin, action, one.id)) == 1


def test_the_commands_of_the_guide(instance, admin, tmp_path):
    """docs/scim.md, word for word but for the identifiers."""
    person = admin.post('/v1/users', {'display_name': 'CLI', 'roles': ['administrator']}).expect(201)

    def run(*words):
        return instance.cli(*words, '--json', home=str(tmp_path)).expect(0).json()
    instance.cli('enroll', instance.url, person['link'], '--ca-file', instance.root_pem, home=str(tmp_path)).expect(0)
    made = run('scim-client', 'create', '--display-name', 'Entra ID', '--expires-in-days', '180')
    client, token = made['client']['user_id'], instance.anonymous(token=made['secret'])
    base = made['base_url'].removeprefix(instance.url)
    ada = token.send('POST', base + '/Users', b'{"userName":"ada@example.org","displayName":"Ada","active":true}',
                     {'Content-Type': 'application/scim+json'}).expect(201)['id']
    found = token.get(base + '/Users?filter=userName%20eq%20%22ada@example.org%22').expect(200)
    assert [u['id'] for u in found['Resources']] == [ada]
    group = admin.post('/v1/groups', {'name': 'guide'}).expect(201)['id']
    before = instance.user('basic-user').user_id
    run('scim-user', 'set', before, '--client-id', client, '--user-name', 'before@example.org')
    run('scim-group', 'set', group, '--client-id', client)
    assert group in str(run('scim-group', 'list'))
    run('binding', 'create', '--group-id', group, '--role', 'requester', '--all', 'true', '--reason', 'everybody in PKI Users')
    assert run('scim-group', 'set', group, '--client-id', client, '--privileged-allowed', 'true')['privileged_allowed']
    run('scim-group', 'release', group)
    assert instance.find_link(str(run('user', 'link', ada)['link']))
    assert run('scim-client', 'rotate', client)['secret'] != made['secret']
    assert run('scim-client', 'revoke', client)['state'] == 'revoked'
    assert client in str(run('scim-client', 'list'))


def test_a_token_expires(make_instance):
    drill = make_instance(drill=True).start()
    one = Directory(drill)
    one.get('/Users').expect(200)
    drill.enroll_admin().post('/v1/system/clock', {'offset_s': 181 * 86400}).expect(200)
    refused(one.get('/Users'), 401, rule='token-invalid')


# ---- users: Entra ----

def test_entra_creates_finds_and_changes_a_user(admin, directory):
    sent = shape('entra_user_post')
    answer = directory.post('/Users', sent)
    made = answer.expect(201)
    assert answer.header('Location') == made['meta']['location'] and made['meta']['location'].endswith('/Users/' + made['id'])
    for name in ('userName', 'externalId', 'displayName', 'active', 'name', 'emails'):
        assert made[name] == sent[name], name
    assert ENTERPRISE not in made and 'roles' not in made
    assert user_of(admin, made['id'])['state'] == 'invited' and user_of(admin, made['id'])['roles'] == []
    refused(directory.post('/Users', sent), 409, 'uniqueness', 'user-name-taken')
    assert directory.find('Users', userName=sent['userName'].upper()) == [made]
    assert directory.find('Users', externalId=sent['externalId'], userName=sent['userName']) == [made]
    assert directory.find('Users', externalId=sent['externalId'], userName='nobody') == []
    assert directory.find('Users', emails_value=sent['emails'][0]['value']) == [made]
    assert directory.find('Users', id=made['id']) == [made] and directory.find('Users', id='none') == []
    changed = directory.send('PATCH', '/Users/' + made['id'], shape('entra_user_patch_multi')).expect(200)
    assert changed['emails'][0]['value'] == 'updatedEmail@testuser.com'
    assert changed['name'] == {**made['name'], 'familyName': 'updatedFamilyName'}
    flat = directory.send('PATCH', '/Users/' + made['id'], shape('entra_user_pathless')).expect(200)
    assert flat['displayName'] == 'Flat User' and flat['name']['givenName'] == 'Flat'
    assert flat['externalId'] == 'flat-external' and user_of(admin, made['id'])['display_name'] == 'Flat User'
    assert directory.find('Users', externalId='flat-external') and not directory.find('Users', externalId=sent['externalId'])
    same = directory.send('PATCH', '/Users/' + made['id'], shape('entra_user_manager', OTHER=made['id'])).expect(200)
    assert same == flat or same['meta'].pop('lastModified') and flat['meta'].pop('lastModified') and same == flat
    entry, = entries(admin, 'scim.user.create', made['id'])
    assert entry['actor_id'] == directory.id and sent['userName'] not in str(entry)


@pytest.mark.parametrize('recorded', ['entra_user_disable', 'entra_user_disable_flag', 'okta_user_disable'])
def test_deactivation_ends_tokens_and_sessions_at_once(instance, admin, directory, recorded):
    person = Person(instance, 'requester')
    browser = person.login(tenant_id=admin.get('/v1/me').expect(200)['tenant_id'])
    admin.post('/v1/scim-users/' + person.id, {'client_id': directory.id, 'user_name': 'u-' + person.id}).expect(200)
    token = instance.user('requester')
    admin.post('/v1/scim-users/' + token.user_id, {'client_id': directory.id, 'user_name': 't-' + token.user_id}).expect(200)
    browser.get('/v1/me').expect(200), token.get('/v1/me').expect(200)
    for user in (person.id, token.user_id):
        assert directory.send('PATCH', '/Users/' + user, shape(recorded)).expect(200)['active'] is False
        assert user_of(admin, user)['state'] == 'disabled'
    browser.get('/v1/me').problem(401), token.get('/v1/me').problem(401)
    # Enabled again, what was is not back.
    assert directory.patch('/Users/' + token.user_id, operation('Replace', 'active', 'True')).expect(200)['active'] is True
    assert user_of(admin, token.user_id)['state'] == 'active'
    token.get('/v1/me').problem(401)


def test_nothing_that_is_refused_keeps_somebody_in(instance, admin, directory):
    taken = 'taken@example.org'
    directory.user(taken)
    for bad in (operation('replace', 'userName', taken), operation('replace', 'userName', 7), operation('move', 'x', 'y'),
                operation('replace', 'id', 'x'), operation('remove'), operation('add', 'emails[type eq', 'x'), {}, 'text'):
        for order in (0, 1):
            person = adopted(instance, admin, directory, 'requester')
            operations = [bad, operation('Replace', 'active', 'False')]
            answer = directory.patch('/Users/' + person.user_id, *(operations if order == 0 else reversed(operations)))
            assert answer.status in (400, 409), (bad, answer.body)
            detail = refused(answer, answer.status, answer.json().get('scimType'))
            assert detail.startswith('The user was deactivated, nothing else was changed.')
            person.get('/v1/me').problem(401)
            assert directory.get('/Users/' + person.user_id).expect(200)['active'] is False
            assert len(entries(admin, 'scim.user.patch', person.user_id)) == 1
    # In one operation too, and in a PUT.
    person = adopted(instance, admin, directory, 'requester')
    refused(directory.patch('/Users/' + person.user_id, operation('replace', None, {'userName': [], 'active': False})), 400, 'invalidValue')
    person.get('/v1/me').problem(401)
    person = adopted(instance, admin, directory, 'requester')
    refused(directory.put('/Users/' + person.user_id, {'userName': taken, 'active': False}), 409, 'uniqueness')
    person.get('/v1/me').problem(401)


def test_what_is_refused_changes_nothing(instance, admin, directory):
    user = directory.user(displayName='Before')
    before = directory.get('/Users/' + user).expect(200)
    detail = refused(directory.patch('/Users/' + user, operation('replace', 'displayName', 'After'),
                                     operation('replace', 'userName', 7)), 400, 'invalidValue', 'scim-value')
    assert detail.startswith('Operation 2 was refused')
    # The last word on active counts.
    refused(directory.patch('/Users/' + user, operation('replace', 'active', False), operation('replace', 'active', True),
                            operation('replace', 'userName', '')), 400, 'invalidValue')
    assert directory.get('/Users/' + user).expect(200) == before
    assert entries(admin, 'scim.user.patch', user) == []


def test_only_who_was_disabled_by_the_directory_is_enabled_by_it(instance, admin, directory):
    person = adopted(instance, admin, directory, 'requester')
    admin.post(f'/v1/users/{person.user_id}/disable').expect(200)
    refused(directory.patch('/Users/' + person.user_id, operation('replace', 'active', True)), 403, rule='user-disabled-here')
    directory.patch('/Users/' + person.user_id, operation('replace', 'active', False)).expect(200)
    refused(directory.patch('/Users/' + person.user_id, operation('replace', 'active', True)), 403, rule='user-disabled-here')
    assert user_of(admin, person.user_id)['state'] == 'disabled'


# ---- users: Okta ----

def test_okta_creates_replaces_and_deactivates_a_user(admin, directory):
    sent = shape('okta_user_post')
    assert directory.find('Users', userName=sent['userName']) == []
    made = directory.post('/Users', sent).expect(201)
    assert made['name'] == sent['name'] and 'locale' not in made and made['externalId'] == sent['externalId']
    put = directory.send('PUT', '/Users/' + made['id'], shape('okta_user_put', USER=made['id']),
                         'application/json; charset=utf-8').expect(200)
    assert put['name'] == {'givenName': 'Another', 'familyName': 'User'}
    # RFC 7644 §3.5.1: what a PUT leaves out is gone; active stays as it is.
    assert 'displayName' not in put and 'externalId' not in put and put['active'] is True
    assert user_of(admin, made['id'])['display_name'] == 'Another User'
    assert directory.send('PATCH', '/Users/' + made['id'], shape('okta_user_disable')).expect(200)['active'] is False
    again = shape('okta_user_put', USER=made['id'])
    del again['active']
    assert directory.put('/Users/' + made['id'], again).expect(200)['active'] is False
    assert directory.put('/Users/' + made['id'], shape('okta_user_put', USER=made['id'])).expect(200)['active'] is True


def test_pages_and_parts(instance):
    one = Directory(instance, 'Pages')
    users = [one.user() for _ in range(5)]
    whole = one.get('/Users').expect(200)
    assert [u['id'] for u in whole['Resources']] == users and whole['totalResults'] == 5 and whole['startIndex'] == 1
    seen = []
    for start in (1, 3, 5, 7):
        page = one.get(f'/Users?startIndex={start}&count=2&sortBy=userName').expect(200)
        assert page['totalResults'] == 5 and page['startIndex'] == start and page['itemsPerPage'] == len(page['Resources'])
        seen += [u['id'] for u in page['Resources']]
    assert seen == users
    assert one.get('/Users?count=0').expect(200)['Resources'] == []
    assert one.get('/Users?startIndex=-3&count=-1&aadOptscim062020').expect(200)['itemsPerPage'] == 0
    refused(one.get('/Users?count=many'), 400, 'invalidValue')
    some = one.get(f'/Users/{users[0]}?attributes=userName,name.givenName').expect(200)
    assert set(some) == {'schemas', 'id', 'userName'}
    group = one.group('Parts', *users)
    assert 'members' not in one.get('/Groups?excludedAttributes=members').expect(200)['Resources'][0]
    assert len(one.get(f'/Groups/{group}').expect(200)['members']) == 5
    assert one.get('/Users/' + users[0]).expect(200)['groups'][0]['value'] == group


@pytest.mark.parametrize('text', ['', 'userName', 'userName eq', 'userName eq x"', 'userName eq "x', 'userName co "x"',
                                  'userName eq "x" or id eq "y"', 'not (userName eq "x")', '(userName eq "x")', 'title eq "x"',
                                  'active eq true', 'userName eq "x" and', 'userName eq "x"and id eq "y"', 'userName pr',
                                  'userName eq "\\x"', 'x' * 3000, ' and '.join(['id eq "x"'] * 9)])
def test_a_filter_that_is_not_understood_is_refused(directory, text):
    refused(directory.get('/Users?filter=' + quote(text)), 400, 'invalidFilter')


def test_documents_that_are_not_understood_are_refused(directory):
    user = directory.user()
    for raw in (b'', b'[]', b'{', b'{"userName": "a", "userName": "b"}', b'{"userName": "a"} x', b'\xff', b'"x"'):
        refused(directory.client.send('POST', '/scim/v2/Users', raw, {'Content-Type': 'application/scim+json'}), 400, 'invalidSyntax')
    refused(directory.client.send('POST', '/scim/v2/Users', b'{}', {'Content-Type': 'text/plain'}), 415, 'invalidSyntax')
    for body in ({}, {'userName': ''}, {'userName': 'x' * 257}, {'userName': 'a\nb'}, {'userName': None},
                 {'userName': 'mail', 'emails': [{'value': 'no address'}]}, {'userName': 'n', 'name': 'text'},
                 {'userName': 'a', 'active': 'perhaps'}):
        refused(directory.post('/Users', body), 400, 'invalidValue')
    assert directory.client.send('POST', '/scim/v2/Users', b'{"userName": "' + b'x' * 70000 + b'"}',
                                 {'Content-Type': 'application/scim+json'}).status == 413
    for operations, kind in (([operation('remove')], 'noTarget'), ([operation('replace', 'schemas', [])], 'mutability'),
                             ([operation('add', 'a b', 'x')], 'invalidPath'), ([operation('replace', None, 'x')], 'invalidValue'),
                             ([operation('copy', 'displayName', 'x')], 'invalidSyntax')):
        refused(directory.patch('/Users/' + user, *operations), 400, kind)
    refused(directory.send('PATCH', '/Users/' + user, {'Operations': []}), 400, 'invalidSyntax')
    refused(directory.send('PATCH', '/Users/' + user, {'Operations': [operation('x')] * 3, 'schemas': 7}), 400, 'invalidSyntax')
    for missing in ('usr_' + '0' * 26, 'nonsense', '%2e%2e'):
        refused(directory.get('/Users/' + missing), 404, None, 'resource-unknown')


def test_unknown_attributes_are_read_over_and_not_stored(instance, admin, directory):
    marker = 'never-stored-4711'
    user = directory.user(title=marker, photos=[{'value': marker}], **{'urn:example:own': {'deep': [marker] * 50}})
    assert marker not in directory.get('/Users/' + user).body.decode()
    assert marker not in instance.log_text()
    directory.patch('/Users/' + user, operation('add', 'urn:example:own:deep', marker),
                    operation('replace', 'phoneNumbers[type eq "work"].value', marker)).expect(200)


def test_a_user_leaves_and_their_names_are_free_again(instance, admin, directory):
    user = directory.post('/Users', {'userName': 'leaver', 'emails': [{'value': 'leaver@example.org'}]}).expect(201)['id']
    refused(directory.post('/Users', {'userName': 'other', 'emails': [{'value': 'Leaver@example.org'}]}), 409, 'uniqueness', 'email-taken')
    group = directory.group('Leavers', user)
    admin.post('/v1/bindings', {'user_id': user, 'role': 'requester', 'all': True, 'reason': 'x'}).expect(201)
    assert directory.delete('/Users/' + user).status == 204
    for method in ('GET', 'PUT', 'PATCH', 'DELETE'):
        body = {'PUT': {'userName': 'x'}, 'PATCH': patch(operation('replace', 'active', True))}.get(method)
        refused(directory.send(method, '/Users/' + user, body), 404)
    shown = user_of(admin, user)
    assert shown['state'] == 'disabled' and shown['roles'] == [] and directory.members(group) == set()
    assert directory.find('Users', userName='leaver') == []
    back = directory.post('/Users', {'userName': 'leaver', 'emails': [{'value': 'leaver@example.org'}]}).expect(201)['id']
    assert back != user and user_of(admin, back)['roles'] == []


# ---- groups ----

def test_entra_sets_who_is_in_a_group(admin, directory):
    one, two = directory.user(), directory.user()
    answer = directory.post('/Groups', shape('entra_group_post'))
    made = answer.expect(201)
    group = made['id']
    assert answer.header('Location') == made['meta']['location'] and made['members'] == []
    assert admin.get('/v1/groups/' + group).expect(200)['name'] == 'certificate-owners'
    assert directory.find('Groups', displayName='certificate owners')[0]['id'] == group
    assert directory.find('Groups', externalId=made['externalId'])[0]['id'] == group
    refused(directory.post('/Groups', {'displayName': 'CERTIFICATE OWNERS'}), 409, 'uniqueness', 'group-name-taken')
    assert directory.send('PATCH', '/Groups/' + group, shape('entra_group_add', USER=one, OTHER=two)).status == 204
    assert directory.members(group) == {one, two}
    assert set(admin.get('/v1/groups/' + group).expect(200)['members']) == {one, two}
    assert [g['id'] for g in directory.find('Groups', id=group, members=one)] == [group]
    assert [g['id'] for g in directory.find('Groups', members_value=two)] == [group]
    assert directory.send('PATCH', '/Groups/' + group, shape('entra_group_remove', USER=one)).status == 204
    assert directory.members(group) == {two} and directory.find('Groups', id=group, members=one) == []
    assert directory.send('PATCH', '/Groups/' + group, shape('entra_group_rename')).status == 204
    renamed = directory.get('/Groups/' + group).expect(200)
    assert renamed['displayName'] == 'Certificate Owners Europe'
    # What bindings were given to keeps its name.
    assert admin.get('/v1/groups/' + group).expect(200)['name'] == 'certificate-owners'
    refused(directory.get('/Groups?filter=' + quote('description eq "x"')), 400, 'invalidFilter')


def test_okta_sets_who_is_in_a_group(directory):
    one, two = directory.user(), directory.user()
    group = directory.post('/Groups', shape('okta_group_post')).expect(201)['id']
    for _ in range(2):  # who is a member is one
        directory.patch('/Groups/' + group, operation('add', 'members', [{'value': one}])).expect(204)
        assert directory.members(group) == {one}
    directory.send('PATCH', '/Groups/' + group, shape('okta_group_patch', USER=one, OTHER=two)).expect(204)
    assert directory.members(group) == {two}
    directory.send('PATCH', '/Groups/' + group, shape('okta_group_rename', GROUP=group)).expect(204)
    put = directory.put('/Groups/' + group, {'displayName': 'Test SCIMv2 renamed', 'members': [{'value': one}]}).expect(200)
    assert [m['value'] for m in put['members']] == [one]
    directory.patch('/Groups/' + group, operation('replace', 'members', [{'value': two}, {'value': one}])).expect(204)
    assert directory.members(group) == {one, two}
    directory.patch('/Groups/' + group, operation('remove', 'members')).expect(204)
    assert directory.members(group) == set()


def test_a_group_is_removed_and_nobody_inherits_what_it_had(instance, admin, directory):
    user = directory.user()
    group = directory.group('Short Lived', user)
    admin.post('/v1/bindings', {'group_id': group, 'role': 'requester', 'all': True, 'reason': 'x'}).expect(201)
    assert directory.delete('/Groups/' + group).status == 204
    refused(directory.get('/Groups/' + group), 404)
    refused(directory.patch('/Groups/' + group, operation('add', 'x', 'y')), 404)
    assert admin.get('/v1/groups/' + group).expect(200)['members'] == []
    again = directory.group('Short Lived', user)
    assert again != group
    rights = admin.post('/v1/access/rights', {'user_id': user}).expect(200)
    assert group not in json.dumps(rights)


def test_a_group_with_a_privileged_role_is_closed_unless_an_administrator_opens_it(instance, admin, directory):
    user, other = directory.user(), directory.user()
    group, above = directory.group('Closed'), admin.post('/v1/groups', {'name': 'above'}).expect(201)['id']
    join = operation('add', 'members', [{'value': user}])
    admin.post('/v1/bindings', {'group_id': group, 'role': 'requester', 'all': True, 'reason': 'plain'}).expect(201)
    directory.patch('/Groups/' + group, join).expect(204)
    directory.patch('/Groups/' + group, operation('remove', 'members')).expect(204)
    # By a group above it, and by a binding that has yet to begin.
    admin.post(f'/v1/groups/{above}/nest', {'child_id': group}).expect(200)
    later = admin.post('/v1/bindings', {'group_id': above, 'role': 'security-officer', 'all': True, 'reason': 'later',
                                        'start': after(10), 'expires': after(20)}).expect(201)
    refused(directory.patch('/Groups/' + group, join), 403, rule='group-privileged')
    refused(directory.put('/Groups/' + group, {'displayName': 'Closed', 'members': [{'value': user}]}), 403, rule='group-privileged')
    admin.post(f'/v1/bindings/{later["id"]}/end').expect(200)
    eligible = admin.post('/v1/bindings', {'group_id': above, 'role': 'security-officer', 'all': True, 'reason': 'on call',
                                           'expires': after(20), 'eligible': True}).expect(201)
    refused(directory.patch('/Groups/' + group, join), 403, rule='group-privileged')
    admin.post(f'/v1/bindings/{eligible["id"]}/end').expect(200)
    directory.patch('/Groups/' + group, join).expect(204)
    admin.post('/v1/bindings', {'group_id': group, 'role': 'security-officer', 'all': True, 'reason': 'now', 'expires': after(20)}).expect(201)
    refused(directory.patch('/Groups/' + group, operation('add', 'members', [{'value': other}])), 403, rule='group-privileged')
    assert directory.members(group) == {user}
    denied = [e for e in admin.pages('/v1/audit/entries?action=scim.group.patch') if e['outcome'] == 'denied']
    assert denied and denied[0]['actor_id'] == directory.id
    opened = admin.post('/v1/scim-groups/' + group, {'client_id': directory.id, 'privileged_allowed': True}).expect(200)
    assert opened['privileged_allowed'] and opened['made_here']
    directory.patch('/Groups/' + group, operation('add', 'members', [{'value': other}])).expect(204)
    assert directory.members(group) == {user, other}
    # Leaving is never refused.
    directory.patch('/Groups/' + group, operation('remove', f'members[value eq "{user}"]')).expect(204)


def test_only_who_may_create_bindings_opens_a_privileged_group(instance, admin, directory):
    admin.post('/v1/roles', {'name': 'scim-keeper', 'permissions': ['scim.group.set', 'me.read']})
    group = directory.group('Kept')
    keeper = instance.user('basic-user')
    made = admin.post('/v1/bindings', {'user_id': keeper.user_id, 'role': 'scim-keeper', 'all': True, 'reason': 'x',
                                       'expires': after(10)})
    made.expect(201)
    keeper.post('/v1/scim-groups/' + group, {'client_id': directory.id, 'privileged_allowed': True}).problem(403, rule='group-privileged')
    keeper.post('/v1/scim-groups/' + group, {'client_id': directory.id}).expect(200)


def test_a_conflict_refuses_one_member_and_no_other(instance, admin, directory):
    """Separation of duties at the way by SCIM: auditors change nothing."""
    auditor = adopted(instance, admin, directory, 'auditor')
    one, two = directory.user(), directory.user()
    group = directory.group('Requesters')
    admin.post('/v1/bindings', {'group_id': group, 'role': 'requester', 'all': True, 'reason': 'x'}).expect(201)
    everybody = [{'value': one}, {'value': auditor.user_id}, {'value': 'usr_' + '0' * 26}, {'value': two}]
    detail = refused(directory.patch('/Groups/' + group, operation('Add', 'members', everybody),
                                     operation('replace', 'externalId', 'set')), 403, rule='roles-conflict')
    assert 'operation 1' in detail and '1 more' in detail and auditor.user_id in detail
    assert directory.members(group) == {one, two}
    assert directory.get('/Groups/' + group).expect(200)['externalId'] == 'set'
    # A new group comes with all its members or not at all.
    refused(directory.post('/Groups', {'displayName': 'Ghosts', 'members': [{'value': 'grp_' + '0' * 26}]}), 400, 'invalidValue')
    assert directory.find('Groups', displayName='Ghosts') == []
    entry, = [e for e in entries(admin, 'scim.group.patch', group) if auditor.user_id in str(e)] or [None]
    assert entry is None, 'the entry names only who came in'


def test_who_knows_the_token_is_given_nothing_by_it(instance, admin):
    setter = instance.user('administrator', name='Setter')
    one = Directory(instance, 'By Setter', admin=setter)
    admin.post('/v1/scim-users/' + setter.user_id, {'client_id': one.id, 'user_name': 'setter'}).expect(200)
    group = one.group('For Setter')
    refused(one.patch('/Groups/' + group, operation('add', 'members', [{'value': setter.user_id}])), 403, rule='granter-is-receiver')
    assert one.members(group) == set()


def test_an_administrator_hands_over_and_takes_back(instance, admin, directory):
    group = admin.post('/v1/groups', {'name': 'handed'}).expect(201)['id']
    by_hand = instance.user('basic-user')
    admin.post(f'/v1/groups/{group}/add', {'user_id': by_hand.user_id}).expect(200)
    refused(directory.get('/Groups/' + group), 404)
    refused(directory.post('/Groups', {'displayName': 'Handed'}), 409, 'uniqueness', 'group-name-taken')
    marked = admin.post('/v1/scim-groups/' + group, {'client_id': directory.id}).expect(200)
    assert marked['display_name'] == 'handed' and not marked['made_here'] and not marked['privileged_allowed']
    user = directory.user()
    directory.put('/Groups/' + group, {'displayName': 'Handed', 'members': [{'value': user}]}).expect(200)
    # The directory neither sees nor removes who is not its user.
    assert directory.members(group) == {user}
    assert set(admin.get('/v1/groups/' + group).expect(200)['members']) == {user, by_hand.user_id}
    assert group in {g['group_id'] for g in admin.pages('/v1/scim-groups?limit=2')}
    admin.post(f'/v1/scim-groups/{group}/release').expect(200)
    refused(directory.get('/Groups/' + group), 404)
    assert user in admin.get('/v1/groups/' + group).expect(200)['members']
    admin.post(f'/v1/scim-groups/{group}/release').problem(404)
    admin.post('/v1/scim-groups/' + group, {'client_id': by_hand.user_id}).problem(422, rule='scim-client-unknown')
    admin.post('/v1/scim-users/' + user, {'client_id': directory.id, 'user_name': 'again'}).problem(409, rule='user-has-a-directory')
    admin.post('/v1/scim-users/' + directory.id, {'client_id': directory.id, 'user_name': 'x'}).problem(422, rule='user-is-a-directory')
    robot = admin.post('/v1/service-accounts', {'display_name': 'robot', 'purpose': 'test', 'owner_id': by_hand.user_id}).expect(201)['id']
    admin.post('/v1/scim-users/' + robot, {'client_id': directory.id, 'user_name': 'y'}).problem(422, rule='user-is-a-service')


def test_a_large_group_is_set_at_once(directory):
    group = directory.group('Large')
    users = [directory.user() for _ in range(40)]
    directory.put('/Groups/' + group, {'displayName': 'Large', 'members': [{'value': u} for u in users]}).expect(200)
    assert directory.members(group) == set(users)
    too_many = {'displayName': 'Large', 'members': [{'value': users[0]}] * 5001}
    refused(directory.put('/Groups/' + group, too_many), 400, 'tooMany', 'scim-too-many')
    refused(directory.patch('/Groups/' + group, *[operation('add', 'x', 'y')] * 1001), 400, 'tooMany')
    assert directory.members(group) == set(users)
