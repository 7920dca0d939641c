"""Client certificates against the real gate: what lets a service account act, what lets a person in beside the password, and
everything that lets nobody in. The certificates of a foreign CA are openssl's."""
import os
import subprocess
import time

import pytest

from harness import http, pki
from harness.instance import free_port
from harness.login import PASSWORD, Browser, Person

SCHEME = {'Authorization': 'Client-Certificate'}


class Outsider:
    """A CA of somebody else, with the extensions that one asks for."""

    def __init__(self, folder, name='Outside CA', subject=None):
        self.folder = str(folder)
        self.key, self.pem = os.path.join(self.folder, name + '.key'), os.path.join(self.folder, name + '.pem')
        pki.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', self.key, '-out', self.pem,
                    '-subj', subject or '/CN=' + name, '-days', '30', '-addext', 'basicConstraints=critical,CA:TRUE',
                    '-addext', 'keyUsage=critical,keyCertSign,cRLSign')

    def text(self):
        with open(self.pem) as f:
            return f.read()

    def issue(self, name, subject='/CN=robot', usage='clientAuth', key=None, start=-1, end=7):
        """Paths of certificate and key; start and end in days from now."""
        key_path, path, config = (os.path.join(self.folder, name + ending) for ending in ('.key', '.pem', '.cnf'))
        with open(key_path, 'w') as f:
            f.write(key or pki.key(fresh=True))
        with open(config, 'w') as f:
            f.write('[e]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n'
                    'authorityKeyIdentifier=keyid\n' + (f'extendedKeyUsage={usage}\n' if usage else ''))
        request = pki.openssl('req', '-new', '-key', key_path, '-subj', subject).stdout
        at = lambda days: time.strftime('%Y%m%d%H%M%SZ', time.gmtime(time.time() + days * 86400))  # noqa: E731
        for file, content in (('index', ''), ('serial', os.urandom(8).hex().replace('f', '7', 1) + '\n')):
            with open(os.path.join(self.folder, file), 'w') as f:
                f.write(content)
        with open(os.path.join(self.folder, 'ca.cnf'), 'w') as f:
            f.write(f'[ca]\ndefault_ca=c\n[c]\ndatabase={self.folder}/index\nserial={self.folder}/serial\nnew_certs_dir={self.folder}\n'
                    'default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=optional\n')
        with open(os.path.join(self.folder, 'request.pem'), 'wb') as f:
            f.write(request)
        pki.openssl('ca', '-batch', '-config', os.path.join(self.folder, 'ca.cnf'), '-cert', self.pem, '-keyfile', self.key, '-in',
                    os.path.join(self.folder, 'request.pem'), '-out', path, '-startdate', at(start), '-enddate', at(end),
                    '-extfile', config, '-extensions', 'e', '-notext')
        return path, key_path


@pytest.fixture(scope='module')
def world(make_instance):
    port = free_port()
    instance = make_instance(settings={'client_certificate_listen': f'127.0.0.1:{port}'}).start()
    instance.client_port = port
    instance.enroll_admin()
    return instance


@pytest.fixture(scope='module')
def outside(world, tmp_path_factory):
    ca = Outsider(tmp_path_factory.mktemp('outside'))
    world.admin.post('/v1/client-cas', {'name': 'Outside', 'certificate': ca.text()}).expect(201)
    return ca


@pytest.fixture(scope='module')
def robot(world):
    """A service account with its owner."""
    owner = world.user('requester', 'approver')
    made = world.admin.post('/v1/service-accounts', {'display_name': 'robot', 'purpose': 'builds', 'owner_id': owner.user_id}).expect(201)
    world.admin.post('/v1/bindings', {'user_id': made['id'], 'role': 'requester', 'all': True, 'reason': 'builds'}).expect(201)
    made['owner'] = owner
    return made


def come(world, paths=None, headers=SCHEME, port=None):
    client = http.tls_client('127.0.0.1', port or world.client_port, world.root_pem, certificate=paths)

    def send(method, path, document=None, more=None):
        sent = {**(headers or {}), **(more or {})}
        return client.post(path, document, headers=sent) if method == 'POST' else client.send(method, path, headers=sent)
    return send


def ours(world, tmp_path, client, name='ours'):
    """A certificate that this platform issued to client, with the paths of it and its key."""
    profile = world.profile('client-tls')
    wanted = 'email:person@example.org' if 'email' in profile['name_kinds'] else 'DNS:client.example.org'
    key = pki.key(fresh=True)
    certificate = world.issue(csr=pki.csr([wanted], private_key=key), profile=profile['name'], client=client)
    return certificate, tuple(pki.files(tmp_path, **{name + '_pem': certificate['pem'], name + '_key': key}))


