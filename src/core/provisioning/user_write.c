#include "core/provisioning/user_write.h"

#include "base/cleanup.h"
#include "core/access/credential.h"
#include "core/authentication/session_store.h"
#include "core/change/change.h"
#include "core/field.h"
#include "core/review/review.h"

enum { AGAIN_MAX = 5, CHANGED_MAX = 256 };

static cx_err refuse_name(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(CONFLICT), "userName", "user-name-taken",
                     "Another user of this directory has this userName.");
}

static cx_err refuse_email(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(CONFLICT), "emails", "email-taken",
                     "Another user here has this address. An administrator can hand an existing "
                     "user to the directory: scim-user set.");
}

/* "userName, active false": which attributes, not what they say. */
static cx_err details_of(struct scim_call *call, const struct scim_user_change *change,
                         struct audit_event *event)
{
    static const char *const names[SCIM_TEXT_COUNT] = {
        "userName",       "externalId",      "displayName", "name.formatted",
        "name.givenName", "name.familyName", "emails"};
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CHANGED_MAX);
    for (int i = 0; i < SCIM_TEXT_COUNT; i++)
        if (change->set[i])
            CX_TRY(cx_buf_addf(&text, "%s%s", text.len ? ", " : "", names[i]));
    struct field_detail details[] = {
        {"attributes", {(const char *)text.ptr, text.len}},
        {"active",
         change->set_active ? change->active ? CX_STR("true") : CX_STR("false") : CX_STR_NONE}};
    return field_details(call->request->arena, details, 2, &event->details);
}

/* ---- active ---- */

static cx_err end_access(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                         cx_time now_us)
{
    CX_TRY(token_revoke_all(tx, tenant_id, user_id, now_us));
    CX_TRY(session_end_others(tx, tenant_id, user_id, (struct cx_id){{0}}, now_us));
    CX_TRY(device_forget_all(tx, tenant_id, user_id));
    return link_expire_all(tx, tenant_id, user_id, now_us);
}

/* No check that an administrator is left: whoever left must not keep access because nobody else has it. */
static cx_err write_inactive(struct store_tx *tx, const struct scim_user_work *work,
                             const struct scim_user *now)
{
    const struct api_request *request = work->call->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(end_access(tx, tenant_id, work->user_id, request->now_us));
    if (now->state == USER_DISABLED) /* by whomever: that stays so */
        return CX_OK;
    CX_TRY(
        user_set_state(tx, tenant_id, work->user_id, now->state, USER_DISABLED, request->now_us));
    return scim_user_set_deactivated(tx, tenant_id, work->user_id, request->now_us,
                                     request->now_us);
}

/* The directory enables whom it disabled; whom somebody disabled here stays disabled. */
static cx_err write_active(struct store_tx *tx, const struct scim_user_work *work,
                           const struct scim_user *now)
{
    const struct api_request *request = work->call->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    if (now->state != USER_DISABLED)
        return CX_OK;
    if (now->deactivated_us == 0)
        return cx_refuse(request->diag, CX_ERR(POLICY), "active", "user-disabled-here",
                         "Somebody disabled this user here; an administrator has to enable them.");
    CX_TRY(
        user_set_state(tx, tenant_id, work->user_id, USER_DISABLED, USER_ACTIVE, request->now_us));
    return scim_user_set_deactivated(tx, tenant_id, work->user_id, 0, request->now_us);
}

/* ---- a new user ---- */

struct insertion {
    struct scim_call *call;
    struct row_tenant_user user;
    struct row_scim_user scim;
};

static cx_err write_insertion(struct store_tx *tx, void *arg)
{
    const struct insertion *i = arg;
    bool taken = false;
    CX_TRY(scim_user_name_taken(tx, i->scim.tenant_id, i->scim.client_id, i->scim.user_name_index,
                                (struct cx_id){{0}}, &taken));
    if (taken)
        return refuse_name(i->call->request->diag);
    CX_TRY(row_tenant_user_insert(tx, &i->user));
    CX_TRY(change_note_id(tx, i->user.tenant_id, CHANGE_USER, i->user.user_id));
    return row_scim_user_insert(tx, &i->scim);
}

