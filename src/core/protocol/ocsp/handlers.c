/*
 * OCSP over HTTP: request → status domain → response. RFC 6960, RFC 5019.
 *
 * The path names the issuer; a question about a certificate of another one is "unauthorized" (RFC 5019 §2.2.3), as
 * is a question for several certificates at once, which the lightweight profile forbids clients to ask (§2.1.1).
 * Errors are OCSP answers with HTTP status 200, so that clients read them.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/http.h"
#include "core/api/contract.h"
#include "core/status/ocsp.h"
#include "crypto/hash.h"

enum { ERROR_MAX = 16 };

static const char CONTENT_TYPE[] = "application/ocsp-response";

static cx_err answer_error(struct api_request *request, enum pki_ocsp_error error,
                           struct api_raw *raw)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ERROR_MAX);
    CX_TRY(pki_ocsp_error_write(error, &out));
    CX_TRY(arena_copy(request->arena, cx_buf_view(&out), &raw->body));
    raw->content_type = CONTENT_TYPE;
    raw->headers[raw->header_count++] = (struct api_header){"Cache-Control", CX_STR("no-store")};
    return CX_OK;
}

static bool names_issuer(const struct pki_ocsp_id *id, const struct issuer_entry *issuer)
{
    if (id->hash != PKI_OCSP_SHA1 && id->hash != PKI_OCSP_SHA256)
        return false;
    const struct pki_ocsp_issuer *hashes = &issuer->ocsp[id->hash];
    return cx_bytes_eq(id->name_hash, CX_BYTES(hashes->name_hash, hashes->len)) &&
           cx_bytes_eq(id->key_hash, CX_BYTES(hashes->key_hash, hashes->len));
}

static cx_err add_header(struct api_request *request, struct api_raw *raw, const char *name,
                         const char *value)
{
    struct api_header *header = &raw->headers[raw->header_count];
    CX_TRY(arena_copy_str(request->arena, cx_str_from(value), &header->value));
    header->name = name;
    raw->header_count++;
    return CX_OK;
}

/* RFC 5019 §6.2: caches may keep an answer until nextUpdate; half of that leaves room for a fresh one. */
static cx_err add_cache_headers(struct api_request *request, const struct ocsp_answer *answer,
                                struct api_raw *raw)
{
    char date[HTTP_DATE_MAX], etag[HTTP_ETAG_MAX], control[96];
    uint8_t digest[CRYPTO_SHA256_LEN];
    cx_time fresh_until_us =
        answer->this_update_us + (answer->next_update_us - answer->this_update_us) / 2;
    int64_t max_age_s = (fresh_until_us - request->now_us) / CX_US_PER_S;
    snprintf(control, sizeof(control), "max-age=%lld, public, no-transform, must-revalidate",
             (long long)(max_age_s > 0 ? max_age_s : 0));
    CX_TRY(add_header(request, raw, "Cache-Control", control));
    CX_TRY(http_date_format(answer->next_update_us, date));
    CX_TRY(add_header(request, raw, "Expires", date));
    CX_TRY(http_date_format(answer->this_update_us, date));
    CX_TRY(add_header(request, raw, "Last-Modified", date));
    CX_TRY(crypto_sha256(answer->der, digest));
    CX_TRY(http_etag_format(CX_BYTES(digest, sizeof(digest)), etag));
    return add_header(request, raw, "ETag", etag);
}

static cx_err answer(struct api_request *request, struct cx_id issuer_id, struct cx_bytes der,
                     struct api_raw *raw)
{
    struct pki_ocsp_request *asked = NULL;
    struct ocsp_answer found;
    const struct issuer_entry *issuer = NULL;
    CX_TRY(ARENA_NEW(request->arena, &asked));
    if (cx_failed(pki_ocsp_request_parse(der, NULL, asked)))
        return answer_error(request, PKI_OCSP_MALFORMED_REQUEST, raw);
    cx_err err = issuer_get_any(request->core, issuer_id, &issuer);
    if (err.code == CX_E_NOTFOUND)
        return answer_error(request, PKI_OCSP_UNAUTHORIZED, raw);
    if (cx_failed(err))
        return answer_error(request, PKI_OCSP_TRY_LATER, raw);
    /* RFC 5280 §4.1.2.2: no certificate here has a number of more than 20 octets. */
    if (asked->item_count != 1 || !names_issuer(&asked->items[0], issuer) ||
        asked->items[0].serial.len > PKI_SERIAL_MAX)
        return answer_error(request, PKI_OCSP_UNAUTHORIZED, raw);
    struct ocsp_question question = {
        .issuer = issuer,
        .serial = asked->items[0].serial,
        .hash = asked->items[0].hash == PKI_OCSP_SHA1 ? KEYS_OCSP_SHA1 : KEYS_OCSP_SHA256,
        .nonce = asked->nonce,
        .now_us = request->now_us,
    };
    err = ocsp_answer(request->core, &question, request->arena, &found);
    if (err.code == CX_E_NOMEM || err.code == CX_E_INTERNAL)
        return answer_error(request, PKI_OCSP_INTERNAL_ERROR, raw);
    if (cx_failed(err))
        return answer_error(request, PKI_OCSP_TRY_LATER, raw);
    raw->content_type = CONTENT_TYPE;
    raw->body = found.der;
    if (found.cacheable)
        return add_cache_headers(request, &found, raw);
    return add_header(request, raw, "Cache-Control", "no-store");
}

cx_err handle_ocsp_post(struct api_request *request, const struct api_ocsp_post_in *in,
                        struct api_ocsp_post_out *ret_out)
{
    return answer(request, in->issuer_id, in->body, &ret_out->raw);
}

/* RFC 6960 appendix A.1: the path holds the base64 of the request; the dispatcher has undone the URL encoding. */
cx_err handle_ocsp_get(struct api_request *request, const struct api_ocsp_get_in *in,
                       struct api_ocsp_get_out *ret_out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_OCSP_REQUEST_MAX);
    struct cx_bytes copy = CX_BYTES_NONE;
    if (cx_failed(base64_decode(in->request, &der)))
        return answer_error(request, PKI_OCSP_MALFORMED_REQUEST, &ret_out->raw);
    CX_TRY(arena_copy(request->arena, cx_buf_view(&der), &copy));
    return answer(request, in->issuer_id, copy, &ret_out->raw);
}
