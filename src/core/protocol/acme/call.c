/*
 * Opening a signed request. The order is from cheap to dear, and nothing of the payload is looked at before the
 * signature is verified.
 */
#include "base/cleanup.h"
#include "base/fault.h"
#include "core/access/access_store.h"
#include "core/access/rights_cache.h"
#include "core/protocol/acme/account_store.h"
#include "core/protocol/acme/directory_store.h"
#include "core/protocol/acme/nonce.h"
#include "core/protocol/acme/signer.h"

#include <stdarg.h>
#include <stdio.h>

enum { URL_MAX = 1024 };

cx_err acme_url(const struct acme_call *call, struct cx_str *ret_url, const char *format, ...)
{
    char rest[URL_MAX], directory[CX_ID_TEXT_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(rest, sizeof(rest), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(rest))
        return CX_ERR(LIMIT);
    cx_id_format(CX_ID_ACME_DIRECTORY, call->directory.directory_id, directory);
    return arena_printf(call->request->arena, ret_url, "%.*s/acme/%s/%s",
                        CX_STR_ARG(call->request->core->options.public_url), directory, rest);
}

cx_err acme_account_url(const struct acme_call *call, struct cx_id account_id,
                        struct cx_str *ret_url)
{
    char text[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_ACME_ACCOUNT, account_id, text);
    return acme_url(call, ret_url, "account/%s", text);
}

/* ---- directory, account and user in one snapshot ---- */

struct opening {
    struct acme_call *call;
    struct cx_id directory_id, account_id; /* account zero: none is named */
    enum permission permission;
    bool account_found, user_active;
};

cx_err acme_principal_load(struct store_tx *tx, struct acme_call *call, struct acme_acting acting,
                           enum permission permission, bool *ret_active)
{
    struct api_request *request = call->request;
    struct user_row user;
    access_principal_clear(&request->principal); /* a closure may run again */
    *ret_active = false;
    CX_TRY(user_find(tx, call->directory.tenant_id, acting.user_id, request->arena, &user));
    bool usable = false;
    CX_TRY(user_is_usable(tx, call->directory.tenant_id, &user, &usable));
    if (!usable)
        return CX_OK;
    request->permission = permission;
    request->principal.tenant_id = call->directory.tenant_id;
    request->principal.user_id = acting.user_id;
    request->principal.group_id = acting.group_id;
    CX_TRY(access_principal_load(request->core, tx, request->now_us, &request->principal));
    *ret_active = true;
    return CX_OK;
}

cx_err acme_principal_authorise(struct acme_call *call, enum permission permission)
{
    struct principal *principal = &call->request->principal;
    const struct access_held *held = NULL;
    principal->authenticated = true;
    if (!cx_id_is_zero(principal->group_id) && access_rights_held(principal->rights, &held) == 0)
        return acme_refuse(call, ACME_UNAUTHORIZED, "account-group-left",
                           "The account acts for a member of a group: its user has left the group, "
                           "or the group has no role any more.");
    return acme_refuse_as(call, ACME_UNAUTHORIZED,
                          authorise(principal, permission, NULL, call->request->diag));
}

static cx_err read_opening(struct store_tx *tx, void *arg)
{
    struct opening *opening = arg;
    struct acme_call *call = opening->call;
    struct arena *arena = call->request->arena;
    opening->account_found = false;
    CX_TRY(acme_directory_find(tx, opening->directory_id, arena, &call->directory));
    if (cx_id_is_zero(opening->account_id))
        return CX_OK;
    cx_err err =
        acme_account_find(tx, &call->directory, opening->account_id, arena, &call->account);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    opening->account_found = true;
    struct acme_acting acting = {call->account.user_id, call->account.scope.group_id};
    return acme_principal_load(tx, call, acting, opening->permission, &opening->user_active);
}

static cx_err load(struct opening *opening)
{
    struct acme_call *call = opening->call;
    cx_err err = store_read(call->request->core->store, read_opening, opening);
    if (cx_is_ok(err) && call->directory.active)
        return CX_OK;
    if (cx_failed(err) && err.code != CX_E_NOTFOUND)
        return err;
    call->directory = (struct acme_directory){.active = false};
    return acme_refuse(call, ACME_NOT_FOUND, "directory-unknown", "There is no such directory.");
}

/* ---- the parts of the header ---- */

static cx_err check_form(struct acme_call *call, struct cx_bytes body)
{
    struct api_request *request = call->request;
    CX_TRY(acme_refuse_jws(call, jws_parse(body, request->arena, request->diag, &call->jws)));
    if (call->jws.algorithm == JWS_HS256)
        return acme_refuse(
            call, ACME_BAD_SIGNATURE_ALGORITHM, "jws-alg",
            "Requests are signed with a key pair: HS256 is for externalAccountBinding only.");
    /* RFC 8555 §6.2: jwk and kid are mutually exclusive. */
    if (call->jws.has_jwk == call->jws.has_kid)
        return acme_refuse(call, ACME_MALFORMED, "jws-key",
                           "Send either jwk or kid in the protected header.");
    return CX_OK;
}

static cx_err check_url(struct acme_call *call)
{
    struct api_request *request = call->request;
    CX_TRY(arena_printf(request->arena, &call->url, "%.*s%.*s",
                        CX_STR_ARG(request->core->options.public_url),
                        CX_STR_ARG(request->target)));
    /* RFC 8555 §6.4: it MUST be the request's own URL, and the error is "unauthorized". */
    if (!call->jws.has_url || !cx_str_eq(call->jws.url, call->url))
        return acme_refuse(call, ACME_UNAUTHORIZED, "jws-url",
                           "The protected header's url is not that of the request, %.*s.",
                           CX_STR_ARG(call->url));
    return CX_OK;
}

static cx_err check_signer(struct acme_call *call, enum acme_signer signer)
{
    if (signer == ACME_BY_ACCOUNT && call->jws.has_jwk)
        return acme_refuse(call, ACME_MALFORMED, "jws-kid-needed",
                           "This request is signed with the account's kid.");
    if (signer == ACME_BY_KEY && call->jws.has_kid)
        return acme_refuse(call, ACME_MALFORMED, "jws-jwk-needed",
                           "This request is signed with the key in jwk.");
    return CX_OK;
}

/* The account's id out of its URL; another form names no account of this directory. */
static cx_err read_kid(struct acme_call *call, struct cx_id directory_id, struct cx_id *ret_id)
{
    struct cx_str prefix = CX_STR_NONE, kid = call->jws.kid;
    struct acme_call here = {.request = call->request, .directory.directory_id = directory_id};
    CX_TRY(acme_url(&here, &prefix, "account/"));
    if (cx_str_starts(kid, prefix) &&
        cx_is_ok(cx_id_parse(CX_ID_ACME_ACCOUNT,
                             (struct cx_str){kid.ptr + prefix.len, kid.len - prefix.len}, ret_id)))
        return CX_OK;
    return acme_refuse(call, ACME_ACCOUNT_DOES_NOT_EXIST, "account-unknown",
                       "kid names no account of this directory.");
}

/* The account acts for its user, whose state and rights of now decide. It is nobody before its signature is verified. */
static cx_err make_principal(struct acme_call *call, const struct opening *opening,
                             enum permission permission)
{
    const struct acme_account *account = &call->account;
    /* RFC 8555 §7.3.6: a deactivated account gets 401 "unauthorized". */
    if (account->state != ACME_ACCOUNT_VALID)
        return acme_refuse(call, ACME_UNAUTHORIZED_ACCOUNT, "account-deactivated",
                           "The account is deactivated.");
    if (account->scope.revoked)
        return acme_refuse(call, ACME_UNAUTHORIZED_ACCOUNT, "account-binding-revoked",
                           "The external account binding of this account was revoked.");
    if (!opening->user_active)
        return acme_refuse(call, ACME_UNAUTHORIZED_ACCOUNT, "account-user-inactive",
                           "The user that this account acts for is not active.");
    return acme_principal_authorise(call, permission);
}

cx_err acme_open(struct acme_call *call, struct api_request *request, struct cx_id directory_id,
                 struct cx_bytes body, enum acme_signer signer, enum permission permission,
                 struct api_raw *raw)
{
    struct opening opening = {.call = call, .directory_id = directory_id, .permission = permission};
    *call = (struct acme_call){.request = request, .raw = raw};
    cx_err form = check_form(call, body);
    if (cx_is_ok(form))
        form = check_signer(call, signer);
    if (cx_is_ok(form) && call->jws.has_kid)
        form = read_kid(call, directory_id, &opening.account_id);
    CX_TRY(load(
        &opening)); /* before the form's refusal: its answer carries a nonce of this directory */
    CX_TRY(form);
    CX_TRY(check_url(call));
    CX_TRY(acme_nonce_check(call));
    if (call->jws.has_jwk) {
        struct acme_key key;
        CX_TRY(acme_key_of(call, &call->jws.jwk, &key));
        call->spki = key.spki;
        call->thumbprint = key.thumbprint;
        CX_TRY(acme_signature_check(call, &call->jws, call->spki));
        return acme_nonce_take(call);
    }
    if (!opening.account_found)
        return acme_refuse(call, ACME_ACCOUNT_DOES_NOT_EXIST, "account-unknown",
                           "kid names no account of this directory.");
    call->spki = call->account.spki;
    call->thumbprint = call->account.thumbprint;
    CX_TRY(acme_signature_check(call, &call->jws, call->spki));
    CX_TRY(acme_nonce_take(call));
    return make_principal(call, &opening, permission);
}

cx_err acme_open_public(struct acme_call *call, struct api_request *request,
                        struct cx_id directory_id, struct api_raw *raw)
{
    struct opening opening = {.call = call, .directory_id = directory_id};
    *call = (struct acme_call){.request = request, .raw = raw};
    return load(&opening);
}

cx_err acme_payload(struct acme_call *call, json_t **ret_root)
{
    cx_err err = json_parse(call->jws.payload, JWS_MAX, call->request->diag, ret_root);
    if (cx_is_ok(err) && !json_is_object(*ret_root))
        return acme_refuse(call, ACME_MALFORMED, "payload", "The payload must be a JSON object.");
    return acme_refuse_as(call, ACME_MALFORMED, err);
}

cx_err acme_require_get(struct acme_call *call)
{
    if (acme_is_get(call))
        return CX_OK;
    return acme_refuse(call, ACME_MALFORMED, "post-as-get", "This is read with an empty payload.");
}

/* ---- changes ---- */

struct commit {
    struct acme_call *call;
    store_fn fn;
    void *arg;
};

static cx_err use_nonce_and_change(struct store_tx *tx, void *arg)
{
    const struct commit *commit = arg;
    acme_forget_refusal(commit->call);
    CX_TRY(acme_nonce_use(tx, commit->call));
    return commit->fn(tx, commit->arg);
}

/* api_commit asks again for the right when rights changed while the call was on its way. */
static cx_err refuse_denied(struct acme_call *call, cx_err err)
{
    return err.code == CX_E_DENIED ? acme_refuse_as(call, ACME_UNAUTHORIZED, err) : err;
}

cx_err acme_commit(struct acme_call *call, struct audit_event *event, store_fn fn, void *arg)
{
    struct commit commit = {call, fn, arg};
    event->tenant_id = call->directory.tenant_id;
    cx_fault_delay("acme-commit");
    if (call->nonce_used) /* a second transaction of one call */
        return refuse_denied(call, api_commit(call->request, event, fn, arg));
    CX_TRY(refuse_denied(call, api_commit(call->request, event, use_nonce_and_change, &commit)));
    call->nonce_used = true;
    return CX_OK;
}

static cx_err use_nonce(struct store_tx *tx, void *arg)
{
    acme_forget_refusal(arg);
    return acme_nonce_use(tx, arg);
}

cx_err acme_spend_nonce(struct acme_call *call)
{
    CX_TRY(store_write(call->request->core->store, use_nonce, call));
    call->nonce_used = true;
    return CX_OK;
}