def bind(world, user_id, client=None, **document):
    return (client or world.admin).post(f'/v1/users/{user_id}/client-certificates', document)


def read(path):
    with open(path) as f:
        return f.read()


def test_a_service_account_acts_with_its_certificate_alone(world, outside, robot):
    paths = outside.issue('first')
    made = bind(world, robot['id'], certificate=read(paths[0])).expect(201)
    assert made['subject'] == 'CN=robot' and made['matches'] == 'key' and 'last_used' not in made
    me = come(world, paths)('GET', '/v1/me').expect(200)
    assert me['user_id'] == robot['id'] and me['client_certificate_id'] == made['id'] and me['roles'] == ['requester']
    assert 'token_id' not in me and 'session_id' not in me
    request = come(world, paths)('POST', '/v1/requests', {'certificate_profile': world.profile('server-tls')['name'],
                                                          'csr': pki.csr(['DNS:www.example.org'])}).expect(201)
    assert request['requester_id'] == robot['id']
    # Its owner could as well have asked: they are one person.
    robot['owner'].post(f'/v1/requests/{request["id"]}/approve', {'comment': 'me'}).problem(403, rule='requester-is-approver')
    world.admin.get('/v1/users/' + robot['id']).expect(200)['client_certificates'][0]['last_used']
    uses = [e for e in world.admin.pages('/v1/audit/entries?action=client.certificate.use') if e['object_id'] == made['id']]
    assert len(uses) == 1 and uses[0]['actor_id'] == robot['id']
    # A renewed certificate for the same key goes on, one for another key of the same name does not.
    come(world, outside.issue('renewed', key=read(paths[1])))('GET', '/v1/me').expect(200)
    come(world, outside.issue('namesake'))('GET', '/v1/me').problem(401, rule='client-certificate-unknown')


def test_what_is_wrong_is_named(world, outside, robot, tmp_path):
    key = pki.key(fresh=True)
    good = outside.issue('good', key=key)
    bind(world, robot['id'], certificate=read(good[0])).expect(201)
    come(world, good)('GET', '/v1/me').expect(200)
    # Another CA of the very same name: its signature is another key's.
    twin = Outsider(tmp_path, subject='/CN=Outside CA').issue('twin', key=key)
    come(world, twin)('GET', '/v1/me').problem(401, rule='client-certificate-issuer')
    alone = str(tmp_path / 'self.pem')
    pki.openssl('req', '-x509', '-key', good[1], '-subj', '/CN=robot', '-days', '2', '-out', alone, '-addext', 'extendedKeyUsage=clientAuth')
    come(world, (alone, good[1]))('GET', '/v1/me').problem(401)
    come(world, outside.issue('any', key=key, usage=None))('GET', '/v1/me').problem(401, rule='client-certificate-purpose')
    assert 'expired' in refused_by_the_gate(world, outside.issue('old', key=key, start=-9, end=-1))
    assert 'not yet valid' in refused_by_the_gate(world, outside.issue('new', key=key, start=2))
    come(world, outside.issue('server', key=key, usage='serverAuth'))('GET', '/v1/me').problem(401, rule='client-certificate-purpose')
    come(world, None)('GET', '/v1/me').problem(401, rule='client-certificate-missing')
    come(world, good, {'Authorization': 'Client-Certificate ten_x'})('GET', '/v1/me').problem(401, rule='tenant-form')
    come(world, good, {'Authorization': 'Client-Certificate ten_' + '0' * 26})('GET', '/v1/me').problem(401, rule='tenant-form')
    come(world, good, {'Authorization': 'Client-Certificate ten_' + '1' * 26})('GET', '/v1/me').problem(401)
    tenant = world.admin.get('/v1/me').expect(200)['tenant_id']
    come(world, good, {'Authorization': 'Client-Certificate ' + tenant})('GET', '/v1/me').expect(200)
    come(world, good, {})('GET', '/v1/me').problem(401, rule='token-missing')  # nothing is done unasked: no ambient login


def refused_by_the_gate(world, paths):
    """nginx refuses these itself; the problem document has OpenSSL's words."""
    return come(world, paths)('GET', '/v1/me').expect(400)['detail']


