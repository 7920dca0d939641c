#include "tests/unit/pki/fixture.h"

#include <openssl/ocsp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "pki/ocsp.h"
#include "pki/pkcs7.h"

/* An issuing CA with its certificate, one certificate it issued, and a delegated responder. */
struct world {
    struct fixture ca, leaf, responder;
    struct cx_buf ca_der, leaf_der, responder_der;
    X509 *ca_x509, *leaf_x509;
};

static X509 *to_x509(const struct cx_buf *der)
{
    const uint8_t *at = der->ptr;
    X509 *x509 = d2i_X509(NULL, &at, (long)der->len);
    assert_non_null(x509);
    return x509;
}

static void issue_under(struct world *w, struct fixture *f, const char *profile, struct cx_buf *der)
{
    fixture_init(f, profile, PKI_KEY_ED25519, PKI_KEY_P256);
    crypto_key_free(f->issuer_key);
    f->issuer_key = NULL;
    f->issuer.subject_der = w->ca.issuer_name.len ? cx_buf_view(&w->ca.issuer_name) : CX_BYTES_NONE;
    f->issuer.key_type = PKI_KEY_P256;
    f->issuer.spki = crypto_key_spki(w->ca.issuer_key);
    f->issuer.key_id = CX_BYTES(w->ca.key_id, sizeof(w->ca.key_id));
    f->issuer_key = w->ca.issuer_key;
    fixture_issue(f, der);
    f->issuer_key = NULL;
}

static void world_init(struct world *w)
{
    static const struct pki_attribute name[] = {{PKI_ATTR_COUNTRY, {"CH", 2}},
                                                {PKI_ATTR_COMMON_NAME, {"Test Issuing CA", 15}}};
    w->ca_der = w->leaf_der = w->responder_der = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    fixture_init(&w->ca, "root-ca", PKI_KEY_P256, PKI_KEY_P256);
    w->ca.tmpl.subject = name;
    w->ca.tmpl.subject_count = 2;
    fixture_issue(&w->ca, &w->ca_der);
    issue_under(w, &w->leaf, "server-tls", &w->leaf_der);
    issue_under(w, &w->responder, "ocsp-signer", &w->responder_der);
    w->ca_x509 = to_x509(&w->ca_der);
    w->leaf_x509 = to_x509(&w->leaf_der);
}

static void world_clear(struct world *w)
{
    X509_free(w->ca_x509);
    X509_free(w->leaf_x509);
    cx_buf_clear(&w->ca_der);
    cx_buf_clear(&w->leaf_der);
    cx_buf_clear(&w->responder_der);
    fixture_clear(&w->leaf);
    fixture_clear(&w->responder);
    fixture_clear(&w->ca);
}

static void answer(struct world *w, const struct pki_ocsp_request *request,
                   enum pki_ocsp_status status, struct cx_buf *out)
{
    struct pki_ocsp_single singles[PKI_OCSP_ITEMS_MAX];
    for (size_t i = 0; i < request->item_count; i++)
        singles[i] = (struct pki_ocsp_single){.id = request->items[i],
                                              .status = status,
                                              .revoked_us = FIXTURE_NOW - 1,
                                              .reason = status == PKI_OCSP_REVOKED ? 1 : 0,
                                              .this_update_us = FIXTURE_NOW + 5,
                                              .next_update_us = FIXTURE_NOW + FIXTURE_DAY};
    const struct pki_ocsp_response response = {.responder_spki =
                                                   crypto_key_spki(w->responder.subject_key),
                                               .produced_us = FIXTURE_NOW,
                                               .singles = singles,
                                               .single_count = request->item_count,
                                               .nonce = request->nonce};
    CX_CLEANUP(cx_buf_clear) struct cx_buf data = CX_BUF_INIT(PKI_OCSP_RESPONSE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    assert_ok(pki_ocsp_data_write(&response, &data));
    assert_ok(crypto_sign(w->responder.subject_key, CRYPTO_SIGNATURE_ECDSA_SHA256,
                          cx_buf_view(&data), &signature));
    assert_ok(pki_ocsp_response_write(cx_buf_view(&data), PKI_KEY_P256, cx_buf_view(&signature),
                                      cx_buf_view(&w->responder_der), out));
}

/* A request that OpenSSL writes, our answer, and OpenSSL's verdict on it: signature, delegation, nonce, status. */
static void round_trip(struct world *w, const EVP_MD *md, enum pki_ocsp_status status, int expected)
{
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    OCSP_CERTID *id = OCSP_cert_to_id(md, w->leaf_x509, w->ca_x509);
    assert_non_null(OCSP_request_add0_id(request, OCSP_CERTID_dup(id)));
    assert_int_equal(OCSP_request_add1_nonce(request, NULL, 16), 1);
    uint8_t *der = NULL;
    int len = i2d_OCSP_REQUEST(request, &der);
    struct pki_ocsp_request parsed;
    assert_ok(pki_ocsp_request_parse(CX_BYTES(der, len), NULL, &parsed));
    assert_int_equal(parsed.item_count, 1);
    assert_int_equal(parsed.nonce.len, 16);
    assert_bytes(parsed.items[0].serial, w->leaf.serial, PKI_SERIAL_LEN);
    struct pki_ocsp_issuer hashes;
    assert_ok(pki_ocsp_issuer_hash(&w->leaf.issuer, parsed.items[0].hash, &hashes));
    assert_bytes(parsed.items[0].name_hash, hashes.name_hash, hashes.len);
    assert_bytes(parsed.items[0].key_hash, hashes.key_hash, hashes.len);

    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(PKI_OCSP_RESPONSE_MAX);
    answer(w, &parsed, status, &out);
    const uint8_t *at = out.ptr;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)out.len);
    assert_non_null(response);
    assert_ptr_equal(at, out.ptr + out.len);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    X509_STORE *store = X509_STORE_new();
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), FIXTURE_NOW / CX_US_PER_S);
    X509_STORE_add_cert(store, w->ca_x509);
    assert_int_equal(OCSP_basic_verify(basic, NULL, store, 0), 1);
    assert_int_equal(OCSP_check_nonce(request, basic), 1);
    int got = -1;
    int reason = -1;
    assert_int_equal(OCSP_resp_find_status(basic, id, &got, &reason, NULL, NULL, NULL), 1);
    assert_int_equal(got, expected);
    assert_int_equal(reason, expected == V_OCSP_CERTSTATUS_REVOKED ? 1 : -1);
    X509_STORE_free(store);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    OCSP_CERTID_free(id);
    OCSP_REQUEST_free(request);
    OPENSSL_free(der);
}

