"""Certificates of every profile and key type, judged by five foreign implementations; CRLs and OCSP by openssl, GnuTLS, NSS
and Java."""
import warnings

import pytest

from harness import judges, pki, status
from harness.instance import wait_for

NAMES = {'dns': 'DNS:host.example.org', 'ip': 'IP:192.0.2.7', 'email': 'email:person@example.org',
         'uri': 'URI:https://example.org/x'}
USES = {'server-tls': ['server'], 'client-tls': ['client'], 'mutual-tls': ['server', 'client'], 'smime': ['email'],
        'code-signing': ['code']}


@pytest.fixture(scope='module')
def issued(instance):
    """{(profile, key type): PEM} over every profile that a person may ask for."""
    made = {}
    for profile in instance.profiles().values():
        if profile['kind'] not in USES:
            continue
        for key_type in profile['key_types']:
            names = [NAMES[k] for k in profile['name_kinds']][:profile['names_max']]
            if profile['trust'] == 'public':  # the Baseline Requirements allow no address reserved for documentation
                names = [n.replace('192.0.2.7', '9.9.9.9') for n in names]
            suffixes = profile.get('dns_suffixes') or []
            if suffixes:
                names = ['DNS:host.' + suffixes[0].lstrip('.')]
            parts = [p for a, p in (('country', 'C=IN'), ('organization', 'O=Example'), ('common_name', 'CN=Example'))
                     if a in profile.get('subject_attributes', []) and profile['kind'] == 'code-signing']
            made[(profile['name'], key_type)] = (profile['kind'], instance.issue(
                csr=pki.csr(names, key_type, subject='/' + '/'.join(parts)), profile=profile['name'])['pem'])
    return made


def why_not(name, profile, key_type, use):
    """The reason why a judge is not asked; None when it is."""
    if name == 'java' and key_type in ('rsa3072', 'rsa4096', 'p384'):
        return 'a JVM a certificate is slow, and the key type differs from one that is judged in size only'
    keys = ((name, key_type), (name, f'{profile} {key_type[:3]}'), (name, use))
    return next((judges.UNABLE[key] for key in keys if key in judges.UNABLE), None)


@pytest.mark.parametrize('name', judges.JUDGES)
def test_every_profile(instance, issued, tmp_path, name):
    if judges.missing(name):
        pytest.skip(judges.missing(name))
    assert {kind for kind, _ in issued.values()} == set(USES) and ('server-tls-public', 'p256') in issued
    chain, refused, judged, left_out = instance.chain(), [], 0, {}
    for (profile, key_type), (kind, pem) in issued.items():
        for use in USES[kind]:
            reason = why_not(name, profile, key_type, use)
            if reason:
                left_out.setdefault(reason, set()).add(f'{profile} {key_type} {use}')
                continue
            accepted, said = judges.JUDGES[name](tmp_path, pem, chain, use)
            judged += 1
            if not accepted:
                refused.append((profile, key_type, use, said[-300:]))
    for reason, what in left_out.items():
        warnings.warn(f'{name} does not judge {", ".join(sorted(what))}: {reason}', stacklevel=1)
    assert judged >= 6 and not refused, refused


@pytest.fixture(scope='module')
def pair(instance, tmp_path_factory):
    """(good, revoked) with the CRLs and OCSP responses that say so, as DER."""
    folder = tmp_path_factory.mktemp('pair')
    good, gone = instance.issue(['good.example.org']), instance.issue(['gone.example.org'])
    instance.revoke(gone, 'keyCompromise')
    wait_for(lambda: status.ocsp(instance, folder, gone['pem']) == 'revoked', 'OCSP says revoked')
    wait_for(lambda: int(gone['serial'], 16) in status.crl_serials(instance, folder, gone['pem']), 'the CRL lists it')

    def evidence(certificate):
        crl = instance.fetch(pki.urls(certificate['pem'])[0][0]).body
        request = status.ocsp_request(folder, certificate['pem'], instance.chain()[0])
        response = status.ocsp_post(instance, pki.urls(certificate['pem'])[1][0], request).body
        return certificate['pem'], crl, response
    return evidence(good), evidence(gone)


def test_openssl_crl_check(instance, pair, tmp_path):
    for (pem, crl, _), accepted in zip(pair, (True, False)):
        [path] = pki.files(tmp_path, c_pem=pki.openssl('crl', '-inform', 'DER', stdin=crl).stdout)
        done = pki.verify(tmp_path, pem, instance.chain(), '-crl_check', '-CRLfile', path, check=False)
        assert (done.returncode == 0) == accepted, done.stdout + done.stderr


def test_gnutls_crl(instance, pair, tmp_path):
    for _, crl, _ in pair:
        accepted, said = judges.gnutls_crl(tmp_path, crl, instance.chain()[0])
        assert accepted, said
    assert not judges.gnutls_crl(tmp_path, pair[0][1], instance.chain()[1])[0], 'a foreign issuer was accepted'


def test_nss_crl(instance, pair, tmp_path):
    for _, crl, _ in pair:
        code, said = judges.nss_crl(tmp_path, crl, instance.chain())
        if 'SEC_ERROR_CRL_UNKNOWN_CRITICAL_EXTENSION' in said:
            pytest.skip('NSS 3.87 reads no CRL with an issuing distribution point, which RFC 5280 5.2.5 makes critical')
        assert code == 0, said
    bad = bytearray(pair[0][1])
    bad[-4] ^= 1
    assert judges.nss_crl(tmp_path, bytes(bad), instance.chain())[0] != 0, 'a broken signature was accepted'


def test_java_crl(instance, pair, tmp_path):
    if judges.missing('java'):
        pytest.skip(judges.missing('java'))
    for (pem, crl, _), accepted in zip(pair, (True, False)):
        got, said = judges.java(tmp_path, pem, instance.chain(), 'server', [('crl', crl)])
        assert got == accepted, said


def test_gnutls_ocsp(instance, pair, tmp_path):
    for (pem, _, response), expected in zip(pair, ('good', 'revoked')):
        verified, found, said = judges.gnutls_ocsp(tmp_path, pem, instance.chain(), response)
        assert verified and found == expected, said


def test_java_ocsp(instance, pair, tmp_path):
    if judges.missing('java'):
        pytest.skip(judges.missing('java'))
    for (pem, _, response), accepted in zip(pair, (True, False)):
        got, said = judges.java(tmp_path, pem, instance.chain(), 'server', [('ocsp', response)])
        assert got == accepted, said


def test_nss_ocsp_over_the_network(instance, pair, tmp_path):
    """NSS asks the responder itself, by the URL in the certificate."""
    if not pki.urls(pair[0][0])[1][0].startswith('http://'):
        pytest.skip('NSS fetches OCSP over plain HTTP only and this instance names an https URL')
    options = ('-g', 'leaf', '-h', 'requireFreshInfo', '-m', 'ocsp', '-s', 'requireInfo')
    for (pem, _, _), accepted in zip(pair, (True, False)):
        got, said = judges.nss(tmp_path, pem, instance.chain(), 'server', options)
        assert got == accepted, said
