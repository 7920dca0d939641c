"""RFC 6960 and the RFC 5019 profile on the bytes of a running responder."""
import base64
import email.utils
import hashlib
import re
import urllib.parse
from datetime import datetime, timedelta, timezone

import pytest

from harness import der, pki, status
from harness.instance import wait_for

NONCE = '1.3.6.1.5.5.7.48.1.2'


@pytest.fixture(scope='module')
def leaf(instance):
    return instance.issue(['ocsp.example.org'])['pem']


@pytest.fixture(scope='module')
def cas(instance):
    return [der.Certificate(pki.der(pem)) for pem in instance.chain()]


def ask(instance, leaf, folder, **options):
    request = status.ocsp_request(folder, leaf, instance.chain()[0], **options)
    assert status.ocsp(instance, folder, leaf) == 'good'  # waits while the responder of a new issuer says tryLater
    answer = status.ocsp_post(instance, pki.urls(leaf)[1][0], request)
    assert answer.status == 200
    return der.OcspResponse(answer.body), request, answer


@pytest.fixture(scope='module')
def response(instance, leaf, tmp_path_factory):
    return ask(instance, leaf, tmp_path_factory.mktemp('ocsp'))[0]


def test_basic_response_fields(response):
    assert response.status == 0 and response.version is None, 'v1 is the default and left out in DER'
    assert response.produced.tag == 0x18
    [single] = response.responses.children()
    assert single[1].tag == 0x80, 'good'
    assert single[2].tag == 0x18


def test_cert_id_answers_the_question(response, leaf, cas):
    identifier = response.responses[0][0].children()
    certificate = der.Certificate(pki.der(leaf))
    assert identifier[0][0].oid() == '1.3.14.3.2.26'
    assert identifier[1].value == hashlib.sha1(cas[0].subject.raw).digest()
    assert identifier[2].value == hashlib.sha1(cas[0].spki[1].value[1:]).digest()
    assert identifier[3].integer() == certificate.serial.integer()


def test_times_are_in_order_and_now(response):
    single = response.responses[0]
    this, following = single[2].time(), single[3][0].time()
    now = datetime.now(timezone.utc)
    assert this <= now + timedelta(seconds=5) and now < following
    assert this <= response.produced.time() <= now + timedelta(seconds=5)


def test_responder_is_named_and_authorised(response, cas):
    """§4.2.2.2: issued directly by the CA that the certificate names, with id-kp-OCSPSigning."""
    [responder] = response.certificates
    assert responder.issuer.raw == cas[0].subject.raw
    assert '1.3.6.1.5.5.7.3.9' in [o.oid() for o in responder.extensions['2.5.29.37'][1].children()]
    critical, nocheck = responder.extensions['1.3.6.1.5.5.7.48.1.5']
    assert not critical and nocheck.tag == 0x05
    if response.responder.tag == 0xa2:
        assert response.responder[0].value == hashlib.sha1(responder.spki[1].value[1:]).digest()
    else:
        assert response.responder.tag == 0xa1 and response.responder[0].raw == responder.subject.raw


def test_nonce_is_repeated_and_not_invented(instance, leaf, tmp_path):
    with_nonce, request, _ = ask(instance, leaf, tmp_path, nonce=True)
    critical, value = with_nonce.extensions[NONCE]
    assert not critical and value.raw in request
    assert NONCE not in ask(instance, leaf, tmp_path)[0].extensions


def test_sha256_cert_id_is_answered_in_kind(instance, leaf, tmp_path, cas):
    got = ask(instance, leaf, tmp_path, digest='sha256')[0]
    identifier = got.responses[0][0].children()
    assert identifier[0][0].oid() == '2.16.840.1.101.3.4.2.1'
    assert identifier[1].value == hashlib.sha256(cas[0].subject.raw).digest()


def test_error_responses_carry_no_bytes(instance, leaf):
    """§4.2.1: responseBytes are not set when the status is an error; §4.2.2.3: and are not signed."""
    answer = status.ocsp_post(instance, pki.urls(leaf)[1][0], b'\x30\x03\x02\x01\x00')
    assert answer.status == 200
    got = der.OcspResponse(answer.body)
    assert got.status == 1 and got.basic is None


