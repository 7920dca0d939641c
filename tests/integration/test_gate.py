"""The gate: TLS versions, HTTP/2, limits, headers, client certificates, and what it keeps away from core."""
import http.client
import json
import re
import socket
import ssl
import subprocess
import time

import pytest

from harness.instance import wait_for


def open_tls(instance, limit_s=15):
    context = ssl.create_default_context(cafile=instance.root_pem)
    plain = socket.create_connection(('127.0.0.1', instance.port), timeout=limit_s)
    return context.wrap_socket(plain, server_hostname='127.0.0.1')


def raw(instance, data, limit_s=15):
    """Bytes over TLS, and everything that comes back."""
    with open_tls(instance, limit_s) as tls:
        tls.sendall(data)
        out = b''
        try:
            while chunk := tls.recv(65536):
                out += chunk
        except (socket.timeout, ssl.SSLError, ConnectionResetError):
            pass
        return out


def s_client(instance, *arguments):
    return subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{instance.port}', '-CAfile', instance.root_pem,
                           *arguments], input=b'', capture_output=True, timeout=20)


@pytest.mark.parametrize('version,works', [('-tls1_2', True), ('-tls1_3', True), ('-tls1_1', False), ('-tls1', False)])
def test_tls_versions(instance, version, works):
    done = s_client(instance, version, '-cipher', 'ALL:@SECLEVEL=0')
    assert (b'Verify return code: 0 (ok)' in done.stdout and b'Cipher is (NONE)' not in done.stdout) == works


def test_tls12_suites_are_aead_with_forward_secrecy(instance):
    for bad in ('AES128-SHA', 'AES256-GCM-SHA384', 'ECDHE-RSA-AES256-SHA384', 'ECDHE-ECDSA-AES128-SHA', 'NULL', '3DES'):
        assert b'Cipher is (NONE)' in s_client(instance, '-tls1_2', '-cipher', bad + ':@SECLEVEL=0').stdout or \
            b'no cipher match' in s_client(instance, '-tls1_2', '-cipher', bad + ':@SECLEVEL=0').stderr


def test_http2(instance):
    done = subprocess.run(['curl', '-s', '--http2', '--cacert', instance.root_pem, '-o', '/dev/null', '-w',
                           '%{http_version} %{http_code}', instance.url + '/healthz'], capture_output=True, text=True)
    assert done.stdout == '2 200'


def test_what_the_gate_refuses_has_a_request_id(instance):
    answer = raw(instance, b'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ' + b'a' * 70000 + b'\r\n\r\n')
    head, body = answer.split(b'\r\n\r\n', 1)
    document = json.loads(body)
    assert document['rule'] == 'gate-header-size' and re.fullmatch('gate_[0-9a-f]{32}', document['request_id'])
    assert f'X-Request-Id: {document["request_id"]}'.encode() in head


def test_security_headers(instance):
    for path in ('/healthz', '/v1/me', '/', '/nothing'):
        answer = instance.anonymous().get(path)
        assert 'max-age=' in answer.header('Strict-Transport-Security'), path
        assert answer.header('X-Content-Type-Options') == 'nosniff'
        assert answer.header('Referrer-Policy') == 'no-referrer'
        policy = answer.header('Content-Security-Policy')
        assert "default-src 'none'" in policy or "default-src 'self'" in policy
        assert 'unsafe-inline' not in policy and 'unsafe-eval' not in policy and "frame-ancestors 'none'" in policy
        assert not [h for h in answer.headers.get_all('Server') or [] if any(c.isdigit() for c in h)]
    assert instance.anonymous().get('/v1/me').header('Cache-Control') == 'no-store'


@pytest.mark.parametrize('request_line', [
    b'GET /healthz HTTP/1.1\r\n\r\n',  # no Host
    b'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    b'POST /v1/enroll HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    b'POST /v1/enroll HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    b'POST /v1/enroll HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc',
    b'GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n',
    b'GET /healthz HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n',
    b'NONSENSE\r\n\r\n', b'GET http:///x HTTP/9.9\r\n\r\n', b'\x00\x01\x02\r\n\r\n',
    b'GET /' + b'a' * 20000 + b' HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET /healthz HTTP/1.1\r\nHost: a\r\n' + b''.join(b'X-%d: %s\r\n' % (i, b'y' * 900) for i in range(60)) + b'\r\n',
])
def test_malformed_http_is_refused(instance, request_line):
    answer = raw(instance, request_line)
    assert not answer or answer.split(b' ')[1][:1] in (b'4', b'5') or answer.startswith(b'<'), answer[:200]
    assert b'HTTP/1.1 2' not in answer
    assert instance.anonymous().get('/healthz').status == 200


def test_body_limit(instance):
    connection = http.client.HTTPSConnection('127.0.0.1', instance.port, timeout=10,
                                             context=ssl.create_default_context(cafile=instance.root_pem))
    connection.putrequest('POST', '/v1/enroll')
    connection.putheader('Content-Length', str(1 << 30))
    connection.endheaders()
    assert connection.getresponse().status == 413


