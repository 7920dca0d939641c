/*
 * Notices: made by one person, approved by another. The approver names the hash over all texts; from then on the worker sends what was
 * composed, and nothing composes it again.
 */
#include "api_routes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "core/api/encode.h"
#include "core/field.h"
#include "core/incident/scope_store.h"
#include "core/incident/view.h"
#include "core/notify/text.h"
#include "core/notify/view.h"
#include "core/notify/worker.h"
#include "crypto/hash.h"

enum { ACTIONS_MAX = 100, CONTENT_MAX = 256 * 1024 };
#define TEMPLATE "customer-notice"

struct making {
    struct api_request *request;
    const struct api_notice_create_in *in;
    struct row_notice row;
    struct api_notice_content content;
};

/* What was done, from the timeline alone: nobody types it. */
static cx_err take_actions(struct making *making, const struct incident *incident)
{
    static const enum incident_kind kinds[] = {
#define NOTICE_ACTION_KIND(name, word) KIND_##name,
        NOTICE_ACTION_LIST(NOTICE_ACTION_KIND)};
    struct api_notice_action *actions = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(making->request->arena, ACTIONS_MAX, &actions));
    for (size_t i = 0; i < incident->entry_count && count < ACTIONS_MAX; i++) {
        const struct duty_entry *entry = &incident->entries[i].clock;
        bool told = false;
        for (size_t k = 0; k < CX_COUNT_OF(kinds) && entry->corrects == 0; k++)
            told |= entry->kind == kinds[k];
        if (told)
            actions[count++] = (struct api_notice_action){
                .kind = (enum api_incident_kind)entry->kind, .at = entry->at_us, .seq = entry->seq};
    }
    making->content.actions = actions;
    making->content.actions_count = count;
    return CX_OK;
}

static cx_err check_times(struct making *making)
{
    const struct api_notice_create_in *in = making->in;
    struct api_request *request = making->request;
    if (in->unknown_count > 0 && !in->has_update_due)
        return cx_refuse(request->diag, CX_ERR(POLICY), "update_due", "update-due-missing",
                         "What is not yet known is owed: say when the next notice comes.");
    if (in->has_update_due && in->update_due <= request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "update_due", "time-past",
                         "That time has passed.");
    if (in->has_act_by && in->act_by <= request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "act_by", "time-past",
                         "That time has passed.");
    return CX_OK;
}

static cx_err check_incident(struct api_request *request, const struct incident *incident)
{
    enum incident_state state = incident->row.state;
    if (state == INCIDENT_MERGED || state == INCIDENT_CLOSED || state == INCIDENT_FALSE_ALARM)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "incident_id", "incident-ended",
                         "The incident is %s.", incident_state_name(state));
    if (!(incident->row.tracks & 1u << TRACK_CUSTOMER))
        return cx_refuse(request->diag, CX_ERR(POLICY), "incident_id", "track-customer",
                         "Put the incident on the track customer first: its clock runs there.");
    return CX_OK;
}

static cx_err find_scope(struct store_tx *tx, void *arg)
{
    struct making *making = arg;
    struct scope_row scope;
    cx_err err = scope_find(tx, making->row.tenant_id, making->in->incident_id,
                            making->in->scope_id, making->request->arena, &scope);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && scope.certificate_count == 0))
        return cx_refuse(making->request->diag, CX_ERR(POLICY), "scope_id", "scope-unknown",
                         "The incident has no such scope, or it found nothing.");
    return err;
}

static cx_err write_notice(struct store_tx *tx, void *arg)
{
    struct making *making = arg;
    return row_notice_insert(tx, &making->row);
}

