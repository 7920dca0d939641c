"""CRL and OCSP as relying parties read them."""
import re

import pytest

from harness import pki, status
from harness.instance import wait_for


@pytest.fixture(scope='module')
def issued(instance):
    return instance.issue(['status.example.org'])


def test_crl_of_the_certificate(instance, issued, tmp_path):
    pem = status.crl(instance, tmp_path, issued['pem'])
    text = status.crl_text(pem)
    assert 'Version 2' in text
    assert re.search(r'X509v3 Issuing Distribution Point: critical\s+Full Name:\s+URI:' +
                     re.escape(pki.urls(issued['pem'])[0][0]), text), text
    assert 'X509v3 Authority Key Identifier' in text and 'X509v3 CRL Number' in text


def test_crl_number_grows_over_a_restart_and_a_restore(make_instance, engine, cluster, tmp_path):
    """The same shard, signed again and again: RFC 5280 §5.2.3, monotone also when the database is an older copy."""
    instance = make_instance().start()
    issued = instance.issue(['number.example.org'])
    numbers = [status.crl_number(status.crl(instance, tmp_path, issued['pem']))]

    def sign_again():
        statement = 'UPDATE crl_shard SET dirty_count = dirty_count + 1'
        if engine == 'postgres':
            cluster().query(instance.database, statement)
        else:
            instance.sql_write(statement)
        wait_for(lambda: status.crl_number(status.crl(instance, tmp_path, issued['pem'])) != numbers[-1], 'signed again')
        numbers.append(status.crl_number(status.crl(instance, tmp_path, issued['pem'])))

    sign_again()
    assert instance.stop() == 0
    copy = instance.copy_database(cluster)
    instance.start()
    sign_again()
    sign_again()
    assert instance.stop() == 0
    instance.restore_database(cluster, copy)
    instance.start()
    sign_again()
    assert numbers == sorted(set(numbers)), numbers


def test_crl_reason_and_date(instance, tmp_path):
    certificate = instance.issue(['reason.example.org'])
    instance.revoke(certificate, 'cessationOfOperation')
    wait_for(lambda: int(certificate['serial'], 16) in status.crl_serials(instance, tmp_path, certificate['pem']), 'listed')
    text = status.crl_text(status.crl(instance, tmp_path, certificate['pem']))
    entry = text[text.upper().find(certificate['serial'].upper().lstrip('0')):][:300]
    assert 'Cessation Of Operation' in entry


@pytest.mark.parametrize('method', ['post', 'get'])
@pytest.mark.parametrize('digest', ['sha1', 'sha256'])
def test_ocsp_good(instance, issued, tmp_path, method, digest):
    assert status.ocsp(instance, tmp_path, issued['pem'], method, digest=digest) == 'good'


def test_ocsp_get_carries_cache_headers(instance, issued, tmp_path):
    request = status.ocsp_request(tmp_path, issued['pem'], instance.chain()[0])
    answer = status.ocsp_get(instance, pki.urls(issued['pem'])[1][0], request)
    assert answer.status == 200
    assert re.search(r'max-age=\d+', answer.header('Cache-Control'))
    for name in ('Expires', 'ETag', 'Last-Modified'):
        assert answer.header(name), name


def test_ocsp_nonce_comes_back(instance, issued, tmp_path):
    request = status.ocsp_request(tmp_path, issued['pem'], instance.chain()[0], nonce=True)
    answer = status.ocsp_post(instance, pki.urls(issued['pem'])[1][0], request)
    [path] = pki.files(tmp_path, nonce_der=answer.body)
    text = pki.openssl('ocsp', '-respin', path, '-noverify', '-resp_text').stdout.decode()
    assert 'OCSP Nonce' in text
    assert status.judge(instance, tmp_path, issued['pem'], answer.body) == 'good'


