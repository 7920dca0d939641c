"""What a person logs in with: a browser's cookies and Origin header, an authenticator app, and a passkey in software. The
passkey can be told to break any single rule, to see that the server notices."""
import base64
import hashlib
import json
import os
import re
import struct
import subprocess

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

SESSION, DEVICE = '__Host-cx-session', '__Host-cx-device'
PASSWORD = 'correct horse battery staple'


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b'=').decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


class Browser:
    """One browser profile: keeps cookies, sends Origin as browsers do with a POST."""

    def __init__(self, instance, origin=None):
        self.instance, self.client, self.cookies = instance, instance.anonymous(), {}
        self.origin = origin or instance.url

    def headers(self, origin):
        made = {}
        if self.cookies:
            made['Cookie'] = '; '.join(f'{name}={value}' for name, value in self.cookies.items())
        if origin:
            made['Origin'] = origin
        return made

    def keep(self, answer):
        for line in answer.headers.get_all('Set-Cookie') or []:
            name, value, attributes = re.match(r'([^=]+)=([^;]*)(.*)', line).groups()
            assert 'Secure' in attributes and 'HttpOnly' in attributes and 'SameSite=Strict' in attributes, line
            assert 'Path=/' in attributes and 'Domain' not in attributes, line
            if 'Max-Age=0' in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def get(self, path):
        return self.keep(self.client.send('GET', path, headers=self.headers(None)))

    def post(self, path, document=None, origin=True, headers=None):
        sent = self.headers(self.origin if origin is True else origin)
        return self.keep(self.client.post(path, document, headers={**sent, **(headers or {})}))

    def login(self, account, password, code, **more):
        return self.post('/v1/login/password', {'account': account, 'password': password, 'code': code, **more})


class Codes:
    """An authenticator app: oathtool, so that the codes are not ours."""

    def __init__(self, secret):
        self.secret = secret

    def at(self, unix_time):
        done = subprocess.run(['oathtool', '--totp', '--base32', f'--now=@{int(unix_time)}', self.secret], text=True,
                              capture_output=True, check=True)
        return done.stdout.strip()


def cbor(value):
    """Canonical CBOR of the few kinds that WebAuthn needs."""
    def head(major, number):
        for low, size in ((24, 'B'), (25, 'H'), (26, 'I')):
            if number < 24:
                return bytes([major << 5 | number])
            if number < 1 << (8 * struct.calcsize('>' + size)):
                return bytes([major << 5 | low]) + struct.pack('>' + size, number)
        raise ValueError(number)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b''.join(map(cbor, value))
    return head(5, len(value)) + b''.join(cbor(k) + cbor(v) for k, v in value.items())


UP, UV, BE, BS, AT = 1, 4, 8, 16, 64


class Passkey:
    def __init__(self, origin, rp_id, algorithm=-7):
        self.origin, self.rp_id, self.algorithm = origin, rp_id, algorithm
        self.id, self.count = os.urandom(32), 1
        self.handle = None
        if algorithm == -7:
            self.key = ec.generate_private_key(ec.SECP256R1())
            point = self.key.public_key().public_numbers()
            self.cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, 'big'), -3: point.y.to_bytes(32, 'big')}
        elif algorithm == -8:
            from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
            self.key = ed25519.Ed25519PrivateKey.generate()
            raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            self.cose = {1: 1, 3: -8, -1: 6, -2: raw}
        else:
            self.key = rsa.generate_private_key(65537, 2048)
            numbers = self.key.public_key().public_numbers()
            self.cose = {1: 3, 3: -257, -1: numbers.n.to_bytes(256, 'big'), -2: numbers.e.to_bytes(3, 'big')}

    def sign(self, message):
        if self.algorithm == -7:
            return self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == -8:
            return self.key.sign(message)
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def client_data(self, kind, challenge, **bent):
        document = {'type': kind, 'challenge': challenge, 'origin': self.origin, 'crossOrigin': False}
        document.update(bent)
        return json.dumps({k: v for k, v in document.items() if v is not None}).encode()

    def data(self, flags, count, rp_id=None, attested=b''):
        rp_hash = hashlib.sha256((rp_id or self.rp_id).encode()).digest()
        return rp_hash + bytes([flags]) + struct.pack('>I', count) + attested

    def register(self, options, flags=UP | UV, rp_id=None, fmt='none', credential_id=None, **bent):
        """The body of POST /v1/me/passkeys."""
        self.handle = options['user_handle']
        client = self.client_data(bent.pop('type', 'webauthn.create'), bent.pop('challenge', options['challenge']), **bent)
        attested = bytes(16) + struct.pack('>H', len(self.id)) + self.id + cbor(self.cose)
        data = self.data(flags | AT, self.count, rp_id, attested)
        statement = {}
        if fmt.startswith('packed'):
            signature = self.sign(data + hashlib.sha256(client).digest())
            statement = {'alg': self.algorithm, 'sig': signature[:-1] + bytes([signature[-1] ^ (fmt == 'packed-bad')])}
        attestation = cbor({'fmt': fmt.split('-')[0], 'attStmt': statement, 'authData': data})
        return {'label': 'a key', 'credential_id': b64(credential_id or self.id), 'client_data': b64(client),
                'attestation_object': b64(attestation)}

    def answer(self, options, flags=UP | UV, rp_id=None, count=None, handle=True, spoil=False, **bent):
        """The answer to a login challenge."""
        client = self.client_data(bent.pop('type', 'webauthn.get'), bent.pop('challenge', options['challenge']), **bent)
        if count is None:
            self.count += 1
            count = self.count
        data = self.data(flags, count, rp_id)
        signature = self.sign(data + hashlib.sha256(client).digest())
        if spoil:
            data = data[:-1] + bytes([data[-1] ^ 1])
        made = {'credential_id': b64(self.id), 'client_data': b64(client), 'authenticator_data': b64(data),
                'signature': b64(signature)}
        if handle:
            made['user_handle'] = self.handle if handle is True else handle
        return made


def now_of(instance):
    """The server's time, which a drill instance may have moved."""
    from datetime import datetime
    text = instance.enroll_admin().get('/v1/system/clock').expect(200)['now']
    return datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


class Person:
    """Somebody with a password and one-time codes, and the time steps they used."""

    def __init__(self, instance, *roles, email=None, password=PASSWORD, client=None):
        """client: of somebody who is enrolled and has no factors yet."""
        self.instance, self.password, self.token = instance, password, client
        if not client:
            document = {'display_name': 'Test Person', 'roles': list(roles), **({'email': email} if email else {})}
            made = instance.enroll_admin().post('/v1/users', document).expect(201)
            self.token = instance.enroll(made['link'])
        self.id = self.token.user_id
        self.account = email or self.id
        self.token.post('/v1/me/password', {'password': password}).expect(200)
        begun = self.token.post('/v1/me/totp').expect(201)
        assert f'secret={begun["secret"]}&' in begun['uri'] and begun['uri'].startswith('otpauth://totp/CertiNext:')
        self.codes, self.used = Codes(begun['secret']), 0
        factors = self.token.post('/v1/me/totp/confirm', {'code': self.code()}).expect(200)
        assert factors['can_log_in'], factors

    def code(self):
        """A code whose step was not used yet: one step ahead is accepted too."""
        step = max(int(now_of(self.instance)) // 30 - 1, self.used + 1)
        self.used = step
        return self.codes.at(step * 30)

    def login(self, browser=None, **more):
        browser = browser or Browser(self.instance)
        browser.login(self.account, self.password, self.code(), **more).expect(201)
        return browser
