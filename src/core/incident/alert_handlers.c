/* Alerts of the platform and its tools: the first opens an incident, equal ones count. */
#include "api_routes.h"
#include "core/field.h"
#include "core/incident/intake_store.h"
#include "core/incident/view.h"

enum { MERGES_FOLLOWED = 8 };

struct alerting {
    struct api_request *request;
    struct row_incident_alert row;
    struct incident_new made;
    struct row_incident_entry raised;
    struct audit_event *event;
    bool opened;
};

/* The incident that the alert belongs to now; false when it is over. */
static cx_err follow(struct store_tx *tx, struct api_request *request, struct cx_id *incident_id,
                     bool *ret_goes_on)
{
    struct incident_row row;
    *ret_goes_on = false;
    for (int i = 0; i < MERGES_FOLLOWED; i++) {
        CX_TRY(incident_find(tx, request->principal.tenant_id, *incident_id, request->arena, &row));
        if (row.state != INCIDENT_MERGED) {
            *ret_goes_on = row.state != INCIDENT_CLOSED && row.state != INCIDENT_FALSE_ALARM;
            return CX_OK;
        }
        *incident_id = row.merged_into;
    }
    return CX_OK;
}

static cx_err write_alert(struct store_tx *tx, void *arg)
{
    struct alerting *alerting = arg;
    struct api_request *request = alerting->request;
    struct row_incident_alert *row = &alerting->row;
    bool goes_on = false;
    row->count = 0;
    cx_err err = alert_find(tx, row->tenant_id, row->alert_key, &row->incident_id, &row->count);
    if (cx_is_ok(err))
        err = follow(tx, request, &row->incident_id, &goes_on);
    if (cx_failed(err) && err.code != CX_E_NOTFOUND)
        return err;
    alerting->opened = !goes_on;
    if (!goes_on) {
        row->incident_id = alerting->made.row.incident_id;
        row->count = 0;
        CX_TRY(incident_new_insert(tx, &alerting->made));
        CX_TRY(incident_append(tx, &alerting->raised));
    }
    row->count++;
    alerting->event->object_id = row->incident_id;
    return alert_put(tx, row);
}

static cx_err prepare(struct alerting *alerting, const struct api_incident_alert_in *in)
{
    struct api_request *request = alerting->request;
    cx_time at_us = in->has_at ? in->at : request->now_us;
    const struct incident_draft draft = {.tenant_id = request->principal.tenant_id,
                                         .creator_id = request->principal.user_id,
                                         .type = INCIDENT_OTHER,
                                         .impact = (enum incident_level)in->impact,
                                         .urgency = (enum incident_level)in->urgency,
                                         .source = SOURCE_SELF,
                                         .title = in->title,
                                         .summary = in->summary,
                                         .aware_us = at_us,
                                         .now_us = request->now_us,
                                         .aware_reason = CX_STR("the alert was raised")};
    CX_TRY(incident_new_prepare(request->core, request->arena, &draft, &alerting->made));
    const struct entry_draft raised = {.tenant_id = draft.tenant_id,
                                       .incident_id = alerting->made.row.incident_id,
                                       .actor_id = draft.creator_id,
                                       .kind = KIND_ALERT_RAISED,
                                       .at_us = at_us,
                                       .now_us = request->now_us,
                                       .subject = in->rule,
                                       .detail = in->subject};
    alerting->row = (struct row_incident_alert){
        .tenant_id = draft.tenant_id, .first_us = request->now_us, .last_us = request->now_us};
    CX_TRY(arena_printf(request->arena, &alerting->row.alert_key, "%.*s %.*s", CX_STR_ARG(in->rule),
                        CX_STR_ARG(in->subject)));
    return incident_entry_prepare(request->core, request->arena, &raised, &alerting->raised);
}

cx_err handle_incident_alert(struct api_request *request, const struct api_incident_alert_in *in,
                             struct api_incident_alert_out *ret_out)
{
    struct audit_event event = {.object_type = CX_ID_INCIDENT};
    struct alerting alerting = {.request = request, .event = &event};
    struct field_detail details[] = {{"rule", in->rule}, {"subject", in->subject}};
    if (in->has_at && in->at > request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "at", "time-in-future",
                         "What is recorded has happened: the time is later than now.");
    CX_TRY(prepare(&alerting, in));
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_alert, &alerting));
    ret_out->body =
        (struct api_alert_view){alerting.row.incident_id, alerting.row.count, alerting.opened};
    return CX_OK;
}

struct reports {
    struct api_request *request;
    struct cx_id incident_id;
    struct report_row *rows;
    size_t count;
};

static cx_err read_reports(struct store_tx *tx, void *arg)
{
    struct reports *reports = arg;
    struct api_request *request = reports->request;
    struct incident_row row;
    cx_err err =
        incident_find(tx, request->principal.tenant_id, reports->incident_id, request->arena, &row);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    return report_list(tx, request->principal.tenant_id, reports->incident_id, request->arena,
                       reports->rows, &reports->count);
}

static cx_err view_report(struct api_request *request, const struct report_row *row,
                          struct api_report_view *ret_view)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct field_place problem = {tenant_id, "incident_report", "problem", row->report_id};
    struct field_place reporter = {tenant_id, "incident_report", "reporter", row->report_id};
    struct api_report_view view = {.id = row->report_id,
                                   .may_be_named = row->may_be_named,
                                   .has_reporter = row->reporter.envelope.len > 0,
                                   .has_proven_spki_sha256 = row->proven_spki.len > 0,
                                   .received = row->received_us};
    CX_TRY(field_open_text(request->core, problem, row->problem, request->arena, &view.problem));
    if (view.has_reporter)
        CX_TRY(field_open_text(request->core, reporter, row->reporter, request->arena,
                               &view.reporter));
    if (view.has_proven_spki_sha256)
        CX_TRY(page_hex_write(request->arena, row->proven_spki, &view.proven_spki_sha256));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_incident_reports(struct api_request *request,
                               const struct api_incident_reports_in *in,
                               struct api_incident_reports_out *ret_out)
{
    struct reports reports = {.request = request, .incident_id = in->incident_id};
    struct api_report_view *items = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, REPORTS_MAX, &reports.rows));
    CX_TRY(store_read(request->core->store, read_reports, &reports));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reports.count, &items));
    for (size_t i = 0; i < reports.count; i++)
        CX_TRY(view_report(request, &reports.rows[i], &items[i]));
    ret_out->body = (struct api_report_list){.items = items, .items_count = reports.count};
    return CX_OK;
}