def test_the_times_are_core_s_too(make_instance, tmp_path):
    """On a drill instance core's clock runs ahead of the gate's."""
    port = free_port()
    world = make_instance(drill=True, settings={'client_certificate_listen': f'127.0.0.1:{port}'}).start()
    world.client_port = port
    admin = world.enroll_admin()
    outside = Outsider(tmp_path)
    ca = admin.post('/v1/client-cas', {'name': 'Outside', 'certificate': outside.text()}).expect(201)
    owner = world.user('requester')
    account = admin.post('/v1/service-accounts', {'display_name': 'robot', 'purpose': 'x', 'owner_id': owner.user_id}).expect(201)
    paths = outside.issue('robot')
    bind(world, account['id'], certificate=read(paths[0])).expect(201)
    come(world, paths)('GET', '/v1/me').expect(200)
    admin.post('/v1/system/clock', {'offset_s': 8 * 86400}).expect(200)
    come(world, paths)('GET', '/v1/me').problem(401, rule='client-certificate-expired')
    admin.post('/v1/system/clock', {'offset_s': 8 * 86400 + 1}).expect(200)
    fresh = outside.issue('longer', key=read(paths[1]), end=20)
    come(world, fresh)('GET', '/v1/me').expect(200)
    # The CA is trusted no longer; then there is no tenant's CA at all.
    admin.post(f'/v1/client-cas/{ca["id"]}/remove').expect(200)
    come(world, fresh)('GET', '/v1/me').problem(401, rule='client-certificate-issuer')


def test_a_name_in_a_header_is_nobody(world, outside, robot):
    """Only the gate says what certificate a client has, on either listener."""
    paths = outside.issue('stolen')
    bind(world, robot['id'], certificate=read(paths[0])).expect(201)
    import urllib.parse
    forged = {'X-CX-Client-Cert': urllib.parse.quote(read(paths[0])), 'X-SSL-Client-Cert': 'x', 'X_CX_Client_Cert': 'x',
              'SSL_CLIENT_VERIFY': 'SUCCESS'}
    for port in (world.port, world.client_port):
        come(world, None, port=port)('GET', '/v1/me', more=forged).problem(401, rule='client-certificate-missing')
    # On the first listener a certificate is not even asked for.
    come(world, paths, port=world.port)('GET', '/v1/me').problem(401, rule='client-certificate-missing')
    shown = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{world.port}', '-CAfile', world.root_pem], input=b'',
                           capture_output=True, timeout=20).stdout
    assert b'No client certificate CA names sent' in shown and b'Requested Signature Algorithms' not in shown
    # Without its key a certificate is worth nothing: the handshake fails.
    other = outside.issue('other')
    with pytest.raises(Exception):
        come(world, (paths[0], other[1]))('GET', '/v1/me')


def test_our_own_certificate_revoked_is_refused_on_the_next_request(world, robot, tmp_path):
    certificate, paths = ours(world, tmp_path, world.people()['requester'])
    made = bind(world, robot['id'], certificate_id=certificate['id'], matches='certificate').expect(201)
    assert made['matches'] == 'certificate' and made['serial'] == certificate['serial']
    come(world, paths)('GET', '/v1/me').expect(200)
    world.revoke(certificate)
    come(world, paths)('GET', '/v1/me').problem(401, rule='client-certificate-revoked')
    bind(world, robot['id'], certificate_id=certificate['id']).problem(422, rule='client-certificate-revoked')


def test_issuer_and_serial_name_one_certificate(world, outside, robot):
    paths = outside.issue('exact')
    bind(world, robot['id'], certificate=read(paths[0]), matches='certificate').expect(201)
    come(world, paths)('GET', '/v1/me').expect(200)
    come(world, outside.issue('again', key=read(paths[1])))('GET', '/v1/me').problem(401, rule='client-certificate-unknown')


