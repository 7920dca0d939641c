"""The history of access and configuration, and what is changed behind the application's back."""
import hashlib
import json

import pytest

from harness.instance import wait_for


def equip(instance, engine, cluster):
    instance.write = (lambda sql: cluster().query(instance.database, sql)) if engine == 'postgres' else instance.sql_write
    instance.read = lambda sql: instance.sql(sql, cluster(), instance.database) if engine == 'postgres' else instance.sql(sql)
    instance.hex = (lambda c: f"encode({c}, 'hex')") if engine == 'postgres' else (lambda c: f'lower(hex({c}))')
    return instance


def check(instance):
    return instance.admin.get('/v1/changes/check').expect(200)


def found(instance):
    report = check(instance)
    assert report['intact'] == (not report['items']) and report['findings'] == len(report['items'])
    return {(i['rule'], i.get('object', ''), i.get('field', '')) for i in report['items']}


@pytest.fixture(scope='module')
def world(make_instance, engine, cluster):
    instance = equip(make_instance().start(), engine, cluster)
    admin = instance.enroll_admin()
    instance.person, instance.other = instance.user('operator', 'approver'), instance.user('requester')
    instance.group = admin.post('/v1/groups', {'name': 'web'}).expect(201)['id']
    inner = admin.post('/v1/groups', {'name': 'inner'}).expect(201)['id']
    admin.post(f'/v1/groups/{instance.group}/nest', {'child_id': inner}).expect(200)
    for who in (instance.person, instance.other):
        admin.post(f'/v1/groups/{instance.group}/add', {'user_id': who.user_id}).expect(200)
    admin.post(f'/v1/groups/{instance.group}/remove', {'user_id': instance.other.user_id}).expect(200)
    admin.post('/v1/roles', {'name': 'viewer', 'permissions': ['certificate.read', 'request.read']},
               headers={'X-Reason': 'first%20draft'}).expect(200)
    admin.post('/v1/roles', {'name': 'viewer', 'permissions': ['certificate.read', 'issuer.read']},
               headers={'X-Reason': 'Pr%C3%BCfung%3A%20narrower'}).expect(200)
    instance.binding = admin.post('/v1/bindings', {'user_id': instance.other.user_id, 'role': 'viewer', 'groups': [instance.group],
                                                   'tags': 'env=prod', 'reason': 'on call'}).expect(201)['id']
    instance.ended = admin.post('/v1/bindings', {'group_id': instance.group, 'role': 'viewer', 'all': True, 'reason': 'x'}).expect(201)['id']
    admin.post(f'/v1/bindings/{instance.ended}/end').expect(200)
    admin.post(f'/v1/users/{instance.user("requester").user_id}/disable').expect(200)
    directory = admin.post('/v1/acme-directories', {'name': 'inside', 'certificate_profiles': ['server-tls-auto']}).expect(201)['id']
    admin.post(f'/v1/acme-directories/{directory}/disable').expect(200)
    client = admin.post('/v1/scim-clients', {'display_name': 'Directory'}).expect(201)['client']['user_id']
    admin.post(f'/v1/scim-groups/{inner}', {'client_id': client}).expect(200)
    robot = admin.post('/v1/service-accounts', {'display_name': 'Robot', 'purpose': 'renewals', 'owner_id': instance.person.user_id}).expect(201)
    admin.post(f'/v1/service-accounts/{robot["id"]}/transfer', {'owner_id': admin.user_id, 'reason': 'moved'}).expect(200)
    return instance


