/* newOrder: RFC 8555 §7.4, RFC 8738, RFC 9773 §5 (replaces), draft-ietf-acme-profiles. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/field.h"
#include "core/policy/profile_store.h"
#include "core/protocol/acme/authorization.h"
#include "core/protocol/acme/directory_store.h"
#include "core/protocol/acme/identifier.h"
#include "core/protocol/acme/limit.h"
#include "core/protocol/acme/order_store.h"
#include "core/protocol/acme/renewal.h"
#include "pki/name.h"

struct ordering {
    struct acme_call *call;
    const struct pki_profile *profile;
    const struct issuer_entry *issuer;
    const struct pki_name *names;
    size_t count;
    struct cx_str *texts; /* the names as text, "*." included */
    struct acme_limits limits;
    bool replaces;
    struct acme_predecessor predecessor;
    /* what will be stored */
    struct acme_authorization *authorizations;
    bool *reused;
    struct row_acme_order order;
};

static cx_err choose_profile(struct ordering *o, const struct json_node *payload)
{
    struct acme_call *call = o->call;
    const struct acme_directory *directory = &call->directory;
    const struct acme_scope *scope = &call->account.scope;
    const struct profile_entry *entry = NULL;
    struct cx_str name = scope->profile.len ? scope->profile : directory->profiles[0];
    if (json_has(payload, "profile"))
        CX_TRY(acme_refuse_as(call, ACME_MALFORMED,
                              json_read_str(payload, "profile", 64, call->request->diag, &name)));
    bool offered = acme_directory_offers(directory, scope, name);
    cx_err err = offered ? profile_get(call->request->core, directory->tenant_id, name, 0, &entry)
                         : CX_ERR(NOTFOUND);
    if (err.code == CX_E_NOTFOUND)
        return acme_refuse(call, ACME_INVALID_PROFILE, "profile-unknown",
                           "This directory does not offer the profile %.*s to this account.",
                           CX_STR_ARG(name));
    CX_TRY(err);
    o->profile = &entry->profile;
    /* Nobody knows who stands behind an account without binding: it could be the approver. */
    if (o->profile->approvals_issue > 0 && cx_id_is_zero(scope->eab_id))
        return acme_refuse(call, ACME_UNAUTHORIZED, "approval-needs-binding",
                           "Certificates of this profile are approved by a second person: bind the "
                           "account first.");
    return issuer_get(call->request->core, directory->tenant_id, directory->issuer_id, &o->issuer);
}

/* RFC 8555 §7.4: an order that cannot be fulfilled as it stands is refused; the validity is the profile's. */
static cx_err refuse_dates(struct acme_call *call, const struct json_node *payload)
{
    if (!json_has(payload, "notBefore") && !json_has(payload, "notAfter"))
        return CX_OK;
    return acme_refuse(
        call, ACME_MALFORMED, "order-dates",
        "notBefore and notAfter are not supported: the profile decides the validity.");
}

static cx_err read_payload(struct ordering *o)
{
    struct acme_call *call = o->call;
    json_auto_t *root = NULL;
    struct cx_str replaces = CX_STR_NONE;
    CX_TRY(acme_payload(call, &root));
    struct json_node payload = json_top(root);
    CX_TRY(acme_identifiers_read(call, &payload, &o->names, &o->count));
    CX_TRY(choose_profile(o, &payload));
    CX_TRY(refuse_dates(call, &payload));
    o->replaces = json_has(&payload, "replaces");
    if (!o->replaces)
        return CX_OK;
    CX_TRY(acme_refuse_as(call, ACME_MALFORMED,
                          json_read_str(&payload, "replaces", ACME_CERTIFICATE_REF_MAX,
                                        call->request->diag, &replaces)));
    return acme_certificate_ref_read(call, replaces, &o->predecessor.ref);
}

static cx_err make_authorization(struct ordering *o, size_t index)
{
    struct acme_authorization *made = &o->authorizations[index];
    const struct pki_name *name = &o->names[index];
    struct acme_call *call = o->call;
    CX_TRY(pki_name_to_text(call->request->arena, name, &o->texts[index]));
    CX_TRY(acme_authorization_make(call, name, made));
    if (made->state == ACME_AUTHORIZATION_PENDING &&
        acme_challenges_for(&call->directory, made) == 0)
        return acme_refuse(call, ACME_REJECTED_IDENTIFIER, "challenge-none",
                           "This directory has no challenge that can prove %.*s.",
                           CX_STR_ARG(o->texts[index]));
    return CX_OK;
}

