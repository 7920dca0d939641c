/*
 * The DER builders against OpenSSL's: certificates, CRLs and OCSP responses over random profiles, names, validities, keys
 * and extensions, written by both and compared octet for octet. ECDSA signs with a random number, so OpenSSL's signature
 * is put into ours: what is compared is the whole structure, not the to-be-signed part alone.
 *
 *   test_pki_differential              the cases that every run has
 *   test_pki_differential SEED [COUNT] COUNT others, by default one: what a failure prints, and for long runs
 */
#include "tests/unit/pki/openssl_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "codec/der_write.h"
#include "crypto/key.h"
#include "pki/subject.h"
#include "tests/unit/pki/random_input.h"

enum { CASES = 2000, SIGNERS = 4, SPKIS = 6, DER_MAX = 1 << 20 };

static uint64_t first_seed = 1;
static uint64_t case_count = CASES;

/* Keys are made once: they are slow to make, and nothing of a key but its octets enters what is compared. */
static struct world {
    enum pki_key_type types[SIGNERS];
    struct crypto_key *keys[SIGNERS];
    EVP_PKEY *theirs[SIGNERS];
    struct cx_bytes spkis[SPKIS];
    struct arena arena;
} world;

/* A SubjectPublicKeyInfo with this many bits of modulus, which no builder needs to be anybody's. */
static struct cx_bytes rsa_spki(struct random_input *r, size_t bits)
{
    static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    CX_CLEANUP(cx_buf_clear) struct cx_buf key = CX_BUF_INIT(2048);
    CX_CLEANUP(cx_buf_clear) struct cx_buf spki = CX_BUF_INIT(2048);
    uint8_t modulus[512];
    size_t mark = 0;
    struct cx_bytes copy;
    memcpy(modulus, random_octets(r, bits / 8).ptr, bits / 8);
    modulus[0] |= 0x80;
    modulus[bits / 8 - 1] |= 1;
    assert_ok(der_begin(&key, DER_SEQUENCE, &mark));
    assert_ok(der_write_unsigned(&key, CX_BYTES(modulus, bits / 8)));
    assert_ok(der_write_i64(&key, 65537));
    assert_ok(der_end(&key, mark));
    assert_ok(der_begin(&spki, DER_SEQUENCE, &mark));
    assert_ok(cx_buf_add(&spki, CX_BYTES(algorithm, sizeof(algorithm))));
    assert_ok(der_write_bit_string(&spki, cx_buf_view(&key), 0));
    assert_ok(der_end(&spki, mark));
    assert_ok(arena_copy(r->arena, cx_buf_view(&spki), &copy));
    return copy;
}

static int make_world(void **state)
{
    static const enum pki_key_type types[SIGNERS] = {PKI_KEY_P256, PKI_KEY_ED25519, PKI_KEY_P384,
                                                     PKI_KEY_RSA2048};
    (void)state;
    world.arena = ARENA_INIT(1 << 20);
    struct random_input r = {7, &world.arena};
    for (size_t i = 0; i < SIGNERS; i++) {
        struct cx_secret pkcs8 = {0};
        world.types[i] = types[i];
        assert_ok(crypto_key_generate((enum crypto_key_type)types[i], &world.keys[i]));
        assert_ok(crypto_key_to_pkcs8(world.keys[i], &pkcs8));
        const uint8_t *at = cx_secret_view(&pkcs8).ptr;
        world.theirs[i] = d2i_AutoPrivateKey(NULL, &at, (long)cx_secret_view(&pkcs8).len);
        assert_non_null(world.theirs[i]);
        cx_secret_clear(&pkcs8);
        world.spkis[i] = crypto_key_spki(world.keys[i]);
    }
    world.spkis[4] = rsa_spki(&r, 3072);
    world.spkis[5] = rsa_spki(&r, 4096);
    return 0;
}

static int clear_world(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNERS; i++) {
        crypto_key_free(world.keys[i]);
        EVP_PKEY_free(world.theirs[i]);
    }
    arena_clear(&world.arena);
    return 0;
}