static void test_round_trips(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const EVP_MD *hashes[] = {EVP_sha1(), EVP_sha256()};
    for (int i = 0; i < 2; i++) {
        round_trip(&w, hashes[i], PKI_OCSP_GOOD, V_OCSP_CERTSTATUS_GOOD);
        round_trip(&w, hashes[i], PKI_OCSP_REVOKED, V_OCSP_CERTSTATUS_REVOKED);
        round_trip(&w, hashes[i], PKI_OCSP_UNKNOWN, V_OCSP_CERTSTATUS_UNKNOWN);
    }
    world_clear(&w);
}

/* Every truncation is refused; flipped bits are refused or read without harm. Limits hold. */
static void test_request_refused(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    OCSP_request_add0_id(request, OCSP_cert_to_id(EVP_sha1(), w.leaf_x509, w.ca_x509));
    OCSP_request_add1_nonce(request, NULL, 32);
    uint8_t *der = NULL;
    int len = i2d_OCSP_REQUEST(request, &der);
    struct pki_ocsp_request parsed;
    struct cx_diag diag = CX_DIAG_INIT;
    for (int cut = 0; cut < len; cut++)
        assert_err(pki_ocsp_request_parse(CX_BYTES(der, cut), &diag, &parsed), PARSE);
    assert_string_equal(diag.rule, "ocsp-request");
    int accepted = 0;
    for (int bit = 0; bit < len * 8; bit++) {
        der[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        accepted += cx_is_ok(pki_ocsp_request_parse(CX_BYTES(der, len), NULL, &parsed));
        der[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_in_range(accepted, 100, len * 8 - 100);
    OPENSSL_free(der);
    der = NULL;
    OCSP_REQUEST_free(request);

    /* RFC 9654: a nonce above 32 octets may stay unanswered, one above 128 is malformed */
    for (int nonce = 128; nonce <= 129; nonce++) {
        request = OCSP_REQUEST_new();
        OCSP_request_add0_id(request, OCSP_cert_to_id(EVP_sha1(), w.leaf_x509, w.ca_x509));
        OCSP_request_add1_nonce(request, NULL, nonce);
        len = i2d_OCSP_REQUEST(request, &der);
        cx_err err = pki_ocsp_request_parse(CX_BYTES(der, len), NULL, &parsed);
        assert_int_equal(err.code, nonce == 128 ? CX_E_OK : CX_E_PARSE);
        if (nonce == 128)
            assert_int_equal(parsed.nonce.len, 0);
        OPENSSL_free(der);
        der = NULL;
        OCSP_REQUEST_free(request);
    }

    request = OCSP_REQUEST_new();
    for (int i = 0; i <= PKI_OCSP_ITEMS_MAX; i++)
        OCSP_request_add0_id(request, OCSP_cert_to_id(EVP_sha1(), w.leaf_x509, w.ca_x509));
    len = i2d_OCSP_REQUEST(request, &der);
    assert_err(pki_ocsp_request_parse(CX_BYTES(der, len), NULL, &parsed), PARSE);
    OPENSSL_free(der);
    OCSP_REQUEST_free(request);
    world_clear(&w);
}

static void test_errors(void **state)
{
    (void)state;
    static const int codes[] = {PKI_OCSP_MALFORMED_REQUEST, PKI_OCSP_INTERNAL_ERROR,
                                PKI_OCSP_TRY_LATER, PKI_OCSP_UNAUTHORIZED};
    for (size_t i = 0; i < 4; i++) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(16);
        assert_ok(pki_ocsp_error_write((enum pki_ocsp_error)codes[i], &out));
        const uint8_t *at = out.ptr;
        OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)out.len);
        assert_int_equal(OCSP_response_status(response), codes[i]);
        OCSP_RESPONSE_free(response);
    }
}

static void test_pkcs7(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const struct cx_bytes chain[] = {cx_buf_view(&w.leaf_der), cx_buf_view(&w.ca_der)};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(65536);
    assert_ok(pki_pkcs7_write(chain, 2, &out));
    const uint8_t *at = out.ptr;
    PKCS7 *read = d2i_PKCS7(NULL, &at, (long)out.len);
    assert_non_null(read);
    assert_true(PKCS7_type_is_signed(read));
    assert_int_equal(sk_X509_num(read->d.sign->cert), 2);
    assert_int_equal(X509_cmp(sk_X509_value(read->d.sign->cert, 0), w.leaf_x509), 0);
    PKCS7_free(read);
    assert_err(pki_pkcs7_write(chain, 0, &out), USAGE);
    assert_err(pki_pkcs7_write(chain, 17, &out), USAGE);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trips),
                                       cmocka_unit_test(test_request_refused),
                                       cmocka_unit_test(test_errors), cmocka_unit_test(test_pkcs7)};
    return cmocka_run_group_tests_name("pki/ocsp", tests, NULL, NULL);
}
