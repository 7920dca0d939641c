#include "core/review/review_store.h"

static const char *const ITEM_STATES[REVIEW_ITEM_STATE_COUNT] = {"open",   "certified", "revoked",
                                                                 "lapsed", "gone",      "kept"};

const char *review_item_state_name(enum review_item_state state)
{
    return ITEM_STATES[state];
}

static enum review_item_state item_state_of(struct cx_str text)
{
    for (int i = 0; i < REVIEW_ITEM_STATE_COUNT; i++)
        if (cx_str_is(text, ITEM_STATES[i]))
            return (enum review_item_state)i;
    return REVIEW_ITEM_OPEN; /* the CHECK of the table lets nothing else in */
}

#define REVIEW_COLUMNS                                                                             \
    "review_id, state, privileged, roles, groups, reason, created_us, created_by_id, "             \
    "deadline_us, closed_us, evidence_sha256"

static cx_err row_of(const struct store_stmt *q, struct arena *arena, struct review_row *ret_review)
{
    struct review_row row = {
        .review_id = store_col_id(q, 0),
        .state = cx_str_is(store_col_text(q, 1), "open") ? REVIEW_OPEN : REVIEW_CLOSED,
        .privileged = store_col_int(q, 2) == 1,
        .created_us = store_col_int(q, 6),
        .created_by_id = store_col_id(q, 7),
        .deadline_us = store_col_int(q, 8),
        .closed_us = store_col_int(q, 9),
    };
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.roles));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row.groups));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 5).envelope, &row.reason.envelope));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 10), &row.evidence_sha256));
    *ret_review = row;
    return CX_OK;
}

static cx_err rows_of(struct store_stmt *q, size_t limit, struct arena *arena,
                      struct review_row *rows, size_t *ret_count)
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

cx_err review_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                   struct arena *arena, struct review_row *ret_review)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " REVIEW_COLUMNS " FROM access_review WHERE tenant_id = $1 "
                         "AND review_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, review_id);
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_review) : CX_ERR(NOTFOUND);
}

cx_err review_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                   size_t limit, struct arena *arena, struct review_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " REVIEW_COLUMNS " FROM access_review WHERE tenant_id = $1 "
                         "AND (created_us, review_id) < ($2, $3) "
                         "ORDER BY created_us DESC, review_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    return rows_of(q, limit, arena, rows, ret_count);
}

cx_err review_open_ones(struct store_tx *tx, struct cx_id tenant_id, size_t limit,
                        struct arena *arena, struct review_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " REVIEW_COLUMNS " FROM access_review WHERE tenant_id = $1 "
                         "AND state = 'open' ORDER BY created_us, review_id LIMIT $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, (int64_t)limit);
    return rows_of(q, limit, arena, rows, ret_count);
}

cx_err review_count(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                    int64_t ret_counts[static REVIEW_ITEM_STATE_COUNT])
{
    struct store_stmt *q = NULL;
    memset(ret_counts, 0, sizeof(int64_t) * REVIEW_ITEM_STATE_COUNT);
    CX_TRY(store_prepare(tx,
                         "SELECT state, COUNT(*) FROM access_review_item WHERE tenant_id = $1 "
                         "AND review_id = $2 GROUP BY state",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, review_id);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        ret_counts[item_state_of(store_col_text(q, 0))] = store_col_int(q, 1);
    }
}

cx_err review_last_answer(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                          cx_time *ret_at_us)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT MAX(decided_us) FROM access_review_item WHERE tenant_id = $1 "
                         "AND review_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, review_id);
    CX_TRY(store_step(q, &row));
    *ret_at_us = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err review_close(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                    struct cx_bytes evidence_sha256, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE access_review SET state = 'closed', closed_us = $3, evidence_sha256 = $4 "
        "WHERE tenant_id = $1 AND review_id = $2 AND state = 'open' AND NOT EXISTS "
        "(SELECT 1 FROM access_review_item i WHERE i.tenant_id = $1 AND i.review_id = $2 "
        "AND i.state = 'open')",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, review_id);
    store_bind_int(q, 3, now_us);
    store_bind_bytes(q, 4, evidence_sha256);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err review_opened_for(struct store_tx *tx, struct cx_id tenant_id, struct cx_str key,
                         bool *ret_opened)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "SELECT 1 FROM access_review WHERE tenant_id = $1 AND opened_by_key = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, key);
    return store_step(q, ret_opened);
}

#define ITEM_COLUMNS "item_id, state, decided_us, decided_by_id, comment, binding_id"

static cx_err item_of(const struct store_stmt *q, struct arena *arena, struct review_item *ret_item)
{
    struct review_item item = {
        .item_id = store_col_id(q, 0),
        .state = item_state_of(store_col_text(q, 1)),
        .decided_us = store_col_int(q, 2),
        .decided_by_id = store_col_id(q, 3),
        .binding.binding_id = store_col_id(q, 5),
    };
    if (!store_col_is_null(q, 4))
        CX_TRY(arena_copy(arena, store_col_sealed(q, 4).envelope, &item.comment.envelope));
    *ret_item = item;
    return CX_OK;
}

cx_err review_items(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                    struct cx_id after, bool open_only, size_t limit, struct arena *arena,
                    struct review_item *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " ITEM_COLUMNS " FROM access_review_item WHERE tenant_id = $1 "
                         "AND review_id = $2 AND binding_id > $3 AND (state = 'open' OR $4 = 0) "
                         "ORDER BY binding_id LIMIT $5",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, review_id);
    store_bind_id(q, 3, after);
    store_bind_int(q, 4, open_only);
    store_bind_int(q, 5, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(item_of(q, arena, &rows[count++]));
    }
    for (size_t i = 0; i < count; i++)
        CX_TRY(binding_find(tx, tenant_id, rows[i].binding.binding_id, arena, &rows[i].binding));
    *ret_count = count;
    return CX_OK;
}

cx_err review_item_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                        struct cx_id binding_id, struct arena *arena, struct review_item *ret_item)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " ITEM_COLUMNS " FROM access_review_item WHERE tenant_id = $1 "
                         "AND review_id = $2 AND binding_id = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, review_id);
    store_bind_id(q, 3, binding_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    CX_TRY(item_of(q, arena, ret_item));
    return binding_find(tx, tenant_id, binding_id, arena, &ret_item->binding);
}

cx_err review_item_decide(struct store_tx *tx, struct cx_id tenant_id, struct cx_id item_id,
                          enum review_item_state state, struct cx_id by, struct cx_sealed comment,
                          cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE access_review_item SET state = $3, decided_us = $4, "
                         "decided_by_id = $5 WHERE tenant_id = $1 AND item_id = $2 "
                         "AND state = 'open'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, item_id);
    store_bind_text(q, 3, cx_str_from(ITEM_STATES[state]));
    store_bind_int(q, 4, now_us);
    if (cx_id_is_zero(by))
        store_bind_null(q, 5);
    else
        store_bind_id(q, 5, by);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    return comment.envelope.len
               ? row_access_review_item_set_comment(tx, tenant_id, item_id, comment)
               : CX_OK;
}
