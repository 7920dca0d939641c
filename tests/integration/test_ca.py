"""CAs are made on the host: root, issuing, by an offline root, imported, in a PKCS#11 token."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from harness import acme, pki
from harness.instance import ROOT, wait_for


def ca(instance, *arguments, **options):
    return instance.cli('ca', *arguments, '--data', instance.data, **options)


@pytest.mark.parametrize('key_type', ['p256', 'p384', 'rsa2048', 'rsa3072', 'rsa4096', 'ed25519'])
def test_root_and_issuing_ca_of_each_key_type(instance, key_type, tmp_path):
    root, sub = f'root-{key_type}', f'sub-{key_type}'
    ca(instance, 'create-root', '--name', root, '--key-type', key_type, '--subject', f'CN=Root {key_type},O=Test').expect(0)
    ca(instance, 'create', '--name', sub, '--parent', root, '--key-type', key_type, '--subject', f'CN=Sub {key_type},O=Test',
       '--path-length', '0').expect(0)
    issuers = {i['name']: i for i in instance.enroll_admin().pages('/v1/issuers')}
    certificate = instance.issue([f'{key_type}.example.org'], issuer_id=issuers[sub]['id'])
    chain = [instance.admin.get('/v1/issuers/' + issuers[n]['id']).expect(200)['pem'] for n in (sub, root)]
    pki.verify(tmp_path, certificate['pem'], chain)
    assert 'pathlen:0' in pki.text(chain[0])


def test_name_constraints_bind(instance, tmp_path):
    ca(instance, 'create', '--name', 'limited', '--parent', instance.issuer('root')['name'], '--key-type', 'p256', '--subject',
       'CN=Limited,O=Test', '--permit-dns', 'limited.example').expect(0)
    issuer = next(i for i in instance.enroll_admin().pages('/v1/issuers') if i['name'] == 'limited')
    answer = instance.people()['requester'].post('/v1/requests', {
        'certificate_profile': 'server-tls', 'issuer_id': issuer['id'], 'csr': pki.csr(['DNS:other.example.org'])})
    answer.problem(422)
    certificate = instance.issue(['www.limited.example'], issuer_id=issuer['id'])
    pem = instance.admin.get('/v1/issuers/' + issuer['id']).expect(200)['pem']
    assert 'Name Constraints: critical' in pki.text(pem)
    pki.verify(tmp_path, certificate['pem'], [pem, instance.chain()[-1]])


def test_signed_by_an_offline_root(instance, tmp_path):
    key, root = tmp_path / 'offline.key', tmp_path / 'offline.pem'
    pki.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes', '-keyout', key, '-out', root,
                '-subj', '/O=Test/CN=Offline Root', '-days', '3650', '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
    csr, signed = tmp_path / 'sub.csr', tmp_path / 'sub.pem'
    ca(instance, 'request', '--name', 'offline-sub', '--key-type', 'p256', '--subject', 'CN=Offline Sub,O=Test',
       '--out', csr).expect(0)
    extensions = tmp_path / 'ext'
    extensions.write_text('basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n'
                          'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n')
    pki.openssl('x509', '-req', '-in', csr, '-CA', root, '-CAkey', key, '-CAcreateserial', '-days', '365', '-extfile', extensions,
                '-out', signed)
    # Somebody else's certificate over another key must not be installed.
    wrong = ca(instance, 'install', '--name', 'offline-sub', '--certificate', root, '--chain', root)
    assert wrong.status != 0
    # The status URL is that of the request, whatever the configuration says when the certificate comes back.
    config = pathlib.Path(instance.data) / 'certinext.yaml'
    before = config.read_text()
    lines = [line for line in before.splitlines() if not line.startswith('status_url:')]
    config.write_text('\n'.join(lines + ['status_url: http://moved.example.org']) + '\n')
    done = ca(instance, 'install', '--name', 'offline-sub', '--certificate', signed, '--chain', root)
    config.write_text(before)
    done.expect(0)
    issuer = next(i for i in instance.enroll_admin().pages('/v1/issuers') if i['name'] == 'offline-sub')
    certificate = instance.issue(['offline.example.org'], issuer_id=issuer['id'])
    pki.verify(tmp_path, certificate['pem'], [signed.read_text(), root.read_text()])


def offline_root(folder, name='Offline Root'):
    """(key path, certificate path) of a root that openssl keeps."""
    key, root = folder / f'{name}.key', folder / f'{name}.pem'
    pki.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', root,
                '-subj', f'/O=Test/CN={name}', '-days', '3650', '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
    return key, root


def test_a_chain_that_does_not_hold_is_not_installed(instance, tmp_path):
    key, root = offline_root(tmp_path)
    (tmp_path / 'x').mkdir()
    _, impostor = offline_root(tmp_path / 'x')  # the same name, another key
    csr, signed, extensions = tmp_path / 'sub.csr', tmp_path / 'sub.pem', tmp_path / 'ext'
    make = ['request', '--name', 'chained', '--subject', 'CN=Chained,O=Test', '--out', csr]
    ca(instance, *make).expect(0)
    twice = ca(instance, *make)
    assert twice.status != 0 and 'issuer-exists' in twice.err
    extensions.write_text('basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n'
                          'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n')
    pki.openssl('x509', '-req', '-in', csr, '-CA', root, '-CAkey', key, '-CAcreateserial', '-days', '365', '-extfile', extensions,
                '-out', signed)
    install = ['install', '--name', 'chained', '--certificate', signed]
    for chain in ([], ['--chain', impostor], ['--chain', signed]):
        refused = ca(instance, *install, *chain)
        assert refused.status != 0 and 'chain-broken' in refused.err, chain
    ca(instance, *install, '--chain', root).expect(0)
    assert ca(instance, *install, '--chain', root).status != 0  # it is there now
    shown = ca(instance, 'show', 'chained', '--json').expect(0).json()
    assert pki.split_pem(shown['pem']) == [signed.read_text(), root.read_text()] and shown['kind'] == 'intermediate'
    assert shown['sha256'] == hashlib.sha256(pki.der(signed.read_text())).hexdigest()
    assert ca(instance, 'show', 'nobody').status != 0


def test_another_chain_of_a_ca(make_instance, tmp_path):
    """A cross-certificate from another root is offered to ACME clients (RFC 8555 §7.4.2), until it is removed."""
    instance = make_instance().start()
    issuing, root = instance.chain()
    name = instance.issuer()['name']
    cross, other = pki.cross_sign(issuing)
    old, old_root = pki.cross_sign(issuing, 'Old Root', days=0.01)
    renamed, renamed_root = pki.cross_sign(issuing, 'Third Root', own_key_id=False)
    texts = {'cross': cross, 'other': other, 'issuing': issuing, 'root': root, 'old': old, 'old_root': old_root, 'renamed': renamed,
             'renamed_root': renamed_root}
    files = dict(zip(texts, pki.files(tmp_path, **texts)))

    def add(certificate, *chain):
        above = tmp_path / 'above.pem'
        above.write_text(''.join(pathlib.Path(files[c]).read_text() for c in chain))
        return ca(instance, 'add-chain', '--name', name, '--certificate', files[certificate], '--chain', above, '--json')
    for arguments, rule in ((('issuing', 'root'), 'chain-known'), (('other', 'other'), 'chain-other-ca'), (('cross', 'root'), 'chain-broken'),
                            (('old', 'old_root'), 'chain-expired'), (('renamed', 'renamed_root'), 'chain-key-id')):
        refused = add(*arguments)
        assert refused.status != 0 and rule in refused.err, (arguments, refused.err)
    assert add('cross', 'other').expect(0).json() == {'name': name, 'position': 2}
    again = add('cross', 'other')
    assert again.status != 0 and 'chain-known' in again.err

    world = acme.World(instance)
    account = world.account()
    order, _ = account.order('crossed.example.org')
    default = account.post(order['certificate'])
    urls = {re.match('<([^>]*)>', link).group(1) for link in default.headers.get_all('Link') if 'rel="alternate"' in link}
    assert urls == {order['certificate'] + '/1', order['certificate'] + '/2'}
    chain = pki.split_pem(account.post(order['certificate'] + '/2').body.decode())
    assert chain[1:] == [cross]
    pki.verify(tmp_path, chain[0], [cross, other], '-verify_hostname', 'crossed.example.org')
    linked = account.post(order['certificate'] + '/2').headers.get_all('Link')
    assert {order['certificate'], order['certificate'] + '/1'} <= {re.match('<([^>]*)>', link).group(1) for link in linked}

    ca(instance, 'remove-chain', '2', '--name', name).expect(0)
    assert ca(instance, 'remove-chain', '2', '--name', name).status != 0
    assert ca(instance, 'remove-chain', '1', '--name', name).status == 64
    acme.problem(account.post(order['certificate'] + '/2'), 'malformed', 404)
    assert add('cross', 'other').expect(0).json()['position'] == 3  # no URL means two chains
    ca(instance, 'remove-chain', '3', '--name', name).expect(0)
    actions = [e['action'] for e in instance.people()['auditor'].pages('/v1/audit/entries?object_id=' + instance.issuer()['id'])]
    assert actions[:4] == ['system.ca.chain-remove', 'system.ca.chain-add', 'system.ca.chain-remove', 'system.ca.chain-add']


def test_sign_the_request_of_a_ca_elsewhere(instance, tmp_path):
    key, csr, signed = tmp_path / 'far.key', tmp_path / 'far.csr', tmp_path / 'far.pem'
    key.write_text(pki.key('p384'))
    csr.write_text(pki.csr(subject='/O=Far/CN=Far CA', private_key=pki.key('p384')))
    root = instance.issuer('root')['name']
    ca(instance, 'sign-csr', csr, '--parent', root, '--path-length', '0', '--permit-dns', 'far.example', '--validity-days', '100',
       '--out', signed).expect(0)
    text = pki.text(signed.read_text())
    assert 'pathlen:0' in text and 'DNS:far.example' in text and 'Name Constraints: critical' in text
    root_pem = instance.chain()[-1]
    pki.verify(tmp_path, signed.read_text(), [root_pem])
    # What that CA signs is trusted under our root, inside its constraint only.
    for name, good in (('www.far.example', True), ('www.example.org', False)):
        leaf, request, extensions = tmp_path / f'{name}.pem', tmp_path / f'{name}.csr', tmp_path / f'{name}.ext'
        request.write_text(pki.csr(subject=f'/CN={name}'))
        extensions.write_text(f'subjectAltName=DNS:{name}\nbasicConstraints=critical,CA:FALSE\nauthorityKeyIdentifier=keyid\n'
                              'subjectKeyIdentifier=hash\n')
        pki.openssl('x509', '-req', '-in', request, '-CA', signed, '-CAkey', key, '-CAcreateserial', '-days', '10', '-extfile',
                    extensions, '-out', leaf)
        done = pki.verify(tmp_path, leaf.read_text(), [signed.read_text(), root_pem], check=False)
        assert (done.returncode == 0) == good, done
    # Not by a CA below which no CA may stand, not for a broken request, not past the parent's end.
    issuing = instance.issuer()['name']
    assert ca(instance, 'sign-csr', csr, '--parent', issuing, '--out', tmp_path / 'no').status != 0
    csr.write_text('-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n')
    assert ca(instance, 'sign-csr', csr, '--parent', root, '--out', tmp_path / 'no').status == 65
    assert not (tmp_path / 'no').exists()


def ask_ocsp(folder, leaf, issuer, url, *options):
    """openssl's own client against the responder: (status word, everything it said)."""
    paths = pki.files(folder, q_leaf=leaf, q_issuer=issuer)
    done = pki.openssl('ocsp', '-issuer', paths[1], '-cert', paths[0], '-url', url, '-CAfile', paths[1], *options, check=False)
    out = done.stdout.decode() + done.stderr.decode()
    found = re.search(r': (good|revoked|unknown)\b', out)
    return (found.group(1) if found else None), out


