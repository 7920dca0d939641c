/* Periods, holds and disposals. What is refused before and what within the transaction is the same question: asked in it. */
#include "api_routes.h"
#include "core/field.h"
#include "core/governance/retention.h"
#include "core/incident/view.h"
#include "crypto/hash.h"

/* ---- periods ---- */

struct periods {
    struct api_request *request;
    int64_t days[API_RETENTION_CLASS_COUNT];
};

static cx_err read_periods(struct store_tx *tx, void *arg)
{
    struct periods *periods = arg;
    for (int i = 0; i < API_RETENTION_CLASS_COUNT; i++)
        CX_TRY(retention_days(tx, periods->request->principal.tenant_id,
                              (enum api_retention_class)i, &periods->days[i]));
    return CX_OK;
}

static cx_err show_periods(struct api_request *request, struct api_retention_list *ret_list)
{
    struct periods periods = {.request = request};
    struct api_retention_view *items = NULL;
    CX_TRY(store_read(request->core->store, read_periods, &periods));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, API_RETENTION_CLASS_COUNT, &items));
    for (int i = 0; i < API_RETENTION_CLASS_COUNT; i++)
        items[i] = (struct api_retention_view){(enum api_retention_class)i, periods.days[i]};
    *ret_list = (struct api_retention_list){items, API_RETENTION_CLASS_COUNT};
    return CX_OK;
}

cx_err handle_retention_list(struct api_request *request, const struct api_retention_list_in *in,
                             struct api_retention_list_out *ret_out)
{
    (void)in;
    return show_periods(request, &ret_out->body);
}

static cx_err write_period(struct store_tx *tx, void *arg)
{
    return row_retention_period_insert(tx, arg);
}

cx_err handle_retention_set(struct api_request *request, const struct api_retention_set_in *in,
                            struct api_retention_set_out *ret_out)
{
    char days[32];
    struct row_retention_period row = {
        .tenant_id = request->principal.tenant_id,
        .class = cx_str_from(api_enum_name(&api_enum_retention_class, (int)in->class)),
        .set_us = request->now_us,
        .days = in->days,
        .author_id = request->principal.user_id};
    if (in->days < RETENTION_DAYS_MIN)
        return cx_refuse(request->diag, CX_ERR(POLICY), "days", "retention-period",
                         "Two years (%d days) is the least.", RETENTION_DAYS_MIN);
    snprintf(days, sizeof(days), "%lld", (long long)in->days);
    struct field_detail details[] = {{"class", row.class}, {"days", cx_str_from(days)}};
    struct audit_event event = {.object_type = CX_ID_TENANT, .object_id = row.tenant_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_period, &row));
    return show_periods(request, &ret_out->body);
}

/* ---- what an incident has of both ---- */

struct keeping {
    struct api_request *request;
    struct cx_id incident_id;
    struct row_record_hold *holds;
    struct row_incident_disposal *disposals;
    size_t hold_count, disposal_count;
};

static cx_err find_incident(struct store_tx *tx, struct api_request *request,
                            struct cx_id incident_id)
{
    struct incident_row incident;
    cx_err err =
        incident_find(tx, request->principal.tenant_id, incident_id, request->arena, &incident);
    return err.code == CX_E_NOTFOUND ? incident_refuse_unknown(request->diag) : err;
}

static cx_err read_keeping(struct store_tx *tx, void *arg)
{
    struct keeping *keeping = arg;
    struct api_request *request = keeping->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(find_incident(tx, request, keeping->incident_id));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, RECORD_HOLDS_MAX, &keeping->holds));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, API_RETENTION_CLASS_COUNT, &keeping->disposals));
    CX_TRY(record_hold_list(tx, tenant_id, keeping->incident_id, request->arena, keeping->holds,
                            &keeping->hold_count));
    return disposal_list(tx, tenant_id, keeping->incident_id, request->arena, keeping->disposals,
                         &keeping->disposal_count);
}

static cx_err view_hold(struct api_request *request, const struct row_record_hold *row,
                        struct api_record_hold_view *ret_view)
{
    struct field_place place = {row->tenant_id, "record_hold", "reason", row->hold_id};
    *ret_view = (struct api_record_hold_view){.id = row->hold_id,
                                              .placer_id = row->placer_id,
                                              .placed = row->placed_us,
                                              .has_lifter_id = row->has_lifter_id,
                                              .lifter_id = row->lifter_id,
                                              .has_lifted = row->has_lifted_us,
                                              .lifted = row->lifted_us};
    return field_open_text(request->core, place, row->reason, request->arena, &ret_view->reason);
}

