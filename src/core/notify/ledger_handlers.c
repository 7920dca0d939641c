/* Who was told, why and what came of it; reports of bounces; customers who are not told. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/field.h"
#include "core/incident/record.h"
#include "core/incident/view.h"
#include "core/notify/view.h"

struct listing {
    struct api_request *request;
    struct cx_id incident_id, notice_id;
    struct page_key after;
    size_t limit, count;
    struct delivery *rows;
};

static cx_err read_ledger(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct api_request *request = list->request;
    struct row_notice notice;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(notice_find(tx, tenant_id, list->incident_id, list->notice_id, request->arena, &notice));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list->limit, &list->rows));
    return delivery_page(tx, tenant_id, list->notice_id, list->after.id, list->limit,
                         request->arena, list->rows, &list->count);
}

cx_err handle_notice_ledger(struct api_request *request, const struct api_notice_ledger_in *in,
                            struct api_notice_ledger_out *ret_out)
{
    struct listing list = {.request = request,
                           .incident_id = in->incident_id,
                           .notice_id = in->notice_id,
                           .limit = (size_t)in->limit};
    struct api_notice_delivery_view *items = NULL;
    if (in->has_cursor) /* oldest first: no cursor is before every row */
        CX_TRY(page_cursor_parse("notice-delivery", in->cursor, request->diag, &list.after));
    cx_err err = store_read(request->core->store, read_ledger, &list);
    if (err.code == CX_E_NOTFOUND)
        return notice_refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(notice_delivery_show(request, &list.rows[i], &items[i]));
    struct api_notice_ledger page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        struct page_key key = {0, list.rows[list.count - 1].row.delivery_id};
        CX_TRY(page_cursor_write(request->arena, "notice-delivery", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct finding {
    struct api_request *request;
    const struct api_notice_text_in *in;
    struct row_notice notice;
    struct row_notice_recipient row;
};

static cx_err find_recipient(struct store_tx *tx, void *arg)
{
    struct finding *finding = arg;
    struct api_request *request = finding->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(notice_find(tx, tenant_id, finding->in->incident_id, finding->in->notice_id,
                       request->arena, &finding->notice));
    return recipient_find(tx, tenant_id, finding->in->notice_id, finding->in->recipient_id,
                          request->arena, &finding->row);
}

cx_err handle_notice_text(struct api_request *request, const struct api_notice_text_in *in,
                          struct api_notice_text_out *ret_out)
{
    struct finding finding = {.request = request, .in = in};
    struct api_notice_text_view *view = &ret_out->body;
    cx_err err = store_read(request->core->store, find_recipient, &finding);
    if (err.code == CX_E_NOTFOUND)
        return notice_refuse_unknown(request->diag);
    CX_TRY(err);
    view->recipient_id = finding.row.recipient_id;
    CX_TRY(page_hex_write(request->arena, finding.row.sha256, &view->sha256));
    return notice_texts_open(request, &finding.row, &view->subject, &view->text);
}

struct reporting {
    struct api_request *request;
    const struct api_notice_report_in *in;
    struct delivery delivery;
    struct row_incident_entry alert;
};

static cx_err find_delivery(struct store_tx *tx, void *arg)
{
    struct reporting *reporting = arg;
    return delivery_find(tx, reporting->request->principal.tenant_id, reporting->in->delivery_id,
                         reporting->request->arena, &reporting->delivery);
}

static cx_err write_report(struct store_tx *tx, void *arg)
{
    struct reporting *reporting = arg;
    struct api_request *request = reporting->request;
    const struct row_notice_delivery *row = &reporting->delivery.row;
    cx_err err = delivery_report(tx, row, reporting->in->outcome, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "delivery_id", "delivery-state",
                         "It was not sent, or that is known already.");
    CX_TRY(err);
    if (reporting->in->outcome != API_NOTICE_OUTCOME_BOUNCED)
        return CX_OK;
    err = delivery_use_reserve(tx, row->tenant_id, row->recipient_id, request->now_us);
    return err.code == CX_E_NOTFOUND ? incident_append(tx, &reporting->alert) : err;
}

static cx_err prepare_report(struct reporting *reporting, struct cx_str *ret_delivery)
{
    struct api_request *request = reporting->request;
    struct row_notice_delivery *row = &reporting->delivery.row;
    struct field_place place = {row->tenant_id, "notice_delivery", "answer", row->delivery_id};
    CX_TRY(field_id_text(request->arena, CX_ID_NOTICE_DELIVERY, row->delivery_id, ret_delivery));
    const struct entry_draft draft = {.tenant_id = row->tenant_id,
                                      .incident_id = reporting->delivery.incident_id,
                                      .actor_id = request->principal.user_id,
                                      .kind = KIND_ALERT_RAISED,
                                      .at_us = request->now_us,
                                      .now_us = request->now_us,
                                      .subject = CX_STR("notice-unreached"),
                                      .detail = *ret_delivery};
    CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &reporting->alert));
    row->has_answer = true;
    return field_seal_text(request->core, place, reporting->in->detail, request->arena,
                           &row->answer);
}

