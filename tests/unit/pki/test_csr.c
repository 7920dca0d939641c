/* The two readers of requests against each other, and what must be refused by name. */
#include "tests/unit/pki/fixture.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "codec/der_write.h"
#include "crypto/csr_openssl.h"
#include "pki/csr.h"
#include "pki/subject.h"
#include "pki/tbs.h"

static void sign_request(const struct crypto_key *key, struct cx_bytes info, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    enum crypto_key_type type = crypto_key_type(key);
    assert_ok(crypto_sign(key, crypto_key_signature(type), info, &signature));
    assert_ok(pki_certificate_write(info, (enum pki_key_type)type, cx_buf_view(&signature), out));
}

static const struct pki_attribute subject[] = {
    {PKI_ATTR_COMMON_NAME, {"www.example.org", 15}},
    {PKI_ATTR_ORGANIZATION, {"Beispiel \xc3\x9c", 11}},
    {PKI_ATTR_COUNTRY, {"CH", 2}},
};
static const struct pki_name names[] = {
    {PKI_NAME_DNS, {(const uint8_t *)"www.example.org", 15}},
    {PKI_NAME_IP, {(const uint8_t *)"\xc0\x00\x02\x01", 4}},
    {PKI_NAME_URI, {(const uint8_t *)"spiffe://example.org/a", 22}},
};

static void make_request(const struct crypto_key *key, size_t name_count, struct cx_buf *info,
                         struct cx_buf *out)
{
    assert_ok(pki_csr_info_write(subject, 3, names, name_count, crypto_key_spki(key), info));
    sign_request(key, cx_buf_view(info), out);
}

/* Accepted by us ⇒ accepted by OpenSSL with the same bytes. Returns whether we accepted. */
static bool compare(struct cx_bytes der, const char *what)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct pki_csr own;
    struct crypto_csr other;
    cx_err own_err = pki_csr_parse(&arena, der, NULL, &own);
    cx_err other_err = crypto_csr_read(&arena, der, &other);
    assert_int_equal(ERR_peek_error(), 0);
    if (own_err.code == CX_E_CRYPTO && cx_is_ok(other_err))
        fail_msg("%s: we say the signature is bad, OpenSSL says it is good", what);
    if (cx_is_ok(own_err)) {
        if (cx_failed(other_err))
            fail_msg("%s: we accept, OpenSSL says %s", what, cx_err_name(other_err));
        assert_bytes(own.spki, other.spki.ptr, other.spki.len);
        assert_bytes(own.subject_der, other.subject.ptr, other.subject.len);
        assert_bytes(own.names_der, other.names.ptr, other.names.len);
    }
    arena_clear(&arena);
    return cx_is_ok(own_err);
}

static void test_differential(void **state)
{
    (void)state;
    for (int type = 0; type < PKI_KEY_COUNT; type++) {
        if (type == PKI_KEY_RSA4096 || type == PKI_KEY_RSA3072)
            continue; /* slow to make; the code is that of 2048 */
        CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
        assert_ok(crypto_key_generate((enum crypto_key_type)type, &key));
        for (size_t count = 0; count <= 3; count++) {
            CX_CLEANUP(cx_buf_clear) struct cx_buf info = CX_BUF_INIT(PKI_CSR_MAX);
            CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CSR_MAX);
            make_request(key, count, &info, &der);
            assert_true(compare(cx_buf_view(&der), pki_key_type_name((enum pki_key_type)type)));
        }
    }
}

