#include "tests/unit/pki/fixture.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "codec/der_write.h"
#include "pki/oid.h"

static const char *const all_profiles[] = {
    "server-tls", "server-tls-auto", "server-tls-public", "client-tls", "mutual-tls",
    "smime",      "code-signing",    "ocsp-signer",       "sub-ca",     "root-ca"};

static enum pki_key_type first_key(const struct pki_profile *profile)
{
    return profile->key_types & 1u << PKI_KEY_ED25519 ? PKI_KEY_ED25519 : PKI_KEY_P256;
}

/* Every profile's certificate: accepted by our own check and parser, read and verified by OpenSSL.
 */
static void test_every_profile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(all_profiles) / sizeof(all_profiles[0]); i++) {
        struct fixture f;
        struct arena arena = ARENA_INIT(1 << 20);
        struct pki_profile profile;
        fixture_profile(&arena, all_profiles[i], &profile);
        fixture_init(&f, all_profiles[i], PKI_KEY_P256, first_key(&profile));
        arena_clear(&arena);
        cx_err err = pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag);
        if (cx_failed(err))
            fail_msg("%s: %s %s %s", all_profiles[i], f.diag.field, f.diag.rule, f.diag.text);
        CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
        fixture_issue(&f, &der);
        struct pki_certificate certificate;
        assert_ok(pki_certificate_parse(cx_buf_view(&der), &f.diag, &certificate));
        assert_ok(pki_certificate_matches(&certificate, &f.tmpl, &f.issuer, &f.diag));
        const uint8_t *at = der.ptr;
        X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
        assert_non_null(x509);
        assert_ptr_equal(at, der.ptr + der.len);
        at = f.issuer.spki.ptr;
        EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)f.issuer.spki.len);
        assert_int_equal(X509_verify(x509, key), 1);
        assert_int_equal(X509_check_ca(x509) == 1, pki_kind_is_ca(f.profile.kind));
        if (f.profile.kind == PKI_KIND_SERVER_TLS) {
            assert_int_equal(X509_check_host(x509, "www.example.org", 0, 0, NULL), 1);
            assert_int_equal(X509_check_ip_asc(x509, "192.0.2.1", 0), 1);
            assert_int_equal(X509_check_purpose(x509, X509_PURPOSE_SSL_SERVER, 0), 1);
        }
        assert_int_equal((X509_get_extension_flags(x509) & EXFLAG_INVALID), 0);
        EVP_PKEY_free(key);
        X509_free(x509);
        fixture_clear(&f);
    }
}

static void test_serial_shard(void **state)
{
    (void)state;
    uint8_t random[16];
    uint8_t serial[PKI_SERIAL_LEN];
    memset(random, 0xFF, sizeof(random));
    for (uint32_t shard = 0; shard < PKI_SHARDS_MAX; shard += 37) {
        uint32_t got = 0;
        pki_serial_make(shard, random, serial);
        cx_time at_us = 0;
        pki_serial_stamp(serial, 1795600000123456);
        assert_ok(pki_serial_time(CX_BYTES(serial, sizeof(serial)), &at_us));
        assert_int_equal(at_us, 1795600000123456);
        assert_memory_equal(serial + 9, random + 7, 9); /* 72 random bits are left */
        assert_int_equal(serial[0] & 0x80, 0);
        assert_ok(pki_serial_shard(CX_BYTES(serial, sizeof(serial)), &got));
        assert_int_equal(got, shard);
    }
    uint32_t untouched = 99;
    assert_err(pki_serial_shard(CX_BYTES(serial, 17), &untouched), NOTFOUND);
    serial[0] = 0x50;
    assert_err(pki_serial_shard(CX_BYTES(serial, sizeof(serial)), &untouched), NOTFOUND);
    assert_int_equal(untouched, 99);
}