cx_err handle_notice_report(struct api_request *request, const struct api_notice_report_in *in,
                            struct api_notice_report_out *ret_out)
{
    struct reporting reporting = {.request = request, .in = in};
    struct cx_str delivery = CX_STR_NONE;
    cx_err err = store_read(request->core->store, find_delivery, &reporting);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "delivery_id", "delivery-unknown",
                         "There is no such delivery.");
    CX_TRY(err);
    CX_TRY(prepare_report(&reporting, &delivery));
    const struct field_detail details[] = {
        {"delivery", delivery},
        {"outcome", cx_str_from(api_enum_name(&api_enum_notice_outcome, in->outcome))}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT,
                                .object_id = reporting.delivery.incident_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_report, &reporting));
    CX_TRY(store_read(request->core->store, find_delivery, &reporting));
    return notice_delivery_show(request, &reporting.delivery, &ret_out->body);
}

/* ---- waivers ---- */

struct waivers {
    struct api_request *request;
    struct cx_id incident_id;
    struct row_notice_waiver *rows;
    size_t count;
};

static cx_err read_waivers(struct store_tx *tx, void *arg)
{
    struct waivers *waivers = arg;
    return waiver_rows(tx, waivers->request->principal.tenant_id, waivers->incident_id,
                       waivers->request->arena, waivers->rows, &waivers->count);
}

static cx_err load_waivers(struct api_request *request, struct cx_id incident_id,
                           struct waivers *ret_waivers)
{
    *ret_waivers = (struct waivers){.request = request, .incident_id = incident_id};
    CX_TRY(ARENA_NEW_ARRAY(request->arena, NOTICE_WAIVERS_MAX, &ret_waivers->rows));
    return store_read(request->core->store, read_waivers, ret_waivers);
}

static cx_err list_waivers(struct api_request *request, struct cx_id incident_id,
                           struct api_notice_waiver_list *ret_list)
{
    struct waivers waivers;
    struct api_notice_waiver_view *items = NULL;
    CX_TRY(load_waivers(request, incident_id, &waivers));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, waivers.count, &items));
    for (size_t i = 0; i < waivers.count; i++) {
        const struct row_notice_waiver *row = &waivers.rows[i];
        struct field_place place = {row->tenant_id, "notice_waiver", "reason", row->waiver_id};
        items[i] = (struct api_notice_waiver_view){.id = row->waiver_id,
                                                   .proposer_id = row->proposer_id,
                                                   .proposed = row->proposed_us,
                                                   .has_approver_id = row->has_approver_id,
                                                   .approver_id = row->approver_id,
                                                   .has_approved = row->has_approved_us,
                                                   .approved = row->approved_us};
        CX_TRY(notice_owner_kind(row->owner_kind, &items[i].owner_kind));
        CX_TRY(notice_owner_text(request->arena, items[i].owner_kind, row->owner_id,
                                 &items[i].owner_id));
        CX_TRY(
            field_open_text(request->core, place, row->reason, request->arena, &items[i].reason));
    }
    *ret_list = (struct api_notice_waiver_list){.items = items, .items_count = waivers.count};
    return CX_OK;
}