/* Every bit of a request flipped: as it is, and with the flipped content signed again. */
static void test_mutated(void **state)
{
    (void)state;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    CX_CLEANUP(cx_buf_clear) struct cx_buf info = CX_BUF_INIT(PKI_CSR_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CSR_MAX);
    make_request(key, 3, &info, &der);
    for (size_t bit = 0; bit < der.len * 8; bit++) {
        der.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(compare(cx_buf_view(&der), "flipped"));
        der.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    size_t accepted = 0;
    for (size_t bit = 0; bit < info.len * 8; bit++) {
        info.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        cx_buf_reset(&der);
        sign_request(key, cx_buf_view(&info), &der);
        accepted += compare(cx_buf_view(&der), "signed again");
        info.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_true(accepted > 100); /* letters of names and subject */
}

/* Requests as `openssl req` writes them, with its string types and its empty attributes. */
static void test_foreign_writer(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509_REQ *req = X509_REQ_new();
    X509_NAME *name = X509_NAME_new();
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const uint8_t *)"host.example", -1, -1, 0),
                     1);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const uint8_t *)"CH", -1, -1, 0), 1);
    X509_REQ_set_version(req, 0);
    X509_REQ_set_subject_name(req, name);
    X509_REQ_set_pubkey(req, key);
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    sk_X509_EXTENSION_push(
        extensions, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
                                        "DNS:Host.Example,IP:2001:db8::1,email:a@B.example"));
    sk_X509_EXTENSION_push(extensions,
                           X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "digitalSignature"));
    sk_X509_EXTENSION_push(extensions,
                           X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, "serverAuth"));
    sk_X509_EXTENSION_push(extensions,
                           X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:FALSE"));
    assert_int_equal(X509_REQ_add_extensions(req, extensions), 1);
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    uint8_t *der = NULL;
    int len = i2d_X509_REQ(req, &der);
    assert_true(compare(CX_BYTES(der, len), "openssl"));

    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct pki_csr csr;
    struct pki_profile profile;
    assert_ok(pki_csr_parse(&arena, CX_BYTES(der, len), &diag, &csr));
    assert_int_equal(csr.name_count, 3);
    assert_bytes(csr.names[0].value, "host.example", 12);
    assert_bytes(csr.names[2].value, "a@b.example", 11);
    assert_int_equal(csr.subject_count, 2);
    assert_str(csr.subject[0].value, "host.example");
    fixture_profile(&arena, "server-tls", &profile);
    assert_ok(pki_csr_fits(&csr, &profile, &diag));
    fixture_profile(&arena, "client-tls", &profile);
    assert_err(pki_csr_fits(&csr, &profile, &diag), POLICY);
    assert_string_equal(diag.rule, "csr-ext-key-usage");
    arena_clear(&arena);
    OPENSSL_free(der);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_NAME_free(name);
    X509_REQ_free(req);
    EVP_PKEY_free(key);
}

struct bad_request {
    const char *what; /* attributes as hex, after the key */
    const char *attributes;
    size_t len;
    const char *rule;
};
#define BAD(what, bytes, rule)                                                                     \
    {                                                                                              \
        what, bytes, sizeof(bytes) - 1, rule                                                       \
    }

static const struct bad_request bad_requests[] = {
    BAD("challengePassword",
        "\xa0\x17\x30\x15\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x08\x0c\x06secret",
        "csr-attribute-unsupported"),
    BAD("subjectKeyIdentifier",
        "\xa0\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e\x31\x0d\x30\x0b\x30\x09\x06"
        "\x03\x55\x1d\x0e\x04"
        "\x02\x04\x00",
        "csr-extension-unsupported"),
    BAD("directoryName in SAN",
        "\xa0\x1e\x30\x1c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e\x31\x0f\x30\x0d\x30\x0b\x06"
        "\x03\x55\x1d\x11\x04"
        "\x04\x30\x02\xa4\x00",
        "name-kind-unsupported"),
    BAD("address as dns",
        "\xa0\x25\x30\x23\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e\x31\x16\x30\x14\x30\x12\x06"
        "\x03\x55\x1d\x11\x04"
        "\x0b\x30\x09\x82\x07"
        "1.2.3.4",
        "name-dns-address"),
    BAD("NUL in dns",
        "\xa0\x22\x30\x20\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e\x31\x13\x30\x11\x30\x0f\x06"
        "\x03\x55\x1d\x11\x04"
        "\x08\x30\x06\x82\x04"
        "a\0.b",
        "name-character"),
    BAD("key usage twice",
        "\xa0\x2b\x30\x29\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e\x31\x1c\x30\x1a\x30"
        "\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x07\x80\x30\x0b\x06\x03\x55\x1d\x0f\x04"
        "\x04\x03\x02\x07\x80",
        "csr-extension-duplicate"),
    BAD("extensions requested twice",
        "\xa0\x3c\x30\x1c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e\x31\x0f\x30\x0d\x30"
        "\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x07\x80\x30\x1c\x06\x09\x2a\x86\x48\x86"
        "\xf7\x0d\x01\x09\x0e\x31\x0f\x30\x0d\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02"
        "\x07\x80",
        "csr-attribute-duplicate"),
    BAD("trailing data", "\xa0\x00\x05\x00", "csr-encoding"),
};

