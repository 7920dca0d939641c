"""Earlier versions come back through the same checks as an edit; profiles come into force in time and are tried on past requests."""
import datetime

import pytest

from harness import pki

DAY = 86400


@pytest.fixture(scope='module')
def world(make_instance, engine, cluster):
    instance = make_instance(drill=True).start()
    instance.enroll_admin()
    instance.write = (lambda sql: cluster().query(instance.database, sql)) if engine == 'postgres' else instance.sql_write
    instance.people()
    instance.second = instance.user('administrator')
    return instance


def set_role(client, name, *permissions):
    return client.post('/v1/roles', {'name': name, 'permissions': list(permissions)})


def roll_back(client, name, version, **options):
    return client.post('/v1/roles/rollback', {'name': name, 'version': version}, **options)


def versions(world, kind, key):
    return list(world.admin.pages(f'/v1/changes?object={kind}&key={key}'))


def test_a_role_gets_back_what_it_was(world):
    set_role(world.admin, 'watcher', 'certificate.read', 'request.read').expect(200)
    set_role(world.admin, 'watcher', 'issuer.read').expect(200)
    now = roll_back(world.admin, 'watcher', 1, headers={'X-Reason': 'the%20edit%20was%20wrong'}).expect(200)
    assert set(now['permissions']) == {'certificate.read', 'request.read'}
    third, second, first = versions(world, 'role', 'watcher')
    assert (third['version'], third['action'], third['reason']) == (3, 'role.rollback', 'the edit was wrong')
    assert third['hash'] == first['hash'] != second['hash']
    assert third['fields'] == ['permissions'] == second['fields']
    entry = [e for e in world.admin.pages('/v1/audit/entries?action=role.rollback')][0]
    assert (entry['details']['role'], entry['details']['from_version']) == ('watcher', '1')
    assert world.admin.get('/v1/changes/check').expect(200)['intact']


def test_a_rollback_is_checked_like_an_edit(world):
    set_role(world.admin, 'narrowed', 'certificate.read', 'role.set').expect(200)
    set_role(world.admin, 'narrowed', 'certificate.read').expect(200)
    world.admin.post('/v1/bindings', {'user_id': world.second.user_id, 'role': 'narrowed', 'all': True, 'reason': 'x'}).expect(201)
    refusals = (roll_back(world.second, 'narrowed', 1).problem(403, rule='granter-is-receiver'),
                roll_back(world.admin, 'narrowed', 1).problem(422, rule='binding-needs-end'))
    assert refusals and len(versions(world, 'role', 'narrowed')) == 2
    roll_back(world.admin, 'narrowed', 9).problem(404, rule='version-unknown')
    roll_back(world.admin, 'nobody', 1).problem(404, rule='version-unknown')
    roll_back(world.admin, 'administrator', 1).problem(404, rule='version-unknown')
    roll_back(world.people()['operator'], 'narrowed', 1).problem(403)


def test_a_forged_version_is_not_brought_back(world):
    set_role(world.admin, 'forged', 'certificate.read').expect(200)
    set_role(world.admin, 'forged', 'issuer.read').expect(200)
    forge = "UPDATE state_change SET content = replace(content, '{}', '{}') WHERE object = 'role' AND object_key = 'forged'"
    world.write(forge.format('certificate.read', 'user.create'))
    roll_back(world.admin, 'forged', 1).problem(409, rule='version-altered')
    world.write(forge.format('user.create', 'certificate.read'))
    assert roll_back(world.admin, 'forged', 1).expect(200)['permissions'] == ['certificate.read']