static cx_err class_of(struct cx_str word, enum api_retention_class *ret_class)
{
    for (int i = 0; i < API_RETENTION_CLASS_COUNT; i++) {
        if (!cx_str_is(word, api_enum_name(&api_enum_retention_class, i)))
            continue;
        *ret_class = (enum api_retention_class)i;
        return CX_OK;
    }
    return CX_ERR(STORE);
}

static cx_err view_disposal(struct api_request *request, const struct row_incident_disposal *row,
                            struct api_disposal_view *ret_view)
{
    struct field_place place = {row->tenant_id, "incident_disposal", "reason", row->incident_id};
    *ret_view = (struct api_disposal_view){.kept_until = row->kept_until_us,
                                           .proposer_id = row->proposer_id,
                                           .proposed = row->proposed_us,
                                           .has_approver_id = row->has_approver_id,
                                           .approver_id = row->approver_id,
                                           .has_approved = row->has_approved_us,
                                           .approved = row->approved_us,
                                           .has_sha256 = row->has_sha256,
                                           .text_count = row->text_count};
    CX_TRY(class_of(row->class, &ret_view->class));
    if (row->has_sha256)
        CX_TRY(page_hex_write(request->arena, row->sha256, &ret_view->sha256));
    return field_open_text(request->core, place, row->reason, request->arena, &ret_view->reason);
}

static cx_err show_keeping(struct api_request *request, struct cx_id incident_id,
                           struct api_retention_of_incident *ret_view)
{
    struct keeping keeping = {.request = request, .incident_id = incident_id};
    struct api_record_hold_view *holds = NULL;
    struct api_disposal_view *disposals = NULL;
    CX_TRY(store_read(request->core->store, read_keeping, &keeping));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, keeping.hold_count, &holds));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, keeping.disposal_count, &disposals));
    for (size_t i = 0; i < keeping.hold_count; i++)
        CX_TRY(view_hold(request, &keeping.holds[i], &holds[i]));
    for (size_t i = 0; i < keeping.disposal_count; i++)
        CX_TRY(view_disposal(request, &keeping.disposals[i], &disposals[i]));
    *ret_view = (struct api_retention_of_incident){.holds = holds,
                                                   .holds_count = keeping.hold_count,
                                                   .disposals = disposals,
                                                   .disposals_count = keeping.disposal_count};
    return CX_OK;
}

cx_err handle_incident_retention(struct api_request *request,
                                 const struct api_incident_retention_in *in,
                                 struct api_incident_retention_out *ret_out)
{
    return show_keeping(request, in->incident_id, &ret_out->body);
}

/* ---- holds ---- */

struct holding {
    struct api_request *request;
    struct row_record_hold row;
};

static cx_err write_hold(struct store_tx *tx, void *arg)
{
    struct holding *holding = arg;
    CX_TRY(find_incident(tx, holding->request, holding->row.incident_id));
    return row_record_hold_insert(tx, &holding->row);
}

cx_err handle_record_hold_place(struct api_request *request,
                                const struct api_record_hold_place_in *in,
                                struct api_record_hold_place_out *ret_out)
{
    struct holding holding = {.request = request,
                              .row = {.tenant_id = request->principal.tenant_id,
                                      .incident_id = in->incident_id,
                                      .placer_id = request->principal.user_id,
                                      .placed_us = request->now_us}};
    struct row_record_hold *row = &holding.row;
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->hold_id));
    struct field_place place = {row->tenant_id, "record_hold", "reason", row->hold_id};
    struct field_detail details[] = {{"reason", in->reason}};
    CX_TRY(field_seal_text(request->core, place, in->reason, request->arena, &row->reason));
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_hold, &holding));
    return show_keeping(request, in->incident_id, &ret_out->body);
}

struct lifting {
    struct api_request *request;
    const struct api_record_hold_lift_in *in;
};

static cx_err write_lift(struct store_tx *tx, void *arg)
{
    struct lifting *lifting = arg;
    struct api_request *request = lifting->request;
    CX_TRY(find_incident(tx, request, lifting->in->incident_id));
    cx_err err =
        record_hold_lift(tx, request->principal.tenant_id, lifting->in->incident_id,
                         lifting->in->hold_id, request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "hold_id", "hold-state",
                         "The incident has no such hold, or it was lifted already.");
    return err;
}

cx_err handle_record_hold_lift(struct api_request *request,
                               const struct api_record_hold_lift_in *in,
                               struct api_record_hold_lift_out *ret_out)
{
    struct lifting lifting = {request, in};
    struct field_detail details[] = {{"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_lift, &lifting));
    return show_keeping(request, in->incident_id, &ret_out->body);
}