def test_the_history_of_a_role(world):
    last, first = list(world.admin.pages('/v1/changes?object=role&key=viewer&limit=1'))
    assert [(v['version'], v['action'], v['actor_id']) for v in (last, first)] == [(2, 'role.set', world.admin.user_id),
                                                                                   (1, 'role.set', world.admin.user_id)]
    assert (first['reason'], last['reason']) == ('first draft', 'Prüfung: narrower')
    assert last['fields'] == ['permissions'] and 'name' in first['fields'] and last['hash'] != first['hash']
    shown = world.admin.get('/v1/changes/version?object=role&key=viewer&version=1').expect(200)
    assert shown['change'] == first and shown['content']['permissions'] == ['certificate.read', 'request.read']
    canonical = json.dumps(shown['content'], separators=(',', ':'), ensure_ascii=False).encode()
    assert hashlib.sha256(canonical).hexdigest() == first['hash']
    diff = world.admin.get('/v1/changes/diff?object=role&key=viewer').expect(200)
    assert (diff['from'], diff['change']) == (1, last)
    assert diff['items'] == [{'field': 'permissions', 'was': '["certificate.read","request.read"]', 'is': '["certificate.read","issuer.read"]'}]
    back = world.admin.get('/v1/changes/diff?object=role&key=viewer&version=1&from=2').expect(200)['items']
    assert (back[0]['was'], back[0]['is']) == (diff['items'][0]['is'], diff['items'][0]['was'])
    created = world.admin.get('/v1/changes/diff?object=role&key=viewer&version=1').expect(200)
    assert created['from'] == 0 and all('was' not in i for i in created['items'])


def test_a_binding_is_one_object_with_its_scope(world):
    made, = [v for v in world.admin.pages('/v1/changes?object=binding') if v.get('reason') == 'on call']
    assert (made['version'], made['action']) == (1, 'binding.create')
    assert made['key'].startswith('bnd_'), 'keys are what people call the object'
    content = world.admin.get(f'/v1/changes/version?object=binding&key={made["key"]}').expect(200)['content']
    for query in ('object=binding&', ''):
        assert {c['key'] for c in world.admin.pages(f'/v1/changes?{query}key={made["key"]}')} == {made['key']}
    stored = content['binding_id']
    assert world.admin.get(f'/v1/changes/version?object=binding&key={stored}').expect(200)['content'] == content, 'as it is stored, too'
    assert content['role'] == 'viewer' and content['scope_tags'] == [{'clause': 0, 'name': 'env', 'value': 'prod'}]
    assert len(content['scope_groups']) == 1
    ended = [v for v in world.admin.pages('/v1/changes?object=binding') if v['action'] == 'binding.end']
    assert [(v['version'], v['fields']) for v in ended] == [(2, ['ended_us', 'ended_by_id'])]


def test_what_is_not_there_or_not_allowed(world):
    world.admin.get('/v1/changes?object=nothing').problem(400)
    world.admin.get('/v1/changes/version?object=role&key=nobody').problem(404, rule='version-unknown')
    world.admin.get('/v1/changes/version?object=role&key=viewer&version=9').problem(404, rule='version-unknown')
    world.admin.get('/v1/changes/diff?object=role&key=viewer&from=9').problem(404, rule='version-unknown')
    for path in ('/v1/changes', '/v1/changes/check', '/v1/changes/version?object=role&key=viewer', '/v1/changes/diff?object=role&key=viewer'):
        world.person.get(path).problem(403)
    for reason in ('a%0Ab', '%C3', 'x' * 1001, '%zz'):
        world.admin.post('/v1/groups', {'name': 'unmade'}, headers={'X-Reason': reason}).problem(400, rule='reason-header')
    assert not [g for g in world.admin.pages('/v1/groups') if g['name'] == 'unmade']


def test_the_command_line_tells_and_is_told(world):
    person = world.admin.post('/v1/users', {'display_name': 'CLI', 'roles': ['administrator']}).expect(201)
    world.cli('enroll', world.url, person['link'], '--ca-file', world.root_pem).expect(0)
    world.cli('group', 'create', '--name', 'cli', '--because', 'für die Leute').expect(0)
    made = world.cli('change', 'list', '--object', 'group', '--json').json()['items'][0]
    assert (made['action'], made['reason'], made['version']) == ('group.create', 'für die Leute', 1)
    assert 'viewer' in world.cli('change', 'list', '--object', 'role').expect(0).out
    assert world.cli('change', 'diff', '--object', 'role', '--key', 'viewer', '--json').json()['from'] == 1
    assert world.cli('change', 'check', '--json').json()['intact']