def test_a_provider_gets_back_what_it_was(world):
    group = world.admin.post('/v1/groups', {'name': 'people'}).expect(201)['id']
    first = {'client_id': 'one', 'client_secret': 'a-secret-of-some-length', 'scopes': ['openid', 'email'], 'groups_claim': 'roles', 'userinfo': True,
             'provision': True, 'factor_acrs': ['strong'], 'factor_amrs': ['hwk', 'pin'],
             'rules': [{'claim': 'ops', 'gives': 'role:requester'}, {'claim': 'all', 'gives': f'group:{group}'}]}
    made = world.admin.post('/v1/oidc-providers', {'name': 'idp', 'issuer': 'https://idp.example.org', **first}).expect(201)
    path = '/v1/oidc-providers/' + made['id']
    world.admin.post(path + '/update', {'client_id': 'two', 'scopes': ['openid'], 'userinfo': False, 'provision': False,
                            'factor_acrs': [], 'factor_amrs': [], 'rules': []}).expect(200)
    world.admin.post(path + '/disable').expect(200)
    back = world.admin.post(path + '/rollback', {'version': 1}).expect(200)
    assert {k: v for k, v in back.items() if k not in ('state', 'changed')} == {k: v for k, v in made.items() if k not in ('state', 'changed')}
    assert (made['state'], back['state']) == ('active', 'disabled'), 'what an edit does not change stays'
    key = [v for v in world.admin.pages('/v1/changes?object=oidc-provider')][0]['key']
    diff = world.admin.get(f'/v1/changes/diff?object=oidc-provider&key={key}&version=4&from=1').expect(200)
    assert {i['field'] for i in diff['items']} == {'state', 'changed_us'}
    world.admin.post(path + '/rollback', {'version': 9}).problem(404, rule='version-unknown')
    world.people()['operator'].post(path + '/rollback', {'version': 1}).problem(403)


def text_of(world, name, version=None):
    return world.admin.get(f'/v1/certificate-profiles/{name}' + (f'?version={version}' if version else '')).expect(200)['text']


def install(world, tmp_path, text, *options):
    path = tmp_path / 'profile.yaml'
    path.write_text(text)
    return world.cli('profile', 'install', str(path), '--data', world.data, *options)


def test_a_profile_gets_back_what_it_was(world, tmp_path):
    first = text_of(world, 'client-tls')
    install(world, tmp_path, first.replace('version: 1', 'version: 2').replace('max: 397d', 'max: 30d').replace('default: 90d', 'default: 9d'),
            '--because', 'shorter').expect(0)
    assert world.admin.get('/v1/certificate-profiles/client-tls').expect(200)['validity_max_days'] == 30
    world.cli('profile', 'rollback', 'client-tls', '--version', '1', '--data', world.data, '--because', 'too short').expect(0)
    assert text_of(world, 'client-tls') == first.replace('version: 1', 'version: 3')
    assert [versions(world, 'certificate-profile', f'client-tls%2F{n}')[0]['reason'] for n in (2, 3)] == ['shorter', 'too short']
    for name, number in (('client-tls', '9'), ('nothing', '1'), ('../client-tls', '1')):
        assert world.cli('profile', 'rollback', name, '--version', number, '--data', world.data).status == 69
    assert world.cli('profile', 'rollback', 'client-tls', '--version', 'x', '--data', world.data).status == 64
    certificate = world.issue(csr=pki.csr(['DNS:client.example.org'], subject='/CN=client.example.org'), profile='client-tls')
    assert certificate['certificate_profile'] == 'client-tls'


def test_a_version_comes_into_force_in_time(world, tmp_path):
    now = world.admin.get('/v1/system/clock').expect(200)['now']
    at = datetime.datetime.fromisoformat(now.replace('Z', '+00:00')) + datetime.timedelta(days=1)
    effective = at.strftime('%Y-%m-%dT%H:%M:%SZ')
    text = text_of(world, 'server-tls-auto').replace('version: 1', 'version: 2')
    assert install(world, tmp_path, text, '--effective', '2020-01-01T00:00:00Z').status == 66
    assert install(world, tmp_path, text, '--effective', 'tomorrow').status == 64
    install(world, tmp_path, text, '--effective', effective).expect(0)
    assert world.admin.get('/v1/certificate-profiles/server-tls-auto').expect(200)['version'] == 1
    assert world.admin.get('/v1/certificate-profiles/server-tls-auto?version=2').expect(200)['effective'].startswith(effective[:-1])
    assert {p['name']: p['version'] for p in world.admin.pages('/v1/certificate-profiles')}['server-tls-auto'] == 1
    offset = world.admin.get('/v1/system/clock').expect(200)['offset_s']
    world.admin.post('/v1/system/clock', {'offset_s': offset + 2 * DAY}).expect(200)
    assert world.admin.get('/v1/certificate-profiles/server-tls-auto').expect(200)['version'] == 2
    assert {p['name']: p['version'] for p in world.admin.pages('/v1/certificate-profiles')}['server-tls-auto'] == 2