@pytest.fixture(scope='module')
def plain(make_instance):
    """Has no CAs but the two it was born with."""
    return make_instance().start()


def test_status_of_ca_certificates(plain, tmp_path):
    """A CA that was signed here is in the inventory: OCSP says good, and it can be revoked like any other."""
    instance = plain
    far, csr = tmp_path / 'far.pem', tmp_path / 'far.csr'
    csr.write_text(pki.csr(subject='/O=Far/CN=Doomed CA'))
    ca(instance, 'sign-csr', csr, '--parent', instance.issuer('root')['name'], '--out', far).expect(0)
    issuing, root = instance.chain()
    for pem in (issuing, far.read_text()):
        [url] = pki.urls(pem)[1]
        wait_for(lambda: ask_ocsp(tmp_path, pem, root, url)[0], "the root's responder answers")
        word, said = ask_ocsp(tmp_path, pem, root, url)
        assert word == 'good' and 'Response verify OK' in said, said
    serial = pki.field(far.read_text(), '-serial')
    [listed] = instance.admin.pages('/v1/certificates?serial=' + serial.lower())
    view = instance.admin.get('/v1/certificates/' + listed['id']).expect(200)
    assert pki.der(view['pem']) == pki.der(far.read_text()) and view['certificate_profile'] == 'sub-ca'
    # By the API it is never made anew: that is a ceremony.
    again = instance.people()['requester'].post(f'/v1/certificates/{listed["id"]}/renew', {})
    assert again.problem(422)['rule'] == 'profile-reserved'
    instance.revoke(listed, reason='cACompromise')
    assert ask_ocsp(tmp_path, far.read_text(), root, pki.urls(far.read_text())[1][0])[0] == 'revoked'
    assert ask_ocsp(tmp_path, issuing, root, pki.urls(issuing)[1][0])[0] == 'good'

    def in_crl():
        crl = pki.openssl('crl', '-inform', 'DER', '-noout', '-text', stdin=instance.fetch(pki.urls(issuing)[0][0]).body)
        return serial in crl.stdout.decode().upper()
    wait_for(in_crl, "the root's CRL names it")