def test_history_replays_to_the_present(world):
    """A naive replayer: versions in order, the newest wins; and it is what the tables hold."""
    state = {}
    for name, key, version, content in world.read('SELECT object, object_key, version, content FROM state_change ORDER BY version'):
        assert int(version) == (state[name, key][0] + 1 if (name, key) in state else 1), 'versions have no gap'
        state[name, key] = int(version), json.loads(content)
    for name, table, columns in (('user', 'tenant_user', ['user_id', 'state']),
                                 ('binding', 'role_binding', ['binding_id', 'role', 'everywhere', 'tags', 'ended_us', 'subject_id']),
                                 ('member', 'group_member', ['group_id', 'user_id', 'added_us', 'ended_us']),
                                 ('issuer', 'issuer', ['issuer_id', 'certificate', 'status_url']),
                                 ('certificate-profile', 'profile_version', ['name', 'version', 'state']),
                                 ('acme-directory', 'acme_directory', ['name', 'state', 'profiles']),
                                 ('scim-client', 'scim_client', ['user_id', 'token_id', 'binding_id', 'expires_us']),
                                 ('scim-group', 'scim_group', ['group_id', 'client_id', 'display_name', 'privileged_allowed']),
                                 ('service-owner', 'service_owner', ['user_id', 'since_us', 'owner_id', 'ended_us'])):
        select = ', '.join(world.hex(c) if c.endswith('_id') or c == 'certificate' else c for c in columns)
        live = sorted(tuple(str(v if v is not None else '') for v in row) for row in world.read(f'SELECT {select} FROM {table}'))
        replayed = sorted(tuple(str('' if content[c] is None else content[c]) for c in columns)
                          for (kind, _), (_, content) in state.items() if kind == name)
        assert live == replayed and live, name


# What is changed, how it is put back ({was}: a value read before), and what is found.
TAMPERING = {
    'a role in a binding': ("UPDATE role_binding SET role = 'administrator' WHERE tags <> ''", "UPDATE role_binding SET role = 'viewer' WHERE tags <> ''",
                            ('row-changed', 'binding', 'role'), None),
    'a scope': ("UPDATE role_binding SET everywhere = 1 WHERE tags <> ''", "UPDATE role_binding SET everywhere = 0 WHERE tags <> ''",
                ('row-changed', 'binding', 'everywhere'), None),
    'an end': ("UPDATE role_binding SET expires_us = 1 WHERE tags <> ''", "UPDATE role_binding SET expires_us = NULL WHERE tags <> ''",
               ('row-changed', 'binding', 'expires_us'), None),
    'a tag of a binding': ("UPDATE binding_tag SET value = 'test'", "UPDATE binding_tag SET value = 'prod'", ('row-changed', 'binding', 'scope_tags'), None),
    'a user': ("UPDATE tenant_user SET state = 'active' WHERE state = 'disabled'",
               "UPDATE tenant_user SET state = 'disabled' WHERE disabled_us IS NOT NULL", ('row-changed', 'user', 'state'), None),
    'a membership given back': ('UPDATE group_member SET ended_us = NULL WHERE ended_us = {was}',
                                'UPDATE group_member SET ended_us = {was} WHERE ended_us IS NULL AND user_id IN '
                                "(SELECT subject_id FROM role_binding WHERE tags <> '')", ('row-changed', 'member', 'ended_us'),
                                'SELECT MAX(ended_us) FROM group_member'),
    'a right in a role': ("INSERT INTO custom_role_permission (tenant_id, role, permission, added_us) "
                          "SELECT tenant_id, name, 'role.set', 1 FROM custom_role",
                          "DELETE FROM custom_role_permission WHERE permission = 'role.set'", ('row-changed', 'role', 'permissions'), None),
    'a role made': ("INSERT INTO custom_role (tenant_id, name, created_us) SELECT tenant_id, 'ghost', 1 FROM tenant",
                    "DELETE FROM custom_role WHERE name = 'ghost'", ('row-unknown', 'role', ''), None),
    'a group renamed': ("UPDATE access_group SET name = 'wob' WHERE name = 'web'", "UPDATE access_group SET name = 'web' WHERE name = 'wob'",
                        ('row-changed', 'group', 'name'), None),
    'a profile': ("UPDATE profile_version SET content = content || ' ' WHERE name = 'server-tls'",
                  "UPDATE profile_version SET content = substr(content, 1, length(content) - 1) WHERE name = 'server-tls'",
                  ('row-changed', 'certificate-profile', 'content'), None),
    'an issuer': ("UPDATE issuer SET status_url = 'http://a.example' WHERE status_url = '{was}'",
                  "UPDATE issuer SET status_url = '{was}' WHERE status_url = 'http://a.example'",
                  ('row-changed', 'issuer', 'status_url'), 'SELECT MAX(status_url) FROM issuer'),
    'an ACME directory': ("UPDATE acme_directory SET state = 'active'", "UPDATE acme_directory SET state = 'disabled'",
                          ('row-changed', 'acme-directory', 'state'), None),
    'a SCIM client': ('UPDATE scim_client SET expires_us = expires_us + 1', 'UPDATE scim_client SET expires_us = expires_us - 1',
                      ('row-changed', 'scim-client', 'expires_us'), None),
    'a group that a directory keeps': ('UPDATE scim_group SET privileged_allowed = 1', 'UPDATE scim_group SET privileged_allowed = 0',
                                       ('row-changed', 'scim-group', 'privileged_allowed'), None),
    'an earlier owner of a service account': ('UPDATE service_owner SET given_by_id = tenant_id WHERE ended_us IS NOT NULL',
                                              'UPDATE service_owner SET given_by_id = (SELECT o.given_by_id FROM service_owner o '
                                              'WHERE o.ended_us IS NULL) WHERE ended_us IS NOT NULL',
                                              ('row-changed', 'service-owner', 'given_by_id'), None),
    'a tenant': ("UPDATE tenant SET state = 'active', name = 'x' WHERE name = '{was}'", "UPDATE tenant SET name = '{was}'",
                 ('row-deleted', 'tenant', ''), 'SELECT name FROM tenant'),
}


