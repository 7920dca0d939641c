/*
 * Orders: reading, and finalising (RFC 8555 §7.4). A finalised order becomes a request of the platform: the same policy,
 * approval, issuance cycle and audit as by REST.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/place.h"
#include "core/field.h"
#include "core/issuance/csr_read.h"
#include "core/issuance/submit.h"
#include "core/policy/decide.h"
#include "core/policy/profile_store.h"
#include "core/protocol/acme/caa.h"
#include "core/protocol/acme/order_store.h"
#include "core/protocol/acme/renewal.h"
#include "pki/csr.h"
#include "pki/name.h"

struct finalizing {
    struct acme_call *call;
    struct cx_id order_id;
    struct acme_order order;
    const struct pki_profile *profile;
    const struct issuer_entry *issuer;
    const struct pki_name *names;
    struct issuance_body csr;
    struct policy_decision decision;
    enum request_kind kind;
    struct access_place_read place; /* of what it replaces, else of a new request */
    /* of the commit */
    struct cx_id request_id;
    store_fn fn;
    void *arg;
};

static cx_err read_order(struct store_tx *tx, void *arg)
{
    struct finalizing *f = arg;
    const struct acme_call *call = f->call;
    return acme_order_find(tx, call->directory.tenant_id, call->account.account_id, f->order_id,
                           call->request->arena, &f->order);
}

static cx_err load_order(struct finalizing *f)
{
    cx_err err = store_read(f->call->request->core->store, read_order, f);
    if (err.code == CX_E_NOTFOUND)
        return acme_refuse(f->call, ACME_NOT_FOUND, "order-unknown",
                           "The account has no such order.");
    return err;
}

cx_err handle_acme_order(struct api_request *request, const struct api_acme_order_in *in,
                         struct api_acme_order_out *ret_out)
{
    struct acme_call call;
    struct finalizing f = {.call = &call, .order_id = in->order_id};
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_ACCOUNT,
                           PERMISSION_REQUEST_READ, &ret_out->raw);
    if (cx_is_ok(err))
        err = acme_require_get(&call);
    if (cx_is_ok(err))
        err = load_order(&f);
    if (cx_is_ok(err))
        err = acme_answer_order(&call, 0, &f.order);
    return acme_close(&call, err);
}

/* ---- the CSR ---- */

static cx_err find_rules(struct finalizing *f)
{
    struct acme_call *call = f->call;
    const struct profile_entry *entry = NULL;
    cx_err err = profile_get(call->request->core, call->directory.tenant_id, f->order.profile_name,
                             0, &entry);
    if (err.code == CX_E_NOTFOUND)
        return acme_refuse(call, ACME_INVALID_PROFILE, "profile-unknown",
                           "The order's certificate profile is not in force any more.");
    CX_TRY(err);
    f->profile = &entry->profile;
    CX_TRY(issuer_get(call->request->core, call->directory.tenant_id, call->directory.issuer_id,
                      &f->issuer));
    return acme_order_names(&f->order, call->request->arena, &f->names);
}

static cx_err read_csr(struct finalizing *f)
{
    struct acme_call *call = f->call;
    struct api_request *request = call->request;
    json_auto_t *root = NULL;
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(acme_payload(call, &root));
    struct json_node payload = json_top(root);
    CX_TRY(acme_refuse_as(
        call, ACME_MALFORMED,
        json_read_base64url(&payload, "csr", PKI_CSR_MAX, request->arena, request->diag, &der)));
    CX_TRY(acme_refuse_as(call, ACME_BAD_CSR,
                          csr_read_der(der, f->profile, request->arena, request->diag, &f->csr)));
    /* RFC 8555 §11.1: the account key must not be certified. */
    if (cx_bytes_eq(f->csr.spki, call->spki))
        return acme_refuse(call, ACME_BAD_CSR, "csr-account-key",
                           "The CSR's key is the account's: make a key of its own.");
    return CX_OK;
}

static bool in_list(const struct pki_name *names, size_t count, const struct pki_name *name)
{
    for (size_t i = 0; i < count; i++)
        if (pki_name_eq(&names[i], name))
            return true;
    return false;
}

