"""CAs of every kind of key, as a running instance makes them, before foreign judges: their certificates, their CRLs and their
OCSP responses, the good and what a judge must refuse. (The profiles under the development CA: test_profiles_abroad.py.)"""
import re
from datetime import datetime, timezone

import pytest

from harness import der, judges, pki, status
from harness.instance import wait_for

KEY_TYPES = ('rsa2048', 'p384', 'ed25519')
TRY_LATER = bytes.fromhex('30030a0103')


class Subject:
    """A certificate with its chain and what the status services say of it."""

    def __init__(self, instance, folder, chain, certificate):
        self.instance, self.folder, self.chain = instance, folder, chain
        self.serial, self.pem = int(certificate['serial'], 16), certificate['pem']
        self.crl_url, self.ocsp_url = pki.urls(self.pem)[0][0], pki.urls(self.pem)[1][0]

    def crl(self, pem=None):
        """DER, once it is published."""
        url = pki.urls(pem)[0][0] if pem else self.crl_url

        def published():
            answer = self.instance.fetch(url)
            return answer.body if answer.status == 200 else None
        return wait_for(published, 'the CRL is published', 30)

    def lists_itself(self):
        found = der.Crl(self.crl()).revoked
        return found is not None and self.serial in [e[0].integer() for e in found.children()]

    def ask(self, nonce=False):
        """(request, response)"""
        request = status.ocsp_request(self.folder, self.pem, self.chain[0], nonce)

        def answered():
            body = status.ocsp_post(self.instance, self.ocsp_url, request).body
            return body if body != TRY_LATER else None
        return request, wait_for(answered, 'the responder has its certificate', 60)

    def status(self):
        return status.judge(self.instance, self.folder, self.pem, self.ask()[1], chain=self.chain)


class Chain:
    def __init__(self, instance, folder, key_type):
        for arguments in (['create-root', '--name', 'root-' + key_type, '--subject', f'C=IN,O=Test,CN=Root {key_type}'],
                          ['create', '--name', 'sub-' + key_type, '--parent', 'root-' + key_type, '--subject',
                           f'C=IN,O=Test,CN=Issuing {key_type}', '--path-length', '0']):
            instance.cli('ca', *arguments, '--key-type', key_type, '--data', instance.data).expect(0)
        issuers = {i['name']: i['id'] for i in instance.enroll_admin().pages('/v1/issuers')}
        self.chain = [instance.admin.get('/v1/issuers/' + issuers[f'{n}-{key_type}']).expect(200)['pem'] for n in ('sub', 'root')]

        def issue(name):
            return instance.issue([f'{name}.{key_type}.example.org'], issuer_id=issuers['sub-' + key_type])
        good, gone = issue('good'), issue('gone')
        while pki.urls(good['pem'])[0] == pki.urls(gone['pem'])[0]:
            gone = issue('gone')  # another shard than that of the good one
        self.good, self.gone = (Subject(instance, folder, self.chain, c) for c in (good, gone))
        instance.revoke(gone, 'keyCompromise')

    def settle(self):
        wait_for(self.gone.lists_itself, 'the CRL lists the revoked certificate', 30)
        wait_for(lambda: self.gone.status() == 'revoked', 'OCSP says revoked', 60)
        return self


@pytest.fixture(scope='module')
def chains(make_instance, tmp_path_factory):
    instance = make_instance().start()
    made = {k: Chain(instance, tmp_path_factory.mktemp(k), k) for k in KEY_TYPES}
    return {k: chain.settle() for k, chain in made.items()}


def able(judge, *what):
    """Skips what this judge cannot judge by its own limits, saying so."""
    why = judges.bouncy_missing() if judge == 'bouncy' else judges.missing(judge)
    for one in what:
        why = why or judges.UNABLE.get((judge, one))
    if why:
        pytest.skip(why)


@pytest.mark.parametrize('key_type', KEY_TYPES)
@pytest.mark.parametrize('judge', judges.JUDGES)
def test_certificate(chains, tmp_path, judge, key_type):
    able(judge, key_type)
    one = chains[key_type]
    accepted, said = judges.JUDGES[judge](tmp_path, one.good.pem, one.chain, 'server')
    assert accepted, said
    other = chains['rsa2048' if key_type == 'p384' else 'p384']  # NSS takes no root of Ed25519 into its database at all
    assert not judges.JUDGES[judge](tmp_path, one.good.pem, [one.chain[0], other.chain[1]], 'server')[0], 'a foreign root'