/* RFC 7093 method 1 over the key of RFC 8032 test 1, computed with sha256sum. */
static void test_key_id(void **state)
{
    (void)state;
    uint8_t id[PKI_KEY_ID_LEN];
    static const uint8_t spki[] =
        "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b"
        "\xfe\xd3\xc9\x64"
        "\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";
    assert_ok(pki_key_id(CX_BYTES(spki, sizeof(spki) - 1), id));
    assert_memory_equal(
        id, "\x21\xfe\x31\xdf\xa1\x54\xa2\x61\x62\x6b\xf8\x54\x04\x6f\xd2\x27\x1b\x7b\xed\x4b", 20);
    assert_err(pki_key_id(CX_BYTES(spki, 10), id), PARSE);
}

/* The comparison names the field that differs. */
static void test_matches(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_ED25519, PKI_KEY_ED25519);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    fixture_issue(&f, &der);
    struct pki_certificate certificate;
    assert_ok(pki_certificate_parse(cx_buf_view(&der), NULL, &certificate));
    const struct pki_template good = f.tmpl;
    const struct pki_issuer issuer = f.issuer;
    static const uint8_t other_serial[] = {1, 2, 3};
    const char *const fields[] = {"/serial",  "/not_before",         "/not_after",
                                  "/subject", "/extensions",         "/spki",
                                  "/issuer",  "/signature_algorithm"};
    for (size_t i = 0; i < 8; i++) {
        f.tmpl = good;
        f.issuer = issuer;
        if (i == 0)
            f.tmpl.serial = CX_BYTES(other_serial, 3);
        else if (i == 1)
            f.tmpl.not_before_us -= CX_US_PER_S;
        else if (i == 2)
            f.tmpl.not_after_us += CX_US_PER_S;
        else if (i == 3)
            f.tmpl.subject_count = 0;
        else if (i == 4)
            f.tmpl.name_count = 1;
        else if (i == 5)
            f.tmpl.spki = issuer.spki;
        else if (i == 6)
            f.issuer.subject_der = CX_BYTES("\x30\x00", 2);
        else
            f.issuer.key_type = PKI_KEY_P256;
        struct cx_diag diag = CX_DIAG_INIT;
        assert_err(pki_certificate_matches(&certificate, &f.tmpl, &f.issuer, &diag), CONFLICT);
        assert_string_equal(diag.field, fields[i]);
        assert_string_equal(diag.rule, "certificate-mismatch");
    }
    fixture_clear(&f);
}

/* No truncation or bit flip crashes the parser; truncations are always refused. */
static void test_parse_mutated(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_ED25519, PKI_KEY_ED25519);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    fixture_issue(&f, &der);
    struct pki_certificate certificate;
    for (size_t len = 0; len < der.len; len++) {
        struct cx_diag diag = CX_DIAG_INIT;
        assert_err(pki_certificate_parse(CX_BYTES(der.ptr, len), &diag, &certificate), PARSE);
        assert_string_equal(diag.rule, "certificate-encoding");
        assert_string_not_equal(diag.text, "");
    }
    int refused = 0;
    for (size_t bit = 0; bit < der.len * 8; bit++) {
        der.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        refused += cx_failed(pki_certificate_parse(cx_buf_view(&der), NULL, &certificate));
        der.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_true(refused > 500);
    assert_ok(cx_buf_add_u8(&der, 0));
    assert_err(pki_certificate_parse(cx_buf_view(&der), NULL, &certificate), PARSE);
    fixture_clear(&f);
}

/* A certificate with the fields of tbs and that many extensions of its own. */
static void add_extensions(struct cx_bytes tbs, size_t count, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf whole = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    struct der_reader fields;
    size_t marks[3];
    assert_ok(der_enter_only(tbs, DER_SEQUENCE, &fields));
    assert_ok(der_begin(&whole, DER_SEQUENCE, &marks[0]));
    while (!der_next_is(&fields, DER_CONTEXT_CONSTRUCTED(3))) {
        struct der_value field;
        assert_ok(der_read_any(&fields, &field));
        assert_ok(cx_buf_add(&whole, field.whole));
    }
    assert_ok(der_begin(&whole, DER_CONTEXT_CONSTRUCTED(3), &marks[1]));
    assert_ok(der_begin(&whole, DER_SEQUENCE, &marks[2]));
    for (size_t i = 0; i < count; i++) {
        const uint8_t oid[] = {0x2b, (uint8_t)i}; /* 1.3.i */
        size_t extension = 0;
        assert_ok(der_begin(&whole, DER_SEQUENCE, &extension));
        assert_ok(der_write(&whole, DER_OID, CX_BYTES(oid, sizeof(oid))));
        assert_ok(der_write_octet_string(&whole, CX_BYTES("\x05\x00", 2)));
        assert_ok(der_end(&whole, extension));
    }
    for (size_t i = 3; i-- > 0;)
        assert_ok(der_end(&whole, marks[i]));
    assert_ok(
        pki_certificate_write(cx_buf_view(&whole), PKI_KEY_ED25519, CX_BYTES("signature", 9), out));
}

