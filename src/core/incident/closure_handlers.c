/* The signatures of the two leaderships, and what is still missing before an incident can be closed. */
#include "api_routes.h"
#include "core/field.h"
#include "core/incident/gate.h"
#include "core/incident/view.h"

static cx_err show_gaps(struct api_request *request, struct cx_id incident_id,
                        struct api_gap_list *ret_list)
{
    struct account *account = NULL;
    struct gap_list gaps = {0};
    CX_TRY(account_read(request, incident_id, &account));
    CX_TRY(gate_closure(account, request->arena, &gaps));
    return gaps_view(request->arena, &gaps, &ret_list->items, &ret_list->items_count);
}

cx_err handle_incident_closure(struct api_request *request,
                               const struct api_incident_closure_in *in,
                               struct api_incident_closure_out *ret_out)
{
    return show_gaps(request, in->incident_id, &ret_out->body);
}

static cx_err write_sign_off(struct store_tx *tx, void *arg)
{
    return row_incident_sign_off_insert(tx, arg);
}

static enum api_sign_off_side other_side(enum api_sign_off_side side)
{
    return side == API_SIGN_OFF_SIDE_SECURITY ? API_SIGN_OFF_SIDE_OPERATIONS
                                              : API_SIGN_OFF_SIDE_SECURITY;
}

static cx_err check_signer(struct api_request *request, const struct account *account,
                           enum api_sign_off_side side)
{
    if (account->incident.row.state != INCIDENT_VALIDATED)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "incident_id", "incident-state",
                         "The incident is %s; it is signed when it is validated.",
                         incident_state_name(account->incident.row.state));
    for (size_t i = 0; i < account->sign_off_count; i++) {
        const struct sign_off *row = &account->sign_offs[i];
        if (row->side == other_side(side) && cx_id_eq(row->signer_id, request->principal.user_id))
            return cx_refuse(request->diag, CX_ERR(DENIED), "side", "signer-signs-twice",
                             "You signed for the other leadership: two people have to sign.");
    }
    return CX_OK;
}

static cx_err sign(struct api_request *request, struct cx_id incident_id,
                   enum api_sign_off_side side, struct cx_str comment,
                   struct api_gap_list *ret_list)
{
    struct account *account = NULL;
    struct row_incident_sign_off row = {
        .tenant_id = request->principal.tenant_id,
        .incident_id = incident_id,
        .side = cx_str_from(api_enum_name(&api_enum_sign_off_side, side)),
        .signer_id = request->principal.user_id,
        .created_us = request->now_us};
    CX_TRY(account_read(request, incident_id, &account));
    CX_TRY(check_signer(request, account, side));
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row.sign_off_id));
    struct field_place place = {row.tenant_id, "incident_sign_off", "comment", row.sign_off_id};
    CX_TRY(field_seal_text(request->core, place, comment, request->arena, &row.comment));
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = incident_id};
    CX_TRY(api_commit(request, &event, write_sign_off, &row));
    return show_gaps(request, incident_id, ret_list);
}

cx_err handle_incident_sign_security(struct api_request *request,
                                     const struct api_incident_sign_security_in *in,
                                     struct api_incident_sign_security_out *ret_out)
{
    return sign(request, in->incident_id, API_SIGN_OFF_SIDE_SECURITY, in->comment, &ret_out->body);
}

cx_err handle_incident_sign_operations(struct api_request *request,
                                       const struct api_incident_sign_operations_in *in,
                                       struct api_incident_sign_operations_out *ret_out)
{
    return sign(request, in->incident_id, API_SIGN_OFF_SIDE_OPERATIONS, in->comment,
                &ret_out->body);
}

cx_err handle_incident_sign_offs(struct api_request *request,
                                 const struct api_incident_sign_offs_in *in,
                                 struct api_incident_sign_offs_out *ret_out)
{
    struct account *account = NULL;
    struct api_sign_off_view *items = NULL;
    CX_TRY(account_read(request, in->incident_id, &account));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, account->sign_off_count, &items));
    for (size_t i = 0; i < account->sign_off_count; i++) {
        const struct sign_off *row = &account->sign_offs[i];
        struct field_place place = {request->principal.tenant_id, "incident_sign_off", "comment",
                                    row->sign_off_id};
        items[i] = (struct api_sign_off_view){.side = row->side,
                                              .has_number = row->number > 0,
                                              .number = row->number,
                                              .has_version = row->version > 0,
                                              .version = row->version,
                                              .signer_id = row->signer_id,
                                              .created = row->created_us};
        CX_TRY(
            field_open_text(request->core, place, row->comment, request->arena, &items[i].comment));
    }
    ret_out->body =
        (struct api_sign_off_list){.items = items, .items_count = account->sign_off_count};
    return CX_OK;
}
