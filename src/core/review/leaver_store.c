#include "core/review/review_store.h"

#define LEAVER_COLUMNS                                                                             \
    "leaver_id, user_id, marked_us, source, left_us, due_us, reason, marked_by_id, done_us, "      \
    "withdrawn_us, withdrawn_by_id"

static cx_err row_of(const struct store_stmt *q, struct arena *arena, struct leaver_row *ret_leaver)
{
    struct leaver_row row = {
        .leaver_id = store_col_id(q, 0),
        .user_id = store_col_id(q, 1),
        .marked_us = store_col_int(q, 2),
        .by_directory = cx_str_is(store_col_text(q, 3), "directory"),
        .left_us = store_col_int(q, 4),
        .due_us = store_col_int(q, 5),
        .marked_by_id = store_col_id(q, 7),
        .done_us = store_col_int(q, 8),
        .withdrawn_us = store_col_int(q, 9),
        .withdrawn_by_id = store_col_id(q, 10),
    };
    CX_TRY(arena_copy(arena, store_col_sealed(q, 6).envelope, &row.reason.envelope));
    *ret_leaver = row;
    return CX_OK;
}

static cx_err rows_of(struct store_stmt *q, size_t limit, struct arena *arena,
                      struct leaver_row *rows, size_t *ret_count)
{
    size_t count = 0;
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err leaver_waiting(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      struct arena *arena, struct leaver_row *ret_leaver)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " LEAVER_COLUMNS " FROM leaver WHERE tenant_id = $1 "
                         "AND user_id = $2 AND done_us IS NULL AND withdrawn_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_leaver) : CX_ERR(NOTFOUND);
}

cx_err leaver_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                   size_t limit, struct arena *arena, struct leaver_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " LEAVER_COLUMNS " FROM leaver WHERE tenant_id = $1 "
                         "AND (marked_us, leaver_id) < ($2, $3) "
                         "ORDER BY marked_us DESC, leaver_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    return rows_of(q, limit, arena, rows, ret_count);
}

cx_err leaver_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                  struct arena *arena, struct leaver_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " LEAVER_COLUMNS " FROM leaver WHERE tenant_id = $1 "
                         "AND due_us <= $2 AND done_us IS NULL AND withdrawn_us IS NULL "
                         "ORDER BY due_us LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, (int64_t)limit);
    return rows_of(q, limit, arena, rows, ret_count);
}

cx_err leaver_set_done(struct store_tx *tx, struct cx_id tenant_id, struct cx_id leaver_id,
                       cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE leaver SET done_us = $3 WHERE tenant_id = $1 AND leaver_id = $2 "
                         "AND done_us IS NULL AND withdrawn_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, leaver_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err leaver_withdraw(struct store_tx *tx, struct cx_id tenant_id, struct cx_id leaver_id,
                       struct cx_id by, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE leaver SET withdrawn_us = $3, withdrawn_by_id = $4 "
                         "WHERE tenant_id = $1 AND leaver_id = $2 AND done_us IS NULL "
                         "AND withdrawn_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, leaver_id);
    store_bind_int(q, 3, now_us);
    if (cx_id_is_zero(by))
        store_bind_null(q, 4);
    else
        store_bind_id(q, 4, by);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}