@pytest.mark.parametrize('what', TAMPERING)
def test_a_row_changed_by_sql_is_found(world, what):
    change, undo, expected, read = TAMPERING[what]
    assert not found(world)
    was = world.read(read)[0][0] if read else None
    world.write(change.replace('{was}', str(was)))
    assert expected in found(world) and {f[1] for f in found(world)} == {expected[1]}
    world.write(undo.replace('{was}', str(was)))
    assert not found(world)


def test_the_doctor_and_core_tell(world):
    def told():
        lines = world.cli('doctor', '--data', world.data, '--json').json()['items']
        return [line for line in lines if line['check'] == 'state']
    assert [line['verdict'] for line in told()] == ['ok'] and not list(world.admin.pages('/v1/incidents'))
    world.write("UPDATE role_binding SET role = 'administrator' WHERE tags <> ''")
    assert [line['verdict'] for line in told()] == ['fail'] and 'row-changed binding' in told()[0]['text']
    assert world.stop() == 0
    world.start()
    incident = wait_for(lambda: list(world.admin.pages('/v1/incidents')), 'the incident', limit_s=60)[0]
    assert incident['title'] == 'The database was changed behind the application'
    world.write("UPDATE role_binding SET role = 'viewer' WHERE tags <> ''")
    assert [line['verdict'] for line in told()] == ['ok']


def test_versions_are_tied_to_the_log(make_instance, engine, cluster):
    """Whoever changes an object and its version alike is found by the hash in the entry, and so is who removes versions; who
    changes that hash too is found by the log itself."""
    instance = equip(make_instance().start(), engine, cluster)
    admin = instance.enroll_admin()
    admin.post('/v1/roles', {'name': 'viewer', 'permissions': ['certificate.read']}).expect(200)
    admin.post('/v1/groups', {'name': 'web'}).expect(201)
    instance.write("UPDATE custom_role_permission SET permission = 'role.set'")
    instance.write("UPDATE state_change SET content = replace(content, 'certificate.read', 'role.set') WHERE object = 'role'")
    assert found(instance) == {('version-altered', '', '')}
    instance.write("DELETE FROM state_change WHERE object = 'group'")
    assert found(instance) == {('version-altered', '', ''), ('version-missing', '', ''), ('row-unknown', 'group', '')}
    instance.write("INSERT INTO state_change (tenant_id, object, object_key, version, content, entry_id, position) "
                   "SELECT tenant_id, 'group', 'aa', 1, '{}', e.entry_id, 9 FROM audit_entry e WHERE state_hash IS NULL LIMIT 1")
    assert ('version-untied', '', '') in found(instance) and ('row-deleted', 'group', '') in found(instance)
    wait_for(lambda: int(instance.read('SELECT COUNT(*) FROM audit_entry')[0][0]) ==
             int(instance.read('SELECT COALESCE(MAX(size), 0) FROM audit_checkpoint')[0][0]), 'a checkpoint over every entry')
    instance.write("UPDATE audit_entry SET state_hash = leaf_hash WHERE action = 'role.set'")
    lines = instance.cli('doctor', '--data', instance.data, '--json').json()['items']
    assert [line['verdict'] for line in lines if line['check'] == 'audit'] == ['fail']