def simulate(client, name, **fields):
    return client.post(f'/v1/certificate-profiles/{name}/simulate', fields)


def test_past_requests_are_run_through_another_version(world, tmp_path):
    fine = world.request(csr=pki.csr(['DNS:a.example.org'], 'p256'))
    names = world.request(csr=pki.csr(['DNS:b.example.org', 'DNS:c.example.org'], 'p256'))
    key = world.request(csr=pki.csr(['DNS:d.example.org'], 'rsa2048'))
    server = world.people()['requester'].post('/v1/requests', {
        'certificate_profile': 'server-tls', 'server_key': {'key_type': 'p384'}, 'names': [{'kind': 'dns', 'value': 'e.example.org'}]}).expect(201)
    days = world.request(csr=pki.csr(['DNS:f.example.org'], 'p256'), validity_days=200)
    text = text_of(world, 'server-tls')
    assert simulate(world.admin, 'server-tls', text=text).expect(200)['items'] == []
    narrower = text.replace('version: 1', 'version: 2').replace('[p256, p384, rsa2048, rsa3072, rsa4096, ed25519]', '[p256]')
    narrower = narrower.replace('max: 100', 'max: 1').replace('max: 397d', 'max: 100d').replace('default: 90d', 'default: 45d')
    narrower = narrower.replace('issue: 1', 'issue: 2')
    result = simulate(world.admin, 'server-tls', text=narrower).expect(200)
    rules = {i['request_id']: i['rule'] for i in result['items'] if i['what'] == 'refused'}
    made = [r['id'] for r in (days, server, key, names, fine)]
    assert [i for i in (i['request_id'] for i in result['items']) if i in made][:5] == made, 'newest first'
    assert {i: rules.get(i) for i in made} == {
        days['id']: 'validity-too-long', server['id']: 'key-type-not-allowed', key['id']: 'key-type-not-allowed',
        names['id']: 'names-max', fine['id']: None}
    # Beside these five there is what the host asked for itself: the gate's certificate.
    assert result['refused'] == len(rules) and result['considered'] == 6 and result['unreadable'] == 0
    others = {i['what']: (i['was'], i['is']) for i in result['items'] if i['request_id'] == fine['id']}
    assert others == {'approvals': (1, 2), 'lifetime': (90 * DAY, 45 * DAY)}
    assert simulate(world.admin, 'server-tls', text=narrower, requests=1).expect(200)['considered'] == 1
    install(world, tmp_path, narrower, '--effective', '2099-01-01T00:00:00Z').expect(0)
    assert simulate(world.admin, 'server-tls', version=2).expect(200) == result
    assert world.admin.get('/v1/certificate-profiles/server-tls').expect(200)['version'] == 1


def test_what_cannot_be_simulated(world):
    text = text_of(world, 'server-tls')
    for fields in ({}, {'text': text, 'version': 1}):
        simulate(world.admin, 'server-tls', **fields).problem(422, rule='text-or-version')
    simulate(world.admin, 'client-tls', text=text).problem(422, rule='profile-other-name')
    simulate(world.admin, 'server-tls', version=77).problem(404, rule='profile-unknown')
    assert simulate(world.admin, 'server-tls', text='name: [').status in (400, 422)
    simulate(world.people()['operator'], 'server-tls', version=1).problem(403)
