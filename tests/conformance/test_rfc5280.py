"""RFC 5280 on the bytes: certificates and CRLs of a running instance, read by an independent DER reader."""
import hashlib
from datetime import datetime, timedelta, timezone

import pytest

from harness import der, pki
from harness.instance import wait_for

AKI, SKI, KU, EKU, SAN, BC, CRLDP, AIA, POLICIES, NC = ('2.5.29.35', '2.5.29.14', '2.5.29.15', '2.5.29.37', '2.5.29.17', '2.5.29.19',
                                                        '2.5.29.31', '1.3.6.1.5.5.7.1.1', '2.5.29.32', '2.5.29.30')
CRL_NUMBER, IDP, REASON = '2.5.29.20', '2.5.29.28', '2.5.29.21'


@pytest.fixture(scope='module')
def leaves(instance):
    """With a subject and without, with policies (public trust) and without, with every kind of name."""
    asked = [('server-tls', ['DNS:a.example.org', 'IP:192.0.2.1', 'IP:2001:db8::1'], '/'),
             ('server-tls-public', ['DNS:a.example.org'], '/CN=a.example.org'), ('smime', ['email:a@example.org'], '/CN=A')]
    for kind in ('client-tls', 'mutual-tls'):
        known = {'dns': 'DNS:a.example.org', 'email': 'email:a@example.org', 'uri': 'URI:https://a.example/x'}
        names = [known[k] for k in instance.profile(kind)['name_kinds'] if k in known]
        asked.append((instance.profile(kind)['name'], names, '/'))
    made = [instance.issue(csr=pki.csr(names, subject=subject), profile=profile) for profile, names, subject in asked]
    return [der.Certificate(pki.der(c['pem'])) for c in made]


@pytest.fixture(scope='module')
def cas(instance):
    return [der.Certificate(pki.der(pem)) for pem in instance.chain()]


@pytest.fixture(scope='module')
def crls(instance):
    """(CRL, parsed) before and after a revocation, of one shard."""
    certificate = instance.issue(['crl.example.org'])
    url = pki.urls(certificate['pem'])[0][0]
    wait_for(lambda: instance.fetch(url).status == 200, 'the CRL is there')
    before = der.Crl(instance.fetch(url).body)
    instance.revoke(certificate, 'keyCompromise')

    def after():
        crl = der.Crl(instance.fetch(url).body)
        return crl if crl.extensions[CRL_NUMBER][1].integer() > before.extensions[CRL_NUMBER][1].integer() else None
    return before, wait_for(after, 'the next CRL'), url, int(certificate['serial'], 16)


def test_version_is_3_when_extensions_are_there(leaves, cas):
    assert all(c.version == 2 and c.extensions for c in leaves + cas)


def test_serial_is_positive_and_at_most_20_octets(leaves, cas):
    for certificate in leaves + cas:
        assert certificate.serial.integer() > 0 and len(certificate.serial.value) <= 20


def test_both_signature_algorithms_are_the_same(leaves, cas, crls):
    for signed in [*leaves, *cas, *crls[:2]]:
        assert signed.algorithm.raw == signed.inner_algorithm.raw


def test_ecdsa_parameters_are_absent(leaves):
    """RFC 5758 §3.2: the AlgorithmIdentifier MUST omit the parameters field."""
    for certificate in leaves:
        if certificate.algorithm[0].oid().startswith('1.2.840.10045.4.3'):
            assert len(certificate.algorithm.children()) == 1


def test_issuer_is_not_empty_and_chains_by_bytes(leaves, cas):
    for certificate in leaves:
        assert certificate.issuer.children() and certificate.issuer.raw == cas[0].subject.raw
    assert cas[0].issuer.raw == cas[1].subject.raw == cas[1].issuer.raw
    assert all(ca.subject.children() for ca in cas)


def test_dates_are_in_the_right_form_and_order(leaves, cas):
    for certificate in leaves + cas:
        before, after = certificate.validity.children()
        for node in (before, after):
            moment = node.time()
            assert (node.tag == 0x17) == (moment.year < 2050)
        assert before.time() < after.time()


def test_unique_identifiers_are_not_used(leaves, cas):
    assert all(node.tag == 0xa3 for c in leaves + cas for node in c.rest)