static cx_err prepare_insertion(struct insertion *i, const struct scim_attributes *attributes,
                                bool active)
{
    struct api_request *request = i->call->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct cx_str display_name;
    CX_TRY(scim_display_name(attributes, request->arena, &display_name));
    CX_TRY(access_user_make(request->core, tenant_id, display_name, attributes->text[SCIM_EMAIL],
                            request->now_us, request->arena, &i->user));
    i->scim = (struct row_scim_user){.tenant_id = tenant_id,
                                     .user_id = i->user.user_id,
                                     .client_id = i->call->client.user_id,
                                     .created_us = request->now_us,
                                     .changed_us = request->now_us};
    if (!active) {
        i->user.state = cx_str_from(user_state_name(USER_DISABLED));
        i->user.has_disabled_us = i->scim.has_deactivated_us = true;
        i->user.disabled_us = i->scim.deactivated_us = request->now_us;
    }
    CX_TRY(
        scim_user_name_index(request, attributes->text[SCIM_USER_NAME], &i->scim.user_name_index));
    CX_TRY(scim_external_id_index(request, attributes->text[SCIM_EXTERNAL_ID],
                                  &i->scim.external_id_index));
    i->scim.has_external_id_index = i->scim.external_id_index.len != 0;
    return scim_attributes_seal(request, i->scim.user_id, attributes, &i->scim.attributes);
}

cx_err scim_user_insert(struct scim_call *call, const struct scim_user_change *change,
                        struct cx_id *ret_user_id)
{
    struct insertion i = {.call = call};
    struct scim_attributes attributes = {0};
    struct api_request *request = call->request;
    for (int k = 0; k < SCIM_TEXT_COUNT; k++)
        attributes.text[k] = change->text[k];
    CX_TRY(prepare_insertion(&i, &attributes, !change->set_active || change->active));
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = i.user.user_id};
    CX_TRY(details_of(call, change, &event));
    cx_err err = api_commit(request, &event, write_insertion, &i);
    if (err.code == CX_E_CONFLICT && !request->diag->rule[0])
        return refuse_email(request->diag);
    CX_TRY(err);
    *ret_user_id = i.user.user_id;
    return CX_OK;
}

/* ---- a change ---- */

static cx_err read_before(struct store_tx *tx, void *arg)
{
    struct scim_user_work *work = arg;
    return scim_user_find(tx, work->call->request->principal.tenant_id, work->call->client.user_id,
                          work->user_id, work->call->request->arena, &work->before);
}

static bool merge(const struct scim_user_change *change, bool replace,
                  struct scim_attributes *attributes, bool *ret_email)
{
    bool changes = false;
    for (int i = 0; i < SCIM_TEXT_COUNT; i++) {
        if (!change->set[i] && !(replace && i != SCIM_USER_NAME))
            continue;
        if (cx_str_eq(attributes->text[i], change->text[i]))
            continue;
        attributes->text[i] = change->text[i];
        changes = true;
        *ret_email = *ret_email || i == SCIM_EMAIL;
    }
    return changes;
}

static cx_err prepare_email(struct scim_user_work *work, struct cx_str address)
{
    struct api_request *request = work->call->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct field_place place = {tenant_id, "tenant_user", "email", work->user_id};
    work->email_index = CX_BYTES(NULL, 0);
    if (!address.len)
        return CX_OK;
    CX_TRY(field_seal_text(request->core, place, address, request->arena, &work->email));
    return access_email_index(request->core, tenant_id, address, request->arena,
                              &work->email_index);
}

