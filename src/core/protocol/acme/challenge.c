/* Responding to a challenge: RFC 8555 §7.5.1. The answer does not wait for the validation. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/field.h"
#include "core/protocol/acme/order_store.h"
#include "core/protocol/acme/validate.h"

struct responding {
    struct acme_call *call;
    struct cx_id authorization_id;
    enum acme_challenge challenge;
    struct acme_authorization authorization;
    bool begun; /* by this call, of several that may come at the same time, to several nodes */
};

static cx_err read_one(struct store_tx *tx, void *arg)
{
    struct responding *r = arg;
    const struct acme_call *call = r->call;
    return acme_authorization_find(tx, call->directory.tenant_id, call->account.account_id,
                                   r->authorization_id, call->request->arena, &r->authorization);
}

static cx_err refuse_unknown(struct acme_call *call, cx_err err)
{
    if (err.code != CX_E_NOTFOUND)
        return err;
    return acme_refuse(call, ACME_NOT_FOUND, "challenge-unknown",
                       "The account has no such challenge.");
}

static bool is_offered(const struct responding *r)
{
    return acme_challenges_for(&r->call->directory, &r->authorization) & 1u << r->challenge;
}

static cx_err write_begin(struct store_tx *tx, void *arg)
{
    struct responding *r = arg;
    struct cx_id tenant_id = r->call->directory.tenant_id;
    cx_time lease_us = r->call->request->now_us + ACME_VALIDATION_LEASE_S * CX_US_PER_S;
    r->begun = false;
    CX_TRY(read_one(tx, r));
    if (r->authorization.state != ACME_AUTHORIZATION_PENDING)
        return CX_OK; /* decided, or under way: the answer says so */
    CX_TRY(acme_authorization_move(tx, tenant_id, r->authorization_id, ACME_AUTHORIZATION_PENDING,
                                   ACME_AUTHORIZATION_PROCESSING));
    CX_TRY(acme_authorization_begin(tx, tenant_id, r->authorization_id, r->challenge, lease_us));
    r->begun = true;
    r->authorization.state = ACME_AUTHORIZATION_PROCESSING;
    r->authorization.challenge = cx_str_from(acme_challenge_name(r->challenge));
    return CX_OK;
}

/* An expired authorization is beyond repair; one that is decided, or under way, is answered as it is. */
static cx_err begin(struct responding *r)
{
    struct acme_call *call = r->call;
    json_auto_t *root = NULL;
    struct field_detail details[] = {{"challenge", cx_str_from(acme_challenge_name(r->challenge))},
                                     {"name", r->authorization.value}};
    struct audit_event event = {.object_type = CX_ID_ACME_AUTHORIZATION,
                                .object_id = r->authorization_id};
    CX_TRY(acme_payload(call, &root)); /* {}: its members are those of future challenges */
    if (call->request->now_us >= r->authorization.expires_us)
        return acme_refuse(call, ACME_MALFORMED, "authorization-expired",
                           "The authorization has expired: make a new order.");
    if (r->authorization.state != ACME_AUTHORIZATION_PENDING)
        return CX_OK;
    CX_TRY(field_details(call->request->arena, details, 2, &event.details));
    CX_TRY(acme_commit(call, &event, write_begin, r));
    if (r->begun)
        acme_validate_soon(call->request->core->acme_validator, call->directory.tenant_id,
                           r->authorization_id);
    return CX_OK;
}

static cx_err respond(struct responding *r)
{
    struct acme_call *call = r->call;
    cx_err read = acme_is_get(call) ? acme_validate_read(call, r->authorization_id,
                                                         &r->authorization, read_one, r)
                                    : store_read(call->request->core->store, read_one, r);
    CX_TRY(refuse_unknown(call, read));
    if (!is_offered(r))
        return refuse_unknown(call, CX_ERR(NOTFOUND));
    if (!acme_is_get(call))
        CX_TRY(begin(r));
    return acme_answer_challenge(call, &r->authorization, r->challenge);
}

cx_err handle_acme_challenge(struct api_request *request, const struct api_acme_challenge_in *in,
                             struct api_acme_challenge_out *ret_out)
{
    struct acme_call call;
    struct responding r = {.call = &call, .authorization_id = in->authorization_id};
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_ACCOUNT,
                           PERMISSION_REQUEST_CREATE, &ret_out->raw);
    if (cx_is_ok(err) &&
        !acme_challenge_from_name(
            cx_str_from(api_enum_name(&api_enum_acme_challenge, in->challenge)), &r.challenge))
        err = CX_ERR(INTERNAL);
    if (cx_is_ok(err))
        err = respond(&r);
    return acme_close(&call, err);
}