def test_authority_key_identifier(leaves, cas):
    for certificate, issuer in [(leaf, cas[0]) for leaf in leaves] + [(cas[0], cas[1])]:
        critical, content = certificate.extensions[AKI]
        key_id = [n.value for n in content.children() if n.tag == 0x80]
        assert not critical and key_id == [issuer.extensions[SKI][1].value]


def test_subject_key_identifier(leaves, cas):
    assert all(SKI in ca.extensions for ca in cas)
    for certificate in leaves + cas:
        if SKI in certificate.extensions:
            assert not certificate.extensions[SKI][0]


def test_key_usage_of_cas_and_leaves(leaves, cas):
    for ca in cas:
        critical, content = ca.extensions[KU]
        assert critical and {5, 6} <= content.bits(), 'keyCertSign and cRLSign'
    for leaf in leaves:
        critical, content = leaf.extensions[KU]
        assert critical and content.bits() and not content.bits() & {5, 6}


def test_basic_constraints(leaves, cas):
    for ca in cas:
        critical, content = ca.extensions[BC]
        assert critical and content[0].tag == 0x01 and content[0].value == b'\xff'
    for leaf in leaves:
        if BC in leaf.extensions:
            assert not leaf.extensions[BC][1].children(), 'cA FALSE is the default and left out; no pathLen without cA'


def test_subject_alternative_name_is_critical_without_a_subject(leaves):
    assert {bool(leaf.subject.children()) for leaf in leaves} == {True, False}, 'both are among them'
    for leaf in leaves:
        critical, content = leaf.extensions[SAN]
        assert content.children()
        assert critical == (not leaf.subject.children())


def test_names_are_ia5_and_not_blank(leaves):
    seen = set()
    for leaf in leaves:
        for name in leaf.extensions[SAN][1].children():
            seen.add((name.tag, len(name.value) if name.tag == 0x87 else 0))
            if name.tag in (0x81, 0x82, 0x86):
                assert name.value.isascii() and name.value.strip()
    assert seen == {(0x81, 0), (0x82, 0), (0x86, 0), (0x87, 4), (0x87, 16)}, 'each kind is there, addresses in 4 and 16 octets'


def test_extended_key_usage(leaves):
    for leaf in leaves:
        assert leaf.extensions[EKU][1].children()


def test_policies_do_not_repeat(leaves, cas):
    found = [c.extensions[POLICIES][1].children() for c in leaves + cas if POLICIES in c.extensions]
    assert found
    for policies in found:
        oids = [p[0].oid() for p in policies]
        assert oids and len(oids) == len(set(oids))


def test_key_identifiers_policies_usage_and_constraints_are_supported(leaves, cas):
    """§4.2: a conforming CA supports these extensions; end entities have the subject key identifier too (§4.2.1.2)."""
    present = set.union(*(set(c.extensions) for c in leaves + cas))
    assert {AKI, SKI, BC, KU, POLICIES, SAN} <= present
    assert all(SKI in leaf.extensions for leaf in leaves)


def test_crl_distribution_point(leaves):
    for leaf in leaves:
        critical, content = leaf.extensions[CRLDP]
        assert not critical
        for point in content.children():
            fields = {n.tag: n for n in point.children()}
            assert set(fields) <= {0xa0, 0xa2} and 0xa0 in fields, 'not reasons or cRLIssuer alone'
            assert fields[0xa0][0][0].value.startswith(b'http')


def test_authority_information_access(leaves):
    for leaf in leaves:
        critical, content = leaf.extensions[AIA]
        methods = {a[0].oid(): a[1].value for a in content.children()}
        assert not critical and {'1.3.6.1.5.5.7.48.1', '1.3.6.1.5.5.7.48.2'} == set(methods)


