#include "core/incident/view.h"
#include "core/field.h"

/* The enums of the contract are those of words.h, in their order. */
_Static_assert((int)API_INCIDENT_TYPE_COUNT == (int)INCIDENT_TYPE_COUNT);
_Static_assert((int)API_INCIDENT_TRACK_COUNT == (int)TRACK_COUNT);
_Static_assert((int)API_INCIDENT_CERTIFICATES_COUNT == (int)CERTIFICATES_COUNT);
_Static_assert((int)API_INCIDENT_LEVEL_COUNT == (int)LEVEL_COUNT);
_Static_assert((int)API_INCIDENT_SEVERITY_COUNT == (int)SEVERITY_COUNT);
_Static_assert((int)API_INCIDENT_SOURCE_COUNT == (int)SOURCE_COUNT);
_Static_assert((int)API_INCIDENT_ROLE_COUNT == (int)INCIDENT_ROLE_COUNT);
_Static_assert((int)API_INCIDENT_KIND_COUNT == (int)KIND_COUNT);
_Static_assert((int)API_INCIDENT_STATE_COUNT == (int)INCIDENT_STATE_COUNT);
_Static_assert((int)API_DUTY_STATE_COUNT == (int)DUTY_STATE_COUNT);
_Static_assert((int)API_INCIDENT_KIND_CA_ENDED == (int)KIND_CA_ENDED);
_Static_assert((int)API_INCIDENT_KIND_NOTE == (int)KIND_NOTE);
_Static_assert(API_OBLIGATION_MAY == (int)RULE_MAY &&
               API_INCIDENT_STATE_MERGED == (int)INCIDENT_MERGED);

cx_err incident_refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "incident_id", "incident-unknown",
                     "There is no such incident.");
}

struct reading {
    struct api_request *request;
    struct cx_id incident_id;
    struct incident *incident;
};

static cx_err read_one(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    struct api_request *request = reading->request;
    return incident_load(tx, request->core, request->principal.tenant_id, reading->incident_id,
                         request->now_us, request->arena, reading->incident);
}

cx_err incident_read(struct api_request *request, struct cx_id incident_id,
                     struct incident *ret_incident)
{
    struct reading reading = {request, incident_id, ret_incident};
    cx_err err = store_read(request->core->store, read_one, &reading);
    return err.code == CX_E_NOTFOUND ? incident_refuse_unknown(request->diag) : err;
}

static cx_err view_words(struct arena *arena, const struct incident_row *row,
                         struct api_incident_view *view)
{
    enum api_incident_track *tracks = NULL;
    enum api_incident_certificates *certificates = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, TRACK_COUNT, &tracks));
    CX_TRY(ARENA_NEW_ARRAY(arena, CERTIFICATES_COUNT, &certificates));
    for (int i = 0; i < TRACK_COUNT; i++)
        if (row->tracks & 1u << i)
            tracks[view->tracks_count++] = (enum api_incident_track)i;
    for (int i = 0; i < CERTIFICATES_COUNT; i++)
        if (row->certificates & 1u << i)
            certificates[view->certificates_count++] = (enum api_incident_certificates)i;
    view->tracks = tracks;
    view->certificates = certificates;
    return CX_OK;
}

static cx_err view_roles(struct arena *arena, const struct incident *incident,
                         struct api_incident_view *view)
{
    struct api_incident_role_view *roles = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, incident->role_count, &roles));
    for (size_t i = 0; i < incident->role_count; i++)
        roles[i] = (struct api_incident_role_view){(enum api_incident_role)incident->roles[i].role,
                                                   incident->roles[i].user_id,
                                                   incident->roles[i].assigned_us};
    view->roles = roles;
    view->roles_count = incident->role_count;
    return CX_OK;
}

static void view_time(const struct incident *incident, enum incident_kind kind, bool *has,
                      cx_time *at_us)
{
    const struct incident_entry *entry = incident_first(incident, kind);
    *has = entry != NULL;
    *at_us = entry ? entry->clock.at_us : 0;
}

static void view_clocks(const struct incident *incident, struct api_incident_view *view)
{
    view_time(incident, KIND_AWARE, &view->has_aware, &view->aware);
    view_time(incident, KIND_CONFIRMED, &view->has_confirmed, &view->confirmed);
    view_time(incident, KIND_CONTAINED, &view->has_contained, &view->contained);
    view_time(incident, KIND_DISCLOSED, &view->has_disclosed, &view->disclosed);
    view->has_late_count = true;
    for (size_t i = 0; i < incident->duties.count; i++) {
        const struct duty *duty = &incident->duties.duties[i];
        view->overdue_count += duty->state == DUTY_OVERDUE;
        view->late_count += duty->state == DUTY_MET_LATE;
        if (!view->has_next_deadline && duty_is_open(duty)) {
            view->has_next_deadline = true;
            view->next_deadline = duty->deadline_us;
        }
    }
    view->has_rules_missing = incident->duties.gap != NULL;
    if (incident->duties.gap)
        view->rules_missing = incident->duties.gap->name;
}

