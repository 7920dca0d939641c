"""A small OpenID Connect provider over TLS that can be told to break any single rule, to see that the server notices.
Nobody logs in at it: `authorize` is what its login page would do."""
import base64
import datetime
import hashlib
import http.server
import json
import ssl
import tempfile
import threading
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from harness.login import b64


def self_signed(folder):
    """A certificate for 127.0.0.1 that is its own root."""
    import ipaddress
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'provider')])
    now = datetime.datetime.utcnow()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()) \
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1)) \
        .not_valid_after(now + datetime.timedelta(days=30)) \
        .add_extension(x509.BasicConstraints(True, None), True) \
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), False) \
        .sign(key, hashes.SHA256())
    pem = made.public_bytes(serialization.Encoding.PEM)
    with open(f'{folder}/tls.pem', 'wb') as f:
        f.write(pem + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption()))
    return pem.decode()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, 'big'))


class SigningKey:
    def __init__(self, kid, kind='RS256'):
        self.kid, self.kind = kid, kind
        self.key = rsa.generate_private_key(65537, 2048) if kind == 'RS256' else ec.generate_private_key(ec.SECP256R1())

    def jwk(self, kid=True):
        numbers = self.key.public_key().public_numbers()
        made = {'use': 'sig', 'alg': self.kind, **({'kid': self.kid} if kid else {})}
        if self.kind == 'RS256':
            return {**made, 'kty': 'RSA', 'n': number(numbers.n), 'e': number(numbers.e)}
        return {**made, 'kty': 'EC', 'crv': 'P-256', 'x': b64(numbers.x.to_bytes(32, 'big')), 'y': b64(numbers.y.to_bytes(32, 'big'))}

    def sign(self, text):
        if self.kind == 'RS256':
            return self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, 'big') + s.to_bytes(32, 'big')


class Provider:
    CLIENT, SECRET = 'client-1', 'a secret: with/odd+characters'.replace(' ', '-')

    def __init__(self, now):
        """now: the server's time, a function."""
        self.now, self.codes, self.asked = now, {}, []
        self.keys, self.publish = [SigningKey('one')], None
        self.bend, self.header, self.answer, self.user = {}, {}, {}, {}
        self.discovery, self.alg = {}, None
        folder = tempfile.TemporaryDirectory(prefix='cx-oidc-')
        self.folder = folder
        self.ca = self_signed(folder.name)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def reply(self, status, document):
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                outer.asked.append(self.path)
                if self.path == '/.well-known/openid-configuration':
                    self.reply(200, outer.discovery_document())
                elif self.path == '/jwks':
                    self.reply(200, {'keys': [k if isinstance(k, dict) else k.jwk() for k in outer.publish or outer.keys]})
                elif self.path == '/userinfo' and self.headers['Authorization'] == 'Bearer the-access-token':
                    self.reply(200, outer.user)
                else:
                    self.reply(404, {})

            def do_POST(self):
                outer.asked.append(self.path)
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers['Content-Length'])).decode()))
                self.reply(*outer.token(form, self.headers['Authorization']))

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f'{folder.name}/tls.pem')
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.issuer = f'https://127.0.0.1:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def discovery_document(self):
        return {'issuer': self.issuer, 'authorization_endpoint': self.issuer + '/authorize',
                'token_endpoint': self.issuer + '/token', 'jwks_uri': self.issuer + '/jwks',
                'userinfo_endpoint': self.issuer + '/userinfo', 'code_challenge_methods_supported': ['S256'],
                'response_types_supported': ['code'], 'authorization_response_iss_parameter_supported': True, **self.discovery}

    def authorize(self, url, **claims):
        """What the callback page would be called with, after somebody with these claims logged in."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert asked['response_type'] == 'code' and asked['code_challenge_method'] == 'S256' and 'openid' in asked['scope'].split()
        code = f'code-{len(self.codes)}'
        self.codes[code] = (asked, claims)
        return {'code': code, 'state': asked['state'], 'iss': self.issuer}

    def token(self, form, authorization):
        asked, claims = self.codes.pop(form['code'], (None, None))
        if not asked:
            return 400, {'error': 'invalid_grant'}
        pair = '%s:%s' % (urllib.parse.quote(self.CLIENT, safe=''), urllib.parse.quote(self.SECRET, safe=''))
        challenge = b64(hashlib.sha256(form['code_verifier'].encode()).digest())
        if authorization != 'Basic ' + base64.b64encode(pair.encode()).decode() or challenge != asked['code_challenge'] \
                or form['redirect_uri'] != asked['redirect_uri']:
            return 401, {'error': 'invalid_client'}
        return 200, {'token_type': 'Bearer', 'access_token': 'the-access-token',
                     'id_token': self.id_token(asked, claims), **self.answer}

    def id_token(self, asked, claims):
        key = self.keys[0]
        now = int(self.now())
        payload = {'iss': self.issuer, 'aud': self.CLIENT, 'nonce': asked['nonce'], 'iat': now, 'exp': now + 300,
                   'at_hash': b64(hashlib.sha256(b'the-access-token').digest()[:16]), **claims, **self.bend}
        header = {'alg': self.alg or key.kind, 'kid': key.kid, **self.header}
        parts = [b64(json.dumps({k: v for k, v in part.items() if v is not None}).encode()) for part in (header, payload)]
        text = '.'.join(parts).encode()
        signature = b'' if header['alg'] == 'none' else key.sign(text)
        if header['alg'] == 'HS256':
            import hmac
            signature = hmac.new(self.SECRET.encode(), text, 'sha256').digest()
        return f'{text.decode()}.{b64(signature)}'