def test_distribution_point_of_certificate_and_crl_is_the_same_name(instance, tmp_path):
    """§5.2.5: the identical encoding MUST be used in the certificate and in the CRL; §4.2.1.13: for all reasons."""
    certificate = instance.issue(['scope.example.org'])
    leaf, url = der.Certificate(pki.der(certificate['pem'])), pki.urls(certificate['pem'])[0][0]
    crl = der.Crl(wait_for(lambda: instance.fetch(url) if instance.fetch(url).status == 200 else None, 'the CRL is there').body)
    [point] = leaf.extensions[CRLDP][1].children()
    assert [n.tag for n in point.children()] == [0xa0], 'no reasons, no cRLIssuer'
    assert [n.tag for n in crl.extensions[IDP][1].children()] == [0xa0], 'all reasons, all kinds of certificates'
    assert point[0].raw == crl.extensions[IDP][1][0].raw


@pytest.fixture(scope='module')
def constrained(make_instance):
    """The certificate of a CA with both kinds of subtrees; of an instance of its own, where there is one issuer to choose else."""
    instance = make_instance().start()
    instance.cli('ca', 'create', '--name', 'limited', '--parent', instance.issuer('root')['name'], '--subject', 'CN=Limited,O=Test',
                 '--permit-dns', 'limited.example', '--exclude-dns', 'secret.limited.example', '--data', instance.data).expect(0)
    issuer = next(i for i in instance.enroll_admin().pages('/v1/issuers') if i['name'] == 'limited')
    return der.Certificate(pki.der(instance.admin.get('/v1/issuers/' + issuer['id']).expect(200)['pem']))


def test_name_constraints_of_a_constrained_ca(leaves, constrained):
    critical, content = constrained.extensions[NC]
    assert critical
    assert {n.tag: [s[0].value for s in n.children()] for n in content.children()} == {
        0xa0: [b'limited.example'], 0xa1: [b'secret.limited.example']}
    for subtrees in content.children():
        for subtree in subtrees.children():
            assert [n.tag for n in subtree.children()] == [0x82], 'minimum 0 is the default and left out, maximum is absent'
    assert not [leaf for leaf in leaves if NC in leaf.extensions], 'in CA certificates only'


def test_no_unknown_critical_extension(leaves, cas):
    known = {AKI, SKI, KU, EKU, SAN, BC, CRLDP, AIA, POLICIES, NC, '1.3.6.1.5.5.7.1.24'}
    for certificate in leaves + cas:
        assert not {oid for oid, (critical, _) in certificate.extensions.items() if critical} - known


def test_printable_country_and_utf8_names(leaves, cas):
    for certificate in leaves + cas:
        for rdn in [*certificate.subject.children(), *certificate.issuer.children()]:
            for attribute in rdn.children():
                kind, value = attribute.children()
                if kind.oid() == '2.5.4.6':
                    assert value.tag == 0x13 and len(value.value) == 2
                elif kind.oid() == '1.2.840.113549.1.9.1':
                    assert value.tag == 0x16
                else:
                    assert value.tag in (0x0c, 0x13)


def test_crl_profile(crls, cas):
    for crl in crls[:2]:
        assert crl.version == 1 and crl.next_update is not None
        assert crl.issuer.raw == cas[0].subject.raw
        for node in (crl.this_update, crl.next_update):
            assert (node.tag == 0x17) == (node.time().year < 2050)
        assert crl.this_update.time() < crl.next_update.time()
        critical, number = crl.extensions[CRL_NUMBER]
        assert not critical and number.integer() >= 0 and len(number.value) <= 20
        critical, aki = crl.extensions[AKI]
        assert not critical and aki[0].value == cas[0].extensions[SKI][1].value
    assert crls[1].extensions[CRL_NUMBER][1].integer() > crls[0].extensions[CRL_NUMBER][1].integer()
    assert crls[1].next_update.time() >= crls[0].next_update.time(), 'not earlier than that of any CRL before'


def test_crl_issuing_distribution_point(crls):
    for crl in crls[:2]:
        critical, content = crl.extensions[IDP]
        assert critical, 'RFC 5280 §5.2.5: IDP is a critical CRL extension'
        names = [n.value for n in content[0][0].children()]
        assert crls[2].encode() in names


def test_revoked_list_is_absent_when_empty(crls):
    for crl in crls[:2]:
        assert crl.revoked is None or crl.revoked.children()