def test_ocsp_revoked_with_reason(instance, tmp_path):
    certificate = instance.issue(['gone.example.org'])
    instance.revoke(certificate, 'keyCompromise')
    wait_for(lambda: status.ocsp(instance, tmp_path, certificate['pem']) == 'revoked', 'OCSP says revoked')
    request = status.ocsp_request(tmp_path, certificate['pem'], instance.chain()[0])
    [path] = pki.files(tmp_path, r_der=status.ocsp_post(instance, pki.urls(certificate['pem'])[1][0], request).body)
    text = pki.openssl('ocsp', '-respin', path, '-noverify', '-resp_text').stdout.decode()
    assert 'keyCompromise' in text


def test_ocsp_unknown_serial(instance, issued, tmp_path):
    issuer = instance.chain()[0]
    [path] = pki.files(tmp_path, issuer_pem=issuer)
    pki.openssl('ocsp', '-issuer', path, '-serial', '0x1234567890', '-reqout', tmp_path / 'u.der', '-no_nonce')
    answer = status.ocsp_post(instance, pki.urls(issued['pem'])[1][0], (tmp_path / 'u.der').read_bytes())
    assert answer.status == 200
    [response] = pki.files(tmp_path, u_resp=answer.body)
    text = pki.openssl('ocsp', '-respin', response, '-noverify', '-resp_text').stdout.decode()
    assert 'Cert Status: unknown' in text


def test_ocsp_of_a_foreign_issuer_is_unauthorized(instance, issued, tmp_path):
    """RFC 5019 §2.2.3: unauthorized for a certificate that the responder does not know anything about."""
    foreign = tmp_path / 'foreign.pem'
    pki.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', tmp_path / 'k',
                '-out', foreign, '-subj', '/CN=Foreign', '-days', '2')
    pki.openssl('ocsp', '-issuer', foreign, '-serial', '0x1234', '-reqout', tmp_path / 'f.der', '-no_nonce')
    answer = status.ocsp_post(instance, pki.urls(issued['pem'])[1][0], (tmp_path / 'f.der').read_bytes())
    assert answer.status == 200 and answer.body == bytes.fromhex('30030a0106'), answer.body.hex()


@pytest.mark.parametrize('body', [b'', b'\x30\x00', b'\x00' * 100, b'\x30\x84\xff\xff\xff\xff', b'0' * 4000])
def test_ocsp_malformed(instance, issued, body):
    """RFC 6960 §2.3: malformedRequest."""
    answer = status.ocsp_post(instance, pki.urls(issued['pem'])[1][0], body)
    if answer.status == 200:
        assert answer.body == bytes.fromhex('30030a0101')
    else:
        assert answer.status in (400, 413)


def test_ocsp_oversized(instance, issued):
    assert status.ocsp_post(instance, pki.urls(issued['pem'])[1][0], b'0' * 70000).status == 413


def test_responder_is_delegated_with_nocheck(instance, issued, tmp_path):
    """RFC 6960 §4.2.2.2: id-kp-OCSPSigning, issued by the CA itself; §4.2.2.2.1: id-pkix-ocsp-nocheck."""
    request = status.ocsp_request(tmp_path, issued['pem'], instance.chain()[0])
    [path] = pki.files(tmp_path, d_der=status.ocsp_post(instance, pki.urls(issued['pem'])[1][0], request).body)
    text = pki.openssl('ocsp', '-respin', path, '-noverify', '-resp_text').stdout.decode()
    assert 'OCSP Signing' in text and 'OCSP No Check' in text


def test_revoking_is_final_and_happens_once(instance, people):
    certificate = instance.issue(['once.example.org'])
    instance.revoke(certificate)
    people['operator'].post(f'/v1/certificates/{certificate["id"]}/revoke', {'reason': 'superseded'}).problem(409)
    people['operator'].post(f'/v1/certificates/{certificate["id"]}/revoke', {'reason': 'certificateHold'}).problem(
        422, field='reason')


def test_issuer_certificate_is_served(instance, issued):
    answer = instance.fetch(pki.urls(issued['pem'])[2][0])
    assert answer.status == 200 and answer.header('Content-Type') == 'application/pkix-cert'
    assert answer.body == pki.der(instance.chain()[0])