def test_a_revoked_ca_issues_nothing(make_instance):
    instance = make_instance()
    ca(instance, 'create', '--name', 'doomed', '--parent', 'development-root', '--subject', 'CN=Doomed,O=Test').expect(0)
    instance.start()
    issuers = {i['name']: i for i in instance.enroll_admin().pages('/v1/issuers')}
    doomed = issuers['doomed']['id']
    instance.issue(['before.example.org'], issuer_id=doomed)
    pem = ca(instance, 'show', 'doomed', '--json').expect(0).json()['pem']
    serial = pki.field(pki.split_pem(pem)[0], '-serial').lower()
    [listed] = instance.admin.pages('/v1/certificates?serial=' + serial)
    instance.revoke(listed, reason='cACompromise')
    request = instance.request(['after.example.org'], issuer_id=doomed)
    while request['state'] == 'awaiting_approval':
        answer = instance.user('approver').post(f'/v1/requests/{request["id"]}/approve', {'comment': 'fine'})
        request = instance.admin.get('/v1/requests/' + request['id']).expect(200)
        if answer.status != 200:
            assert answer.problem(422)['rule'] == 'issuer-revoked'
            break
    assert request['state'] != 'done' and not request.get('certificate_id')
    instance.issue(['other.example.org'], issuer_id=issuers['development-issuing']['id'])  # its sister goes on