static void test_refused(void **state)
{
    (void)state;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    for (size_t i = 0; i < sizeof(bad_requests) / sizeof(bad_requests[0]); i++) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf info = CX_BUF_INIT(PKI_CSR_MAX);
        CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CSR_MAX);
        size_t mark = 0;
        assert_ok(der_begin(&info, DER_SEQUENCE, &mark));
        assert_ok(der_write_i64(&info, 0));
        assert_ok(pki_subject_write(subject, 3, &info));
        assert_ok(cx_buf_add(&info, crypto_key_spki(key)));
        assert_ok(cx_buf_add(&info, CX_BYTES(bad_requests[i].attributes, bad_requests[i].len)));
        assert_ok(der_end(&info, mark));
        sign_request(key, cx_buf_view(&info), &der);
        struct arena arena = ARENA_INIT(1 << 20);
        struct cx_diag diag = CX_DIAG_INIT;
        struct pki_csr csr = {.name_count = 77};
        cx_err err = pki_csr_parse(&arena, cx_buf_view(&der), &diag, &csr);
        if (cx_is_ok(err) || strcmp(diag.rule, bad_requests[i].rule) != 0)
            fail_msg("%s: %s, rule %s: %s", bad_requests[i].what, cx_err_name(err), diag.rule,
                     diag.text);
        assert_int_equal(csr.name_count, 77);
        arena_clear(&arena);
    }
}

static const struct bad_request bad_subjects[] = {
    BAD("two attributes in one RDN",
        "\x30\x16\x31\x14\x30\x08\x06\x03\x55\x04\x03\x0c\x01\x61\x30\x08\x06\x03\x55\x04"
        "\x0a\x0c\x01\x62",
        "subject-multi-valued"),
    BAD("description", "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x0d\x0c\x01\x61",
        "subject-attribute-unsupported"),
    BAD("not UTF-8", "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\xff", "subject-string"),
};

/* A request with that subject and key, signed as P-256 keys are. */
static void write_with(const struct crypto_key *key, struct cx_bytes subject_der,
                       struct cx_bytes spki, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf info = CX_BUF_INIT(PKI_CSR_MAX);
    size_t mark = 0;
    assert_ok(der_begin(&info, DER_SEQUENCE, &mark));
    assert_ok(der_write_i64(&info, 0));
    assert_ok(cx_buf_add(&info, subject_der));
    assert_ok(cx_buf_add(&info, spki));
    assert_ok(der_end(&info, mark));
    sign_request(key, cx_buf_view(&info), out);
}

static void expect_rule(struct cx_bytes der, const char *field, const char *rule)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct pki_csr csr;
    assert_true(cx_failed(pki_csr_parse(&arena, der, &diag, &csr)));
    assert_string_equal(diag.rule, rule);
    assert_string_equal(diag.field, field);
    arena_clear(&arena);
}

static void test_subjects_are_never_dropped(void **state)
{
    (void)state;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CSR_MAX), many = CX_BUF_INIT(4096);
    struct pki_attribute attributes[PKI_ATTRIBUTES_MAX + 1];
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    for (size_t i = 0; i < sizeof(bad_subjects) / sizeof(bad_subjects[0]); i++) {
        cx_buf_reset(&der);
        write_with(key, CX_BYTES(bad_subjects[i].attributes, bad_subjects[i].len),
                   crypto_key_spki(key), &der);
        expect_rule(cx_buf_view(&der), "/csr/subject", bad_subjects[i].rule);
    }
    for (size_t i = 0; i <= PKI_ATTRIBUTES_MAX; i++)
        attributes[i] = subject[1];
    assert_ok(pki_subject_write(attributes, PKI_ATTRIBUTES_MAX + 1, &many));
    cx_buf_reset(&der);
    write_with(key, cx_buf_view(&many), crypto_key_spki(key), &der);
    expect_rule(cx_buf_view(&der), "/csr/subject", "subject-attribute-count");
}