/* The common name as an identifier; false when it is neither a dns name nor an address (its own rules then decide). */
static bool common_name(const struct finalizing *f, struct pki_name *ret_name)
{
    struct arena *arena = f->call->request->arena;
    for (size_t i = 0; i < f->csr.subject_count; i++) {
        const struct pki_attribute *attribute = &f->csr.subject[i];
        if (attribute->type != PKI_ATTR_COMMON_NAME)
            continue;
        return cx_is_ok(pki_name_parse(arena, PKI_NAME_IP, attribute->value, "", NULL, ret_name)) ||
               cx_is_ok(pki_name_parse(arena, PKI_NAME_DNS, attribute->value, "", NULL, ret_name));
    }
    return false;
}

/* RFC 8555 §7.4: the CSR MUST indicate the exact same set of identifiers, in the alternative names or the common name. */
static cx_err check_names(struct finalizing *f)
{
    struct acme_call *call = f->call;
    struct pki_name cn;
    bool has_cn = common_name(f, &cn);
    size_t count = f->order.authorization_count;
    for (size_t i = 0; i < f->csr.name_count; i++)
        if (!in_list(f->names, count, &f->csr.names[i]))
            return acme_refuse(call, ACME_BAD_CSR, "csr-name-not-ordered",
                               "The CSR holds a name that the order does not.");
    if (has_cn && !in_list(f->names, count, &cn))
        return acme_refuse(call, ACME_BAD_CSR, "csr-name-not-ordered",
                           "The CSR's common name is not in the order.");
    for (size_t i = 0; i < count; i++)
        if (!in_list(f->csr.names, f->csr.name_count, &f->names[i]) &&
            !(has_cn && pki_name_eq(&cn, &f->names[i])))
            return acme_refuse(call, ACME_BAD_CSR, "csr-name-missing",
                               "The CSR lacks a name of the order.");
    return CX_OK;
}

static cx_err decide(struct finalizing *f)
{
    struct acme_call *call = f->call;
    struct policy_ask ask = {.profile = f->profile,
                             .issuer = &f->issuer->pki,
                             .key_lists = call->request->core->key_lists,
                             .now_us = call->request->now_us,
                             .has_names = true,
                             .names = f->names,
                             .name_count = f->order.authorization_count,
                             .has_csr = true,
                             .csr = f->csr};
    return acme_refuse_as(call, ACME_BAD_CSR,
                          policy_decide(&ask, call->request->diag, &f->decision));
}

/* A look at CAA is good for eight hours; authorizations that needed no challenge never had one. */
static cx_err check_caa(struct finalizing *f)
{
    struct acme_call *call = f->call;
    cx_time oldest_us = call->request->now_us - ACME_CAA_LIFE_S * CX_US_PER_S;
    for (size_t i = 0; i < f->order.authorization_count; i++) {
        const struct acme_authorization *authorization = &f->order.authorizations[i];
        struct outbound_verdict verdict;
        if (authorization->challenge.len && authorization->validated_us > oldest_us)
            continue;
        CX_TRY(acme_caa_check(call, authorization, &verdict));
        if (verdict.problem != OUTBOUND_VALID)
            return acme_refuse(call, ACME_CAA, "caa", "%.*s: %.*s",
                               CX_STR_ARG(authorization->value), CX_STR_ARG(verdict.text));
    }
    return CX_OK;
}

/* ---- the request ---- */

static cx_err write_request(struct store_tx *tx, void *arg)
{
    struct finalizing *f = arg;
    struct access_place place = access_place_view(&f->place);
    /* The rights are those of this transaction (api_commit). */
    if (!access_may(&f->call->request->principal, PERMISSION_REQUEST_CREATE, &place))
        return acme_refuse_as(f->call, ACME_UNAUTHORIZED,
                              cx_refuse(f->call->request->diag, CX_ERR(DENIED), "", "scope-outside",
                                        "The right to ask of the account's user does not reach "
                                        "where the request would lie."));
    CX_TRY(f->fn(tx, f->arg));
    cx_err err =
        acme_order_claim(tx, f->call->directory.tenant_id, f->order.order_id, f->request_id);
    if (err.code == CX_E_CONFLICT)
        return acme_refuse(f->call, ACME_ORDER_NOT_READY, "order-finalized",
                           "The order is finalised already.");
    return err;
}

