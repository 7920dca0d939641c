/* OCSP over HTTP, asked and judged by OpenSSL. */
#include "tests/lib/test.h"

#include "codec/base64.h"
#include "core/status/status.h"
#include "tests/unit/core/issuance/world.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <unistd.h>

static X509 *x509_of(struct cx_bytes der)
{
    const uint8_t *at = der.ptr;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(x509);
    return x509;
}

struct asking {
    struct world *world;
    X509 *issuer, *root;
    OCSP_REQUEST *request;
    OCSP_CERTID *id; /* owned by request */
    struct cx_bytes der;
};

static void asking_end(struct asking *asking)
{
    OCSP_REQUEST_free(asking->request);
    OPENSSL_free((void *)(uintptr_t)asking->der.ptr);
    asking->request = NULL;
    asking->der = CX_BYTES_NONE;
}

/* One question, by SHA-1 as RFC 5019 clients ask or by SHA-256; of issuer about a serial number. */
static void asking_start(struct asking *asking, X509 *issuer, struct cx_str serial_hex,
                         const EVP_MD *hash, bool nonce)
{
    BIGNUM *number = NULL;
    char text[64];
    uint8_t *der = NULL;
    snprintf(text, sizeof(text), "%.*s", CX_STR_ARG(serial_hex));
    assert_true(BN_hex2bn(&number, text) > 0);
    ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
    asking->id = OCSP_cert_id_new(hash, X509_get_subject_name(issuer),
                                  X509_get0_pubkey_bitstr(issuer), serial);
    asking->request = OCSP_REQUEST_new();
    assert_non_null(OCSP_request_add0_id(asking->request, asking->id));
    if (nonce)
        assert_int_equal(OCSP_request_add1_nonce(asking->request, NULL, 16), 1);
    int len = i2d_OCSP_REQUEST(asking->request, &der);
    asking->der = CX_BYTES(der, len);
    ASN1_INTEGER_free(serial);
    BN_free(number);
}

static struct api_raw post(struct asking *asking, struct cx_bytes body)
{
    struct api_ocsp_post_in in = {asking->world->stand.issuer, body};
    struct api_ocsp_post_out out = {0};
    struct api_request request = world_request(asking->world, API_OP_OCSP_POST, NULL);
    assert_ok(handle_ocsp_post(&request, &in, &out));
    assert_string_equal(out.raw.content_type, "application/ocsp-response");
    return out.raw;
}

static struct api_raw get(struct asking *asking, struct cx_bytes body)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(8192);
    assert_ok(base64_encode(body, &text));
    struct api_ocsp_get_in in = {asking->world->stand.issuer, {(const char *)text.ptr, text.len}};
    struct api_ocsp_get_out out = {0};
    struct api_request request = world_request(asking->world, API_OP_OCSP_GET, NULL);
    assert_ok(handle_ocsp_get(&request, &in, &out));
    return out.raw;
}

static OCSP_RESPONSE *response_of(const struct api_raw *raw)
{
    const uint8_t *at = raw->body.ptr;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)raw->body.len);
    assert_non_null(response);
    assert_ptr_equal(at, raw->body.ptr + raw->body.len);
    return response;
}

static struct cx_str header(const struct api_raw *raw, const char *name)
{
    for (size_t i = 0; i < raw->header_count; i++)
        if (cx_str_is(cx_str_from(raw->headers[i].name), name))
            return raw->headers[i].value;
    return CX_STR_NONE;
}

/* The answer is an error, and no cache may keep it. */
static void assert_error(struct api_raw raw, int status)
{
    OCSP_RESPONSE *response = response_of(&raw);
    assert_int_equal(OCSP_response_status(response), status);
    assert_str(header(&raw, "Cache-Control"), "no-store");
    OCSP_RESPONSE_free(response);
}

