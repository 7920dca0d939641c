#include "core/api/contract.h"
#include "core/governance/retention.h"

cx_err retention_days(struct store_tx *tx, struct cx_id tenant_id, enum api_retention_class class,
                      int64_t *ret_days)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         "SELECT days FROM retention_period WHERE tenant_id = $1 AND class = $2 "
                         "ORDER BY set_us DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, cx_str_from(api_enum_name(&api_enum_retention_class, (int)class)));
    CX_TRY(store_step(q, &has));
    *ret_days = has ? store_col_int(q, 0) : RETENTION_DAYS_DEFAULT;
    return CX_OK;
}

static bool is_ended(enum incident_state state)
{
    return state == INCIDENT_CLOSED || state == INCIDENT_FALSE_ALARM || state == INCIDENT_MERGED;
}

bool retention_ended(const struct incident *incident, cx_time *ret_us)
{
    bool found = false;
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct duty_entry *entry = &incident->entries[i].clock;
        if (entry->kind != KIND_STATE_CHANGED ||
            !cx_str_is(entry->subject, incident_state_name(incident->row.state)))
            continue;
        found = true;
        *ret_us = entry->at_us;
    }
    return found && is_ended(incident->row.state);
}

cx_err record_hold_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct arena *arena, struct row_record_hold *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT hold_id, reason, placer_id, placed_us, lifter_id, lifted_us "
                         "FROM record_hold WHERE tenant_id = $1 AND incident_id = $2 "
                         "ORDER BY placed_us, hold_id LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, RECORD_HOLDS_MAX);
    while (count < RECORD_HOLDS_MAX) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        struct row_record_hold *row = &rows[count++];
        *row = (struct row_record_hold){.tenant_id = tenant_id,
                                        .hold_id = store_col_id(q, 0),
                                        .incident_id = incident_id,
                                        .placer_id = store_col_id(q, 2),
                                        .placed_us = store_col_int(q, 3),
                                        .has_lifter_id = !store_col_is_null(q, 4),
                                        .lifter_id = store_col_id(q, 4),
                                        .has_lifted_us = !store_col_is_null(q, 5),
                                        .lifted_us = store_col_int(q, 5)};
        CX_TRY(arena_copy(arena, store_col_sealed(q, 1).envelope, &row->reason.envelope));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err record_hold_stands(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                          bool *ret_stands)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM record_hold WHERE tenant_id = $1 AND incident_id = $2 "
                         "AND lifted_us IS NULL LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    return store_step(q, ret_stands);
}

cx_err record_hold_lift(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct cx_id hold_id, struct cx_id lifter_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE record_hold SET lifter_id = $4, lifted_us = $5 "
                         "WHERE tenant_id = $1 AND hold_id = $2 AND incident_id = $3 "
                         "AND lifted_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, hold_id);
    store_bind_id(q, 3, incident_id);
    store_bind_id(q, 4, lifter_id);
    store_bind_int(q, 5, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err disposal_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                     struct arena *arena, struct row_incident_disposal *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT class, reason, kept_until_us, proposer_id, proposed_us, "
                         "approver_id, approved_us, sha256, text_count FROM incident_disposal "
                         "WHERE tenant_id = $1 AND incident_id = $2 ORDER BY class",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    while (count < API_RETENTION_CLASS_COUNT) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        struct row_incident_disposal *row = &rows[count++];
        *row = (struct row_incident_disposal){.tenant_id = tenant_id,
                                              .incident_id = incident_id,
                                              .kept_until_us = store_col_int(q, 2),
                                              .proposer_id = store_col_id(q, 3),
                                              .proposed_us = store_col_int(q, 4),
                                              .has_approver_id = !store_col_is_null(q, 5),
                                              .approver_id = store_col_id(q, 5),
                                              .has_approved_us = !store_col_is_null(q, 6),
                                              .approved_us = store_col_int(q, 6),
                                              .has_sha256 = !store_col_is_null(q, 7),
                                              .text_count = store_col_int(q, 8)};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &row->class));
        CX_TRY(arena_copy(arena, store_col_sealed(q, 1).envelope, &row->reason.envelope));
        CX_TRY(arena_copy(arena, store_col_bytes(q, 7), &row->sha256));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err disposal_set_approved(struct store_tx *tx, const struct row_incident_disposal *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_disposal SET approver_id = $4, approved_us = $5, "
                         "sha256 = $6, text_count = $7 WHERE tenant_id = $1 AND incident_id = $2 "
                         "AND class = $3 AND approved_us IS NULL",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->incident_id);
    store_bind_text(q, 3, row->class);
    store_bind_id(q, 4, row->approver_id);
    store_bind_int(q, 5, row->approved_us);
    store_bind_bytes(q, 6, row->sha256);
    store_bind_int(q, 7, row->text_count);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}
