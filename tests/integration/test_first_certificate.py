"""The main job end to end: a person asks, a rule decides, another approves, the CA issues, everyone can check it, and
revocation is visible in CRL and OCSP."""
import os
import re
import subprocess
import time

from harness import pki, status
from harness.instance import BUILD, ROOT, wait_for


def test_request_approve_issue_verify_revoke(instance, people, tmp_path):
    private_key = pki.key('p256', fresh=True)
    request = instance.request(csr=pki.csr(['DNS:www.example.org', 'DNS:example.org'], private_key=private_key))
    assert request['state'] == 'awaiting_approval'
    assert request['requester_id'] == people['requester'].user_id
    assert request['approvals'] == [] and request['approvals_needed'] >= 1
    assert 'certificate_id' not in request

    done = instance.settled(people['approver'].post(f'/v1/requests/{request["id"]}/approve', {'comment': 'for the web'})
                            .expect(200))
    assert done['state'] == 'done'
    assert [(a['approver_id'], a['decision'], a['comment']) for a in done['approvals']] == [
        (people['approver'].user_id, 'approve', 'for the web')]

    certificate = people['requester'].get('/v1/certificates/' + done['certificate_id']).expect(200)
    assert certificate['status'] == 'active'
    leaf = certificate['pem']
    chain = instance.chain()
    pki.verify(tmp_path, leaf, chain, '-purpose', 'sslserver', '-verify_hostname', 'www.example.org')
    assert pki.verify(tmp_path, leaf, chain, '-verify_hostname', 'other.example.org', check=False).returncode != 0
    public = pki.openssl('x509', '-pubkey', '-noout', stdin=leaf.encode()).stdout
    assert public == pki.openssl('pkey', '-pubout', stdin=private_key.encode()).stdout
    assert int(pki.field(leaf, '-serial'), 16) == int(certificate['serial'], 16)
    assert status.ocsp(instance, tmp_path, leaf) == 'good'
    assert int(certificate['serial'], 16) not in status.crl_serials(instance, tmp_path, leaf)

    answer = instance.revoke(certificate, 'keyCompromise')
    assert answer['outcome'] == 'revoked'
    wait_for(lambda: status.ocsp(instance, tmp_path, leaf) == 'revoked', 'OCSP says revoked')
    wait_for(lambda: int(certificate['serial'], 16) in status.crl_serials(instance, tmp_path, leaf), 'the CRL lists it')
    view = people['auditor'].get('/v1/certificates/' + certificate['id']).expect(200)
    assert (view['status'], view['reason']) == ('revoked', 'keyCompromise')


def test_every_step_left_its_audit_entry(instance, people):
    request = instance.request()
    done = instance.settled(instance.approve(request))
    certificate = {'id': done['certificate_id']}
    instance.revoke(certificate)

    def actions(object_id):
        return [e['action'] for e in people['auditor'].pages('/v1/audit/entries?object_id=' + object_id)
                if e['outcome'] == 'done']
    assert {'request.create', 'request.approve'} <= set(actions(request['id']))
    assert 'certificate.revoke' in actions(certificate['id'])


def test_nothing_is_anonymous_but_what_must_be(instance):
    nobody = instance.anonymous()
    assert nobody.get('/healthz').status == 200
    for path in ('/v1/me', '/v1/users', '/v1/requests', '/v1/certificates', '/v1/audit/entries', '/v1/issuers',
                 '/v1/system/status', '/v1/certificate-profiles', '/v1/tokens'):
        nobody.get(path).problem(401)


def test_the_link_works_once(make_instance):
    instance = make_instance().start()
    instance.enroll_admin()
    instance.anonymous().post('/v1/enroll', {'link': instance.link}).problem(401)


def test_first_administrator_by_the_command_line(make_instance):
    instance = make_instance().start()
    instance.cli('enroll', instance.url, instance.link, '--ca-file', instance.root_pem).expect(0)
    me = instance.cli('me', 'show', '--json').expect(0).json()
    assert me['roles'] == ['administrator']
    listing = instance.cli('profile', 'list').expect(0)
    assert re.search(r'server-tls', listing.out)


def test_the_three_commands_that_init_prints(make_instance, tmp_path):
    """Word for word, as a newcomer pastes them into a shell: the link pins the root by its digest."""
    instance = make_instance().start()
    lines = re.findall(r'^  (\S*certinext (?:enroll|request create|inspect) .*)$', instance.init.out, re.M)
    assert len(lines) == 3, instance.init.out
    env = {**os.environ, 'HOME': instance.home, 'XDG_CONFIG_HOME': ''}
    for line in lines:
        done = subprocess.run(['bash', '-c', line], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (line, done.stderr)
    assert 'names: dns:www.example.org' in done.stdout
    leaf, issuer = re.findall(r'-----BEGIN.*?END CERTIFICATE-----\n', (tmp_path / 'www.pem').read_text(), re.S)
    with open(instance.root_pem) as f:
        pki.verify(tmp_path, leaf, [issuer, f.read()], '-verify_hostname', 'www.example.org')


def test_make_run_starts_again_within_five_seconds(make_instance):
    """`tools/run` is what `make run` calls: set-up, build and start, with everything there already."""
    instance = make_instance()
    env = {**os.environ, 'CERTINEXT_DATA': instance.data, 'CERTINEXT_BUILD': BUILD}
    started = time.monotonic()
    with open(instance.log, 'ab') as log:
        instance.process = subprocess.Popen([os.path.join(ROOT, 'tools', 'run')], env=env, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
    instance.wait_ready()
    assert time.monotonic() - started < 5
    assert 'certinext invite --data ' + instance.data in instance.log_text()
    instance.enroll_admin()
    assert instance.stop() == 0


def test_second_start_keeps_the_data(make_instance):
    instance = make_instance().start()
    certificate = instance.issue()
    assert instance.stop() == 0
    started = time.monotonic()
    instance.start()
    assert time.monotonic() - started < 5
    again = instance.admin.get('/v1/certificates/' + certificate['id']).expect(200)
    assert again['pem'] == certificate['pem']


def test_init_refuses_a_folder_in_use(instance):
    before = instance.admin or instance.enroll_admin()
    again = instance.cli('init', '--data', instance.data, '--development')
    assert again.status != 0 and 'cxl_' not in again.out
    before.get('/v1/me').expect(200)