/* OpenSSL verifies the answer up to the root; the status it gives. nonce: 2 none in either, 1 equal. */
static int judge(struct asking *asking, struct api_raw raw, int nonce)
{
    OCSP_RESPONSE *response = response_of(&raw);
    assert_int_equal(OCSP_response_status(response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
    int status = -1;
    assert_int_equal(X509_STORE_add_cert(store, asking->root), 1);
    assert_true(sk_X509_push(chain, asking->issuer) > 0);
    assert_int_equal(OCSP_basic_verify(basic, chain, store, 0), 1);
    assert_int_equal(OCSP_check_nonce(asking->request, basic), nonce);
    assert_int_equal(
        OCSP_resp_find_status(basic, asking->id, &status, NULL, NULL, &this_update, &next_update),
        1);
    assert_int_equal(OCSP_check_validity(this_update, next_update, 300, -1), 1);
    sk_X509_free(chain);
    X509_STORE_free(store);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    return status;
}

static void wait_for_responder(struct world *world)
{
    struct cx_bytes spki;
    cx_time not_after_us = 0;
    for (int i = 0; i < 200 && not_after_us == 0; i++) {
        assert_ok(keys_responder(world->core.keys, world->stand.tenant, world->stand.issuer,
                                 &world->arena, &spki, &not_after_us));
        if (not_after_us == 0)
            usleep(50000);
    }
    assert_true(not_after_us > 0);
}

static void ask_good_and_revoked(struct asking *asking)
{
    struct world *world = asking->world;
    struct api_certificate_view certificate = world_issue(world, "asked.example.org");
    asking_start(asking, asking->issuer, certificate.serial, EVP_sha1(), false);
    struct api_raw raw = post(asking, asking->der);
    assert_int_equal(judge(asking, raw, 2), V_OCSP_CERTSTATUS_GOOD);
    assert_true(cx_str_starts(header(&raw, "Cache-Control"), CX_STR("max-age=")));
    assert_true(header(&raw, "ETag").len > 0 && header(&raw, "Expires").len > 0);
    assert_int_equal(judge(asking, get(asking, asking->der), 2), V_OCSP_CERTSTATUS_GOOD);
    asking_end(asking);
    asking_start(asking, asking->issuer, certificate.serial, EVP_sha256(), true);
    raw = get(asking, asking->der);
    assert_int_equal(judge(asking, raw, 1), V_OCSP_CERTSTATUS_GOOD);
    assert_str(header(&raw, "Cache-Control"), "no-store");
    asking_end(asking);
    struct api_certificate_revoke_in in = {.certificate_id = certificate.id,
                                           .reason = API_REVOCATION_REASON_KEY_COMPROMISE};
    struct api_certificate_revoke_out out = {0};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_REVOKE, &world->approver);
    assert_ok(handle_certificate_revoke(&request, &in, &out));
    asking_start(asking, asking->issuer, certificate.serial, EVP_sha1(), true);
    assert_int_equal(judge(asking, post(asking, asking->der), 1), V_OCSP_CERTSTATUS_REVOKED);
    asking_end(asking);
}

static void ask_unknown_and_foreign(struct asking *asking)
{
    struct cx_str never = CX_STR("5A00112233445566778899AABBCCDDEE");
    asking_start(asking, asking->issuer, never, EVP_sha1(), false);
    struct api_raw raw = post(asking, asking->der);
    assert_int_equal(judge(asking, raw, 2), V_OCSP_CERTSTATUS_UNKNOWN);
    assert_str(header(&raw, "Cache-Control"), "no-store");
    asking_end(asking);
    /* RFC 5019 §2.2.3: not this responder's issuer */
    asking_start(asking, asking->root, never, EVP_sha1(), false);
    assert_error(post(asking, asking->der), OCSP_RESPONSE_STATUS_UNAUTHORIZED);
    asking_end(asking);
    asking_start(asking, asking->issuer, never, EVP_sha384(), false);
    assert_error(post(asking, asking->der), OCSP_RESPONSE_STATUS_UNAUTHORIZED);
    /* an issuer that is not here at all */
    struct api_ocsp_post_in in = {asking->world->stand.tenant, asking->der};
    struct api_ocsp_post_out out = {0};
    struct api_request request = world_request(asking->world, API_OP_OCSP_POST, NULL);
    assert_ok(handle_ocsp_post(&request, &in, &out));
    assert_error(out.raw, OCSP_RESPONSE_STATUS_UNAUTHORIZED);
    asking_end(asking);
}

/* No certificate has such a number: nothing to wait for, and nothing that another number's answer could be. */
static void ask_long_number(struct asking *asking)
{
    asking_start(asking, asking->issuer, CX_STR("5A0102030405060708090A0B0C0D0E0F1011121314"),
                 EVP_sha1(), false);
    assert_error(post(asking, asking->der), OCSP_RESPONSE_STATUS_UNAUTHORIZED);
    asking_end(asking);
}

static void ask_malformed(struct asking *asking)
{
    asking_start(asking, asking->issuer, CX_STR("5A01"), EVP_sha1(), false);
    assert_error(post(asking, CX_BYTES_NONE), OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
    for (size_t len = 1; len < asking->der.len; len += 7)
        assert_error(post(asking, CX_BYTES(asking->der.ptr, len)),
                     OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
    struct api_ocsp_get_in in = {asking->world->stand.issuer, CX_STR("not base64!")};
    struct api_ocsp_get_out out = {0};
    struct api_request request = world_request(asking->world, API_OP_OCSP_GET, NULL);
    assert_ok(handle_ocsp_get(&request, &in, &out));
    assert_error(out.raw, OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
    asking_end(asking);
}

static void check(struct world *world)
{
    struct status_service *service = NULL;
    struct asking asking = {.world = world,
                            .issuer = x509_of(world->stand.issuer_der),
                            .root = x509_of(world->stand.root_der)};
    assert_ok(status_start(&world->core, &service));
    wait_for_responder(world);
    ask_good_and_revoked(&asking);
    ask_unknown_and_foreign(&asking);
    ask_long_number(&asking);
    ask_malformed(&asking);
    status_stop(service);
    X509_free(asking.issuer);
    X509_free(asking.root);
}

static void openssl_accepts_every_answer(void **state)
{
    (void)state;
    world_on_both(check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(openssl_accepts_every_answer)};
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
