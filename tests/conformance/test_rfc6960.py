"""RFC 6960 and the RFC 5019 profile on the bytes of a running responder."""
import email.utils
import hashlib
import re
from datetime import datetime, timedelta, timezone

import pytest

from harness import der, pki, status

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
    assert got.header('ETag').strip('"')


def test_one_request_one_response_with_the_signer_first(response):
    """RFC 5019 §2.2.1: one SingleResponse; §2.2.2: the responder's certificate is in the response."""
    assert len(response.responses.children()) == 1 and len(response.certificates) >= 1


def test_next_update_is_there(response):
    assert response.responses[0][3].tag == 0xa0