static cx_err prepare(struct ordering *o)
{
    struct acme_call *call = o->call;
    struct arena *arena = call->request->arena;
    cx_time now_us = call->request->now_us;
    CX_TRY(acme_identifiers_allowed(call, o->profile, o->issuer, o->names, o->count));
    CX_TRY(ARENA_NEW_ARRAY(arena, o->count, &o->texts));
    CX_TRY(ARENA_NEW_ARRAY(arena, o->count, &o->reused));
    CX_TRY(ARENA_NEW_ARRAY(arena, o->count, &o->authorizations));
    for (size_t i = 0; i < o->count; i++)
        CX_TRY(make_authorization(o, i));
    o->order = (struct row_acme_order){.tenant_id = call->directory.tenant_id,
                                       .account_id = call->account.account_id,
                                       .profile_name = o->profile->name,
                                       .created_us = now_us,
                                       .expires_us = now_us + ACME_ORDER_LIFE_S * CX_US_PER_S};
    return cx_id_new_at(call->request->core->rng, now_us, &o->order.order_id);
}

/* What is there already: authorizations to reuse, limits, the certificate that is replaced. One snapshot. */
static cx_err read_past(struct store_tx *tx, void *arg)
{
    struct ordering *o = arg;
    struct acme_call *call = o->call;
    const struct acme_directory *directory = &call->directory;
    CX_TRY(acme_limits_read(tx, call, o->texts, o->count, o->replaces, &o->limits));
    if (o->replaces)
        CX_TRY(acme_predecessor_find(tx, call, &o->predecessor));
    for (size_t i = 0; directory->reuse_s && i < o->count; i++) {
        struct acme_authorization *like = &o->authorizations[i];
        cx_time since_us = call->request->now_us - directory->reuse_s * CX_US_PER_S;
        struct cx_id id = like->authorization_id;
        bool found = false;
        if (like->state == ACME_AUTHORIZATION_VALID)
            continue;
        CX_TRY(acme_authorization_reusable(tx, directory->tenant_id, call->account.account_id, like,
                                           since_us, call->request->now_us, &found, &id));
        if (!found)
            continue;
        CX_TRY(acme_authorization_find(tx, directory->tenant_id, call->account.account_id, id,
                                       call->request->arena, like));
        o->reused[i] = true;
    }
    return CX_OK;
}

/* An order lives no longer than what it rests on. */
static void bound_expiry(struct ordering *o)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->authorizations[i].expires_us < o->order.expires_us)
            o->order.expires_us = o->authorizations[i].expires_us;
}

static cx_err write_order(struct store_tx *tx, void *arg)
{
    const struct ordering *o = arg;
    CX_TRY(row_acme_order_insert(tx, &o->order));
    for (size_t i = 0; i < o->count; i++) {
        struct row_acme_order_authorization link = {
            .tenant_id = o->order.tenant_id,
            .order_id = o->order.order_id,
            .position = (int64_t)i,
            .authorization_id = o->authorizations[i].authorization_id,
        };
        if (!o->reused[i])
            CX_TRY(acme_authorization_insert(tx, o->order.tenant_id, &o->authorizations[i]));
        CX_TRY(row_acme_order_authorization_insert(tx, &link));
    }
    return CX_OK;
}

static cx_err commit(struct ordering *o)
{
    struct acme_call *call = o->call;
    struct cx_str account = CX_STR_NONE, names = CX_STR_NONE;
    struct audit_event event = {.object_type = CX_ID_ACME_ORDER, .object_id = o->order.order_id};
    CX_TRY(field_id_text(call->request->arena, CX_ID_ACME_ACCOUNT, call->account.account_id,
                         &account));
    CX_TRY(acme_join(call->request->arena, o->texts, o->count, &names));
    struct field_detail details[] = {
        {"account", account}, {"certificate_profile", o->profile->name}, {"names", names}};
    CX_TRY(field_details(call->request->arena, details, 3, &event.details));
    return acme_commit(call, &event, write_order, o);
}

static cx_err new_order(struct acme_call *call)
{
    struct ordering o = {.call = call};
    CX_TRY(read_payload(&o));
    CX_TRY(prepare(&o));
    CX_TRY(store_read(call->request->core->store, read_past, &o));
    CX_TRY(acme_limits_check(call, &o.limits));
    if (o.replaces) {
        CX_TRY(acme_predecessor_check(call, &o.predecessor, o.texts, o.count));
        o.order.replaces_id = o.predecessor.certificate.certificate_id;
        o.order.has_replaces_id = true;
    }
    bound_expiry(&o);
    CX_TRY(commit(&o));
    struct acme_order order = {.order_id = o.order.order_id,
                               .account_id = o.order.account_id,
                               .replaces_id = o.order.replaces_id,
                               .replaces_serial = o.predecessor.certificate.serial,
                               .profile_name = o.profile->name,
                               .created_us = o.order.created_us,
                               .expires_us = o.order.expires_us,
                               .authorizations = o.authorizations,
                               .authorization_count = o.count};
    return acme_answer_order(call, 201, &order);
}

cx_err handle_acme_new_order(struct api_request *request, const struct api_acme_new_order_in *in,
                             struct api_acme_new_order_out *ret_out)
{
    struct acme_call call;
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_ACCOUNT,
                           PERMISSION_REQUEST_CREATE, &ret_out->raw);
    if (cx_is_ok(err))
        err = new_order(&call);
    return acme_close(&call, err);
}