def test_what_was_there_before_is_taken_over_once(make_instance, engine, cluster):
    instance = equip(make_instance().start(), engine, cluster)
    admin = instance.enroll_admin()
    admin.post('/v1/groups', {'name': 'web'}).expect(201)
    assert instance.stop() == 0
    entries = instance.read('SELECT COUNT(*) FROM audit_entry WHERE state_hash IS NOT NULL')[0][0]
    assert int(entries) >= 5, 'from the first entry on'
    instance.write("UPDATE tenant_user SET state = 'disabled', disabled_us = 1 WHERE state = 'invited'")
    instance.write("INSERT INTO access_group (tenant_id, group_id, name, created_us) SELECT tenant_id, tenant_id, 'ghost', 1 FROM tenant")
    instance.start()
    assert ('row-unknown', 'group', '') in found(instance), 'nothing is taken over that came later'
    assert instance.stop() == 0
    instance.write('DELETE FROM state_change')
    instance.start()
    assert 'version-missing' in {f[0] for f in found(instance)}, 'nor is everything taken over again unseen'
    adopted = list(instance.admin.pages('/v1/audit/entries?action=system.state.adopt'))
    assert len(adopted) == 1 and ('row-unknown', 'group', '') not in found(instance)


def test_a_kind_that_a_later_program_records_is_taken_over_once(make_instance, engine, cluster):
    """As after an upgrade: the tenant is recorded, service owners and SCIM clients are not yet."""
    instance = equip(make_instance().start(), engine, cluster)
    admin = instance.enroll_admin()
    for name in ('directory', 'other'):
        admin.post('/v1/scim-clients', {'display_name': name}).expect(201)
    admin.post('/v1/service-accounts', {'display_name': 'Robot', 'purpose': 'renewals', 'owner_id': admin.user_id}).expect(201)
    assert instance.stop() == 0
    instance.write("DELETE FROM state_change WHERE object = 'service-owner'")
    instance.write("DELETE FROM state_adopted WHERE object IN ('service-owner', 'scim-client')")
    instance.write('UPDATE scim_client SET expires_us = expires_us + 1')
    instance.start()
    rules = found(instance)
    assert ('row-unknown', 'service-owner', '') not in rules, 'it was taken over'
    assert ('row-changed', 'scim-client', 'expires_us') in rules, 'what has versions is not taken over again'
    assert len(list(instance.admin.pages('/v1/audit/entries?action=system.state.adopt'))) == 1
    assert [v['action'] for v in instance.admin.pages('/v1/changes?object=service-owner')] == ['system.state.adopt']
    assert instance.stop() == 0
    instance.write('UPDATE service_owner SET given_by_id = tenant_id')
    instance.start()
    assert ('row-changed', 'service-owner', 'given_by_id') in found(instance)
    assert len(list(instance.admin.pages('/v1/audit/entries?action=system.state.adopt'))) == 1, 'once'


def test_a_restored_copy_raises_no_alarm(make_instance, engine, cluster):
    instance = equip(make_instance().start(), engine, cluster)
    instance.user('operator')
    assert instance.stop() == 0
    copy = instance.copy_database(cluster)
    instance.start()
    instance.user('operator')
    assert instance.stop() == 0
    instance.restore_database(cluster, copy)
    instance.start()
    assert not found(instance)