def test_binding_is_for_administrators_and_is_checked(world, outside, robot, tmp_path):
    paths = outside.issue('bound')
    person = world.user('requester')
    bind(world, person.user_id, client=person, certificate=read(paths[0])).problem(403)
    bind(world, robot['id'], client=robot['owner'], certificate=read(paths[0])).problem(403)
    made = bind(world, robot['id'], certificate=read(paths[0])).expect(201)
    bind(world, person.user_id, certificate=read(paths[0])).problem(409, rule='client-certificate-bound')
    stranger = Outsider(tmp_path, name='Stranger').issue('strange')
    bind(world, robot['id'], certificate=read(stranger[0])).problem(422, rule='client-certificate-issuer')
    bind(world, robot['id'], certificate=read(outside.issue('web', usage='serverAuth')[0])).problem(422, rule='client-certificate-purpose')
    bind(world, robot['id'], certificate='nonsense').problem(400)
    bind(world, robot['id']).problem(400, rule='one-of')
    # Seen and removed by its owner, by whoever may disable users, and by nobody else.
    assert made['id'] in [c['id'] for c in robot['owner'].get(f'/v1/client-certificates?user_id={robot["id"]}').expect(200)['items']]
    person.get(f'/v1/client-certificates?user_id={robot["id"]}').problem(404)
    person.post(f'/v1/client-certificates/{made["id"]}/remove').problem(404)
    come(world, paths)('GET', '/v1/me').expect(200)
    robot['owner'].post(f'/v1/client-certificates/{made["id"]}/remove').expect(200)
    come(world, paths)('GET', '/v1/me').problem(401, rule='client-certificate-unknown')
    entries = list(world.admin.pages('/v1/audit/entries?action=client.certificate.remove'))
    assert entries[0]['object_id'] == made['id'] and entries[0]['actor_id'] == robot['owner'].user_id


def test_who_binds_one_could_be_the_robot(world, outside):
    binder, owner = world.user('administrator', 'requester'), world.user('requester')
    account = world.admin.post('/v1/service-accounts', {'display_name': 'r', 'purpose': 'x', 'owner_id': owner.user_id}).expect(201)
    world.admin.post('/v1/bindings', {'user_id': account['id'], 'role': 'approver', 'all': True, 'reason': 'x'}).expect(201)
    paths = outside.issue('puppet')
    bind(world, account['id'], client=binder, certificate=read(paths[0])).expect(201)
    request = world.request(client=binder)
    come(world, paths)('POST', f'/v1/requests/{request["id"]}/approve', {'comment': 'me'}).problem(
        403, rule='approver-enrolled-by-requester')


def login(world, paths, person, password=PASSWORD, **more):
    return come(world, paths, {})('POST', '/v1/login/password', {'account': person.account, 'password': password, 'bearer': True, **more})


def test_of_a_person_it_is_one_factor(world, tmp_path):
    person = Person(world, 'administrator', 'requester')
    certificate, paths = ours(world, tmp_path, person.token)
    session = person.login()
    made = session.post('/v1/me/client-certificates', {'certificate_id': certificate['id']}).expect(201)
    # Alone it opens nothing, whatever the header says.
    come(world, paths)('GET', '/v1/me').problem(401, rule='client-certificate-person')
    login(world, paths, person, password='correct horse battery staplf').problem(401, rule='login-failed')
    login(world, None, person).problem(400, 'code', 'one-of')
    done = login(world, paths, person).expect(201)
    assert done['session']['method'] == 'client-certificate' and done['session']['factor']
    inside = world.anonymous(token=done['secret'])
    # Two factors, a moment old: privileged acts go.
    inside.get('/v1/users').expect(200)
    inside.post('/v1/groups', {'name': 'made-with-a-certificate'}).expect(201)
    shown = inside.get('/v1/me/factors').expect(200)
    assert [c['id'] for c in shown['client_certificates']] == [made['id']] and shown['can_log_in']
    # The session is over with the certificate, on the next request.
    world.revoke(certificate)
    inside.get('/v1/me').problem(401, rule='session-invalid')
    login(world, paths, person).problem(401, rule='client-certificate-revoked')
    session.get('/v1/me').expect(200)  # the one that began with a code goes on


def test_the_command_line_logs_in_with_a_certificate(world, tmp_path):
    person, home = Person(world, 'requester'), str(tmp_path / 'home')
    os.makedirs(home)
    certificate, paths = ours(world, tmp_path, person.token)
    made = world.admin.post('/v1/users', {'display_name': 'Second', 'roles': ['requester']}).expect(201)
    world.cli('enroll', world.url, made['link'], '--ca-file', world.root_pem, home=home).expect(0)
    person.login().post('/v1/me/client-certificates', {'certificate_id': certificate['id']}).expect(201)
    secret = tmp_path / 'password'
    secret.write_text(person.password + '\n')
    command = ('login', '--account', person.account, '--password', f'@{secret}')
    url = f'https://127.0.0.1:{world.client_port}'
    assert 'go together' in world.cli(*command, '--client-cert', paths[0], '--client-url', url, home=home).expect(64).err
    world.cli(*command, '--client-cert', 'nowhere.pem', home=home).expect(64)
    world.cli(*command, '--client-cert', paths[0], '--client-key', paths[1], '--client-url', url, home=home).expect(0)
    assert person.id in world.cli('me', 'show', '--json', home=home).expect(0).out
    # The context remembers the paths, whole ones, and nothing of the key.
    with open(os.path.join(home, '.config/certinext/contexts.yaml')) as f:
        kept = f.read()
    assert f'client_key: "{os.path.realpath(paths[1])}"' in kept and 'PRIVATE' not in kept
    world.cli(*command, home=home).expect(0)
    world.revoke(certificate)
    assert 'client-certificate-revoked' in world.cli(*command, '--json', home=home).err
    code = tmp_path / 'code'
    code.write_text(person.code() + '\n')
    world.cli(*command, '--code', f'@{code}', home=home).expect(0)