def test_http_of_post_and_get(instance, leaf, tmp_path):
    """RFC 6960 appendix A; RFC 5019 §5: GET for requests under 255 octets, POST for all."""
    _, request, answer = ask(instance, leaf, tmp_path)
    got = status.ocsp_get(instance, pki.urls(leaf)[1][0], request)
    for one in (answer, got):
        assert one.header('Content-Type') == 'application/ocsp-response'
        assert int(one.header('Content-Length')) == len(one.body)
    assert der.OcspResponse(got.body).status == 0


def test_cache_headers_of_the_lightweight_profile(instance, leaf, tmp_path):
    """RFC 5019 §6.2."""
    _, request, _ = ask(instance, leaf, tmp_path)
    got = status.ocsp_get(instance, pki.urls(leaf)[1][0], request)
    single = der.OcspResponse(got.body).responses[0]
    this, following = single[2].time(), single[3][0].time()
    assert email.utils.parsedate_to_datetime(got.header('Last-Modified')) == this
    assert email.utils.parsedate_to_datetime(got.header('Expires')) <= following
    age = int(re.search(r'max-age=(\d+)', got.header('Cache-Control')).group(1))
    now = datetime.now(timezone.utc)
    assert now + timedelta(seconds=age) <= following + timedelta(seconds=2)
    assert 'public' in got.header('Cache-Control') and 'no-transform' in got.header('Cache-Control')
    forbidding = {'no-cache', 'no-store', 'private'}
    assert not forbidding & {d.strip() for d in got.header('Cache-Control').split(',')} and got.header('Pragma') is None
    assert got.header('ETag') == f'"{hashlib.sha256(got.body).hexdigest()}"', 'a hash of the response in hexadecimal'


def test_one_request_one_response_with_the_signer_first(response):
    """RFC 5019 §2.2.1: one SingleResponse; §2.2.2: the responder's certificate is in the response."""
    assert len(response.responses.children()) == 1 and len(response.certificates) >= 1


def test_next_update_is_there(response):
    assert response.responses[0][3].tag == 0xa0


def test_get_with_every_escaping(instance, leaf, tmp_path):
    """RFC 5019 §5, RFC 6960 appendix A.1: base64, then URL-encoded; clients escape "/", "+" and "=" or do not."""
    url = pki.urls(leaf)[1][0]
    request = status.ocsp_request(tmp_path, leaf, instance.chain()[0])
    status.ocsp(instance, tmp_path, leaf)
    # An extension nobody knows, chosen so that the text has all three characters that need care.
    for filler in range(256):
        text = base64.b64encode(with_extension(request, bytes([filler]) * 5)).decode()
        if '/' in text and '+' in text and text.endswith('=') and len(text) <= 255:
            break
    assert '/' in text and '+' in text and text.endswith('=') and len(text) <= 255
    for form in (text, urllib.parse.quote(text, safe=''), text.replace('+', '%2b').replace('=', '%3d'), text.replace('/', '%2F')):
        answer = instance.fetch(f'{url}/{form}')
        assert answer.status == 200 and der.OcspResponse(answer.body).status == 0, form


def node(tag, *parts):
    content = b''.join(parts)
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x82, len(content) >> 8, len(content) & 255])
    return bytes([tag]) + length + content


def with_extension(request, value, oid=bytes.fromhex('2b060104018237ffff01'), critical=False):
    """The request with one more extension that no responder knows."""
    fields = [n.raw for n in der.parse(request)[0].children()]
    flag = [node(0x01, b'\xff')] if critical else []
    return node(0x30, node(0x30, *fields, node(0xa2, node(0x30, node(0x30, node(0x06, oid), *flag, node(0x04, value))))))


# acceptable responses, service locator, preferred signature algorithms (§4.4.3, §4.4.6, §4.4.7) and one of nobody
EXTENSIONS = ['2b0601050507300104', '2b0601050507300107', '2b0601050507300108', '2b060104018237ffff01']


