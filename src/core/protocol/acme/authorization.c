/* Authorizations: RFC 8555 §7.1.4, §7.4.1 (ahead of an order), §7.5, §7.5.2 (deactivation). */
#include "core/protocol/acme/authorization.h"
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "core/field.h"
#include "core/policy/profile_store.h"
#include "core/protocol/acme/identifier.h"
#include "core/protocol/acme/order_store.h"
#include "core/protocol/acme/validate.h"
#include "pki/name.h"

enum { TOKEN_LEN = 24 /* §8: at least 128 bits of entropy */ };

static cx_err make_token(struct acme_call *call, struct cx_str *ret_token)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(64);
    uint8_t random[TOKEN_LEN];
    CX_TRY(cx_rng_fill(call->request->core->rng, random, sizeof(random)));
    CX_TRY(base64url_encode(CX_BYTES(random, sizeof(random)), &text));
    return arena_copy_str(call->request->arena, (struct cx_str){(const char *)text.ptr, text.len},
                          ret_token);
}

cx_err acme_authorization_make(struct acme_call *call, const struct pki_name *name,
                               struct acme_authorization *ret_authorization)
{
    const struct acme_scope *scope = &call->account.scope;
    cx_time now_us = call->request->now_us;
    struct acme_authorization made = {.account_id = call->account.account_id,
                                      .name = *name,
                                      .challenge = CX_STR(""),
                                      .error = CX_STR(""),
                                      .created_us = now_us,
                                      .expires_us = now_us + ACME_ORDER_LIFE_S * CX_US_PER_S};
    made.wildcard = name->kind == PKI_NAME_DNS && pki_dns_is_wildcard(name->value);
    if (made.wildcard)
        made.name.value = CX_BYTES(name->value.ptr + 2, name->value.len - 2);
    CX_TRY(pki_name_to_text(call->request->arena, &made.name, &made.value));
    CX_TRY(cx_id_new_at(call->request->core->rng, now_us, &made.authorization_id));
    CX_TRY(make_token(call, &made.token));
    if (scope->trusted && scope->domain_count > 0 && acme_scope_has(scope, name)) {
        made.state = ACME_AUTHORIZATION_VALID;
        made.validated_us = now_us;
    }
    *ret_authorization = made;
    return CX_OK;
}

cx_err acme_authorization_insert(struct store_tx *tx, struct cx_id tenant_id,
                                 const struct acme_authorization *authorization)
{
    struct row_acme_authorization row = {
        .tenant_id = tenant_id,
        .authorization_id = authorization->authorization_id,
        .account_id = authorization->account_id,
        .kind = authorization->name.kind == PKI_NAME_IP ? CX_STR("ip") : CX_STR("dns"),
        .value = authorization->value,
        .wildcard = authorization->wildcard,
        .state = cx_str_from(acme_authorization_state_name(authorization->state)),
        .token = authorization->token,
        .challenge = authorization->challenge,
        .has_validated_us = authorization->validated_us != 0,
        .validated_us = authorization->validated_us,
        .error = authorization->error,
        .created_us = authorization->created_us,
        .expires_us = authorization->expires_us,
    };
    return row_acme_authorization_insert(tx, &row);
}

/* ---- newAuthz ---- */

struct making {
    struct acme_call *call;
    struct acme_authorization authorization;
};

static cx_err write_made(struct store_tx *tx, void *arg)
{
    const struct making *making = arg;
    return acme_authorization_insert(tx, making->call->directory.tenant_id, &making->authorization);
}

/* The name must be fit for one of the profiles that the account may use. */
static cx_err check_name(struct acme_call *call, const struct pki_name *name)
{
    const struct acme_directory *directory = &call->directory;
    const struct profile_entry *entry = NULL;
    const struct issuer_entry *issuer = NULL;
    const struct acme_scope *scope = &call->account.scope;
    struct cx_str profile = scope->profile.len ? scope->profile : directory->profiles[0];
    CX_TRY(profile_get(call->request->core, directory->tenant_id, profile, 0, &entry));
    CX_TRY(issuer_get(call->request->core, directory->tenant_id, directory->issuer_id, &issuer));
    return acme_identifiers_allowed(call, &entry->profile, issuer, name, 1);
}

