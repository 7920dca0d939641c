/* Mass revocation: a plan with what it would do, approved by somebody else, carried out by the worker (revocation_run.c); and the
 * legal holds that it leaves out. */
#include "api_routes.h"
#include "core/api/contract.h"
#include "core/field.h"
#include "core/incident/revocation_rule.h"
#include "core/incident/revocation_store.h"
#include "core/incident/scope_store.h"
#include "core/incident/view.h"
#include "core/issuance/reason.h"

struct planning {
    struct api_request *request;
    struct revocation_plan plan;
};

static cx_err find_scope(struct store_tx *tx, struct planning *planning,
                         struct incident_row *incident)
{
    struct api_request *request = planning->request;
    const struct row_incident_revocation *row = &planning->plan.row;
    struct scope_row scope;
    cx_err err = incident_find(tx, row->tenant_id, row->incident_id, request->arena, incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    err = scope_find(tx, row->tenant_id, row->incident_id, row->scope_id, request->arena, &scope);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "scope_id", "scope-unknown",
                         "The incident has no such scope.");
    return err;
}

static cx_err check_reason(const struct planning *planning, const struct incident_row *incident)
{
    struct cx_diag *diag = planning->request->diag;
    const struct row_incident_revocation *row = &planning->plan.row;
    const bool in_public =
        incident->certificates & (1u << CERTIFICATES_TLS | 1u << CERTIFICATES_SMIME);
    if (row->item == 0 && in_public)
        return cx_refuse(diag, CX_ERR(POLICY), "item", "revocation-item",
                         "Name the case of TLS BR 4.9.1.1 that asks for the revocation.");
    if (!revocation_reason_fits(row->item, (uint8_t)row->reason))
        return cx_refuse(diag, CX_ERR(POLICY), "reason", "revocation-reason",
                         "This reason does not go with case %lld of TLS BR 4.9.1.1.",
                         (long long)row->item);
    return CX_OK;
}

/* A read of its own: counting a large scope takes seconds, in which nobody else could write. */
static cx_err read_prospect(struct store_tx *tx, void *arg)
{
    struct planning *planning = arg;
    struct incident_row incident;
    struct cx_id last;
    memset(&last, 0xff, sizeof(last));
    CX_TRY(find_scope(tx, planning, &incident));
    CX_TRY(check_reason(planning, &incident));
    return revocation_count(tx, &planning->plan, last, planning->request->now_us,
                            &planning->plan.counts);
}

static cx_err write_plan(struct store_tx *tx, void *arg)
{
    struct planning *planning = arg;
    return row_incident_revocation_insert(tx, &planning->plan.row);
}

static cx_err view_of(struct api_request *request, const struct revocation_plan *plan,
                      struct api_mass_revocation_view *ret_view)
{
    const struct row_incident_revocation *row = &plan->row;
    struct api_mass_revocation_view view = {
        .id = row->revocation_id,
        .scope_id = row->scope_id,
        .state = plan->state,
        .item = row->item,
        .reason = revocation_reason_view((uint8_t)row->reason),
        .drill = row->drill == 1,
        .author_id = row->author_id,
        .created = row->created_us,
        .has_approver_id = row->has_approver_id,
        .approver_id = row->approver_id,
        .has_approved = row->has_approved_us,
        .approved = row->approved_us,
        .revoked_count = plan->counts.revoked,
        .revoked_before_count = plan->counts.revoked_before,
        .expired_count = plan->counts.expired,
        .held_count = plan->counts.held,
        .has_finished = row->has_finished_us,
        .finished = row->finished_us,
    };
    struct field_place place = {request->principal.tenant_id, "incident_revocation", "comment",
                                row->revocation_id};
    CX_TRY(field_open_text(request->core, place, row->comment, request->arena, &view.comment));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_incident_revoke_plan(struct api_request *request,
                                   const struct api_incident_revoke_plan_in *in,
                                   struct api_incident_revoke_plan_out *ret_out)
{
    struct planning planning = {.request = request};
    struct row_incident_revocation *row = &planning.plan.row;
    *row = (struct row_incident_revocation){.tenant_id = request->principal.tenant_id,
                                            .incident_id = in->incident_id,
                                            .scope_id = in->scope_id,
                                            .state = CX_STR("drafted"),
                                            .item = in->has_item ? in->item : 0,
                                            .reason = revocation_reason_read(in->reason),
                                            .drill = in->has_drill && in->drill,
                                            .author_id = request->principal.user_id,
                                            .created_us = request->now_us};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->revocation_id));
    struct field_place place = {row->tenant_id, "incident_revocation", "comment",
                                row->revocation_id};
    CX_TRY(field_seal_text(request->core, place, in->comment, request->arena, &row->comment));
    CX_TRY(store_read(request->core->store, read_prospect, &planning));
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(api_commit(request, &event, write_plan, &planning));
    return view_of(request, &planning.plan, &ret_out->body);
}