@pytest.mark.parametrize('oid', EXTENSIONS)
def test_extensions_that_are_not_critical_are_ignored(instance, leaf, tmp_path, oid):
    request = status.ocsp_request(tmp_path, leaf, instance.chain()[0])
    status.ocsp(instance, tmp_path, leaf)
    answer = status.ocsp_post(instance, pki.urls(leaf)[1][0], with_extension(request, b'\x05\x00', bytes.fromhex(oid)))
    got = der.OcspResponse(answer.body)
    assert got.status == 0 and got.extensions == {}


def test_a_critical_extension_that_is_not_known_is_refused(instance, leaf, tmp_path):
    request = status.ocsp_request(tmp_path, leaf, instance.chain()[0])
    answer = status.ocsp_post(instance, pki.urls(leaf)[1][0], with_extension(request, b'\x05\x00', critical=True))
    assert der.OcspResponse(answer.body).status == 1


def test_several_questions_are_refused_not_answered_in_part(instance, leaf, tmp_path):
    """RFC 5019 §2.1.1: one Request a request; anything else is an unsigned error, never an answer to some of the questions."""
    second = instance.issue(['ocsp2.example.org'])
    status.ocsp(instance, tmp_path, leaf)
    issuer, one, two = pki.files(tmp_path, i_pem=instance.chain()[0], one_pem=leaf, two_pem=second['pem'])
    pki.openssl('ocsp', '-issuer', issuer, '-cert', one, '-cert', two, '-no_nonce', '-reqout', tmp_path / 'many.der')
    request = (tmp_path / 'many.der').read_bytes()
    assert len(der.parse(request)[0][0].children()) == 2
    got = der.OcspResponse(status.ocsp_post(instance, pki.urls(leaf)[1][0], request).body)
    assert got.status == 6 and got.basic is None


def test_a_signed_request_is_answered(instance, leaf, tmp_path):
    """§4.1.2: requests may be signed; whoever asks is answered, so the signature is not looked at."""
    status.ocsp(instance, tmp_path, leaf)
    private = pki.key('rsa2048')
    issuer, one, key = pki.files(tmp_path, i_pem=instance.chain()[0], one_pem=leaf, k_pem=private)
    signer = tmp_path / 'signer.pem'
    pki.openssl('req', '-x509', '-key', key, '-subj', '/CN=Asker', '-days', '2', '-out', signer)
    pki.openssl('ocsp', '-issuer', issuer, '-cert', one, '-signer', signer, '-signkey', key, '-no_nonce', '-reqout',
                tmp_path / 'signed.der')
    request = (tmp_path / 'signed.der').read_bytes()
    assert len(der.parse(request).children()) == 2, 'there is a signature'
    got = der.OcspResponse(status.ocsp_post(instance, pki.urls(leaf)[1][0], request).body)
    assert got.status == 0 and got.responses[0][1].tag == 0x80


def test_revoked_says_when_and_why(instance, tmp_path):
    """§4.2.1 RevokedInfo: revocationTime, and the reason when one was given."""
    for reason, code in (('keyCompromise', 1), ('unspecified', None)):
        certificate = instance.issue([f'{reason.lower()}.ocsp.example.org'])
        instance.revoke(certificate, reason)
        wait_for(lambda pem=certificate['pem']: status.ocsp(instance, tmp_path, pem) == 'revoked', 'OCSP says revoked')
        info = ask_revoked(instance, certificate['pem'], tmp_path)
        assert info.tag == 0xa1 and info[0].tag == 0x18
        assert abs(info[0].time() - datetime.now(timezone.utc)) < timedelta(minutes=5)
        assert [n[0].value[0] for n in info.children()[1:]] == ([code] if code else [])


def ask_revoked(instance, pem, folder):
    request = status.ocsp_request(folder, pem, instance.chain()[0])
    return der.OcspResponse(status.ocsp_post(instance, pki.urls(pem)[1][0], request).body).responses[0][1]
