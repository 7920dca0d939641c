#include "core/incident/record.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/call_store.h"
#include "core/incident/pack_use.h"
#include "core/incident/step_store.h"

static struct duty_case case_of(const struct incident *incident, const struct duty_entry *entries)
{
    const struct incident_row *row = &incident->row;
    return (struct duty_case){.type = row->type,
                              .severity = incident_severity(row->impact, row->urgency),
                              .tracks = row->tracks,
                              .certificates = row->certificates,
                              .entries = entries,
                              .entry_count = incident->entry_count};
}

cx_err incident_judge(const struct incident *incident, const struct rule_pack *packs,
                      size_t pack_count, cx_time now_us, struct arena *arena,
                      struct duty_list *ret_duties)
{
    struct duty_entry *clocks = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, incident->entry_count, &clocks));
    for (size_t i = 0; i < incident->entry_count; i++)
        clocks[i] = incident->entries[i].clock;
    struct duty_case seen = case_of(incident, clocks);
    return duty_list_make(packs, pack_count, &seen, now_us, arena, ret_duties);
}

cx_err incident_complete(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                         cx_time now_us, struct arena *arena, struct incident *incident)
{
    struct cx_id id = incident->row.incident_id;
    size_t room = (size_t)incident->row.entry_count, pack_count = 0;
    const struct rule_pack *packs = NULL;
    CX_TRY(pack_list_of(tx, core, tenant_id, arena, &packs, &pack_count));
    CX_TRY(ARENA_NEW_ARRAY(arena, room, &incident->entries));
    CX_TRY(incident_entries(tx, tenant_id, id, 0, room, arena, incident->entries,
                            &incident->entry_count));
    CX_TRY(incident_roles_of(tx, tenant_id, id, incident->roles, &incident->role_count));
    return incident_judge(incident, packs, pack_count, now_us, arena, &incident->duties);
}

cx_err incident_load(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                     struct cx_id incident_id, cx_time now_us, struct arena *arena,
                     struct incident *ret_incident)
{
    struct incident incident = {0};
    CX_TRY(incident_find(tx, tenant_id, incident_id, arena, &incident.row));
    CX_TRY(incident_complete(tx, core, tenant_id, now_us, arena, &incident));
    *ret_incident = incident;
    return CX_OK;
}

const struct incident_entry *incident_first(const struct incident *incident,
                                            enum incident_kind kind)
{
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct incident_entry *entry = &incident->entries[i];
        if (entry->clock.kind == kind && entry->clock.corrects == 0)
            return entry;
    }
    return NULL;
}

struct cx_id incident_holder(const struct incident *incident, enum incident_role role)
{
    for (size_t i = 0; i < incident->role_count; i++) {
        if (incident->roles[i].role == role)
            return incident->roles[i].user_id;
    }
    return (struct cx_id){{0}};
}

const struct duty *incident_duty(const struct incident *incident, struct cx_str key)
{
    for (size_t i = 0; i < incident->duties.count; i++) {
        if (cx_str_eq(incident->duties.duties[i].key, key))
            return &incident->duties.duties[i];
    }
    return NULL;
}

cx_err incident_entry_prepare(struct core *core, struct arena *arena,
                              const struct entry_draft *draft, struct row_incident_entry *ret_row)
{
    struct row_incident_entry row = {
        .tenant_id = draft->tenant_id,
        .incident_id = draft->incident_id,
        .kind = cx_str_from(incident_word(&incident_kinds, draft->kind)),
        .at_us = draft->at_us,
        .has_due_us = draft->has_due,
        .due_us = draft->due_us,
        .item = draft->item,
        .corrects = draft->corrects,
        .subject = draft->subject,
        .has_actor_id = !cx_id_is_zero(draft->actor_id),
        .actor_id = draft->actor_id,
        .has_proof = draft->proof.len > 0,
        .recorded_us = draft->now_us,
    };
    CX_TRY(cx_id_new_at(core->rng, draft->now_us, &row.entry_id));
    struct field_place detail = {draft->tenant_id, "incident_entry", "detail", row.entry_id};
    struct field_place proof = {draft->tenant_id, "incident_entry", "proof", row.entry_id};
    CX_TRY(field_seal_text(core, detail, draft->detail, arena, &row.detail));
    if (row.has_proof)
        CX_TRY(field_seal_text(core, proof, draft->proof, arena, &row.proof));
    *ret_row = row;
    return CX_OK;
}