def after(crl):
    """A moment after the CRL's nextUpdate, in which the certificates still are valid."""
    return (der.Crl(crl).next_update.time() - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() + 3600


REFUSALS = {'revoked': 'revo', 'wrong shard': 'CRL|revocation', 'expired': 'CRL.*expired|revocation|superseded'}


# A JVM takes seconds, and what it refuses does not depend on the key: its refusals are asked for once.
CRL_CASES = [(judge, key_type, case) for judge in judges.CRL_JUDGES for key_type in KEY_TYPES for case in ('good', *REFUSALS)
             if case == 'good' or key_type == 'p384' or judge in ('openssl', 'gnutls')]


@pytest.mark.parametrize('judge,key_type,case', CRL_CASES)
def test_crl(chains, tmp_path, judge, key_type, case):
    able(judge, key_type, case)
    one = chains[key_type]
    crl, gone, ca_crl = one.good.crl(), one.gone.crl(), one.good.crl(one.chain[0])
    leaf, given, at = {'good': (one.good.pem, crl, None), 'revoked': (one.gone.pem, gone, None),
                       'wrong shard': (one.gone.pem, crl, None), 'expired': (one.good.pem, crl, after(crl))}[case]
    accepted, said = judges.CRL_JUDGES[judge](tmp_path, leaf, one.chain, given, ca_crl, at)
    assert accepted == (case == 'good'), said
    assert case == 'good' or re.search(REFUSALS[case], said, re.I), f'refused, but not for that: {said}'


@pytest.mark.parametrize('key_type', KEY_TYPES)
def test_openssl_and_gnutls_ocsp(chains, tmp_path, key_type):
    one = chains[key_type]
    assert (one.good.status(), one.gone.status()) == ('good', 'revoked')
    for subject, expected in ((one.good, 'good'), (one.gone, 'revoked')):
        response = subject.ask()[1]
        verified, found, said = judges.gnutls_ocsp(tmp_path, subject.pem, one.chain, response)
        assert verified and found == expected, said
        assert not judges.gnutls_ocsp(tmp_path, subject.pem, one.chain, broken(response))[0], 'a broken signature'


@pytest.mark.parametrize('key_type', KEY_TYPES)
def test_java_ocsp(chains, tmp_path, key_type):
    able('java', key_type)
    one = chains[key_type]
    for subject, response, expected in ((one.good, one.good.ask()[1], True), (one.gone, one.gone.ask()[1], False),
                                        (one.good, broken(one.good.ask()[1]), False)):
        accepted, said = judges.java(tmp_path, subject.pem, one.chain, 'server', [('ocsp', response)])
        assert accepted == expected, said


def broken(response):
    """The response with one bit of its signature changed; the responder's certificate comes after it."""
    signature = der.OcspResponse(response).signature
    at = response.index(signature.raw) + len(signature.raw) - 6
    return response[:at] + bytes([response[at] ^ 1]) + response[at + 1:]


def unknown(one, folder):
    """A question about a serial number that nobody has, and the answer."""
    [issuer] = pki.files(folder, u_issuer=one.chain[0])
    pki.openssl('ocsp', '-issuer', issuer, '-serial', str(UNKNOWN), '-reqout', folder / 'u.der', '-no_nonce')
    request = (folder / 'u.der').read_bytes()
    return request, status.ocsp_post(one.good.instance, one.good.ocsp_url, request).body


UNKNOWN = 0x1234567890


@pytest.mark.parametrize('key_type', KEY_TYPES)
def test_bouncy_castle_ocsp(chains, tmp_path, key_type):
    able('bouncy', key_type)
    one, other = chains[key_type], chains[KEY_TYPES[KEY_TYPES.index(key_type) - 1]]
    request, response = one.good.ask(nonce=True)
    again, _ = one.good.ask(nonce=True)
    plain, cached = one.good.ask()
    leaf, issuer = one.good.pem, one.chain[0]
    answers = judges.bouncy(
        tmp_path, ('ocsp', request, response, leaf, issuer), ('ocsp', plain, cached, leaf, issuer),
        ('ocsp', *one.gone.ask(nonce=True), one.gone.pem, issuer), ('ocsp', *unknown(one, tmp_path), f'serial:{UNKNOWN}', issuer),
        ('ocsp', again, response, leaf, issuer), ('ocsp', request, cached, leaf, issuer),
        ('ocsp', request, broken(response), leaf, issuer), ('ocsp', plain, one.gone.ask()[1], leaf, issuer),
        ('ocsp', plain, cached, leaf, other.chain[0]))
    assert answers[:4] == ['good', 'good', 'revoked 1', 'unknown'], answers
    for answer, why in zip(answers[4:], ('another nonce', 'another nonce', 'signature', 'another certificate', 'issuer')):
        assert answer.startswith('refused') and re.search(why, answer), answers