def test_crl_entries(crls):
    entries = {e[0].integer(): e.children() for e in crls[1].revoked.children()}
    assert crls[3] in entries and len(entries) == len(crls[1].revoked.children())
    for entry in entries.values():
        assert (entry[1].tag == 0x17) == (entry[1].time().year < 2050)
        if len(entry) > 2:
            found = der.extensions(entry[2])
            if REASON in found:
                critical, reason = found[REASON]
                assert not critical and reason.tag == 0x0a
                assert reason.value[0] in (1, 2, 3, 4, 5, 9, 10), 'unspecified is left out; hold is not offered'


def test_reason_is_absent_instead_of_unspecified(instance):
    certificate = instance.issue(['nothing-said.example.org'])
    url, serial = pki.urls(certificate['pem'])[0][0], int(certificate['serial'], 16)
    instance.revoke(certificate, 'unspecified')

    def entry():
        answer = instance.fetch(url)
        revoked = der.Crl(answer.body).revoked if answer.status == 200 else None
        return next((e for e in revoked.children() if e[0].integer() == serial), None) if revoked else None
    assert len(wait_for(entry, 'the CRL lists it').children()) == 2, 'no entry extension at all'


def test_an_entry_stays_until_a_crl_after_the_expiry(make_instance):
    """§3.3: an entry MUST NOT be removed until it appears on one regular CRL issued beyond the certificate's validity."""
    instance = make_instance(drill=True).start()
    certificate = instance.issue(['brief.example.org'], validity_days=2)
    url, serial = pki.urls(certificate['pem'])[0][0], int(certificate['serial'], 16)
    instance.revoke(certificate, 'superseded')
    listed = {}

    def crl_of(day):
        """Whether the first CRL of that day lists it."""
        answer = instance.fetch(url)
        crl = der.Crl(answer.body) if answer.status == 200 else None
        if crl and (crl.this_update.time() - start).days >= day:
            listed[day] = crl.revoked is not None and serial in [e[0].integer() for e in crl.revoked.children()]
        return day in listed
    start = datetime.now(timezone.utc) - timedelta(minutes=5)
    wait_for(lambda: crl_of(0) and listed[0], 'the CRL lists it')
    for day in (8, 75):
        instance.admin.post('/v1/system/clock', {'offset_s': day * 86400}).expect(200)
        wait_for(lambda day=day: crl_of(day), f'a CRL of day {day}', 30)
    assert listed == {0: True, 8: True, 75: False}, 'still there on day 8, after the expiry on day 2; not for ever'


def test_crl_and_certificates_are_der(leaves, cas, crls):
    """The reader refuses what is not DER; here every node of every structure is walked."""
    def walk(node):
        if node.tag & 0x20:
            for child in node.children():
                walk(child)
    for signed in [*leaves, *cas, *crls[:2]]:
        walk(signed.tbs)


def test_key_identifiers_are_of_the_key(leaves, cas):
    """RFC 5280 §4.2.1.2 (1), or RFC 7093 §2: derived from the public key."""
    for certificate in leaves + cas:
        if SKI in certificate.extensions:
            key = certificate.spki[1].value[1:]
            value = certificate.extensions[SKI][1].value
            allowed = {hashlib.sha1(key).digest(), *(h(d).digest()[:20] for h in (hashlib.sha256, hashlib.sha384, hashlib.sha512)
                                                     for d in (key, certificate.spki.raw)), hashlib.sha256(certificate.spki.raw).digest()}
            assert value in allowed


def test_email_addresses_are_names(instance):
    """RFC 5280 §4.1.2.6: the rfc822Name MUST be used; the subject may repeat it, in any case of letters."""
    profile = instance.profile('smime')
    requester = instance.people()['requester']

    def ask(address, name):
        csr = pki.csr(['email:' + name], subject='/CN=A/emailAddress=' + address)
        return requester.post('/v1/requests', {'certificate_profile': profile['name'], 'csr': csr})
    assert ask('other@example.org', 'a@example.org').problem(422)['rule'] == 'email-not-in-names'
    done = instance.settled(instance.approve(ask('A@example.org', 'a@example.org').expect(201)))
    pem = instance.admin.get('/v1/certificates/' + done['certificate_id']).expect(200)['pem']
    assert 'emailAddress = A@example.org' in pki.text(pem) and 'email:a@example.org' in pki.text(pem)
