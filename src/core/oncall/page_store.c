#include "core/oncall/page_store.h"

#define PAGE_COLUMNS                                                                               \
    "SELECT page_id, roster_id, incident_id, page_key, state, level, round, escalate_us, "         \
    "created_us, acknowledger_id, acknowledged_us, finished_us FROM oncall_page "                  \
    "WHERE tenant_id = $1 "

static cx_err page_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                      struct row_oncall_page *ret_row)
{
    struct row_oncall_page row = {.tenant_id = tenant_id,
                                  .page_id = store_col_id(q, 0),
                                  .roster_id = store_col_id(q, 1),
                                  .has_incident_id = !store_col_is_null(q, 2),
                                  .incident_id = store_col_id(q, 2),
                                  .level = store_col_int(q, 5),
                                  .round = store_col_int(q, 6),
                                  .escalate_us = store_col_int(q, 7),
                                  .created_us = store_col_int(q, 8),
                                  .has_acknowledger_id = !store_col_is_null(q, 9),
                                  .acknowledger_id = store_col_id(q, 9),
                                  .has_acknowledged_us = !store_col_is_null(q, 10),
                                  .acknowledged_us = store_col_int(q, 10),
                                  .has_finished_us = !store_col_is_null(q, 11),
                                  .finished_us = store_col_int(q, 11)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.page_key));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row.state));
    *ret_row = row;
    return CX_OK;
}

static cx_err pages_of(struct store_stmt *q, struct cx_id tenant_id, size_t limit,
                       struct arena *arena, struct row_oncall_page *rows, size_t *ret_count)
{
    size_t count = 0;
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(page_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err page_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id page_id,
                 struct arena *arena, struct row_oncall_page *ret_row)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx, PAGE_COLUMNS "AND page_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, page_id);
    CX_TRY(pages_of(q, tenant_id, 1, arena, ret_row, &count));
    return count == 1 ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err page_rows(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                 size_t limit, struct arena *arena, struct row_oncall_page *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         PAGE_COLUMNS "AND (created_us, page_id) < ($2, $3) "
                                      "ORDER BY created_us DESC, page_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    return pages_of(q, tenant_id, limit, arena, rows, ret_count);
}

cx_err page_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                struct arena *arena, struct row_oncall_page *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         PAGE_COLUMNS "AND state = 'open' AND escalate_us <= $2 "
                                      "ORDER BY escalate_us LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, (int64_t)limit);
    return pages_of(q, tenant_id, limit, arena, rows, ret_count);
}

cx_err page_step(struct store_tx *tx, const struct row_oncall_page *row, int64_t level,
                 int64_t round, cx_time escalate_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oncall_page SET level = $4, round = $5, escalate_us = $6 "
                         "WHERE tenant_id = $1 AND page_id = $2 AND escalate_us = $3 "
                         "AND state = 'open'",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->page_id);
    store_bind_int(q, 3, row->escalate_us);
    store_bind_int(q, 4, level);
    store_bind_int(q, 5, round);
    store_bind_int(q, 6, escalate_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

/* Nobody is written to of a page that is over. */
static cx_err drop_letters(struct store_tx *tx, struct cx_id tenant_id, struct cx_id page_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oncall_letter SET state = 'dropped' WHERE tenant_id = $1 "
                         "AND page_id = $2 AND state = 'waiting'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, page_id);
    return store_exec(q);
}

cx_err page_finish(struct store_tx *tx, const struct row_oncall_page *row, struct cx_str state,
                   cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oncall_page SET state = $4, finished_us = $5 "
                         "WHERE tenant_id = $1 AND page_id = $2 AND escalate_us = $3 "
                         "AND state = 'open'",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->page_id);
    store_bind_int(q, 3, row->escalate_us);
    store_bind_text(q, 4, state);
    store_bind_int(q, 5, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? drop_letters(tx, row->tenant_id, row->page_id)
                                 : CX_ERR(CONFLICT);
}

cx_err page_acknowledge(struct store_tx *tx, struct cx_id tenant_id, struct cx_id page_id,
                        struct cx_id user_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oncall_page SET state = 'acknowledged', acknowledger_id = $3, "
                         "acknowledged_us = $4, finished_us = $4 "
                         "WHERE tenant_id = $1 AND page_id = $2 AND (state = 'open' "
                         "OR state = 'unanswered' AND incident_id IS NOT NULL)",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, page_id);
    store_bind_id(q, 3, user_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? drop_letters(tx, tenant_id, page_id) : CX_ERR(CONFLICT);
}

#define LETTER_COLUMNS                                                                             \
    "SELECT letter_id, page_id, user_id, contact_id, channel, level, round, state, due_us, "       \
    "claim_id, attempt_count, created_us, sent_us, body, answer, token_hash FROM oncall_letter "   \
    "WHERE tenant_id = $1 "

static cx_err letter_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                        struct row_oncall_letter *ret_row)
{
    struct row_oncall_letter row = {.tenant_id = tenant_id,
                                    .letter_id = store_col_id(q, 0),
                                    .page_id = store_col_id(q, 1),
                                    .user_id = store_col_id(q, 2),
                                    .contact_id = store_col_id(q, 3),
                                    .level = store_col_int(q, 5),
                                    .round = store_col_int(q, 6),
                                    .due_us = store_col_int(q, 8),
                                    .has_claim_id = !store_col_is_null(q, 9),
                                    .claim_id = store_col_id(q, 9),
                                    .attempt_count = store_col_int(q, 10),
                                    .created_us = store_col_int(q, 11),
                                    .has_sent_us = !store_col_is_null(q, 12),
                                    .sent_us = store_col_int(q, 12),
                                    .has_answer = !store_col_is_null(q, 14)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row.channel));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 7), &row.state));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 13).envelope, &row.body.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 14).envelope, &row.answer.envelope));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 15), &row.token_hash));
    *ret_row = row;
    return CX_OK;
}

