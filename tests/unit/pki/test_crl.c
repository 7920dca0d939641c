#include "tests/unit/pki/fixture.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "pki/crl.h"
#include "pki/crl_view.h"

static const struct pki_revoked entries[] = {
    {{0x40, 0x07, 1}, 3, PKI_REASON_KEY_COMPROMISE, FIXTURE_NOW - 5000000},
    {{0x40, 0x07, 2}, 3, PKI_REASON_UNSPECIFIED, FIXTURE_NOW - 4999999},
};

static void write_crl(struct fixture *f, const struct pki_crl *crl, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(out->max);
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    assert_ok(pki_crl_tbs_write(crl, &f->diag, &tbs));
    assert_ok(crypto_sign(f->issuer_key,
                          crypto_key_signature((enum crypto_key_type)f->issuer.key_type),
                          cx_buf_view(&tbs), &signature));
    assert_ok(
        pki_certificate_write(cx_buf_view(&tbs), f->issuer.key_type, cx_buf_view(&signature), out));
}

static struct pki_crl make(struct fixture *f, size_t count)
{
    return (struct pki_crl){.issuer = &f->issuer,
                            .shard = 7,
                            .number = 300,
                            .this_update_us = FIXTURE_NOW,
                            .next_update_us = FIXTURE_NOW + FIXTURE_DAY,
                            .entries = entries,
                            .entry_count = count};
}

/* OpenSSL reads it, verifies it, and finds what was written. */
static void test_read_by_openssl(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    struct pki_crl crl = make(&f, 2);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(65536);
    write_crl(&f, &crl, &der);
    const uint8_t *at = der.ptr;
    X509_CRL *read = d2i_X509_CRL(NULL, &at, (long)der.len);
    assert_non_null(read);
    at = f.issuer.spki.ptr;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)f.issuer.spki.len);
    assert_int_equal(X509_CRL_verify(read, key), 1);
    assert_int_equal(X509_CRL_get_version(read), 1);
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(read, NID_crl_number, NULL, NULL);
    assert_int_equal(ASN1_INTEGER_get(number), 300);
    int critical = 0;
    ISSUING_DIST_POINT *point =
        X509_CRL_get_ext_d2i(read, NID_issuing_distribution_point, &critical, NULL);
    assert_int_equal(critical, 1);
    const ASN1_STRING *url =
        sk_GENERAL_NAME_value(point->distpoint->name.fullname, 0)->d.uniformResourceIdentifier;
    assert_string_equal(ASN1_STRING_get0_data(url),
                        "http://pki.example.org/crl/iss_0123456789abcdefghjkmnpqrs/7.crl");
    STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(read);
    assert_int_equal(sk_X509_REVOKED_num(list), 2);
    ASN1_ENUMERATED *reason =
        X509_REVOKED_get_ext_d2i(sk_X509_REVOKED_value(list, 0), NID_crl_reason, NULL, NULL);
    assert_int_equal(ASN1_ENUMERATED_get(reason), 1);
    assert_null(X509_REVOKED_get0_extensions(sk_X509_REVOKED_value(list, 1)));
    ASN1_ENUMERATED_free(reason);
    ISSUING_DIST_POINT_free(point);
    ASN1_INTEGER_free(number);
    EVP_PKEY_free(key);
    X509_CRL_free(read);
    fixture_clear(&f);
}

static void test_empty(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    struct pki_crl crl = make(&f, 0);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(65536);
    write_crl(&f, &crl, &der);
    const uint8_t *at = der.ptr;
    X509_CRL *read = d2i_X509_CRL(NULL, &at, (long)der.len);
    assert_non_null(read);
    assert_null(X509_CRL_get_REVOKED(read)); /* absent, not an empty list */
    X509_CRL_free(read);
    fixture_clear(&f);
}

/* What was written is read back; a version 1 list has no number. */
static void test_read_back(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    for (size_t count = 0; count <= 2; count += 2) {
        struct pki_crl crl = make(&f, count);
        struct pki_crl_view view;
        uint64_t number = 0;
        crl.number = count ? UINT64_MAX / 2 : 300;
        CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(65536);
        write_crl(&f, &crl, &der);
        assert_ok(pki_crl_view_parse(cx_buf_view(&der), &view));
        assert_true(view.this_update_us == crl.this_update_us);
        assert_true(view.has_next_update && view.next_update_us == crl.next_update_us);
        assert_true(cx_bytes_eq(view.issuer, f.issuer.subject_der));
        assert_int_equal(der_at_end(&view.revoked), count == 0);
        assert_ok(pki_crl_view_number(&view, &number));
        assert_true(number == crl.number);
        view.extensions = der_reader(CX_BYTES_NONE);
        assert_err(pki_crl_view_number(&view, &number), NOTFOUND);
        assert_err(pki_crl_view_parse(CX_BYTES(der.ptr, der.len - 1), &view), PARSE);
    }
    fixture_clear(&f);
}

static void test_refused(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    static const char *const rules[] = {"crl-times", "crl-number", "crl-shard", "crl-shard-url",
                                        "crl-entry", "crl-entry",  "crl-entry"};
    const struct pki_issuer issuer = f.issuer;
    for (size_t i = 0; i < 7; i++) {
        struct pki_crl crl = make(&f, 1);
        struct pki_revoked entry = entries[0];
        f.issuer = issuer;
        crl.entries = &entry;
        if (i == 0)
            crl.next_update_us = crl.this_update_us;
        else if (i == 1)
            crl.number = 0;
        else if (i == 2)
            crl.shard = 256;
        else if (i == 3)
            f.issuer.status_url = CX_STR("");
        else if (i == 4)
            entry.reason = 8; /* removeFromCRL: delta CRLs only */
        else if (i == 5)
            entry.reason = 7;
        else
            entry.serial_len = 0;
        struct cx_diag diag = CX_DIAG_INIT;
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(65536);
        assert_err(pki_crl_tbs_write(&crl, &diag, &out), POLICY);
        assert_string_equal(diag.rule, rules[i]);
    }
    fixture_clear(&f);
}

/* 100,000 entries: read back complete, and within the maximum. */
static void test_large(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct fixture f;
    fixture_init(&f, "server-tls", PKI_KEY_P256, PKI_KEY_P256);
    struct pki_revoked *many = calloc(COUNT, sizeof(*many));
    for (uint32_t i = 0; i < COUNT; i++) {
        many[i] = entries[0];
        many[i].serial_len = PKI_SERIAL_LEN;
        memcpy(many[i].serial + 8, &i, sizeof(i));
    }
    struct pki_crl crl = make(&f, COUNT);
    crl.entries = many;
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(16 << 20);
    write_crl(&f, &crl, &der);
    const uint8_t *at = der.ptr;
    X509_CRL *read = d2i_X509_CRL(NULL, &at, (long)der.len);
    assert_non_null(read);
    assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(read)), COUNT);
    X509_CRL_free(read);
    free(many);
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_by_openssl), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_read_back), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_large)};
    return cmocka_run_group_tests_name("pki/crl", tests, NULL, NULL);
}