def test_anothers_certificate_is_no_factor_of_mine(world, outside):
    one, other = Person(world, 'requester'), Person(world, 'requester')
    paths = outside.issue('person', subject='/CN=' + one.id)
    made = bind(world, other.id, certificate=read(paths[0])).expect(201)
    login(world, paths, one).problem(401, rule='login-failed')
    done = login(world, paths, other).expect(201)
    inside = world.anonymous(token=done['secret'])
    inside.get('/v1/me').expect(200)
    failed = [e for e in world.admin.pages('/v1/audit/entries?action=login.password') if e['outcome'] == 'denied' and e.get('object_id') == one.id]
    assert failed and failed[0]['details']['reason'] == 'password-or-certificate'
    world.admin.post(f'/v1/client-certificates/{made["id"]}/remove').expect(200)
    inside.get('/v1/me').problem(401, rule='session-invalid')
    login(world, paths, other).problem(401, rule='login-failed')


def test_one_binds_for_oneself_only_what_was_issued_to_one(world, tmp_path):
    person = Person(world, 'requester')
    theirs, _ = ours(world, tmp_path, world.people()['requester'])
    mine, _ = ours(world, tmp_path, person.token, 'mine')
    session = person.login()
    session.post('/v1/me/client-certificates', {'certificate_id': theirs['id']}).problem(422, rule='certificate-unknown')
    person.token.post('/v1/me/client-certificates', {'certificate_id': mine['id']}).problem(403, rule='session-needed')
    made = session.post('/v1/me/client-certificates', {'certificate_id': mine['id'], 'matches': 'certificate'}).expect(201)
    session.post(f'/v1/client-certificates/{made["id"]}/remove').expect(200)
    assert session.get('/v1/client-certificates').expect(200)['items'] == []


def test_trusted_cas(world, outside, tmp_path):
    listed = world.admin.get('/v1/client-cas').expect(200)['items']
    assert [c['name'] for c in listed] == ['Outside'] and listed[0]['certificate'] == outside.text()
    add = lambda pem: world.admin.post('/v1/client-cas', {'name': 'x', 'certificate': pem})  # noqa: E731
    add(outside.text()).problem(409, rule='client-ca-there')
    add(world.chain()[0]).problem(422, rule='client-ca-ours')
    add(read(outside.issue('leaf')[0])).problem(422)
    world.people()['operator'].get('/v1/client-cas').problem(403)


def test_command_line(world, outside, robot, tmp_path):
    home = str(tmp_path)
    made = world.admin.post('/v1/users', {'display_name': 'Second', 'roles': ['administrator']}).expect(201)
    world.cli('enroll', world.url, made['link'], '--ca-file', world.root_pem, home=home).expect(0)
    paths = outside.issue('cli')
    bound = world.cli('user', 'bind-certificate', robot['id'], '--certificate', '@' + paths[0], '--json', home=home).expect(0).json()
    assert bound['id'] in world.cli('client-certificate', 'list', '--user-id', robot['id'], home=home).expect(0).out
    assert bound['spki_sha256'] in world.cli('user', 'show', robot['id'], home=home).expect(0).out
    assert 'Outside' in world.cli('client-ca', 'list', home=home).expect(0).out
    done = subprocess.run(['curl', '-s', '--cacert', world.root_pem, '--cert', paths[0], '--key', paths[1], '-H',
                           'Authorization: Client-Certificate', f'https://127.0.0.1:{world.client_port}/v1/me'], capture_output=True, text=True)
    assert robot['id'] in done.stdout
    world.cli('client-certificate', 'remove', bound['id'], home=home).expect(0)
    Browser(world).get('/v1/me').problem(401)
