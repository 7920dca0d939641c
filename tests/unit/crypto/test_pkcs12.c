#include "tests/lib/test.h"
#include "crypto/pkcs12.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

static const struct cx_str password = {"correct horse battery", 21};

static struct cx_bytes certificate_for(struct cx_bytes pkcs8, uint8_t **ret_der)
{
    const uint8_t *at = pkcs8.ptr;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)pkcs8.len);
    X509 *x509 = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_sign(x509, key, EVP_sha256());
    *ret_der = NULL;
    int len = i2d_X509(x509, ret_der);
    X509_free(x509);
    EVP_PKEY_free(key);
    return CX_BYTES(*ret_der, len);
}

/* Written by us, opened by OpenSSL with the password and not without; the algorithms are the promised ones. */
static void test_round_trip(void **state)
{
    (void)state;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *other = NULL;
    CX_CLEANUP(cx_secret_clear) struct cx_secret pkcs8 = CX_SECRET_INIT;
    uint8_t *der = NULL;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &other));
    assert_ok(crypto_key_to_pkcs8(key, &pkcs8));
    struct cx_bytes certificate = certificate_for(cx_secret_view(&pkcs8), &der);
    const struct cx_bytes chain[] = {certificate, certificate};
    struct crypto_pkcs12 content = {key, certificate, chain, 2, CX_STR("www.example.org")};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CRYPTO_PKCS12_MAX);
    assert_ok(crypto_pkcs12_write(&content, password, &out));
    assert_int_equal(ERR_peek_error(), 0);

    const uint8_t *at = out.ptr;
    PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)out.len);
    assert_non_null(p12);
    assert_int_equal(PKCS12_verify_mac(p12, "wrong horse battery!!", -1), 0);
    EVP_PKEY *got = NULL;
    X509 *leaf = NULL;
    STACK_OF(X509) *rest = NULL;
    assert_int_equal(PKCS12_parse(p12, password.ptr, &got, &leaf, &rest), 1);
    assert_int_equal(sk_X509_num(rest), 2);
    assert_int_equal(X509_check_private_key(leaf, got), 1);
    const X509_ALGOR *mac = NULL;
    const ASN1_OBJECT *oid = NULL;
    PKCS12_get0_mac(NULL, &mac, NULL, NULL, p12);
    X509_ALGOR_get0(&oid, NULL, NULL, mac);
    assert_int_equal(OBJ_obj2nid(oid), NID_sha256);
    static const uint8_t aes_256_cbc[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A};
    static const uint8_t hmac_sha256[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x09};
    assert_non_null(memmem(out.ptr, out.len, aes_256_cbc, sizeof(aes_256_cbc)));
    assert_non_null(memmem(out.ptr, out.len, hmac_sha256, sizeof(hmac_sha256)));
    assert_null(
        memmem(out.ptr, out.len, pkcs8.ptr + 36, 32)); /* the private scalar is not in the clear */
    sk_X509_pop_free(rest, X509_free);
    X509_free(leaf);
    EVP_PKEY_free(got);
    PKCS12_free(p12);
    ERR_clear_error();

    size_t len = out.len;
    assert_err(crypto_pkcs12_write(&content, CX_STR("too short"), &out), USAGE);
    content.key = other;
    assert_err(crypto_pkcs12_write(&content, password, &out), CONFLICT);
    content.key = key;
    content.certificate.len--;
    assert_err(crypto_pkcs12_write(&content, password, &out), PARSE);
    assert_int_equal(out.len, len);
    assert_int_equal(ERR_peek_error(), 0);
    OPENSSL_free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip)};
    return cmocka_run_group_tests_name("crypto/pkcs12", tests, NULL, NULL);
}