static cx_err prepare_row(struct making *making)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf json = CX_BUF_INIT(CONTENT_MAX);
    static const uint8_t start[CRYPTO_SHA256_LEN];
    struct api_request *request = making->request;
    const struct api_notice_create_in *in = making->in;
    struct row_notice *row = &making->row;
    *row = (struct row_notice){.tenant_id = request->principal.tenant_id,
                               .incident_id = in->incident_id,
                               .scope_id = in->scope_id,
                               .kind = cx_str_from(api_enum_name(&api_enum_notice_kind, in->kind)),
                               .state = CX_STR("composing"),
                               .template = CX_STR(TEMPLATE),
                               .has_act_by_us = in->has_act_by,
                               .act_by_us = in->act_by,
                               .has_update_due_us = in->has_update_due,
                               .update_due_us = in->update_due,
                               .sha256 = CX_BYTES(start, sizeof(start)),
                               .author_id = request->principal.user_id,
                               .created_us = request->now_us};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->notice_id));
    CX_TRY(api_encode(&api_schema_notice_content, &making->content, &json));
    struct field_place place = {row->tenant_id, "notice", "content", row->notice_id};
    return field_seal(request->core, place, cx_buf_view(&json), request->arena, &row->content);
}

cx_err handle_notice_create(struct api_request *request, const struct api_notice_create_in *in,
                            struct api_notice_create_out *ret_out)
{
    struct making making = {.request = request, .in = in};
    struct incident incident;
    struct cx_str id = CX_STR_NONE;
    bool none = false;
    making.content = (struct api_notice_content){.has_nature = in->has_nature,
                                                 .nature = in->nature,
                                                 .has_impact = in->has_impact,
                                                 .impact = in->impact,
                                                 .steps = in->steps,
                                                 .steps_count = in->steps_count,
                                                 .unknown = in->unknown,
                                                 .unknown_count = in->unknown_count};
    CX_TRY(incident_read(request, in->incident_id, &incident));
    CX_TRY(check_incident(request, &incident));
    CX_TRY(take_actions(&making, &incident));
    CX_TRY(notice_content_check(&making.content, request->diag));
    CX_TRY(check_times(&making));
    CX_TRY(prepare_row(&making));
    CX_TRY(store_read(request->core->store, find_scope, &making));
    CX_TRY(field_id_text(request->arena, CX_ID_NOTICE, making.row.notice_id, &id));
    const struct field_detail details[] = {{"notice", id}, {"kind", making.row.kind}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_notice, &making));
    /* Small notices are there at once; the worker goes on with large ones. */
    CX_TRY(notice_compose_step(request->core, request->principal.tenant_id, &none));
    return notice_show(request, in->incident_id, making.row.notice_id, &ret_out->body);
}

struct reading {
    struct api_request *request;
    struct cx_id incident_id;
    struct row_notice *rows;
    struct notice_counts *counts;
    size_t count;
};

static cx_err read_notices(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    struct api_request *request = reading->request;
    CX_TRY(notice_rows(tx, request->principal.tenant_id, reading->incident_id, request->arena,
                       reading->rows, &reading->count));
    for (size_t i = 0; i < reading->count; i++)
        CX_TRY(notice_count(tx, &reading->rows[i], &reading->counts[i]));
    return CX_OK;
}

cx_err handle_notice_list(struct api_request *request, const struct api_notice_list_in *in,
                          struct api_notice_list_out *ret_out)
{
    struct reading reading = {.request = request, .incident_id = in->incident_id};
    struct api_notice_view *items = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, NOTICES_MAX, &reading.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, NOTICES_MAX, &reading.counts));
    CX_TRY(store_read(request->core->store, read_notices, &reading));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading.count, &items));
    for (size_t i = 0; i < reading.count; i++)
        CX_TRY(notice_view_of(request, &reading.rows[i], &reading.counts[i], &items[i]));
    ret_out->body = (struct api_notice_list){.items = items, .items_count = reading.count};
    return CX_OK;
}

cx_err handle_notice_get(struct api_request *request, const struct api_notice_get_in *in,
                         struct api_notice_get_out *ret_out)
{
    return notice_show(request, in->incident_id, in->notice_id, &ret_out->body);
}

struct approving {
    struct api_request *request;
    const struct api_notice_view *view;
    struct row_incident_entry promised;
};

static cx_err write_approval(struct store_tx *tx, void *arg)
{
    struct approving *approving = arg;
    struct api_request *request = approving->request;
    cx_err err = notice_approve(tx, request->principal.tenant_id, approving->view->id,
                                request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "notice_id", "notice-state",
                         "It is approved or withdrawn already.");
    CX_TRY(err);
    return approving->view->has_update_due ? incident_append(tx, &approving->promised) : CX_OK;
}