cx_err handle_notice_waivers(struct api_request *request, const struct api_notice_waivers_in *in,
                             struct api_notice_waivers_out *ret_out)
{
    return list_waivers(request, in->incident_id, &ret_out->body);
}

struct waiving {
    struct api_request *request;
    struct row_notice_waiver row;
};

static cx_err write_waiver(struct store_tx *tx, void *arg)
{
    struct waiving *waiving = arg;
    struct row_notice_waiver *row = &waiving->row;
    cx_err err = contact_owner_check(tx, row->tenant_id, row->owner_kind, row->owner_id);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(waiving->request->diag, CX_ERR(POLICY),
                         cx_str_is(row->owner_kind, "group") ? "group_id" : "user_id",
                         "owner-unknown", "The tenant has no such group or user.");
    CX_TRY(err);
    return row_notice_waiver_insert(tx, row);
}

cx_err handle_notice_waive(struct api_request *request, const struct api_notice_waive_in *in,
                           struct api_notice_waive_out *ret_out)
{
    struct waiving waiving = {.request = request};
    struct row_notice_waiver *row = &waiving.row;
    struct incident incident;
    struct cx_str id = CX_STR_NONE;
    CX_TRY(incident_read(request, in->incident_id, &incident));
    if (in->has_group_id == in->has_user_id)
        return cx_refuse(request->diag, CX_ERR(POLICY), "group_id", "owner-missing",
                         "Name the group or the user who is not told.");
    *row = (struct row_notice_waiver){.tenant_id = request->principal.tenant_id,
                                      .incident_id = in->incident_id,
                                      .owner_kind =
                                          in->has_group_id ? CX_STR("group") : CX_STR("user"),
                                      .owner_id = in->has_group_id ? in->group_id : in->user_id,
                                      .proposer_id = request->principal.user_id,
                                      .proposed_us = request->now_us};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->waiver_id));
    struct field_place place = {row->tenant_id, "notice_waiver", "reason", row->waiver_id};
    CX_TRY(field_seal_text(request->core, place, in->reason, request->arena, &row->reason));
    CX_TRY(field_id_text(request->arena, CX_ID_NOTICE_WAIVER, row->waiver_id, &id));
    const struct field_detail details[] = {{"waiver", id}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_waiver, &waiving));
    return list_waivers(request, in->incident_id, &ret_out->body);
}

static cx_err write_waiver_approval(struct store_tx *tx, void *arg)
{
    struct waiving *waiving = arg;
    struct api_request *request = waiving->request;
    cx_err err = waiver_approve(tx, request->principal.tenant_id, waiving->row.waiver_id,
                                request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "waiver_id", "waiver-state",
                         "It is approved already.");
    return err;
}

cx_err handle_notice_waiver_approve(struct api_request *request,
                                    const struct api_notice_waiver_approve_in *in,
                                    struct api_notice_waiver_approve_out *ret_out)
{
    struct waiving waiving = {.request = request};
    struct waivers waivers;
    struct cx_str id = CX_STR_NONE;
    size_t i = 0;
    CX_TRY(load_waivers(request, in->incident_id, &waivers));
    while (i < waivers.count && !cx_id_eq(waivers.rows[i].waiver_id, in->waiver_id))
        i++;
    if (i == waivers.count)
        return cx_refuse(request->diag, CX_ERR(NOTFOUND), "waiver_id", "waiver-unknown",
                         "The incident has no such waiver.");
    waiving.row = waivers.rows[i];
    if (cx_id_eq(waiving.row.proposer_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "waiver_id", "proposer-approves",
                         "You asked for it: somebody else has to approve it.");
    CX_TRY(field_id_text(request->arena, CX_ID_NOTICE_WAIVER, in->waiver_id, &id));
    const struct field_detail details[] = {{"waiver", id}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_waiver_approval, &waiving));
    return list_waivers(request, in->incident_id, &ret_out->body);
}