/* P-384 and RSA take a millisecond to sign: one case in eight is enough of them. */
static size_t random_signer(struct random_input *r)
{
    return random_between(r, 0, random_between(r, 1, 4) == 1 ? SIGNERS - 1 : 1);
}

struct subject {
    struct arena arena;
    struct random_input random;
    struct pki_issuer issuer;
    struct openssl_issuer other;
    struct cx_buf name;
    size_t signer;
};

/* What all three have: an issuer with a random name and one of the keys. */
static void begin(struct subject *s, uint64_t seed)
{
    s->arena = ARENA_INIT(4 << 20);
    s->random = (struct random_input){seed, &s->arena};
    s->name = CX_BUF_INIT(65536);
    s->signer = random_signer(&s->random);
    random_issuer(&s->random, &s->issuer);
    s->other = (struct openssl_issuer){.issuer = &s->issuer, .key = world.theirs[s->signer]};
    random_attributes(&s->random, 5, &s->other.subject, &s->other.subject_count);
    assert_ok(pki_subject_write(s->other.subject, s->other.subject_count, &s->name));
    s->issuer.subject_der = cx_buf_view(&s->name);
    s->issuer.spki = world.spkis[s->signer];
    s->issuer.key_type = world.types[s->signer];
}

static void end(struct subject *s)
{
    cx_buf_clear(&s->name);
    arena_clear(&s->arena);
}

static void compare(const char *what, uint64_t seed, struct cx_bytes ours, struct cx_bytes theirs)
{
    size_t at = 0;
    while (at < ours.len && at < theirs.len && ours.ptr[at] == theirs.ptr[at])
        at++;
    if (at < ours.len || at < theirs.len)
        fail_msg(
            "%s of seed %llu: ours has %zu octets, OpenSSL's %zu, and they differ at %zu. Again: "
            "test_pki_differential %llu",
            what, (unsigned long long)seed, ours.len, theirs.len, at, (unsigned long long)seed);
}

/* Closes tbs with OpenSSL's signature and compares with what OpenSSL wrote. */
static void compare_signed(const char *what, uint64_t seed, const struct subject *s,
                           struct cx_bytes tbs, const ASN1_BIT_STRING *signature,
                           struct cx_bytes theirs)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf ours = CX_BUF_INIT(DER_MAX);
    assert_ok(pki_certificate_write(
        tbs, s->issuer.key_type,
        CX_BYTES(ASN1_STRING_get0_data(signature), ASN1_STRING_length(signature)), &ours));
    compare(what, seed, cx_buf_view(&ours), theirs);
}

/* Returns whether the two are the same when OpenSSL is given another certificate than we are. */
static bool certificate_case(uint64_t seed, bool changed)
{
    struct subject s;
    struct pki_profile profile;
    struct pki_template tmpl;
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(DER_MAX);
    const ASN1_BIT_STRING *signature = NULL;
    uint8_t *der = NULL;
    bool same = false;
    begin(&s, seed);
    random_template(&s.random, &profile, &tmpl);
    tmpl.spki = world.spkis[random_between(&s.random, 0, SPKIS - 1)];
    assert_ok(pki_tbs_write(&tmpl, &s.issuer, &tbs));
    if (changed)
        tmpl.not_after_us += tmpl.not_after_us > 0 ? -CX_US_PER_S : CX_US_PER_S;
    X509 *x509 = openssl_certificate(&tmpl, &s.other);
    X509_get0_signature(&signature, NULL, x509);
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    if (!changed)
        compare_signed("certificate", seed, &s, cx_buf_view(&tbs), signature,
                       CX_BYTES(der, (size_t)len));
    OPENSSL_free(der);
    der = NULL;
    len = i2d_re_X509_tbs(x509, &der);
    same = cx_bytes_eq(cx_buf_view(&tbs), CX_BYTES(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(x509);
    end(&s);
    return same;
}

static void test_certificates(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < case_count; i++)
        assert_true(certificate_case(first_seed + i, false));
}

/* The comparison itself: one second of validity more or less is seen in every case. */
static void test_a_difference_is_seen(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 50; i++)
        assert_false(certificate_case(first_seed + i, true));
}