static void test_unsupported_keys_and_sizes(void **state)
{
    (void)state;
    /* id-X448: a key that signs nothing. */
    static const uint8_t x448[] = {0x30, 0x0a, 0x30, 0x05, 0x06, 0x03,
                                   0x2b, 0x65, 0x6f, 0x03, 0x01, 0x00};
    static const uint8_t large[PKI_CSR_MAX + 1];
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CSR_MAX), info = CX_BUF_INIT(4096);
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    write_with(key, CX_BYTES("\x30\x00", 2), CX_BYTES(x448, sizeof(x448)), &der);
    expect_rule(cx_buf_view(&der), "/csr/public_key", "csr-key-unsupported");
    expect_rule(CX_BYTES(large, sizeof(large)), "/csr", "csr-size");
    /* ecdsa-with-SHA256 is 1.2.840.10045.4.3.2; .1 is SHA-224 (RFC 5758 §3.2), which nobody takes. */
    cx_buf_reset(&der);
    make_request(key, 1, &info, &der);
    static const uint8_t sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    uint8_t *algorithm = memmem(der.ptr, der.len, sha256, sizeof(sha256));
    assert_non_null(algorithm);
    algorithm[sizeof(sha256) - 1] = 1;
    expect_rule(cx_buf_view(&der), "/csr/signature", "csr-signature-algorithm");
}

/* What a request asks for in extensions is what the profile gives, or refused. */
static void test_extensions_fit_the_profile(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct pki_profile profile;
    fixture_profile(&arena, "server-tls", &profile);
    struct pki_csr csr = {.key_type = PKI_KEY_P256, .has_basic_constraints = true, .ca = true};
    assert_err(pki_csr_fits(&csr, &profile, &diag), POLICY);
    assert_string_equal(diag.rule, "csr-basic-constraints");
    csr = (struct pki_csr){.key_type = PKI_KEY_P256,
                           .has_key_usage = true,
                           .key_usage = pki_key_usage_for(&profile, PKI_KEY_P256)};
    assert_ok(pki_csr_fits(&csr, &profile, &diag));
    csr.key_usage = 0;
    diag = CX_DIAG_INIT;
    assert_err(pki_csr_fits(&csr, &profile, &diag), POLICY);
    assert_string_equal(diag.rule, "csr-key-usage");
    arena_clear(&arena);
}

static void test_bad_signature(void **state)
{
    (void)state;
    for (int type = PKI_KEY_P256; type <= PKI_KEY_P384; type++) {
        CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
        CX_CLEANUP(crypto_key_freep) struct crypto_key *other = NULL;
        assert_ok(crypto_key_generate((enum crypto_key_type)type, &key));
        assert_ok(crypto_key_generate((enum crypto_key_type)type, &other));
        CX_CLEANUP(cx_buf_clear) struct cx_buf info = CX_BUF_INIT(PKI_CSR_MAX);
        CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CSR_MAX);
        assert_ok(pki_csr_info_write(subject, 3, names, 3, crypto_key_spki(key), &info));
        sign_request(other, cx_buf_view(&info), &der);
        struct arena arena = ARENA_INIT(1 << 20);
        struct cx_diag diag = CX_DIAG_INIT;
        struct pki_csr csr;
        assert_err(pki_csr_parse(&arena, cx_buf_view(&der), &diag, &csr), CRYPTO);
        assert_string_equal(diag.rule, "csr-signature");
        assert_string_equal(diag.field, "/csr/signature");
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_differential),
                                       cmocka_unit_test(test_mutated),
                                       cmocka_unit_test(test_foreign_writer),
                                       cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_subjects_are_never_dropped),
                                       cmocka_unit_test(test_unsupported_keys_and_sizes),
                                       cmocka_unit_test(test_extensions_fit_the_profile),
                                       cmocka_unit_test(test_bad_signature)};
    return cmocka_run_group_tests_name("pki/csr", tests, NULL, NULL);
}
