/* Alerts of the platform and its tools: the first opens an incident, equal ones count. */
#include "api_routes.h"
#include "core/field.h"
#include "core/incident/alert.h"
#include "core/incident/view.h"

struct alerting {
    struct alert alert;
    struct audit_event *event;
};

static cx_err write_alert(struct store_tx *tx, void *arg)
{
    struct alerting *alerting = arg;
    CX_TRY(alert_write(tx, &alerting->alert));
    alerting->event->object_id = alerting->alert.row.incident_id;
    return CX_OK;
}

cx_err handle_incident_alert(struct api_request *request, const struct api_incident_alert_in *in,
                             struct api_incident_alert_out *ret_out)
{
    struct audit_event event = {.object_type = CX_ID_INCIDENT};
    struct alerting alerting = {.event = &event};
    struct field_detail details[] = {{"rule", in->rule}, {"subject", in->subject}};
    const struct alert_draft draft = {.tenant_id = request->principal.tenant_id,
                                      .creator_id = request->principal.user_id,
                                      .rule = in->rule,
                                      .subject = in->subject,
                                      .title = in->title,
                                      .summary = in->summary,
                                      .impact = (enum incident_level)in->impact,
                                      .urgency = (enum incident_level)in->urgency,
                                      .at_us = in->has_at ? in->at : request->now_us,
                                      .now_us = request->now_us};
    if (draft.at_us > request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "at", "time-in-future",
                         "What is recorded has happened: the time is later than now.");
    CX_TRY(alert_prepare(request->core, request->arena, &draft, &alerting.alert));
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_alert, &alerting));
    ret_out->body = (struct api_alert_view){alerting.alert.row.incident_id,
                                            alerting.alert.row.count, alerting.alert.opened};
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