static cx_err letters_of(struct store_stmt *q, struct cx_id tenant_id, size_t limit,
                         struct arena *arena, struct row_oncall_letter *rows, size_t *ret_count)
{
    size_t count = 0;
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(letter_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err page_letter_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id letter_id,
                        struct arena *arena, struct row_oncall_letter *ret_row)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx, LETTER_COLUMNS "AND letter_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, letter_id);
    CX_TRY(letters_of(q, tenant_id, 1, arena, ret_row, &count));
    return count == 1 ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err page_letter_rows(struct store_tx *tx, struct cx_id tenant_id, struct cx_id page_id,
                        struct arena *arena, struct row_oncall_letter *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         LETTER_COLUMNS "AND page_id = $2 "
                                        "ORDER BY round, level, contact_id, channel LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, page_id);
    store_bind_int(q, 3, PAGE_LETTERS_MAX);
    return letters_of(q, tenant_id, PAGE_LETTERS_MAX, arena, rows, ret_count);
}

cx_err page_letter_next(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                        struct arena *arena, struct row_oncall_letter *ret_row)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         LETTER_COLUMNS "AND state = 'waiting' AND due_us <= $2 "
                                        "ORDER BY due_us, letter_id LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    CX_TRY(letters_of(q, tenant_id, 1, arena, ret_row, &count));
    return count == 1 ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err page_letter_claim(struct store_tx *tx, const struct row_oncall_letter *row,
                         struct cx_id claim_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oncall_letter SET claim_id = $4, due_us = $5, "
                         "attempt_count = attempt_count + 1 WHERE tenant_id = $1 "
                         "AND letter_id = $2 AND due_us = $3 AND state = 'waiting'",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->letter_id);
    store_bind_int(q, 3, row->due_us);
    store_bind_id(q, 4, claim_id);
    store_bind_int(q, 5, now_us + LETTER_LEASE_S * CX_US_PER_S);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err page_letter_settle(struct store_tx *tx, const struct row_oncall_letter *row,
                          struct cx_str state, cx_time due_us, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oncall_letter SET state = $4, due_us = $5, sent_us = $6 "
                         "WHERE tenant_id = $1 AND letter_id = $2 AND claim_id = $3 "
                         "AND state = 'waiting'",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->letter_id);
    store_bind_id(q, 3, row->claim_id);
    store_bind_text(q, 4, state);
    store_bind_int(q, 5, due_us);
    if (cx_str_is(state, "sent"))
        store_bind_int(q, 6, now_us);
    else
        store_bind_null(q, 6);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    return row->has_answer
               ? row_oncall_letter_set_answer(tx, row->tenant_id, row->letter_id, row->answer)
               : CX_OK;
}