static cx_err prepare_row(struct core *core, struct arena *arena,
                          const struct incident_draft *draft, struct row_incident *row)
{
    *row = (struct row_incident){
        .tenant_id = draft->tenant_id,
        .type = cx_str_from(incident_word(&incident_types, draft->type)),
        .state = cx_str_from(incident_state_name(INCIDENT_REPORTED)),
        .tracks = draft->tracks,
        .certificates = draft->certificates,
        .impact = cx_str_from(incident_word(&incident_levels, draft->impact)),
        .urgency = cx_str_from(incident_word(&incident_levels, draft->urgency)),
        .source = cx_str_from(incident_word(&incident_sources, draft->source)),
        .has_parent_id = !cx_id_is_zero(draft->parent_id),
        .parent_id = draft->parent_id,
        .has_opened_by_key = draft->opened_by_key.len > 0,
        .opened_by_key = draft->opened_by_key,
        .has_creator_id = !cx_id_is_zero(draft->creator_id),
        .creator_id = draft->creator_id,
        .created_us = draft->now_us,
        .updated_us = draft->now_us,
    };
    CX_TRY(cx_id_new_at(core->rng, draft->now_us, &row->incident_id));
    struct field_place title = {draft->tenant_id, "incident", "title", row->incident_id};
    struct field_place summary = {draft->tenant_id, "incident", "summary", row->incident_id};
    CX_TRY(field_seal_text(core, title, draft->title, arena, &row->title));
    return field_seal_text(core, summary, draft->summary, arena, &row->summary);
}

cx_err incident_new_prepare(struct core *core, struct arena *arena,
                            const struct incident_draft *draft, struct incident_new *ret_new)
{
    CX_TRY(prepare_row(core, arena, draft, &ret_new->row));
    ret_new->severity = incident_severity(draft->impact, draft->urgency);
    struct entry_draft entry = {.tenant_id = draft->tenant_id,
                                .incident_id = ret_new->row.incident_id,
                                .actor_id = draft->creator_id,
                                .kind = KIND_REPORTED,
                                .at_us = draft->now_us,
                                .now_us = draft->now_us};
    CX_TRY(incident_entry_prepare(core, arena, &entry, &ret_new->entries[0]));
    entry.kind = KIND_AWARE;
    entry.at_us = draft->aware_us;
    entry.detail = draft->aware_reason;
    CX_TRY(incident_entry_prepare(core, arena, &entry, &ret_new->entries[1]));
    const struct attach_draft attach = {.tenant_id = draft->tenant_id,
                                        .incident_id = ret_new->row.incident_id,
                                        .is = {draft->type,
                                               incident_severity(draft->impact, draft->urgency),
                                               draft->tracks, draft->certificates},
                                        .now_us = draft->now_us};
    return attach_prepare_matching(core, arena, &attach, &ret_new->playbooks,
                                   &ret_new->playbook_count);
}

cx_err incident_new_insert(struct store_tx *tx, struct incident_new *made)
{
    CX_TRY(row_incident_insert(tx, &made->row));
    for (size_t i = 0; i < INCIDENT_FIRST_ENTRIES; i++)
        CX_TRY(incident_append(tx, &made->entries[i]));
    for (size_t i = 0; i < made->playbook_count; i++)
        CX_TRY(attach_insert(tx, &made->playbooks[i]));
    return call_add_severity(tx, made->row.tenant_id, made->row.incident_id, made->severity,
                             made->row.created_us);
}