static void crl_case(uint64_t seed)
{
    struct subject s;
    struct pki_crl crl;
    struct cx_diag diag = CX_DIAG_INIT;
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(DER_MAX);
    const ASN1_BIT_STRING *signature = NULL;
    uint8_t *der = NULL;
    begin(&s, seed);
    random_crl(&s.random, s.issuer.shard_count, &crl);
    crl.issuer = &s.issuer;
    cx_err err = pki_crl_tbs_write(&crl, &diag, &tbs);
    if (cx_failed(err))
        fail_msg("CRL of seed %llu is refused: %s", (unsigned long long)seed, diag.text);
    X509_CRL *made = openssl_crl(&crl, &s.other);
    X509_CRL_get0_signature(made, &signature, NULL);
    int len = i2d_X509_CRL(made, &der);
    assert_true(len > 0);
    compare_signed("CRL", seed, &s, cx_buf_view(&tbs), signature, CX_BYTES(der, (size_t)len));
    OPENSSL_free(der);
    X509_CRL_free(made);
    end(&s);
}

static void test_crls(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < case_count; i++)
        crl_case(first_seed + i);
}

/* The responder's own certificate, by OpenSSL from a random template over the responder's key. */
static X509 *responder_of(struct subject *s, size_t signer)
{
    struct pki_profile profile;
    struct pki_template tmpl;
    random_template(&s->random, &profile, &tmpl);
    tmpl.spki = world.spkis[signer];
    return openssl_certificate(&tmpl, &s->other);
}

static void ocsp_case(uint64_t seed)
{
    struct subject s;
    struct pki_ocsp_issuer hashes[2];
    struct pki_ocsp_response response;
    CX_CLEANUP(cx_buf_clear) struct cx_buf data = CX_BUF_INIT(DER_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf ours = CX_BUF_INIT(DER_MAX);
    uint8_t *certificate = NULL;
    uint8_t *der = NULL;
    begin(&s, seed);
    assert_ok(pki_ocsp_issuer_hash(&s.issuer, PKI_OCSP_SHA1, &hashes[PKI_OCSP_SHA1]));
    assert_ok(pki_ocsp_issuer_hash(&s.issuer, PKI_OCSP_SHA256, &hashes[PKI_OCSP_SHA256]));
    random_ocsp(&s.random, hashes, &response);
    size_t signer = random_signer(&s.random);
    bool with_certificate = random_between(&s.random, 0, 1);
    response.responder_spki = world.spkis[signer];
    X509 *responder = responder_of(&s, signer);
    int certificate_len = i2d_X509(responder, &certificate);
    OCSP_RESPONSE *made =
        openssl_ocsp(&response, &s.other, responder, world.theirs[signer], with_certificate);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(made);
    const ASN1_OCTET_STRING *signature = OCSP_resp_get0_signature(basic);
    int len = i2d_OCSP_RESPONSE(made, &der);
    assert_true(len > 0 && certificate_len > 0);
    assert_ok(pki_ocsp_data_write(&response, &data));
    assert_ok(pki_ocsp_response_write(
        cx_buf_view(&data), world.types[signer],
        CX_BYTES(ASN1_STRING_get0_data(signature), ASN1_STRING_length(signature)),
        with_certificate ? CX_BYTES(certificate, (size_t)certificate_len) : CX_BYTES_NONE, &ours));
    compare("OCSP response", seed, cx_buf_view(&ours), CX_BYTES(der, (size_t)len));
    OPENSSL_free(der);
    OPENSSL_free(certificate);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(made);
    X509_free(responder);
    end(&s);
}

static void test_ocsp_responses(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < case_count; i++)
        ocsp_case(first_seed + i);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates), cmocka_unit_test(test_a_difference_is_seen),
        cmocka_unit_test(test_crls), cmocka_unit_test(test_ocsp_responses)};
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        case_count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    }
    return cmocka_run_group_tests_name("pki/differential", tests, make_world, clear_world);
}
