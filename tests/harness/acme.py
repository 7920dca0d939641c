"""An ACME client at the level of JOSE: it signs what it is told to, well-formed or not."""
import base64
import hashlib
import hmac
import json
import re
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness import pki

CURVES = {'ES256': (ec.SECP256R1, 'P-256', 32, hashes.SHA256), 'ES384': (ec.SECP384R1, 'P-384', 48, hashes.SHA384)}
JOSE = 'application/jose+json'


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).rstrip(b'=').decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, 'big'))


class Key:
    """A key pair and how it signs."""

    def __init__(self, alg='ES256', private=None, rsa_bits=2048):
        self.alg = alg
        if private:
            self.private = private
        elif alg in CURVES:
            self.private = ec.generate_private_key(CURVES[alg][0]())
        elif alg == 'EdDSA':
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, rsa_bits)

    @property
    def jwk(self):
        public = self.private.public_key()
        if self.alg in CURVES:
            _, crv, size, _ = CURVES[self.alg]
            n = public.public_numbers()
            return {'crv': crv, 'kty': 'EC', 'x': b64(n.x.to_bytes(size, 'big')), 'y': b64(n.y.to_bytes(size, 'big'))}
        if self.alg == 'EdDSA':
            return {'crv': 'Ed25519', 'kty': 'OKP', 'x': b64(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}
        n = public.public_numbers()
        return {'e': number(n.e), 'kty': 'RSA', 'n': number(n.n)}

    @property
    def thumbprint(self):
        return b64(hashlib.sha256(json.dumps(self.jwk, sort_keys=True, separators=(',', ':')).encode()).digest())

    def sign(self, message):
        if self.alg in CURVES:
            _, _, size, digest = CURVES[self.alg]
            r, s = utils.decode_dss_signature(self.private.sign(message, ec.ECDSA(digest())))
            return r.to_bytes(size, 'big') + s.to_bytes(size, 'big')
        if self.alg == 'EdDSA':
            return self.private.sign(message)
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def spki_der(self):
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def jws(header, payload, sign):
    """A flattened JWS. payload: None (POST-as-GET), bytes or an object; sign: a function over the signing input."""
    body = b'' if payload is None else payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    protected, encoded = b64(json.dumps(header)), b64(body)
    return {'protected': protected, 'payload': encoded, 'signature': b64(sign(f'{protected}.{encoded}'.encode()))}


class Client:
    """One account's client. `client`: the HTTP client of the instance (harness/http.py)."""

    def __init__(self, http, directory_url, key=None):
        self.http, self.key = http, key or Key()
        self.base = re.match(r'https?://[^/]+', directory_url).group(0)
        self.directory_path = self.path(directory_url)
        self.directory = http.get(self.directory_path).expect(200)
        self.kid, self.next_nonce = None, None

    def path(self, url):
        assert url.startswith(self.base), url
        return url[len(self.base):]

    def nonce(self):
        nonce, self.next_nonce = self.next_nonce, None
        return nonce or self.http.send('HEAD', self.path(self.directory['newNonce'])).header('Replay-Nonce')

    def header(self, target, **changes):
        header = {'alg': self.key.alg, 'nonce': self.nonce(), 'url': target}
        header.update({'kid': self.kid} if self.kid else {'jwk': self.key.jwk})
        header.update(changes)
        return {k: v for k, v in header.items() if v is not None}

    def send(self, url, body, content_type=JOSE):
        answer = self.http.post(self.path(url), raw=body if isinstance(body, (bytes, str)) else json.dumps(body),
                                content_type=content_type)
        self.next_nonce = answer.header('Replay-Nonce')
        return answer

    def post(self, url, payload=None, key=None, **header):
        """Signed POST; payload None reads (POST-as-GET)."""
        return self.send(url, jws(self.header(url, **header), payload, (key or self.key).sign))

    def by_key(self, url, payload, key):
        """Signed with a key instead of the account."""
        return self.send(url, jws(self.header(url, kid=None, jwk=key.jwk, alg=key.alg), payload, key.sign))

    # the steps of RFC 8555

    def binding(self, eab, **changes):
        header = {'alg': 'HS256', 'kid': eab['eab']['id'], 'url': self.directory['newAccount'], **changes}
        header = {k: v for k, v in header.items() if v is not None}
        secret = unb64(eab['hmac_key'])
        return jws(header, self.key.jwk, lambda m: hmac.new(secret, m, hashlib.sha256).digest())

    def new_account(self, eab=None, **payload):
        if eab:
            payload['externalAccountBinding'] = self.binding(eab)
        answer = self.by_key(self.directory['newAccount'], {'termsOfServiceAgreed': True, **payload}, self.key)
        if answer.status in (200, 201):
            self.kid = answer.header('Location')
        return answer

    def new_order(self, *names, **payload):
        identifiers = [n if isinstance(n, dict) else {'type': 'dns', 'value': n} for n in names]
        return self.post(self.directory['newOrder'], {'identifiers': identifiers, **payload})

    def finalize(self, order, csr):
        return self.post(order['finalize'], {'csr': b64(csr)})

    def order(self, *names, csr=None, **payload):
        """newOrder to its end: (order, URL)."""
        made = self.new_order(*names, **payload)
        made.expect(201)
        url = made.header('Location')
        texts = [('IP:' + n['value'] if n['type'] == 'ip' else 'DNS:' + n['value']) if isinstance(n, dict) else 'DNS:' + n
                 for n in names]
        self.finalize(made.json(), csr or pki.csr(texts, form='DER')).expect(200)
        return self.settled(url), url

    def settled(self, url, limit_s=20):
        deadline = time.monotonic() + limit_s
        while True:
            order = self.post(url).expect(200)
            if order['status'] not in ('processing', 'pending') or time.monotonic() > deadline:
                return order
            time.sleep(0.1)

    def certificate(self, order):
        """PEM blocks, leaf first."""
        answer = self.post(order['certificate'])
        assert answer.status == 200, answer.body
        return pki.split_pem(answer.body.decode())


def problem(answer, kind, status=None, rule=None):
    """The problem document of an ACME refusal, checked."""
    assert answer.header('Content-Type') == 'application/problem+json', (answer.status, answer.body[:300])
    document = answer.json()
    assert document['type'] == 'urn:ietf:params:acme:error:' + kind, document
    assert document['status'] == answer.status and document['detail']
    if status:
        assert answer.status == status, document
    if rule:
        assert document['rule'] == rule, document
    assert None not in document.values()  # certbot stumbles over null in subproblems
    return document


class World:
    """A directory of an instance, its administrator, and accounts."""

    def __init__(self, instance, profiles=('server-tls-auto',), **settings):
        self.instance, self.admin = instance, instance.enroll_admin()
        document = {'name': f'd{time.monotonic_ns()}', 'certificate_profiles': list(profiles),
                    'account_order_limit': 0, 'name_limit': 0, **settings}
        self.directory = self.admin.post('/v1/acme-directories', document).expect(201)
        self.url = self.directory['url']
        self.http = instance.anonymous()

    def eab(self, client=None, **document):
        """A key bound to example.org whose names need no challenge."""
        document = {'directory_id': self.directory['id'], 'label': 'test', 'validation': 'none', 'use_max': 1000,
                    'domains': ['example.org', '10.0.0.1', '2001:db8::1', 'intranet'], **document}
        return (client or self.instance.people()['requester']).post('/v1/acme-eab-keys', document).expect(201)

    def client(self, key=None):
        return Client(self.http, self.url, key)

    def account(self, eab=None, key=None, **payload):
        client = self.client(key)
        client.new_account(eab or self.eab(), **payload).expect(201)
        return client
