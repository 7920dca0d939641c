/* Account key rollover: RFC 8555 §7.3.5. The outer object is signed by the old key, the inner one by the new. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/protocol/acme/account_store.h"
#include "core/protocol/acme/signer.h"

enum { SPKI_MAX = 2048 };

struct changing {
    struct acme_call *call;
    struct jws inner;
    struct acme_key key; /* the new one */
    bool taken;
    struct acme_account holder;
};

static cx_err check_old_key(struct acme_call *call, const struct json_node *payload)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf spki = CX_BUF_INIT(SPKI_MAX);
    struct json_node old;
    struct jwk jwk;
    struct api_request *request = call->request;
    cx_err err = json_read_object(payload, "oldKey", request->diag, &old);
    if (cx_is_ok(err))
        err = jwk_read(&old, request->arena, request->diag, &jwk);
    CX_TRY(acme_refuse_as(call, ACME_MALFORMED, err));
    CX_TRY(jwk_spki_write(&jwk, &spki));
    if (!cx_bytes_eq(cx_buf_view(&spki), call->account.spki))
        return acme_refuse(call, ACME_MALFORMED, "rollover-old-key",
                           "oldKey is not the account's key.");
    return CX_OK;
}

static cx_err check_inner_payload(struct changing *c)
{
    struct acme_call *call = c->call;
    struct api_request *request = call->request;
    struct cx_str account = CX_STR_NONE;
    json_auto_t *root = NULL;
    CX_TRY(acme_refuse_as(call, ACME_MALFORMED,
                          json_parse(c->inner.payload, JWS_MAX, request->diag, &root)));
    struct json_node payload = json_top(root);
    CX_TRY(
        acme_refuse_as(call, ACME_MALFORMED,
                       json_read_str(&payload, "account", JWS_URL_MAX, request->diag, &account)));
    if (!cx_str_eq(account, call->jws.kid))
        return acme_refuse(call, ACME_MALFORMED, "rollover-account",
                           "account is not the one that signed.");
    return check_old_key(call, &payload);
}

static cx_err read_inner(struct changing *c)
{
    struct acme_call *call = c->call;
    struct api_request *request = call->request;
    CX_TRY(acme_refuse_jws(call,
                           jws_parse(call->jws.payload, request->arena, request->diag, &c->inner)));
    /* §7.3.5: jwk, the same url, no nonce. */
    if (!c->inner.has_jwk || c->inner.has_kid || c->inner.has_nonce || !c->inner.has_url ||
        !cx_str_eq(c->inner.url, call->url))
        return acme_refuse(
            call, ACME_MALFORMED, "rollover-header",
            "The inner object's header needs jwk and the url of the request, and no nonce.");
    CX_TRY(acme_key_of(call, &c->inner.jwk, &c->key));
    CX_TRY(acme_signature_check(call, &c->inner, c->key.spki));
    return check_inner_payload(c);
}

static cx_err write_key(struct store_tx *tx, void *arg)
{
    struct changing *c = arg;
    struct acme_call *call = c->call;
    cx_err found = acme_account_by_key(tx, &call->directory, c->key.thumbprint,
                                       call->request->arena, &c->holder);
    c->taken = cx_is_ok(found);
    if (c->taken)
        return acme_refuse(call, ACME_CONFLICT, "rollover-key-in-use",
                           "Another account has this key.");
    if (found.code != CX_E_NOTFOUND)
        return found;
    cx_err err = acme_account_set_key(tx, call->directory.tenant_id, call->account.account_id,
                                      call->account.thumbprint, c->key.spki, c->key.thumbprint);
    if (err.code == CX_E_CONFLICT)
        return acme_refuse(call, ACME_CONFLICT, "rollover-race",
                           "The account's key was changed meanwhile.");
    return err;
}

static cx_err key_change(struct changing *c)
{
    struct acme_call *call = c->call;
    struct audit_event event = {.object_type = CX_ID_ACME_ACCOUNT,
                                .object_id = call->account.account_id};
    CX_TRY(read_inner(c));
    CX_TRY(acme_commit(call, &event, write_key, c));
    call->raw->content_type = "application/json";
    call->raw->body = cx_str_bytes(CX_STR("{}"));
    return CX_OK;
}

/* §7.3.5: the 409 names the account that has the key. */
static cx_err close_with_holder(struct changing *c, cx_err err)
{
    struct cx_str url = CX_STR_NONE;
    CX_TRY(acme_close(c->call, err));
    if (!cx_failed(err) || !c->taken)
        return CX_OK;
    CX_TRY(acme_account_url(c->call, c->holder.account_id, &url));
    return acme_header(c->call, "Location", url);
}

cx_err handle_acme_key_change(struct api_request *request, const struct api_acme_key_change_in *in,
                              struct api_acme_key_change_out *ret_out)
{
    struct acme_call call;
    struct changing c = {.call = &call};
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_ACCOUNT,
                           PERMISSION_ME_READ, &ret_out->raw);
    if (cx_is_ok(err))
        err = key_change(&c);
    return close_with_holder(&c, err);
}