cx_err incident_view(struct api_request *request, const struct incident *incident,
                     struct api_incident_view *ret_view)
{
    const struct incident_row *row = &incident->row;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct api_incident_view view = {
        .id = row->incident_id,
        .type = (enum api_incident_type)row->type,
        .state = (enum api_incident_state)row->state,
        .impact = (enum api_incident_level)row->impact,
        .urgency = (enum api_incident_level)row->urgency,
        .severity = (enum api_incident_severity)incident_severity(row->impact, row->urgency),
        .source = (enum api_incident_source)row->source,
        .has_parent_id = !cx_id_is_zero(row->parent_id),
        .parent_id = row->parent_id,
        .has_merged_into = !cx_id_is_zero(row->merged_into),
        .merged_into = row->merged_into,
        .has_creator_id = !cx_id_is_zero(row->creator_id),
        .creator_id = row->creator_id,
        .created = row->created_us,
        .updated = row->updated_us,
    };
    struct field_place title = {tenant_id, "incident", "title", row->incident_id};
    struct field_place summary = {tenant_id, "incident", "summary", row->incident_id};
    CX_TRY(field_open_text(request->core, title, row->title, request->arena, &view.title));
    CX_TRY(field_open_text(request->core, summary, row->summary, request->arena, &view.summary));
    CX_TRY(view_words(request->arena, row, &view));
    CX_TRY(view_roles(request->arena, incident, &view));
    view_clocks(incident, &view);
    *ret_view = view;
    return CX_OK;
}

cx_err incident_show(struct api_request *request, struct cx_id incident_id,
                     struct api_incident_view *ret_view)
{
    struct incident incident;
    CX_TRY(incident_read(request, incident_id, &incident));
    return incident_view(request, &incident, ret_view);
}

cx_err incident_entry_view(struct api_request *request, const struct incident_entry *entry,
                           struct api_incident_entry_view *ret_view)
{
    const struct duty_entry *clock = &entry->clock;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct api_incident_entry_view view = {
        .seq = clock->seq,
        .kind = (enum api_incident_kind)clock->kind,
        .at = clock->at_us,
        .has_due = clock->has_due,
        .due = clock->due_us,
        .has_item = clock->item > 0,
        .item = clock->item,
        .has_corrects = clock->corrects > 0,
        .corrects = clock->corrects,
        .has_subject = clock->subject.len > 0,
        .subject = clock->subject,
        .has_proof = entry->proof.envelope.len > 0,
        .has_actor_id = !cx_id_is_zero(entry->actor_id),
        .actor_id = entry->actor_id,
        .recorded = entry->recorded_us,
    };
    struct field_place detail = {tenant_id, "incident_entry", "detail", entry->entry_id};
    struct field_place proof = {tenant_id, "incident_entry", "proof", entry->entry_id};
    CX_TRY(field_open_text(request->core, detail, entry->detail, request->arena, &view.detail));
    view.has_detail = view.detail.len > 0;
    if (view.has_proof)
        CX_TRY(field_open_text(request->core, proof, entry->proof, request->arena, &view.proof));
    *ret_view = view;
    return CX_OK;
}

static cx_err view_satisfiers(struct arena *arena, const struct rule_kinds *kinds,
                              struct api_duty_view *view)
{
    enum api_incident_kind *list = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, kinds->count, &list));
    for (size_t i = 0; i < kinds->count; i++)
        list[i] = (enum api_incident_kind)kinds->kinds[i];
    view->satisfied_by = list;
    view->satisfied_by_count = kinds->count;
    return CX_OK;
}

cx_err incident_duty_view(struct api_request *request, struct cx_id incident_id,
                          const struct duty *duty, struct api_duty_view *ret_view)
{
    const struct rule_duty *rule = duty->rule;
    cx_time *warnings = NULL;
    struct api_duty_view view = {
        .incident_id = incident_id,
        .key = duty->key,
        .title = rule->title,
        .obligation = (enum api_obligation)rule->obligation,
        .state = (enum api_duty_state)duty->state,
        .start = duty->start_us,
        .start_entry = duty->start_seq,
        .start_kind = (enum api_incident_kind)duty->start_kind,
        .deadline = duty->deadline_us,
        .has_met = duty->met_seq > 0,
        .met = duty->met_us,
        .has_met_entry = duty->met_seq > 0,
        .met_entry = duty->met_seq,
        .document = duty->pack->document,
        .section = rule->section,
        .owed_to = rule->owed_to,
        .has_subject = duty->subject.len > 0,
        .subject = duty->subject,
    };
    CX_TRY(ARENA_NEW_ARRAY(request->arena, rule->warning_count, &warnings));
    for (size_t i = 0; i < rule->warning_count; i++)
        warnings[i] = duty_warning_us(duty, rule->warnings[i]);
    view.warnings = warnings;
    view.warnings_count = rule->warning_count;
    CX_TRY(view_satisfiers(request->arena, &rule->satisfiers, &view));
    *ret_view = view;
    return CX_OK;
}