struct reading {
    struct api_request *request;
    struct cx_id incident_id;
    struct revocation_plan *rows;
    struct row_certificate_hold *holds;
    size_t count;
};

static cx_err read_plans(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    return revocation_list(tx, reading->request->principal.tenant_id, reading->incident_id,
                           reading->request->arena, reading->rows, &reading->count);
}

static cx_err load(struct reading *reading)
{
    CX_TRY(ARENA_NEW_ARRAY(reading->request->arena, REVOCATIONS_MAX, &reading->rows));
    return store_read(reading->request->core->store, read_plans, reading);
}

static cx_err load_one(struct api_request *request, struct cx_id incident_id,
                       struct cx_id revocation_id, struct revocation_plan *ret_plan)
{
    struct reading reading = {.request = request, .incident_id = incident_id};
    CX_TRY(load(&reading));
    for (size_t i = 0; i < reading.count; i++) {
        if (!cx_id_eq(reading.rows[i].row.revocation_id, revocation_id))
            continue;
        *ret_plan = reading.rows[i];
        return CX_OK;
    }
    return cx_refuse(request->diag, CX_ERR(NOTFOUND), "revocation_id", "revocation-unknown",
                     "The incident has no such plan.");
}

cx_err handle_incident_revocations(struct api_request *request,
                                   const struct api_incident_revocations_in *in,
                                   struct api_incident_revocations_out *ret_out)
{
    struct reading reading = {.request = request, .incident_id = in->incident_id};
    struct api_mass_revocation_view *items = NULL;
    CX_TRY(load(&reading));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading.count, &items));
    for (size_t i = 0; i < reading.count; i++)
        CX_TRY(view_of(request, &reading.rows[i], &items[i]));
    ret_out->body = (struct api_mass_revocation_list){.items = items, .items_count = reading.count};
    return CX_OK;
}

static cx_err refuse_state(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(CONFLICT), "revocation_id", "revocation-state",
                     "The plan was decided already.");
}

struct deciding {
    struct api_request *request;
    struct cx_id revocation_id;
    bool approves;
};

static cx_err write_decision(struct store_tx *tx, void *arg)
{
    struct deciding *deciding = arg;
    struct api_request *request = deciding->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err = deciding->approves
                     ? revocation_approve(tx, tenant_id, deciding->revocation_id,
                                          request->principal.user_id, request->now_us)
                     : revocation_withdraw(tx, tenant_id, deciding->revocation_id, request->now_us);
    return err.code == CX_E_CONFLICT ? refuse_state(request->diag) : err;
}

static cx_err decide(struct deciding *deciding, struct cx_id incident_id,
                     struct api_mass_revocation_view *ret_view)
{
    struct api_request *request = deciding->request;
    struct revocation_plan plan;
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = incident_id};
    CX_TRY(api_commit(request, &event, write_decision, deciding));
    CX_TRY(load_one(request, incident_id, deciding->revocation_id, &plan));
    return view_of(request, &plan, ret_view);
}