def test_every_shard_has_a_crl_that_validates(plain, tmp_path):
    instance = plain
    instance.issue(['shards.example.org'])
    for kind, shards in (('root', 1), ('intermediate', 64)):
        issuer = instance.issuer(kind)
        folder = os.path.join(instance.data, 'public', 'crl', issuer['id'])
        wait_for(lambda: len([n for n in os.listdir(folder) if n.endswith('.crl')]) == shards, f'{shards} CRLs of {folder}')
        [path] = pki.files(tmp_path, issuer_pem=instance.admin.get('/v1/issuers/' + issuer['id']).expect(200)['pem'])
        for name in os.listdir(folder):
            done = pki.openssl('crl', '-inform', 'DER', '-in', os.path.join(folder, name), '-noout', '-CAfile', path)
            assert b'verify OK' in done.stderr, name


def test_a_fresh_instance_logs_no_error(make_instance, tmp_path):
    """Neither for its root, nor for a CA that a ceremony adds while it runs, nor after a restart."""
    instance = make_instance().start()
    instance.issue(['quiet.example.org'])
    ca(instance, 'create', '--name', 'late', '--parent', 'development-root', '--subject', 'CN=Late,O=Test').expect(0)
    late = next(i for i in instance.admin.pages('/v1/issuers') if i['name'] == 'late')
    certificate = instance.issue(['late.example.org'], issuer_id=late['id'])
    pem = instance.admin.get('/v1/issuers/' + late['id']).expect(200)['pem']
    url, point = pki.urls(certificate['pem'])[1][0], pki.urls(certificate['pem'])[0][0]
    root = instance.chain()[-1]
    [root_path] = pki.files(tmp_path, root_pem=root)

    def good():
        word, said = ask_ocsp(tmp_path, certificate['pem'], pem, url, '-CAfile', root_path)
        return word == 'good' and 'Response verify OK' in said
    wait_for(good, "the new CA's responder answers")
    wait_for(lambda: instance.fetch(point).status == 200, "the new CA's CRL")
    assert instance.stop() == 0
    instance.start()
    wait_for(good, 'the responder answers after a restart')
    bad = [line for line in instance.log_text().splitlines() if '"level":"error"' in line]
    assert not bad, bad