static cx_err prepare(struct scim_user_work *work, bool replace)
{
    struct api_request *request = work->call->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct field_place place = {tenant_id, "tenant_user", "display_name", work->user_id};
    struct scim_attributes attributes;
    struct cx_str name;
    CX_TRY(store_read(request->core->store, read_before, work));
    CX_TRY(scim_attributes_open(request, work->user_id, work->before.attributes, &attributes));
    work->email_changes = false;
    work->attributes_change = merge(&work->change, replace, &attributes, &work->email_changes);
    if (!work->attributes_change)
        return CX_OK;
    work->update = (struct scim_user_update){.tenant_id = tenant_id,
                                             .user_id = work->user_id,
                                             .before_us = work->before.changed_us,
                                             .now_us = request->now_us};
    if (work->email_changes)
        CX_TRY(prepare_email(work, attributes.text[SCIM_EMAIL]));
    CX_TRY(scim_display_name(&attributes, request->arena, &name));
    CX_TRY(field_seal_text(request->core, place, name, request->arena, &work->display_name));
    CX_TRY(scim_user_name_index(request, attributes.text[SCIM_USER_NAME],
                                &work->update.user_name_index));
    CX_TRY(scim_external_id_index(request, attributes.text[SCIM_EXTERNAL_ID],
                                  &work->update.external_id_index));
    return scim_attributes_seal(request, work->user_id, &attributes, &work->update.attributes);
}

static cx_err write_attributes(struct store_tx *tx, const struct scim_user_work *work)
{
    struct api_request *request = work->call->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    bool taken = false;
    CX_TRY(scim_user_name_taken(tx, tenant_id, work->call->client.user_id,
                                work->update.user_name_index, work->user_id, &taken));
    if (taken)
        return refuse_name(request->diag);
    CX_TRY(scim_user_update(tx, &work->update));
    CX_TRY(row_tenant_user_set_display_name(tx, tenant_id, work->user_id, work->display_name));
    if (!work->email_changes)
        return CX_OK;
    if (!work->email_index.len)
        return user_forget_email(tx, tenant_id, work->user_id);
    cx_err err = user_set_email(tx, tenant_id, work->user_id, work->email, work->email_index);
    return err.code == CX_E_CONFLICT ? refuse_email(request->diag) : err;
}

static cx_err write_change(struct store_tx *tx, void *arg)
{
    const struct scim_user_work *work = arg;
    struct api_request *request = work->call->request;
    struct scim_user now;
    CX_TRY(scim_user_find(tx, request->principal.tenant_id, work->call->client.user_id,
                          work->user_id, request->arena, &now));
    if (work->attributes_change)
        CX_TRY(write_attributes(tx, work));
    if (!work->change.set_active)
        return CX_OK;
    return work->change.active ? write_active(tx, work, &now) : write_inactive(tx, work, &now);
}

cx_err scim_user_change_write(struct scim_call *call, struct cx_id user_id,
                              const struct scim_user_change *change, bool replace)
{
    struct scim_user_work work = {.call = call, .user_id = user_id, .change = *change};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = user_id};
    cx_err err = CX_ERR(CONFLICT);
    CX_TRY(details_of(call, change, &event));
    /* A conflict that no rule explains: somebody else changed the user between reading and writing. */
    for (int i = 0; i < AGAIN_MAX && err.code == CX_E_CONFLICT && !call->request->diag->rule[0];
         i++) {
        CX_TRY(prepare(&work, replace));
        err = api_commit(call->request, &event, write_change, &work);
    }
    return err.code == CX_E_CONFLICT && !call->request->diag->rule[0] ? CX_ERR(BUSY) : err;
}

cx_err scim_user_deactivate(struct scim_call *call, struct cx_id user_id)
{
    struct scim_user_work work = {
        .call = call, .user_id = user_id, .change = {.set_active = true, .active = false}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = user_id};
    CX_TRY(details_of(call, &work.change, &event));
    return api_commit(call->request, &event, write_change, &work);
}

static cx_err write_leave(struct store_tx *tx, void *arg)
{
    const struct scim_user_work *work = arg;
    struct api_request *request = work->call->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct scim_user now;
    CX_TRY(scim_user_find(tx, tenant_id, work->call->client.user_id, work->user_id, request->arena,
                          &now));
    CX_TRY(leaver_end(tx, tenant_id, work->user_id, request->now_us, request->arena));
    /* RFC 7644 §3.6: what is deleted MUST NOT count in conflicts: the address is free again. */
    CX_TRY(user_forget_email(tx, tenant_id, work->user_id));
    return scim_user_remove(tx, tenant_id, work->user_id, request->now_us);
}

cx_err scim_user_leave(struct scim_call *call, struct cx_id user_id)
{
    struct scim_user_work work = {.call = call, .user_id = user_id};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = user_id};
    return api_commit(call->request, &event, write_leave, &work);
}
