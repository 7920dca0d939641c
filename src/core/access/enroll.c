/*
 * Redeeming a one-time link. The link is the credential, so nobody is authenticated yet: the entry in the log
 * names the user that the link enrols as the actor. Redeeming, activating and the new token are one transaction
 * guarded by a compare-and-set, so that of two redemptions at once exactly one succeeds.
 */
#include "api_routes.h"
#include "core/api/contract.h"
#include "base/cleanup.h"
#include "core/access/credential.h"
#include "core/access/secret.h"
#include "core/access/view.h"
#include "core/authentication/factor_rights.h"
#include "core/field.h"
#include "core/setting/setting.h"
#include "core/tenant/tenant_store.h"
#include "crypto/hash.h"

struct enrolment {
    struct api_request *request;
    struct access_secret secret;
    struct link_row link;
    struct user_row user;
    struct role_names roles;
    const struct row_api_token *token;
    struct cx_sealed display_name, email; /* empty: keep */
    struct cx_bytes email_index;
};

static void enrolment_clear(struct enrolment *enrolment)
{
    access_secret_clear(&enrolment->secret);
}

/* Wrong, expired, redeemed and disabled are one answer: which it was is nobody's business. */
static cx_err refuse_link(struct cx_diag *diag)
{
    return cx_refuse(
        diag, CX_ERR(AUTH), "link", "link-invalid",
        "The link is not valid: it may be mistyped, expired or used. Ask for a new one.");
}

static cx_err read_link(struct store_tx *tx, void *arg)
{
    struct enrolment *enrolment = arg;
    struct cx_id tenant_id = enrolment->secret.tenant_id;
    CX_TRY(link_find(tx, tenant_id, enrolment->secret.id, &enrolment->link));
    CX_TRY(user_find(tx, tenant_id, enrolment->link.user_id, enrolment->request->arena,
                     &enrolment->user));
    return binding_roles(tx, tenant_id, enrolment->link.user_id, enrolment->request->now_us,
                         enrolment->request->arena, &enrolment->roles);
}

static cx_err check_link(struct enrolment *enrolment)
{
    struct api_request *request = enrolment->request;
    uint8_t hash[ACCESS_HASH_LEN];
    cx_err err = store_read(request->core->store, read_link, enrolment);
    if (err.code == CX_E_NOTFOUND)
        return refuse_link(request->diag);
    CX_TRY(err);
    CX_TRY(access_secret_hash(&enrolment->secret, hash));
    if (!crypto_ct_equal(
            CX_BYTES(hash, sizeof(hash)),
            CX_BYTES(enrolment->link.secret_hash, sizeof(enrolment->link.secret_hash))) ||
        enrolment->link.redeemed_us || request->now_us >= enrolment->link.expires_us ||
        enrolment->user.state == USER_DISABLED)
        return refuse_link(request->diag);
    return CX_OK;
}

