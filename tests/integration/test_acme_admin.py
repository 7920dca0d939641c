"""Directories and keys for external account binding: who may make them, what they show, what the command line prints."""
import pytest

from harness import acme


@pytest.fixture(scope='module')
def world(instance):
    return acme.World(instance)


def test_a_directory_is_an_administrators(instance, people):
    document = {'name': 'mine', 'certificate_profiles': ['server-tls-auto']}
    for role in ('requester', 'approver', 'operator', 'auditor'):
        people[role].post('/v1/acme-directories', document).problem(403)


@pytest.mark.parametrize('changes,field', [({'certificate_profiles': ['no-such']}, 'certificate_profiles'),
                                           ({'certificate_profiles': ['smime']}, 'certificate_profiles'),
                                           ({'certificate_profiles': ['server-tls', 'server-tls']}, 'certificate_profiles'),
                                           ({'issuer_id': 'iss_0123456789abcdefghjkmnpqrs'}, 'issuer_id'),
                                           ({'user_id': 'usr_0123456789abcdefghjkmnpqrs'}, 'user_id')])
def test_a_wrong_directory_is_refused(admin, changes, field):
    document = {'name': 'wrong', 'certificate_profiles': ['server-tls-auto'], **changes}
    admin.post('/v1/acme-directories', document).problem(422, field)


def test_a_name_is_taken_once(world, admin):
    admin.post('/v1/acme-directories', {'name': world.directory['name'], 'certificate_profiles': ['server-tls-auto']}).problem(409, 'name')
    assert world.directory['id'] in [d['id'] for d in admin.pages('/v1/acme-directories')]


def test_the_key_is_shown_once_and_sealed(instance, world, people):
    eab = world.eab(label='for the load balancers')
    assert len(acme.unb64(eab['hmac_key'])) == 32
    listed = next(e for e in people['requester'].pages('/v1/acme-eab-keys') if e['id'] == eab['eab']['id'])
    assert 'hmac_key' not in listed and listed['label'] == 'for the load balancers' and listed['state'] == 'active'
    if instance.engine == 'sqlite':
        for row in instance.sql('SELECT hmac_key, label FROM acme_eab_key'):
            assert acme.unb64(eab['hmac_key']) not in row[0] and b'load balancers' not in row[1]
    account = world.account(eab)
    listed = next(e for e in people['requester'].pages('/v1/acme-eab-keys') if e['id'] == eab['eab']['id'])
    assert listed['use_count'] == 1 and listed['last_used'] and account.kid


def test_contacts_are_sealed(instance, world):
    world.account(contact=['mailto:somebody.special@example.org'])
    if instance.engine == 'sqlite':
        assert all(b'somebody' not in row[0] for row in instance.sql('SELECT contact FROM acme_account'))


def test_a_key_is_its_makers(instance, world, people):
    eab = world.eab()
    assert eab['eab']['user_id'] == people['requester'].user_id
    stranger = instance.user('requester')
    assert eab['eab']['id'] not in [e['id'] for e in stranger.pages('/v1/acme-eab-keys')]
    stranger.post(f'/v1/acme-eab-keys/{eab["eab"]["id"]}/revoke').problem(404)
    for role in ('approver', 'operator', 'auditor'):
        people[role].post('/v1/acme-eab-keys', {'directory_id': world.directory['id'], 'label': 'x'}).problem(403)
    view = world.admin.post(f'/v1/acme-eab-keys/{eab["eab"]["id"]}/revoke').expect(200)
    assert view['state'] == 'revoked'


@pytest.mark.parametrize('changes,field', [({'domains': []}, 'validation'), ({'domains': ['Example.org']}, 'domains'),
                                           ({'domains': ['a..b']}, 'domains'), ({'domains': ['10.0.0.01']}, 'domains'),
                                           ({'certificate_profile': 'smime'}, 'certificate_profile'),
                                           ({'directory_id': 'acd_0123456789abcdefghjkmnpqrs'}, 'directory_id')])
def test_a_wrong_key_is_refused(world, people, changes, field):
    document = {'directory_id': world.directory['id'], 'label': 'x', 'validation': 'none', 'domains': ['example.org'], **changes}
    answer = people['requester'].post('/v1/acme-eab-keys', document)
    assert answer.problem(answer.status)['field'].startswith(field)


def test_public_trust_always_needs_a_challenge(instance):
    world = acme.World(instance, profiles=('server-tls-public', 'server-tls-auto'))
    document = {'directory_id': world.directory['id'], 'label': 'x', 'validation': 'none', 'domains': ['example.org']}
    requester = instance.people()['requester']
    requester.post('/v1/acme-eab-keys', document).problem(422, 'validation', 'validation-public-trust')
    requester.post('/v1/acme-eab-keys', {**document, 'certificate_profile': 'server-tls-auto'}).expect(201)


def test_the_command_line(make_instance):
    instance = make_instance().start()
    instance.cli('enroll', instance.url, instance.link, '--ca-file', instance.root_pem).expect(0)
    made = instance.cli('acme-directory', 'create', '--name', 'internal', '--certificate-profile', 'server-tls-auto', '--json').expect(0).json()
    assert made['url'].endswith(f'/acme/{made["id"]}/directory')
    eab = instance.cli('acme-eab', 'create', '--directory-id', made['id'], '--label', 'web', '--domain', 'example.org', '--json').expect(0).json()
    assert eab['eab']['domains'] == ['example.org'] and eab['hmac_key']
    assert eab['eab']['id'] in instance.cli('acme-eab', 'list').expect(0).out
    instance.cli('acme-eab', 'revoke', eab['eab']['id']).expect(0)
    instance.cli('renewal-window', 'create', '--start', '2030-01-01T00:00:00Z', '--end', '2030-01-02T00:00:00Z').expect(0)
    assert '2030-01-01' in instance.cli('renewal-window', 'list').expect(0).out
