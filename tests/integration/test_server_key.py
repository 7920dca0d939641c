"""A key made by the server: an encrypted PKCS#12, handed out once, and no copy kept."""
import base64
import os

import pytest

from harness import pki


@pytest.fixture(scope='module')
def profile(instance):
    found = [p for p in instance.profiles().values() if p['server_key'] and 'dns' in p['name_kinds']]
    if not found:
        pytest.skip('no installed profile allows keys made by the server')
    return found[0]


def ask(instance, profile, key_type):
    return instance.people()['requester'].post('/v1/requests', {
        'certificate_profile': profile['name'], 'server_key': {'key_type': key_type},
        'names': [{'kind': 'dns', 'value': f'{key_type}.key.example.org'}]}).expect(201)


def private_octets(pkcs8, key_type):
    """Octets that only the private key has: a PKCS#8 of an EC key ends in the public one."""
    if key_type == 'ed25519':
        return pkcs8[-32:]
    if key_type.startswith('rsa'):
        return pkcs8[len(pkcs8) // 2:][:32]
    at = pkcs8.index(b'\x02\x01\x01\x04') + 5
    return pkcs8[at:at + 32]


@pytest.mark.parametrize('key_type', ['p256', 'p384', 'rsa2048', 'ed25519'])
def test_collect_once(instance, profile, people, key_type, tmp_path):
    if key_type not in profile['key_types']:
        pytest.skip(f'profile {profile["name"]} has no {key_type}')
    request = instance.approve(ask(instance, profile, key_type))
    assert request['state'] == 'awaiting_collection'
    path = f'/v1/requests/{request["id"]}/collect'
    people['approver'].post(path, {'password': 'not my request'}).problem(403)
    people['requester'].post(path, {'password': 'short'}).problem(422, field='password')
    answer = people['requester'].post(path, {'password': 'correct horse'}).expect(200)
    [bundle] = pki.files(tmp_path, b_p12=base64.b64decode(answer['pkcs12']))
    out = pki.openssl('pkcs12', '-in', bundle, '-nodes', '-passin', 'pass:correct horse').stdout.decode()
    assert pki.openssl('pkcs12', '-in', bundle, '-nodes', '-passin', 'pass:wrong', check=False).returncode != 0
    parts = pki.split_pem(out)
    leaf = next(p for p in parts if 'BEGIN CERTIFICATE' in p)
    private = next(p for p in parts if 'PRIVATE KEY' in p)
    assert pki.openssl('pkey', '-pubout', stdin=private.encode()).stdout == \
        pki.openssl('x509', '-pubkey', '-noout', stdin=leaf.encode()).stdout
    pki.verify(tmp_path, leaf, instance.chain())
    people['requester'].post(path, {'password': 'correct horse'}).problem(409)
    # Neither the database nor any other file of the instance keeps the key.
    secret = private_octets(pki.openssl('pkey', '-outform', 'DER', stdin=private.encode()).stdout, key_type)
    for folder, _, names in os.walk(instance.data):
        for name in names:
            if os.path.isfile(os.path.join(folder, name)):
                with open(os.path.join(folder, name), 'rb') as f:
                    assert secret not in f.read(), name


def test_csr_and_server_key_together_are_refused(instance, profile, people):
    people['requester'].post('/v1/requests', {'certificate_profile': profile['name'], 'csr': pki.csr(['DNS:a.example.org']),
                                              'server_key': {'key_type': 'p256'}}).problem(422)


def test_not_where_the_profile_forbids(instance, people):
    forbidding = [p for p in instance.profiles().values() if not p['server_key'] and p['kind'] in ('server-tls', 'client-tls')]
    if not forbidding:
        pytest.skip('every installed profile allows keys made by the server')
    people['requester'].post('/v1/requests', {'certificate_profile': forbidding[0]['name'],
                                              'server_key': {'key_type': 'p256'}}).problem(422, field='server_key')