static cx_err write_enrolment(struct store_tx *tx, void *arg)
{
    struct enrolment *enrolment = arg;
    struct api_request *request = enrolment->request;
    struct cx_id tenant_id = enrolment->secret.tenant_id, user_id = enrolment->link.user_id;
    struct user_row user;
    cx_err err = link_redeem(tx, tenant_id, enrolment->link.link_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return refuse_link(request->diag);
    CX_TRY(err);
    CX_TRY(user_find(tx, tenant_id, user_id, request->arena, &user));
    if (user.state == USER_DISABLED)
        return refuse_link(request->diag);
    CX_TRY(factor_check_link(tx, tenant_id, user_id, enrolment->link.created_by_id, request->diag));
    if (user.state == USER_INVITED)
        CX_TRY(user_set_state(tx, tenant_id, user_id, USER_INVITED, USER_ACTIVE, request->now_us));
    /* Who redeems a link for somebody else cannot do it unnoticed: the tokens of that person end. */
    CX_TRY(token_revoke_all(tx, tenant_id, user_id, request->now_us));
    if (enrolment->display_name.envelope.len)
        CX_TRY(row_tenant_user_set_display_name(tx, tenant_id, user_id, enrolment->display_name));
    if (enrolment->email.envelope.len)
        CX_TRY(user_set_email(tx, tenant_id, user_id, enrolment->email, enrolment->email_index));
    return row_api_token_insert(tx, enrolment->token);
}

static cx_err seal_contact(struct enrolment *enrolment, const struct api_enroll_in *in)
{
    struct api_request *request = enrolment->request;
    struct cx_id tenant_id = enrolment->secret.tenant_id, user_id = enrolment->link.user_id;
    struct field_place name = {tenant_id, "tenant_user", "display_name", user_id};
    struct field_place email = {tenant_id, "tenant_user", "email", user_id};
    if (in->has_display_name)
        CX_TRY(field_seal_text(request->core, name, in->display_name, request->arena,
                               &enrolment->display_name));
    if (!in->has_email)
        return CX_OK;
    CX_TRY(field_seal_text(request->core, email, in->email, request->arena, &enrolment->email));
    return access_email_index(request->core, tenant_id, in->email, request->arena,
                              &enrolment->email_index);
}

static cx_err commit(struct enrolment *enrolment)
{
    struct api_request *request = enrolment->request;
    struct principal actor = {.tenant_id = enrolment->secret.tenant_id,
                              .user_id = enrolment->link.user_id};
    struct cx_id by_id = enrolment->link.created_by_id;
    struct cx_str link_text = CX_STR_NONE, by_text = CX_STR_NONE;
    CX_TRY(field_id_text(request->arena, CX_ID_LINK, enrolment->link.link_id, &link_text));
    if (!cx_id_is_zero(by_id))
        CX_TRY(field_id_text(request->arena, CX_ID_USER, by_id, &by_text));
    struct field_detail details[] = {{"link", link_text},
                                     {"link_created_by", by_text},
                                     {"source_address", request->source_address}};
    struct audit_event event = {.action = request->operation->audit,
                                .outcome = AUDIT_DONE,
                                .tenant_id = actor.tenant_id,
                                .actor = &actor,
                                .request_id = request->request_id,
                                .object_type = CX_ID_USER,
                                .object_id = actor.user_id};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    return audit_commit(request->core, &event, write_enrolment, enrolment);
}

static cx_err token_end(struct api_request *request, struct cx_id tenant_id, cx_time *ret_us)
{
    struct setting_values values;
    CX_TRY(setting_values_load(request->core->store, tenant_id, &values));
    int64_t life_us = setting_us_at(&values, SETTING_TOKEN_LIFE, request->now_us);
    int64_t usual_us = ACCESS_ENROLLED_LIFE_DAYS * CX_US_PER_DAY;
    *ret_us = request->now_us + (life_us < usual_us ? life_us : usual_us);
    return CX_OK;
}

cx_err handle_enroll(struct api_request *request, const struct api_enroll_in *in,
                     struct api_enroll_out *ret_out)
{
    CX_CLEANUP(enrolment_clear) struct enrolment enrolment = {.request = request};
    struct row_api_token token = {0};
    struct api_user_view user = {0};
    struct api_enrollment_view view = {0};
    cx_time expires_us = 0;
    if (cx_failed(access_secret_parse(ACCESS_SECRET_LINK, in->link, &enrolment.secret)))
        return refuse_link(request->diag);
    CX_TRY(check_link(&enrolment));
    CX_TRY(seal_contact(&enrolment, in));
    CX_TRY(token_end(request, enrolment.secret.tenant_id, &expires_us));
    /* The token stands for the person: it may do whatever they may, now or later. */
    struct access_token_order order = {
        .tenant_id = enrolment.secret.tenant_id,
        .user_id = enrolment.link.user_id,
        .label = in->has_label ? in->label : CX_STR("enrolment"),
        .now_us = request->now_us,
        .expires_us = expires_us,
    };
    CX_TRY(access_token_make(request->core, &order, request->arena, &token, &view.token));
    enrolment.token = &token;
    CX_TRY(commit(&enrolment));
    CX_TRY(store_read(request->core->store, read_link, &enrolment));
    CX_TRY(access_user_view(request->core, order.tenant_id, &enrolment.user, &enrolment.roles,
                            request->arena, &user));
    CX_TRY(tenant_name(request->core, order.tenant_id, request->arena, &view.tenant_name));
    view.token_id = token.token_id;
    view.user_id = order.user_id;
    view.tenant_id = order.tenant_id;
    view.has_display_name = true;
    view.display_name = user.display_name;
    view.roles = user.roles;
    view.roles_count = user.roles_count;
    view.expires = order.expires_us;
    ret_out->body = view;
    return CX_OK;
}