cx_err handle_incident_revoke_approve(struct api_request *request,
                                      const struct api_incident_revoke_approve_in *in,
                                      struct api_incident_revoke_approve_out *ret_out)
{
    struct deciding deciding = {request, in->revocation_id, true};
    struct revocation_plan plan;
    CX_TRY(load_one(request, in->incident_id, in->revocation_id, &plan));
    if (cx_id_eq(plan.row.author_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "revocation_id", "author-approves",
                         "You made this plan: somebody else has to approve it.");
    return decide(&deciding, in->incident_id, &ret_out->body);
}

cx_err handle_incident_revoke_withdraw(struct api_request *request,
                                       const struct api_incident_revoke_withdraw_in *in,
                                       struct api_incident_revoke_withdraw_out *ret_out)
{
    struct deciding deciding = {request, in->revocation_id, false};
    struct revocation_plan plan;
    CX_TRY(load_one(request, in->incident_id, in->revocation_id, &plan));
    return decide(&deciding, in->incident_id, &ret_out->body);
}

/* ---- legal holds ---- */

struct holding {
    struct api_request *request;
    struct row_certificate_hold row;
};

static cx_err write_hold(struct store_tx *tx, void *arg)
{
    struct holding *holding = arg;
    struct api_request *request = holding->request;
    struct incident_row incident;
    cx_err err = incident_find(tx, holding->row.tenant_id, holding->row.incident_id, request->arena,
                               &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    err = row_certificate_hold_insert(tx, &holding->row);
    if (err.code == CX_E_CONFLICT) /* a foreign key */
        return cx_refuse(request->diag, err, "certificate_id", "certificate-unknown",
                         "There is no such certificate.");
    return err;
}

static cx_err hold_view(struct api_request *request, const struct row_certificate_hold *row,
                        struct api_hold_view *ret_view)
{
    struct api_hold_view view = {.id = row->hold_id,
                                 .certificate_id = row->certificate_id,
                                 .placer_id = row->placer_id,
                                 .placed = row->placed_us,
                                 .has_lifter_id = row->has_lifter_id,
                                 .lifter_id = row->lifter_id,
                                 .has_lifted = row->has_lifted_us,
                                 .lifted = row->lifted_us};
    struct field_place place = {request->principal.tenant_id, "certificate_hold", "reason",
                                row->hold_id};
    CX_TRY(field_open_text(request->core, place, row->reason, request->arena, &view.reason));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_incident_hold(struct api_request *request, const struct api_incident_hold_in *in,
                            struct api_incident_hold_out *ret_out)
{
    struct holding holding = {.request = request,
                              .row = {.tenant_id = request->principal.tenant_id,
                                      .incident_id = in->incident_id,
                                      .certificate_id = in->certificate_id,
                                      .placer_id = request->principal.user_id,
                                      .placed_us = request->now_us}};
    struct row_certificate_hold *row = &holding.row;
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->hold_id));
    struct field_place place = {row->tenant_id, "certificate_hold", "reason", row->hold_id};
    CX_TRY(field_seal_text(request->core, place, in->reason, request->arena, &row->reason));
    struct audit_event event = {.object_type = CX_ID_CERTIFICATE, .object_id = in->certificate_id};
    CX_TRY(api_commit(request, &event, write_hold, &holding));
    return hold_view(request, row, &ret_out->body);
}

static cx_err read_holds(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    return hold_list(tx, reading->request->principal.tenant_id, reading->incident_id,
                     reading->request->arena, reading->holds, &reading->count);
}

static cx_err show_holds(struct api_request *request, struct cx_id incident_id,
                         struct api_hold_list *ret_list)
{
    struct reading reading = {.request = request, .incident_id = incident_id};
    struct api_hold_view *items = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, HOLDS_MAX, &reading.holds));
    CX_TRY(store_read(request->core->store, read_holds, &reading));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading.count, &items));
    for (size_t i = 0; i < reading.count; i++)
        CX_TRY(hold_view(request, &reading.holds[i], &items[i]));
    *ret_list = (struct api_hold_list){.items = items, .items_count = reading.count};
    return CX_OK;
}

cx_err handle_incident_holds(struct api_request *request, const struct api_incident_holds_in *in,
                             struct api_incident_holds_out *ret_out)
{
    return show_holds(request, in->incident_id, &ret_out->body);
}

struct unholding {
    struct api_request *request;
    struct cx_id incident_id, hold_id;
};

static cx_err write_unhold(struct store_tx *tx, void *arg)
{
    struct unholding *unholding = arg;
    struct api_request *request = unholding->request;
    cx_err err = hold_lift(tx, request->principal.tenant_id, unholding->incident_id,
                           unholding->hold_id, request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "hold_id", "hold-state",
                         "The incident has no such hold, or it was lifted already.");
    return err;
}

cx_err handle_incident_hold_lift(struct api_request *request,
                                 const struct api_incident_hold_lift_in *in,
                                 struct api_incident_hold_lift_out *ret_out)
{
    struct unholding unholding = {request, in->incident_id, in->hold_id};
    struct field_detail details[] = {{"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_unhold, &unholding));
    return show_holds(request, in->incident_id, &ret_out->body);
}
