/*
 * An incident that is an earlier one over again. The link is an entry in both timelines; in the earlier one it fails the
 * follow-ups that were to show that it cannot happen again.
 */
#include "api_routes.h"
#include "core/field.h"
#include "core/incident/view.h"

struct recurring {
    struct api_request *request;
    struct row_incident_recurrence row;
    struct row_incident_entry found;    /* in the earlier one */
    struct row_incident_entry recurred; /* in this one */
};

static cx_err check_pair(struct store_tx *tx, const struct recurring *recurring)
{
    struct api_request *request = recurring->request;
    const struct row_incident_recurrence *row = &recurring->row;
    struct incident_row now, earlier;
    cx_err err = incident_find(tx, row->tenant_id, row->incident_id, request->arena, &now);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    if (now.state == INCIDENT_MERGED || now.state == INCIDENT_FALSE_ALARM)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "incident_id", "incident-state",
                         "The incident is %s.", incident_state_name(now.state));
    err = incident_find(tx, row->tenant_id, row->earlier_id, request->arena, &earlier);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "earlier_id", "incident-unknown",
                         "There is no such incident.");
    CX_TRY(err);
    if (earlier.state != INCIDENT_CLOSED || cx_id_eq(row->earlier_id, row->incident_id))
        return cx_refuse(request->diag, CX_ERR(POLICY), "earlier_id", "earlier-closed",
                         "Name another incident, a closed one: an open one is merged or reopened.");
    return CX_OK;
}

static cx_err write_recurrence(struct store_tx *tx, void *arg)
{
    struct recurring *recurring = arg;
    CX_TRY(check_pair(tx, recurring));
    cx_err err = row_incident_recurrence_insert(tx, &recurring->row);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(recurring->request->diag, err, "earlier_id", "recurrence-known",
                         "The two are linked already.");
    CX_TRY(err);
    CX_TRY(incident_append(tx, &recurring->found));
    return incident_append(tx, &recurring->recurred);
}

cx_err handle_incident_recur(struct api_request *request, const struct api_incident_recur_in *in,
                             struct api_incident_recur_out *ret_out)
{
    struct recurring recurring = {.request = request,
                                  .row = {.tenant_id = request->principal.tenant_id,
                                          .incident_id = in->incident_id,
                                          .earlier_id = in->earlier_id,
                                          .linker_id = request->principal.user_id,
                                          .linked_us = request->now_us}};
    struct entry_draft draft = {.tenant_id = request->principal.tenant_id,
                                .incident_id = in->earlier_id,
                                .actor_id = request->principal.user_id,
                                .kind = KIND_RECURRENCE_FOUND,
                                .at_us = request->now_us,
                                .now_us = request->now_us,
                                .detail = in->detail};
    struct cx_str earlier = CX_STR_NONE;
    CX_TRY(field_id_text(request->arena, CX_ID_INCIDENT, in->incident_id, &draft.subject));
    CX_TRY(field_id_text(request->arena, CX_ID_INCIDENT, in->earlier_id, &earlier));
    CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &recurring.found));
    draft.incident_id = in->incident_id;
    draft.kind = KIND_RECURRED;
    draft.subject = earlier;
    CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &recurring.recurred));
    const struct field_detail details[] = {{"earlier", earlier}, {"detail", in->detail}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_recurrence, &recurring));
    return incident_related_show(request, in->incident_id, &ret_out->body);
}