def test_three_tiers_by_a_profile_that_allows_them(instance, tmp_path):
    with open(os.path.join(ROOT, 'profiles', 'sub-ca.yaml')) as f:
        text = f.read()
    assert 'path_len: 0' in text and 'name: sub-ca' in text
    profile = tmp_path / 'policy-ca.yaml'
    profile.write_text(text.replace('name: sub-ca', 'name: policy-ca').replace('path_len: 0', 'path_len: 1'))
    instance.cli('profile', 'install', profile, '--data', instance.data).expect(0)
    root = instance.issuer('root')['name']
    make = ['create', '--subject', 'CN=Tier,O=Test']
    ca(instance, *make, '--name', 'tier2', '--parent', root, '--profile', 'policy-ca', '--path-length', '1').expect(0)
    ca(instance, *make, '--name', 'tier3', '--parent', 'tier2').expect(0)
    assert ca(instance, *make, '--name', 'tier4', '--parent', 'tier3').status != 0
    assert ca(instance, *make, '--name', 'deep', '--parent', root, '--path-length', '1').status != 0  # more than sub-ca allows
    issuers = {i['name']: i for i in instance.enroll_admin().pages('/v1/issuers')}
    certificate = instance.issue(['tiers.example.org'], issuer_id=issuers['tier3']['id'])
    chain = pki.split_pem(ca(instance, 'show', 'tier3', '--json').expect(0).json()['pem'])
    assert len(chain) == 3
    pki.verify(tmp_path, certificate['pem'], chain)


