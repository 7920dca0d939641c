#include "core/approval/break_glass.h"
#include "base/checked.h"
#include "base/log.h"
#include "core/api/api.h"
#include "core/field.h"

cx_err break_glass_is_account(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                              bool *ret_is)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "SELECT 1 FROM break_glass_account WHERE tenant_id = $1 AND user_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    return store_step(q, ret_is);
}

/* The subject is the opening, not the account: each has an incident of its own. */
static cx_err prepare_alert(struct api_request *request, const struct api_proposal_view *proposal,
                            struct cx_str account, struct alert *ret_alert)
{
    struct cx_str requester = CX_STR_NONE;
    struct alert_draft draft = {.tenant_id = request->principal.tenant_id,
                                .creator_id = request->principal.user_id,
                                .rule = CX_STR("break-glass-opened"),
                                .title = CX_STR("Break-glass account opened"),
                                .impact = LEVEL_HIGH,
                                .urgency = LEVEL_HIGH,
                                .tracks = 1u << TRACK_SECURITY,
                                .at_us = request->now_us,
                                .now_us = request->now_us};
    CX_TRY(field_id_text(request->arena, CX_ID_PROPOSAL, proposal->id, &draft.subject));
    CX_TRY(field_id_text(request->arena, CX_ID_USER, proposal->requester_id, &requester));
    CX_TRY(arena_printf(request->arena, &draft.summary,
                        "%.*s was opened for %lld minutes, as %.*s asked: %.*s",
                        CX_STR_ARG(account), (long long)proposal->minutes, CX_STR_ARG(requester),
                        CX_STR_ARG(proposal->reason)));
    return alert_prepare(request->core, request->arena, &draft, ret_alert);
}

cx_err break_glass_record_prepare(struct api_request *request,
                                  const struct api_proposal_view *proposal,
                                  struct break_glass_record *ret_record)
{
    struct cx_str account = CX_STR_NONE;
    CX_TRY(field_id_text(request->arena, CX_ID_USER, proposal->receiver_id, &account));
    CX_TRY(prepare_alert(request, proposal, account, &ret_record->alert));
    struct field_detail details[] = {{"rule", CX_STR("break-glass-opened")},
                                     {"break_glass_account", account}};
    ret_record->event = (struct audit_event){.action = "incident.alert",
                                             .outcome = AUDIT_DONE,
                                             .tenant_id = request->principal.tenant_id,
                                             .actor = &request->principal,
                                             .request_id = request->request_id,
                                             .object_type = CX_ID_INCIDENT,
                                             .object_id = ret_record->alert.made.row.incident_id};
    CX_TRY(
        field_details(request->arena, details, CX_COUNT_OF(details), &ret_record->event.details));
    return audit_prepare(request->core, request->arena, &ret_record->event, &ret_record->entry);
}

cx_err break_glass_record_insert(struct store_tx *tx, struct break_glass_record *record)
{
    char incident[CX_ID_TEXT_MAX];
    CX_TRY(alert_write(tx, &record->alert));
    CX_TRY(audit_append(tx, &record->event, record->entry));
    cx_id_format(CX_ID_INCIDENT, record->alert.row.incident_id, incident);
    cx_log(CX_LOG_WARN, "break-glass-opened", "incident", incident, NULL);
    return CX_OK;
}