/* request_submit's transaction, with the nonce and the order in it. */
static cx_err commit(void *context, struct audit_event *event, store_fn fn, void *arg)
{
    struct finalizing *f = context;
    f->request_id = event->object_id;
    f->fn = fn;
    f->arg = arg;
    return acme_commit(f->call, event, write_request, f);
}

static cx_err read_place(struct store_tx *tx, void *arg)
{
    struct finalizing *f = arg;
    return access_place_of_certificate(tx, f->call->directory.tenant_id, f->order.replaces_id,
                                       f->call->request->arena, &f->place);
}

/* A successor lies where its predecessor does, as by REST. */
static cx_err find_place(struct finalizing *f)
{
    f->place =
        (struct access_place_read){.group_id = request_default_group(&f->call->request->principal)};
    return cx_id_is_zero(f->order.replaces_id)
               ? CX_OK
               : store_read(f->call->request->core->store, read_place, f);
}

/* As new_order.c asks of the profile: where somebody has to decide, who asks must be known. */
static cx_err check_person(struct finalizing *f, const struct submission *submission)
{
    struct api_request *request = f->call->request;
    struct approval_plan plan;
    CX_TRY(request_plan(request->core, request->principal.tenant_id, submission, request->now_us,
                        request->arena, &plan));
    if (approval_total(&plan.stages) == 0 || !cx_id_is_zero(f->call->account.scope.eab_id))
        return CX_OK;
    return acme_refuse(f->call, ACME_UNAUTHORIZED, "approval-needs-binding",
                       "Certificates of this profile are approved by a second person: bind the "
                       "account first.");
}

static cx_err submit(struct finalizing *f)
{
    struct acme_call *call = f->call;
    struct api_request *request = call->request;
    struct cx_bytes der = CX_BYTES_NONE;
    struct submission submission = {.kind = f->kind,
                                    .profile = f->profile,
                                    .issuer = f->issuer,
                                    .decision = &f->decision,
                                    .requester_id = request->principal.user_id,
                                    .certificate_id = f->order.replaces_id,
                                    .approvals_floor = f->profile->approvals_issue,
                                    .tags = f->place.tags,
                                    .tag_count = f->place.tag_count,
                                    .group_id = f->place.group_id};
    struct issuance run = {.core = request->core,
                           .arena = request->arena,
                           .diag = request->diag,
                           .tenant_id = request->principal.tenant_id,
                           .call_id = request->request_id,
                           .actor = &request->principal,
                           .now_us = request->now_us};
    CX_TRY(check_person(f, &submission));
    CX_TRY(acme_refuse_as(call, ACME_BAD_CSR, request_submit(&run, &submission, commit, f, &der)));
    f->order.request_id = run.request.request_id;
    f->order.request_state = der.len ? REQUEST_DONE : run.request.state;
    return CX_OK;
}

static cx_err finalize(struct finalizing *f)
{
    struct acme_call *call = f->call;
    CX_TRY(load_order(f));
    enum acme_order_status status = acme_order_status(&f->order, call->request->now_us);
    if (status != ACME_ORDER_READY)
        return acme_refuse(call, ACME_ORDER_NOT_READY, "order-not-ready",
                           "The order is not ready: all its authorizations must be valid, and it "
                           "is finalised once.");
    CX_TRY(find_rules(f));
    CX_TRY(read_csr(f));
    CX_TRY(check_names(f));
    CX_TRY(decide(f));
    CX_TRY(check_caa(f));
    f->kind = REQUEST_ISSUE;
    if (!cx_id_is_zero(f->order.replaces_id))
        CX_TRY(acme_successor_kind(call, f->order.replaces_id, f->csr.spki, &f->kind));
    CX_TRY(find_place(f));
    CX_TRY(submit(f));
    return acme_answer_order(call, 200, &f->order);
}

cx_err handle_acme_finalize(struct api_request *request, const struct api_acme_finalize_in *in,
                            struct api_acme_finalize_out *ret_out)
{
    struct acme_call call;
    struct finalizing f = {.call = &call, .order_id = in->order_id};
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_ACCOUNT,
                           PERMISSION_REQUEST_CREATE, &ret_out->raw);
    if (cx_is_ok(err))
        err = finalize(&f);
    return acme_close(&call, err);
}
