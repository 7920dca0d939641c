#include "core/incident/pack_store.h"
#include "core/change/change.h"

cx_err rule_pack_rows(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                      struct pack_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT name, version, created_us, created_by_id FROM rule_pack "
                         "WHERE tenant_id = $1 ORDER BY name, created_us, version LIMIT $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, PACK_UPLOADS_MAX);
    for (; count < PACK_UPLOADS_MAX; count++) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        rows[count] = (struct pack_row){.content = CX_STR_NONE,
                                        .created_us = store_col_int(q, 2),
                                        .created_by_id = store_col_id(q, 3)};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &rows[count].name));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &rows[count].version));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err rule_pack_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                      struct cx_str version, struct arena *arena, struct pack_row *ret_row)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT content, created_us, created_by_id FROM rule_pack "
                         "WHERE tenant_id = $1 AND name = $2 AND version = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, name);
    store_bind_text(q, 3, version);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    *ret_row = (struct pack_row){.name = name,
                                 .version = version,
                                 .created_us = store_col_int(q, 1),
                                 .created_by_id = store_col_id(q, 2)};
    return arena_copy_str(arena, store_col_text(q, 0), &ret_row->content);
}

cx_err rule_pack_uses(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                      struct pack_use_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT name, version, number, from_us, created_us, created_by_id "
                         "FROM rule_pack_use WHERE tenant_id = $1 ORDER BY name, from_us, number "
                         "LIMIT $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, PACK_USES_MAX);
    for (; count < PACK_USES_MAX; count++) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        rows[count] = (struct pack_use_row){.number = store_col_int(q, 2),
                                            .from_us = store_col_int(q, 3),
                                            .created_us = store_col_int(q, 4),
                                            .created_by_id = store_col_id(q, 5)};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &rows[count].name));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &rows[count].version));
    }
    *ret_count = count;
    return CX_OK;
}

/* One number of a row that counts. */
static cx_err counted(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                      struct cx_str name, int64_t *ret_number)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    if (name.len)
        store_bind_text(q, 2, name);
    CX_TRY(store_step(q, &row));
    *ret_number = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err rule_pack_insert(struct store_tx *tx, const struct row_rule_pack *row)
{
    int64_t count = 0;
    CX_TRY(counted(tx, "SELECT COUNT(*) FROM rule_pack WHERE tenant_id = $1", row->tenant_id,
                   CX_STR_NONE, &count));
    if (count >= PACK_UPLOADS_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(row_rule_pack_insert(tx, row));
    return change_note_text(tx, row->tenant_id, CHANGE_RULE_PACK, row->name);
}

cx_err rule_pack_use_insert(struct store_tx *tx, struct row_rule_pack_use *row)
{
    int64_t count = 0, last = 0;
    CX_TRY(counted(tx, "SELECT COUNT(*) FROM rule_pack_use WHERE tenant_id = $1", row->tenant_id,
                   CX_STR_NONE, &count));
    if (count >= PACK_USES_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(counted(tx,
                   "SELECT COALESCE(MAX(number), 0) FROM rule_pack_use WHERE tenant_id = $1 "
                   "AND name = $2",
                   row->tenant_id, row->name, &last));
    row->number = last + 1;
    CX_TRY(row_rule_pack_use_insert(tx, row));
    return change_note_text(tx, row->tenant_id, CHANGE_RULE_PACK_USE, row->name);
}