/* The bounds: octets of the whole, and the number of extensions. */
static void test_parse_bounds(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_ED25519, PKI_KEY_ED25519);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    static const uint8_t large[PKI_CERTIFICATE_MAX + 1];
    struct pki_certificate certificate;
    assert_err(pki_certificate_parse(CX_BYTES(large, sizeof(large)), &f.diag, &certificate), LIMIT);
    assert_string_equal(f.diag.rule, "certificate-size");
    f.diag = CX_DIAG_INIT;
    fixture_issue(&f, &der);
    assert_ok(pki_certificate_parse(cx_buf_view(&der), &f.diag, &certificate));
    CX_CLEANUP(cx_buf_clear) struct cx_buf many = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    add_extensions(certificate.tbs, PKI_EXTENSIONS_MAX + 1, &many);
    assert_err(pki_certificate_parse(cx_buf_view(&many), &f.diag, &certificate), LIMIT);
    assert_string_equal(f.diag.rule, "certificate-extensions");
    fixture_clear(&f);
}

static void test_issuer_from_certificate(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "sub-ca", PKI_KEY_P256, PKI_KEY_P384);
    const struct pki_constraint constraints[] = {
        {PKI_NAME_DNS, false, CX_BYTES("example.org", 11)},
        {PKI_NAME_IP, true, CX_BYTES("\x0a\x00\x00\x00\xff\x00\x00\x00", 8)},
    };
    f.tmpl.constraints = constraints;
    f.tmpl.constraint_count = 2;
    assert_ok(pki_template_check(&f.tmpl, &f.issuer, FIXTURE_NOW, &f.diag));
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    fixture_issue(&f, &der);
    struct pki_certificate certificate;
    struct pki_issuer issuer;
    assert_ok(pki_certificate_parse(cx_buf_view(&der), NULL, &certificate));
    assert_ok(pki_issuer_from_certificate(&f.arena, &certificate, &f.diag, &issuer));
    assert_int_equal(issuer.key_type, PKI_KEY_P384);
    assert_true(issuer.path_len_set);
    assert_int_equal(issuer.path_len, 0);
    assert_int_equal(issuer.constraint_count, 2);
    assert_bytes(issuer.constraints[0].value, "example.org", 11);
    assert_true(issuer.constraints[1].excluded);
    uint8_t id[PKI_KEY_ID_LEN];
    assert_ok(pki_key_id(f.tmpl.spki, id));
    assert_bytes(issuer.key_id, id, sizeof(id));
    fixture_clear(&f);

    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    cx_buf_reset(&der);
    fixture_issue(&f, &der);
    assert_ok(pki_certificate_parse(cx_buf_view(&der), NULL, &certificate));
    assert_err(pki_issuer_from_certificate(&f.arena, &certificate, &f.diag, &issuer), POLICY);
    assert_string_equal(f.diag.rule, "issuer-not-ca");
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_profile),
                                       cmocka_unit_test(test_serial_shard),
                                       cmocka_unit_test(test_key_id),
                                       cmocka_unit_test(test_matches),
                                       cmocka_unit_test(test_parse_mutated),
                                       cmocka_unit_test(test_parse_bounds),
                                       cmocka_unit_test(test_issuer_from_certificate)};
    return cmocka_run_group_tests_name("pki/certificate", tests, NULL, NULL);
}
