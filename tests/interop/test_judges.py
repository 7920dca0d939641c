"""The judges themselves: each accepts a good chain made by openssl, and refuses a foreign root, a wrong use, an expired
certificate and a broken signature. A judge that accepts everything would prove nothing."""
import base64

import pytest

from harness import judges, pki


def make(folder, name, subject, issuer=None, extensions=(), days=30):
    key, csr, out, ext = (folder / f'{name}.{s}' for s in ('key', 'csr', 'pem', 'ext'))
    ext.write_text('\n'.join(extensions) + '\n')
    pki.openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', csr,
                '-subj', subject)
    signer = ['-CA', folder / f'{issuer}.pem', '-CAkey', folder / f'{issuer}.key', '-CAcreateserial'] if issuer else \
        ['-signkey', key]
    pki.openssl('x509', '-req', '-in', csr, *signer, '-days', days, '-extfile', ext, '-out', out)
    return out.read_text()


CA = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign', 'subjectKeyIdentifier=hash']
LEAF = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature', 'extendedKeyUsage=serverAuth',
        'subjectAltName=DNS:www.example.org', 'subjectKeyIdentifier=hash', 'authorityKeyIdentifier=keyid']


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp('judges')
    root = make(folder, 'root', '/CN=Root', extensions=CA)
    sub = make(folder, 'sub', '/CN=Sub', 'root', CA + ['authorityKeyIdentifier=keyid'])
    return {'chain': [sub, root], 'leaf': make(folder, 'leaf', '/CN=www.example.org', 'sub', LEAF),
            'foreign': [sub, make(folder, 'root2', '/CN=Root', extensions=CA)],
            'expired': make(folder, 'expired', '/CN=www.example.org', 'sub', LEAF, days=-1)}


def broken(pem):
    der = bytearray(pki.der(pem))
    der[-4] ^= 1
    return '-----BEGIN CERTIFICATE-----\n' + base64.encodebytes(bytes(der)).decode() + '-----END CERTIFICATE-----\n'


@pytest.mark.parametrize('name', judges.JUDGES)
def test_judge(world, tmp_path, name):
    if judges.missing(name):
        pytest.skip(judges.missing(name))
    judge = judges.JUDGES[name]
    accepted, said = judge(tmp_path, world['leaf'], world['chain'], 'server')
    assert accepted, said
    assert not judge(tmp_path, world['leaf'], world['foreign'], 'server')[0]
    assert not judge(tmp_path, world['expired'], world['chain'], 'server')[0]
    assert not judge(tmp_path, broken(world['leaf']), world['chain'], 'server')[0]
    if name != 'botan':  # its command checks no use
        assert not judge(tmp_path, world['leaf'], world['chain'], 'email')[0]