static cx_err new_authorization(struct acme_call *call)
{
    struct making making = {.call = call};
    struct pki_name name;
    json_auto_t *root = NULL;
    CX_TRY(acme_payload(call, &root));
    struct json_node payload = json_top(root);
    CX_TRY(acme_identifier_read(call, &payload, &name));
    CX_TRY(check_name(call, &name));
    CX_TRY(acme_authorization_make(call, &name, &making.authorization));
    struct field_detail details[] = {{"name", making.authorization.value}};
    struct audit_event event = {.object_type = CX_ID_ACME_AUTHORIZATION,
                                .object_id = making.authorization.authorization_id};
    CX_TRY(field_details(call->request->arena, details, 1, &event.details));
    CX_TRY(acme_commit(call, &event, write_made, &making));
    return acme_answer_authorization(call, 201, &making.authorization);
}

cx_err handle_acme_new_authorization(struct api_request *request,
                                     const struct api_acme_new_authorization_in *in,
                                     struct api_acme_new_authorization_out *ret_out)
{
    struct acme_call call;
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_ACCOUNT,
                           PERMISSION_REQUEST_CREATE, &ret_out->raw);
    if (cx_is_ok(err))
        err = new_authorization(&call);
    return acme_close(&call, err);
}

/* ---- reading and deactivating ---- */

struct reading {
    struct acme_call *call;
    struct cx_id authorization_id;
    struct acme_authorization authorization;
};

static cx_err read_one(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    const struct acme_call *call = reading->call;
    return acme_authorization_find(tx, call->directory.tenant_id, call->account.account_id,
                                   reading->authorization_id, call->request->arena,
                                   &reading->authorization);
}

static cx_err refuse_unknown(struct acme_call *call, cx_err err)
{
    if (err.code != CX_E_NOTFOUND)
        return err;
    return acme_refuse(call, ACME_NOT_FOUND, "authorization-unknown",
                       "The account has no such authorization.");
}

static cx_err write_deactivation(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    CX_TRY(read_one(tx, reading));
    enum acme_authorization_state from = reading->authorization.state;
    if (from == ACME_AUTHORIZATION_INVALID || from == ACME_AUTHORIZATION_DEACTIVATED)
        return acme_refuse(reading->call, ACME_MALFORMED, "authorization-state",
                           "The authorization is %s already.", acme_authorization_state_name(from));
    CX_TRY(acme_authorization_move(tx, reading->call->directory.tenant_id,
                                   reading->authorization_id, from,
                                   ACME_AUTHORIZATION_DEACTIVATED));
    reading->authorization.state = ACME_AUTHORIZATION_DEACTIVATED;
    return CX_OK;
}

static cx_err deactivate(struct acme_call *call, struct reading *reading)
{
    json_auto_t *root = NULL;
    struct cx_str status = CX_STR_NONE;
    struct audit_event event = {.object_type = CX_ID_ACME_AUTHORIZATION,
                                .object_id = reading->authorization_id};
    CX_TRY(acme_payload(call, &root));
    struct json_node payload = json_top(root);
    CX_TRY(acme_refuse_as(call, ACME_MALFORMED,
                          json_read_str(&payload, "status", 32, call->request->diag, &status)));
    if (!cx_str_is(status, "deactivated"))
        return acme_refuse(call, ACME_MALFORMED, "authorization-status",
                           "An authorization can be deactivated, nothing else.");
    return refuse_unknown(call, acme_commit(call, &event, write_deactivation, reading));
}

static cx_err authorization(struct acme_call *call, struct cx_id authorization_id)
{
    struct reading reading = {.call = call, .authorization_id = authorization_id};
    if (acme_is_get(call))
        CX_TRY(
            refuse_unknown(call, acme_validate_read(call, authorization_id, &reading.authorization,
                                                    read_one, &reading)));
    else
        CX_TRY(deactivate(call, &reading));
    return acme_answer_authorization(call, 200, &reading.authorization);
}

cx_err handle_acme_authorization(struct api_request *request,
                                 const struct api_acme_authorization_in *in,
                                 struct api_acme_authorization_out *ret_out)
{
    struct acme_call call;
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_ACCOUNT,
                           PERMISSION_REQUEST_CREATE, &ret_out->raw);
    if (cx_is_ok(err))
        err = authorization(&call, in->authorization_id);
    return acme_close(&call, err);
}
