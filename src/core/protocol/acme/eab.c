#include "core/protocol/acme/eab.h"
#include "base/cleanup.h"
#include "core/field.h"
#include "crypto/hash.h"

enum { SPKI_MAX = 2048 };

struct finding {
    struct acme_call *call;
    struct cx_id eab_id;
    struct acme_eab_row row;
};

static cx_err find(struct store_tx *tx, void *arg)
{
    struct finding *finding = arg;
    const struct acme_call *call = finding->call;
    return acme_eab_find(tx, call->directory.tenant_id, finding->eab_id, call->request->arena,
                         &finding->row);
}

static cx_err refuse(struct acme_call *call, const char *rule, const char *text)
{
    return acme_refuse(call, ACME_UNAUTHORIZED, rule, "externalAccountBinding: %s", text);
}

/* §7.3.4: MAC-based algorithm, kid, the same url, no nonce, the account's key as payload. */
static cx_err check_header(struct acme_call *call, const struct jws *inner)
{
    if (inner->algorithm != JWS_HS256)
        return acme_refuse(call, ACME_BAD_SIGNATURE_ALGORITHM, "eab-alg",
                           "externalAccountBinding: sign with HS256.");
    if (!inner->has_kid || inner->has_jwk || inner->has_nonce)
        return acme_refuse(call, ACME_MALFORMED, "eab-header",
                           "externalAccountBinding: the header needs kid and url, and no nonce.");
    if (!inner->has_url || !cx_str_eq(inner->url, call->url))
        return refuse(call, "eab-url", "its url is not that of the request.");
    return CX_OK;
}

static cx_err check_payload(struct acme_call *call, const struct jws *inner)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf spki = CX_BUF_INIT(SPKI_MAX);
    json_auto_t *root = NULL;
    struct jwk jwk;
    struct api_request *request = call->request;
    cx_err err = json_parse(inner->payload, JWK_TEXT_MAX, request->diag, &root);
    if (cx_is_ok(err)) {
        struct json_node top = json_top(root);
        err = jwk_read(&top, request->arena, request->diag, &jwk);
    }
    CX_TRY(acme_refuse_as(call, ACME_MALFORMED, err));
    CX_TRY(jwk_spki_write(&jwk, &spki));
    if (!cx_bytes_eq(cx_buf_view(&spki), call->spki))
        return refuse(call, "eab-key", "its payload is not the account's key.");
    return CX_OK;
}

static cx_err check_mac(struct acme_call *call, const struct jws *inner,
                        const struct acme_eab_row *row)
{
    uint8_t mac[CRYPTO_SHA256_LEN];
    struct api_request *request = call->request;
    struct field_place place = {call->directory.tenant_id, "acme_eab_key", "hmac_key", row->eab_id};
    struct cx_bytes key = CX_BYTES_NONE;
    CX_TRY(field_open(request->core, place, row->hmac_key, request->arena, &key));
    cx_err err = crypto_hmac_sha256(key, &inner->signing_input, 1, mac);
    cx_wipe((void *)(uintptr_t)key.ptr, key.len);
    CX_TRY(err);
    return crypto_ct_equal(inner->signature, CX_BYTES(mac, sizeof(mac)))
               ? CX_OK
               : refuse(call, "eab-mac", "the MAC does not verify.");
}

static cx_err check_usable(struct acme_call *call, const struct acme_eab_row *row)
{
    if (!cx_id_eq(row->directory_id, call->directory.directory_id))
        return refuse(call, "eab-unknown", "there is no such key.");
    if (row->revoked_us)
        return refuse(call, "eab-revoked", "the key is revoked.");
    if (row->expires_us <= call->request->now_us)
        return refuse(call, "eab-expired", "the key has expired.");
    if (row->use_count >= row->use_max)
        return refuse(call, "eab-used-up", "the key has been used as often as it may.");
    return CX_OK;
}

cx_err acme_eab_verify(struct acme_call *call, const struct json_node *binding,
                       struct acme_eab_row *ret_key)
{
    struct finding finding = {.call = call};
    struct api_request *request = call->request;
    struct jws inner;
    CX_TRY(acme_refuse_jws(call, jws_read(binding, request->arena, request->diag, &inner)));
    CX_TRY(check_header(call, &inner));
    cx_err err = cx_id_parse(CX_ID_ACME_EAB, inner.kid, &finding.eab_id);
    if (cx_is_ok(err))
        err = store_read(request->core->store, find, &finding);
    if (err.code == CX_E_PARSE || err.code == CX_E_NOTFOUND)
        return refuse(call, "eab-unknown", "there is no such key.");
    CX_TRY(err);
    CX_TRY(check_mac(call, &inner, &finding.row)); /* before anything is told about the key */
    CX_TRY(check_usable(call, &finding.row));
    CX_TRY(check_payload(call, &inner));
    *ret_key = finding.row;
    return CX_OK;
}
