"""Every kind of profile yields what it says, key type by key type."""
import re

import pytest

from harness import pki

NAMES = {'dns': 'DNS:host.example.org', 'ip': 'IP:192.0.2.7', 'email': 'email:person@example.org',
         'uri': 'URI:https://example.org/x'}
USAGE = {'server-tls': 'TLS Web Server Authentication', 'client-tls': 'TLS Web Client Authentication',
         'smime': 'E-mail Protection', 'code-signing': 'Code Signing'}


def subject_of(profile):
    wanted = {'common_name': 'CN=Example', 'organization': 'O=Example', 'country': 'C=IN', 'email': None}
    parts = [wanted[a] for a in ('country', 'organization', 'common_name')
             if a in profile.get('subject_attributes', [])]
    return '/' + '/'.join(parts)


def ask(instance, profile, kind):
    names = [NAMES[k] for k in profile['name_kinds']][:max(1, profile['names_max'])] if profile['names_max'] else []
    subject = subject_of(profile) if not names else '/'
    return instance.issue(csr=pki.csr(names, kind, subject=subject), profile=profile['name'])


@pytest.mark.parametrize('kind', ['server-tls', 'client-tls', 'mutual-tls', 'smime', 'code-signing'])
def test_kind_by_key_type(instance, tmp_path, kind):
    profile = instance.profile(kind)
    for key_type in profile['key_types']:
        certificate = ask(instance, profile, key_type)
        assert certificate['key_type'] == key_type
        text = pki.text(certificate['pem'])
        pki.verify(tmp_path, certificate['pem'], instance.chain())
        if kind in USAGE:
            assert USAGE[kind] in text
        if kind == 'mutual-tls':
            assert USAGE['server-tls'] in text and USAGE['client-tls'] in text
        assert 'CA:TRUE' not in text
        assert re.search(r'X509v3 Key Usage: critical', text)
        assert int(certificate['serial'], 16).bit_length() >= 64 and int(certificate['serial'], 16).bit_length() < 160


def test_the_six_key_types_are_offered(instance):
    offered = {t for p in instance.profiles().values() for t in p['key_types']}
    assert offered == {'p256', 'p384', 'rsa2048', 'rsa3072', 'rsa4096', 'ed25519'}


def test_all_kinds_of_the_product_are_installed(instance):
    kinds = {p['kind'] for p in instance.profiles().values()}
    assert {'server-tls', 'client-tls', 'mutual-tls', 'smime', 'code-signing', 'ocsp-signer', 'sub-ca'} <= kinds


def test_wildcards_are_a_switch(instance):
    for profile in instance.profiles().values():
        if profile['kind'] != 'server-tls' or profile['trust'] != 'private':
            continue
        answer = instance.people()['requester'].post('/v1/requests', {
            'certificate_profile': profile['name'], 'csr': pki.csr(['DNS:*.wild.example.org'])})
        assert answer.status == (201 if profile['wildcard'] else 422), (profile['name'], answer.body)


def test_ocsp_signer_and_sub_ca_are_not_for_people(instance, people):
    for kind in ('ocsp-signer', 'sub-ca'):
        profile = next(p for p in instance.profiles().values() if p['kind'] == kind)
        answer = people['requester'].post('/v1/requests', {'certificate_profile': profile['name'],
                                                           'csr': pki.csr(['DNS:x.example.org'])})
        assert answer.status in (403, 422), (kind, answer.body)


def test_serials_do_not_repeat_and_look_random(instance):
    serials = [int(c['serial'], 16) for c in instance.enroll_admin().pages('/v1/certificates?limit=500')]
    assert len(serials) == len(set(serials))
    # The top 16 bits name the CRL shard; 128 random bits follow.
    assert len({s & 0xffffffff for s in serials}) == len(serials)