def test_import_of_an_existing_ca(instance, tmp_path):
    key, pem = tmp_path / 'old.key', tmp_path / 'old.pem'
    pki.openssl('req', '-x509', '-newkey', 'rsa:3072', '-nodes', '-keyout', key, '-out', pem, '-subj', '/O=Test/CN=Old CA',
                '-days', '3650', '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
    other = tmp_path / 'other.key'
    other.write_text(pki.key('rsa3072'))
    assert ca(instance, 'import', '--name', 'old', '--certificate', pem, '--key', other).status != 0
    ca(instance, 'import', '--name', 'old', '--certificate', pem, '--key', key).expect(0)
    issuer = next(i for i in instance.enroll_admin().pages('/v1/issuers') if i['name'] == 'old')
    certificate = instance.issue(['old.example.org'], issuer_id=issuer['id'])
    pki.verify(tmp_path, certificate['pem'], [pem.read_text()])


def test_ceremonies_refuse_a_published_key(instance, tmp_path):
    """P-256, private key 1: data/compromised-keys.txt names it."""
    sec1, key, csr, pem = (tmp_path / name for name in ('one.der', 'one.key', 'one.csr', 'one.pem'))
    sec1.write_bytes(bytes.fromhex('30310201010420' + '0' * 63 + '1' + 'a00a06082a8648ce3d030107'))
    key.write_bytes(pki.openssl('pkey', '-inform', 'DER', '-in', sec1).stdout)
    csr.write_text(pki.csr(subject='/O=Test/CN=One CA', private_key=key.read_text()))
    pki.openssl('req', '-x509', '-key', key, '-out', pem, '-subj', '/O=Test/CN=One CA', '-days', '100', '-addext',
                'keyUsage=critical,keyCertSign,cRLSign')
    for command in (['sign-csr', csr, '--parent', instance.issuer('root')['name'], '--out', tmp_path / 'no'],
                    ['import', '--name', 'one', '--certificate', pem, '--key', key]):
        done = ca(instance, *command)
        assert done.status != 0 and 'list of compromised keys' in done.err, done.err
    assert not (tmp_path / 'no').exists()


def test_keys_at_rest_are_not_readable(instance, tmp_path):
    """No private key of a CA lies in the clear anywhere under the data folder."""
    for folder, _, names in os.walk(os.path.join(instance.data, 'keys')):
        assert os.stat(folder).st_mode & 0o077 == 0, folder
        for name in names:
            with open(os.path.join(folder, name), 'rb') as f:
                data = f.read()
            assert b'PRIVATE KEY' not in data, name
            if data[:1] == b'\x30':
                done = subprocess.run(['openssl', 'pkey', '-inform', 'DER', '-noout'], input=data, capture_output=True)
                assert done.returncode != 0, name


def test_issuing_ca_in_a_pkcs11_token(make_instance, tmp_path):
    module = '/usr/lib/softhsm/libsofthsm2.so'
    if not os.path.exists(module) or not shutil.which('softhsm2-util'):
        pytest.skip('SoftHSM2 is not installed (tools/setup check)')
    folder = pathlib.Path(tempfile.mkdtemp(prefix='cx-hsm-'))  # reachable for another user, unlike pytest's own
    os.chmod(folder, 0o755)
    tokens, config, pin = folder / 'tokens', folder / 'softhsm2.conf', folder / 'pin'
    tokens.mkdir()
    config.write_text(f'directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n')
    pin.write_text('123456\n')
    environment = {'SOFTHSM2_CONF': str(config)}
    subprocess.run(['softhsm2-util', '--init-token', '--free', '--label', 'cx', '--pin', '123456', '--so-pin', '123456'],
                   check=True, capture_output=True, env={**os.environ, **environment})
    if os.getuid() == 0:  # the keys process opens the token as its own user: uid_base + 2
        for at, _, names in os.walk(folder):
            for path in [at, *(os.path.join(at, n) for n in names)]:
                os.chown(path, 61302, 61302)
    try:
        instance = make_instance(settings={'softhsm2_conf': config, 'pkcs11_module': module, 'pkcs11_pin_file': pin, 'pkcs11_state_dir': tokens})
        ca(instance, 'create', '--name', 'hsm', '--parent', instance_root_name(instance), '--key-type', 'p256', '--subject',
           'CN=HSM CA,O=Test', '--backend', 'pkcs11').expect(0)
        ca(instance, 'create-root', '--name', 'hsm-root', '--key-type', 'rsa3072', '--subject', 'CN=HSM Root,O=Test', '--backend',
           'pkcs11', '--key-label', 'root of all').expect(0)
        ca(instance, 'create', '--name', 'below', '--parent', 'hsm-root', '--subject', 'CN=Below,O=Test').expect(0)
        assert {i['name'] for i in ca(instance, 'list', '--json').expect(0).json()['items'] if i['backend'] == 'pkcs11'} == {
            'hsm', 'hsm-root'}
        # There is no such back end.
        assert ca(instance, 'create', '--name', 'twin', '--parent', 'hsm-root', '--subject', 'CN=Twin', '--backend', 'tpm').status != 0
        instance.start()
        issuer = next(i for i in instance.enroll_admin().pages('/v1/issuers') if i['name'] == 'hsm')
        certificate = instance.issue(['hsm.example.org'], issuer_id=issuer['id'])
        pem = instance.admin.get('/v1/issuers/' + issuer['id']).expect(200)['pem']
        root = pki.split_pem(ca(instance, 'show', 'hsm', '--json').expect(0).json()['pem'])[1]
        pki.verify(tmp_path, certificate['pem'], [pem, root])
        wait_for(lambda: instance.fetch(pki.urls(certificate['pem'])[0][0]).status == 200, 'a CRL signed by the token')
        [root_path] = pki.files(tmp_path, hsmroot_pem=root)
        url = pki.urls(certificate['pem'])[1][0]
        wait_for(lambda: ask_ocsp(tmp_path, certificate['pem'], pem, url, '-CAfile', root_path)[0] == 'good', 'OCSP says good')
        shown = ca(instance, 'show', 'below', '--json').expect(0).json()
        pki.verify(tmp_path, pki.split_pem(shown['pem'])[0], [pki.split_pem(shown['pem'])[1]])
        # Nothing of the token's keys lies under the data directory.
        folder_of = os.path.join(instance.data, 'keys', 'issuer', issuer['id'])
        assert 'key' not in os.listdir(folder_of), os.listdir(folder_of)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def instance_root_name(instance):
    """The development root, before the instance runs."""
    listing = ca(instance, 'list', '--json').expect(0).json()
    items = listing['items'] if isinstance(listing, dict) else listing
    return next(i['name'] for i in items if i['kind'] == 'root')


def test_ceremonies_are_not_in_the_api(instance, admin):
    for path in ('/v1/issuers', '/v1/certificate-profiles'):
        assert admin.post(path, {'name': 'x'}).status == 405