def test_identity_headers_from_outside_are_stripped(instance, people):
    """Only the gate speaks these to core: an outsider's copy must not become the recorded address or certificate."""
    forged = {'X-CX-Address': '192.0.2.66', 'X-CX-Client-Cert': 'forged', 'X-Forwarded-For': '192.0.2.66',
              'x_cx_address': '192.0.2.66'}
    people['requester'].post('/v1/tokens', {'label': 'spoof', 'expires_in_days': 1}, headers=forged).expect(201)
    entries = list(people['auditor'].pages('/v1/audit/entries?action=token.create'))
    assert entries and not [e for e in entries if '192.0.2.66' in str(e)]


def test_core_socket_is_the_gates_alone(instance):
    import os
    import stat
    mode = os.stat(os.path.join(instance.data, 'run', 'core.sock')).st_mode
    assert not mode & stat.S_IRWXO


def test_nobody_is_asked_for_a_certificate_here(instance):
    """Browsers would show their list of certificates; the listener that asks is in test_mtls_login.py."""
    shown = s_client(instance, '-state').stderr
    assert b'certificate request' not in shown.lower() and b'SSL_connect' in shown


def test_slashes_in_an_ocsp_path_are_kept(instance):
    """RFC 6960 appendix A: base64 in the path may hold "//"; merging slashes would change the request."""
    issuer = instance.issuer()['id']
    answer = instance.anonymous().get(f'/ocsp/{issuer}/' + 'AAA//AAA')
    assert answer.status != 404


def test_path_tricks_reach_no_file(instance):
    for path in ('/../certinext.yaml', '/crl/../../certinext.yaml', '/crl/%2e%2e/%2e%2e/keys/kek', '/crl//etc/passwd',
                 '/issuer/..%2f..%2fcertinext.yaml', '/crl/', '/keys/kek', '/run/core.sock'):
        answer = raw(instance, b'GET ' + path.encode() + b' HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        assert answer.split(b' ')[1] in (b'400', b'401', b'403', b'404'), (path, answer[:80])


def test_rate_limit_answers_429_with_retry_after(make_instance):
    instance = make_instance(limits=True, settings={'request_rate': 5, 'request_burst': 10}).start()
    answers = [instance.anonymous().get('/v1/me') for _ in range(200)]
    limited = [a for a in answers if a.status == 429]
    assert limited, 'two hundred requests in a moment were all let through'
    assert all(int(a.header('Retry-After')) >= 1 for a in limited)
    time.sleep(int(limited[0].header('Retry-After')) + 1)
    assert instance.anonymous().get('/healthz').status == 200


def test_connection_limit_answers_429_with_retry_after(make_instance):
    """Requests that are still being sent hold the connections of an address; one more is told to come back."""
    instance = make_instance(limits=True, settings={'connection_limit': 2}).start()
    head = b'POST /v1/enroll HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'
    held = [open_tls(instance) for _ in range(2)]
    try:
        for connection in held:
            connection.sendall(head)
        time.sleep(0.5)
        refused = raw(instance, b'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        assert refused.split(b' ')[1] == b'429', refused[:200]
        assert re.search(rb'\r\nRetry-After: \d+\r\n', refused, re.I), refused[:400]
    finally:
        for connection in held:
            connection.close()
    wait_for(lambda: instance.anonymous().get('/healthz').status == 200, 'room again', 10)


def test_slow_header_is_cut_off(make_instance):
    instance = make_instance(settings={'request_timeout_s': 5}).start()
    context = ssl.create_default_context(cafile=instance.root_pem)
    with socket.create_connection(('127.0.0.1', instance.port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname='127.0.0.1') as tls:
            started = time.monotonic()
            with pytest.raises((ssl.SSLError, OSError)):
                for _ in range(100):
                    tls.sendall(b'G')
                    time.sleep(0.2)
                    tls.settimeout(0.01)
                    try:
                        if tls.recv(1) == b'':
                            raise ConnectionResetError
                    except (socket.timeout, ssl.SSLWantReadError):
                        pass
            assert time.monotonic() - started < 14


def test_slow_body_is_cut_off(make_instance):
    """The deadline holds for bodies as for headers: a body that stops coming ends the connection or is answered 408."""
    instance = make_instance(settings={'request_timeout_s': 5}).start()
    with open_tls(instance, 20) as tls:
        started = time.monotonic()
        tls.sendall(b'POST /v1/enroll HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"li')
        answer = tls.recv(65536)
        assert not answer or answer.split(b' ')[1] == b'408', answer[:100]
        assert 3 < time.monotonic() - started < 18
    assert instance.anonymous().get('/healthz').status == 200


@pytest.mark.parametrize('header', ['X-CX-Address', 'X-CX-Client-Cert'])
def test_identity_headers_are_refused_on_the_local_socket(instance, header):
    """Only what comes over the gate's socket may say who somebody is; the host's socket has no gate before it."""
    assert instance.local().get('/healthz').status == 200
    assert instance.local().get('/healthz', **{header: '192.0.2.66'}).status == 400