static cx_err check_approval(struct api_request *request, const struct api_notice_view *view,
                             struct cx_str sha256)
{
    if (cx_id_eq(view->author_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "notice_id", "author-approves",
                         "You made this notice: somebody else has to approve it.");
    if (view->state != API_NOTICE_STATE_DRAFTED)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "notice_id", "notice-state",
                         "The notice is %s.", api_enum_name(&api_enum_notice_state, view->state));
    if (!cx_str_eq(view->sha256, sha256))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "sha256", "notice-text",
                         "That is the hash of other texts: read these first.");
    if (view->uncovered_count > 0)
        return cx_refuse(
            request->diag, CX_ERR(POLICY), "notice_id", "customer-uncovered",
            "Nobody would be told for %.*s: add a contact and make the notice anew, or "
            "have it waived.",
            CX_STR_ARG(view->uncovered[0]));
    if (view->recipient_count == 0)
        return cx_refuse(request->diag, CX_ERR(POLICY), "notice_id", "recipients-none",
                         "The notice has no recipient.");
    return CX_OK;
}

static cx_err check_confirmed(struct api_request *request, struct cx_id incident_id)
{
    struct incident incident;
    CX_TRY(incident_read(request, incident_id, &incident));
    if (!incident_first(&incident, KIND_CONFIRMED))
        return cx_refuse(request->diag, CX_ERR(POLICY), "incident_id", "incident-unconfirmed",
                         "Confirm the incident first: the clock of the notice starts there.");
    return CX_OK;
}

cx_err handle_notice_approve(struct api_request *request, const struct api_notice_approve_in *in,
                             struct api_notice_approve_out *ret_out)
{
    struct api_notice_view view;
    struct approving approving = {.request = request, .view = &view};
    struct cx_str id = CX_STR_NONE;
    CX_TRY(notice_show(request, in->incident_id, in->notice_id, &view));
    CX_TRY(check_approval(request, &view, in->sha256));
    CX_TRY(check_confirmed(request, in->incident_id));
    CX_TRY(field_id_text(request->arena, CX_ID_NOTICE, view.id, &id));
    const struct entry_draft draft = {.tenant_id = request->principal.tenant_id,
                                      .incident_id = in->incident_id,
                                      .actor_id = request->principal.user_id,
                                      .kind = KIND_CUSTOMER_UPDATE_PROMISED,
                                      .at_us = request->now_us,
                                      .now_us = request->now_us,
                                      .has_due = view.has_update_due,
                                      .due_us = view.update_due,
                                      .detail = id};
    CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &approving.promised));
    const struct field_detail details[] = {{"notice", id}, {"sha256", view.sha256}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_approval, &approving));
    return notice_show(request, in->incident_id, in->notice_id, &ret_out->body);
}

struct withdrawing {
    struct api_request *request;
    struct cx_id incident_id, notice_id;
};

static cx_err write_withdrawal(struct store_tx *tx, void *arg)
{
    struct withdrawing *withdrawing = arg;
    struct api_request *request = withdrawing->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct row_notice row;
    cx_err err = notice_find(tx, tenant_id, withdrawing->incident_id, withdrawing->notice_id,
                             request->arena, &row);
    if (err.code == CX_E_NOTFOUND)
        return notice_refuse_unknown(request->diag);
    CX_TRY(err);
    enum api_notice_state from =
        cx_str_is(row.state, "composing") ? API_NOTICE_STATE_COMPOSING : API_NOTICE_STATE_DRAFTED;
    err =
        notice_end(tx, tenant_id, row.notice_id, from, API_NOTICE_STATE_WITHDRAWN, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "notice_id", "notice-state",
                         "It is approved or withdrawn already.");
    return err;
}

cx_err handle_notice_withdraw(struct api_request *request, const struct api_notice_withdraw_in *in,
                              struct api_notice_withdraw_out *ret_out)
{
    struct withdrawing withdrawing = {request, in->incident_id, in->notice_id};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(api_commit(request, &event, write_withdrawal, &withdrawing));
    return notice_show(request, in->incident_id, in->notice_id, &ret_out->body);
}
