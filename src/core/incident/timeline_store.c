/* Timelines, roles and marks. See incident_store.h. */
#include "core/incident/incident_store.h"

/* The row of the incident is locked first, so that two entries cannot get one number. */
static cx_err take_seq(struct store_tx *tx, const struct row_incident_entry *entry,
                       int64_t *ret_seq)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident SET entry_count = entry_count + 1, updated_us = $3 "
                         "WHERE tenant_id = $1 AND incident_id = $2",
                         &q));
    store_bind_id(q, 1, entry->tenant_id);
    store_bind_id(q, 2, entry->incident_id);
    store_bind_int(q, 3, entry->recorded_us);
    CX_TRY(store_exec(q));
    CX_TRY(store_prepare(
        tx, "SELECT entry_count FROM incident WHERE tenant_id = $1 AND incident_id = $2", &q));
    store_bind_id(q, 1, entry->tenant_id);
    store_bind_id(q, 2, entry->incident_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    *ret_seq = store_col_int(q, 0);
    return *ret_seq <= INCIDENT_ENTRIES_MAX ? CX_OK : CX_ERR(LIMIT);
}

cx_err incident_append(struct store_tx *tx, struct row_incident_entry *entry)
{
    CX_TRY(take_seq(tx, entry, &entry->seq));
    return row_incident_entry_insert(tx, entry);
}

/* Columns: seq, kind, at_us, due_us, item, corrects, subject, entry_id, actor_id, detail, proof, recorded_us. */
static cx_err entry_of(const struct store_stmt *q, struct arena *arena, struct incident_entry *ret)
{
    struct incident_entry entry = {.clock = {.seq = store_col_int(q, 0),
                                             .at_us = store_col_int(q, 2),
                                             .has_due = !store_col_is_null(q, 3),
                                             .due_us = store_col_int(q, 3),
                                             .item = store_col_int(q, 4),
                                             .corrects = store_col_int(q, 5)},
                                   .entry_id = store_col_id(q, 7),
                                   .actor_id = store_col_id(q, 8),
                                   .recorded_us = store_col_int(q, 11)};
    int kind = 0;
    if (cx_failed(incident_value(&incident_kinds, store_col_text(q, 1), &kind)))
        return CX_ERR(STORE);
    entry.clock.kind = (enum incident_kind)kind;
    CX_TRY(arena_copy_str(arena, store_col_text(q, 6), &entry.clock.subject));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 9).envelope, &entry.detail.envelope));
    if (!store_col_is_null(q, 10))
        CX_TRY(arena_copy(arena, store_col_sealed(q, 10).envelope, &entry.proof.envelope));
    *ret = entry;
    return CX_OK;
}

cx_err incident_entries(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        int64_t after, size_t limit, struct arena *arena,
                        struct incident_entry *entries, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT seq, kind, at_us, due_us, item, corrects, subject, entry_id, "
                         "actor_id, detail, proof, recorded_us FROM incident_entry "
                         "WHERE tenant_id = $1 AND incident_id = $2 AND seq > $3 "
                         "ORDER BY seq LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, after);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(entry_of(q, arena, &entries[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err incident_roles_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                         struct incident_role_row *roles, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT role, user_id, assigned_us FROM incident_role "
                         "WHERE tenant_id = $1 AND incident_id = $2 ORDER BY role",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    while (count < INCIDENT_ROLE_COUNT) {
        bool row = false;
        int role = 0;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (cx_failed(incident_value(&incident_roles, store_col_text(q, 0), &role)))
            return CX_ERR(STORE);
        roles[count++] = (struct incident_role_row){(enum incident_role)role, store_col_id(q, 1),
                                                    store_col_int(q, 2)};
    }
    *ret_count = count;
    return CX_OK;
}

cx_err incident_set_role(struct store_tx *tx, const struct row_incident_role *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_role SET user_id = $4, assigned_us = $5 "
                         "WHERE tenant_id = $1 AND incident_id = $2 AND role = $3",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->incident_id);
    store_bind_text(q, 3, row->role);
    store_bind_id(q, 4, row->user_id);
    store_bind_int(q, 5, row->assigned_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : row_incident_role_insert(tx, row);
}

cx_err incident_mark_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct cx_str duty_key, int64_t *ret_percent)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT percent FROM incident_mark WHERE tenant_id = $1 "
                         "AND incident_id = $2 AND duty_key = $3 ORDER BY percent DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_text(q, 3, duty_key);
    CX_TRY(store_step(q, &row));
    *ret_percent = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}
