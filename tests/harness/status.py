"""CRL and OCSP as a relying party sees them: by the URLs inside the certificate, judged by openssl."""
import base64
import re
import time
import urllib.parse

from harness import pki


def crl(instance, folder, leaf, check=True):
    """The CRL of the leaf's distribution point as PEM, its signature checked."""
    points = pki.urls(leaf)[0]
    assert points, 'the certificate names no CRL'
    for _ in range(20):  # the shards of a new issuer are signed in its first seconds
        answer = instance.fetch(points[0])
        if answer.status != 404:
            break
        time.sleep(0.5)
    assert answer.status == 200, (points[0], answer.status)
    assert answer.header('Content-Type') == 'application/pkix-crl'
    pem = pki.openssl('crl', '-inform', 'DER', stdin=answer.body).stdout.decode()
    if check:
        [issuer] = pki.files(folder, issuer_pem=''.join(instance.chain()))
        done = pki.openssl('crl', '-noout', '-CAfile', issuer, stdin=pem.encode())
        assert b'verify OK' in done.stderr + done.stdout
    return pem


def crl_text(pem):
    return pki.openssl('crl', '-noout', '-text', stdin=pem.encode()).stdout.decode()


def crl_serials(instance, folder, leaf):
    return {int(s, 16) for s in re.findall(r'Serial Number: ([0-9A-F]+)', crl_text(crl(instance, folder, leaf)))}


def crl_number(pem):
    text = pki.openssl('crl', '-noout', '-crlnumber', stdin=pem.encode()).stdout.decode()
    return int(text.split('=')[1], 16)


def ocsp_request(folder, leaf, issuer, nonce=False, digest='sha1'):
    """A DER request by openssl."""
    leaf_path, issuer_path = pki.files(folder, ocspleaf_pem=leaf, ocspissuer_pem=issuer)
    out = f'{folder}/request.der'
    pki.openssl('ocsp', '-' + digest, '-issuer', issuer_path, '-cert', leaf_path, '-reqout', out,
                '-nonce' if nonce else '-no_nonce')
    with open(out, 'rb') as f:
        return f.read()


def ocsp_post(instance, url, request):
    from harness import http
    import http.client as plain
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == 'https':
        client = http.tls_client('127.0.0.1', parts.port, instance.root_pem)
    else:
        client = http.Client(lambda: plain.HTTPConnection('127.0.0.1', parts.port or 80, timeout=10))
    return client.post(parts.path, raw=request, content_type='application/ocsp-request')


def ocsp_get(instance, url, request):
    return instance.fetch(url + '/' + urllib.parse.quote(base64.b64encode(request).decode(), safe=''))


def judge(instance, folder, leaf, response, digest='sha1', arguments=(), chain=None):
    """openssl's word on a response: good, revoked or unknown; its signature must verify."""
    chain = chain or instance.chain()
    paths = pki.files(folder, j_leaf=leaf, j_issuer=chain[0], j_root=chain[-1], j_response=response)
    # The digest of the CertID must be chosen before the certificate. The nonce is compared elsewhere, on the bytes.
    done = pki.openssl('ocsp', '-respin', paths[3], '-no_nonce', '-issuer', paths[1], '-' + digest, '-cert', paths[0],
                       '-CAfile', paths[2], '-verify_other', paths[1], *arguments)
    out = done.stdout.decode() + done.stderr.decode()
    assert 'Response verify OK' in out, out
    return re.search(r': (good|revoked|unknown)\b', out).group(1)


def ocsp(instance, folder, leaf, method='post', nonce=False, digest='sha1'):
    issuer = instance.chain()[0]
    url = pki.urls(leaf)[1][0]
    request = ocsp_request(folder, leaf, issuer, nonce, digest)
    # tryLater, as a new issuer's responder gives for a moment: ask again (RFC 6960 §2.3). When the process that was asking
    # for the responder's certificate was killed, its intent is taken up after a lease of 20 s.
    for _ in range(80):
        answer = (ocsp_post if method == 'post' else ocsp_get)(instance, url, request)
        if answer.body != bytes.fromhex('30030a0103'):
            break
        time.sleep(0.5)
    assert answer.status == 200, answer.body[:300]
    assert answer.header('Content-Type') == 'application/ocsp-response'
    return judge(instance, folder, leaf, answer.body, digest)
