#include "core/letter/letter_store.h"

cx_err letter_cursor_read(struct store_tx *tx, struct cx_id tenant_id, bool *ret_known,
                          int64_t *ret_leaf_index, cx_time *ret_reviews_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "SELECT leaf_index, reviews_us FROM letter_cursor WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, ret_known));
    *ret_leaf_index = *ret_known ? store_col_int(q, 0) : 0;
    *ret_reviews_us = *ret_known ? store_col_int(q, 1) : 0;
    return CX_OK;
}

cx_err letter_cursor_move(struct store_tx *tx, struct cx_id tenant_id, int64_t was,
                          int64_t leaf_index, cx_time reviews_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE letter_cursor SET leaf_index = $3, reviews_us = $4 "
                         "WHERE tenant_id = $1 AND leaf_index = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, was);
    store_bind_int(q, 3, leaf_index);
    store_bind_int(q, 4, reviews_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err letter_log_size(struct store_tx *tx, struct cx_id tenant_id, int64_t *ret_size)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT size FROM audit_tree WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &row));
    *ret_size = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err letter_entries(struct store_tx *tx, struct cx_id tenant_id, int64_t from,
                      struct arena *arena, struct letter_entry *entries, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT entry_id, user_id, object_id, action, object_type, time_us, "
                         "outcome FROM audit_entry WHERE tenant_id = $1 AND leaf_index >= $2 "
                         "ORDER BY leaf_index LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, from);
    store_bind_int(q, 3, LETTER_READ_MAX);
    for (; count < LETTER_READ_MAX; count++) {
        struct letter_entry *entry = &entries[count];
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        *entry = (struct letter_entry){.entry_id = store_col_id(q, 0),
                                       .user_id = store_col_id(q, 1),
                                       .object_id = store_col_id(q, 2),
                                       .time_us = store_col_int(q, 5),
                                       .done = cx_str_is(store_col_text(q, 6), "done")};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &entry->action));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &entry->object_type));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err letter_event_add(struct store_tx *tx, const struct row_letter_event *event)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "INSERT INTO letter_event (tenant_id, user_id, kind, object_id, mark, "
                         "object_type, action, at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                         "ON CONFLICT DO NOTHING",
                         &q));
    store_bind_id(q, 1, event->tenant_id);
    store_bind_id(q, 2, event->user_id);
    store_bind_text(q, 3, event->kind);
    store_bind_id(q, 4, event->object_id);
    store_bind_int(q, 5, event->mark);
    store_bind_text(q, 6, event->object_type);
    store_bind_text(q, 7, event->action);
    store_bind_int(q, 8, event->at_us);
    return store_exec(q);
}

cx_err letter_users_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                        struct letter_due *due, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx,
        "SELECT DISTINCT e.user_id, CASE WHEN e.kind = 'security' THEN 1 ELSE 0 END "
        "FROM letter_event e WHERE e.tenant_id = $1 AND e.settled_us IS NULL "
        "AND (e.kind = 'security' OR NOT EXISTS (SELECT 1 FROM letter l WHERE l.tenant_id = $1 "
        "AND l.user_id = e.user_id AND l.security = 0 AND l.created_us > $2)) LIMIT $3",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us - LETTER_PAUSE_S * CX_US_PER_S);
    store_bind_int(q, 3, LETTER_USERS_MAX);
    for (; count < LETTER_USERS_MAX; count++) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        due[count] = (struct letter_due){store_col_id(q, 0), store_col_int(q, 1) == 1};
    }
    *ret_count = count;
    return CX_OK;
}

cx_err letter_events_of(struct store_tx *tx, struct cx_id tenant_id, const struct letter_due *due,
                        struct arena *arena, struct row_letter_event *events, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(
        store_prepare(tx,
                      "SELECT kind, object_id, mark, object_type, action, at_us FROM letter_event "
                      "WHERE tenant_id = $1 AND user_id = $2 AND settled_us IS NULL "
                      "AND (CASE WHEN kind = 'security' THEN 1 ELSE 0 END) = $3 "
                      "ORDER BY at_us, kind, object_id LIMIT $4",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, due->user_id);
    store_bind_int(q, 3, due->security);
    store_bind_int(q, 4, LETTER_ITEMS_MAX);
    for (; count < LETTER_ITEMS_MAX; count++) {
        struct row_letter_event *event = &events[count];
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        *event = (struct row_letter_event){.tenant_id = tenant_id,
                                           .user_id = due->user_id,
                                           .object_id = store_col_id(q, 1),
                                           .mark = store_col_int(q, 2),
                                           .at_us = store_col_int(q, 5)};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &event->kind));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &event->object_type));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &event->action));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err letter_event_settle(struct store_tx *tx, const struct row_letter_event *event,
                           struct cx_id letter_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE letter_event SET letter_id = $6, settled_us = $7 "
                         "WHERE tenant_id = $1 AND user_id = $2 AND kind = $3 AND object_id = $4 "
                         "AND mark = $5 AND settled_us IS NULL",
                         &q));
    store_bind_id(q, 1, event->tenant_id);
    store_bind_id(q, 2, event->user_id);
    store_bind_text(q, 3, event->kind);
    store_bind_id(q, 4, event->object_id);
    store_bind_int(q, 5, event->mark);
    if (cx_id_is_zero(letter_id))
        store_bind_null(q, 6);
    else
        store_bind_id(q, 6, letter_id);
    store_bind_int(q, 7, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err letter_choice_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                          bool *ret_wanted)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT waiting FROM letter_choice WHERE tenant_id = $1 AND user_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    CX_TRY(store_step(q, &row));
    *ret_wanted = !row || store_col_int(q, 0) == 1;
    return CX_OK;
}

cx_err letter_choice_write(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           bool wanted, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "INSERT INTO letter_choice (tenant_id, user_id, waiting, changed_us) "
                         "VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, user_id) DO UPDATE "
                         "SET waiting = $3, changed_us = $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, wanted);
    store_bind_int(q, 4, now_us);
    return store_exec(q);
}

cx_err letter_any(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, bool *ret_any)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM letter WHERE tenant_id = $1 AND state = 'waiting' "
                         "AND due_us <= $2 LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    return store_step(q, ret_any);
}

cx_err letter_claim(struct store_tx *tx, struct cx_id tenant_id, struct cx_id claim_id,
                    cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE letter SET claim_id = $2, due_us = $4, attempt_count = attempt_count + 1 "
        "WHERE tenant_id = $1 AND state = 'waiting' AND due_us <= $3 AND letter_id IN "
        "(SELECT letter_id FROM letter WHERE tenant_id = $1 AND state = 'waiting' "
        "AND due_us <= $3 ORDER BY due_us, letter_id LIMIT $5)",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, claim_id);
    store_bind_int(q, 3, now_us);
    store_bind_int(q, 4, now_us + LETTER_LEASE_S * CX_US_PER_S);
    store_bind_int(q, 5, LETTER_CLAIM_MAX);
    return store_exec(q);
}

cx_err letter_claimed(struct store_tx *tx, struct cx_id tenant_id, struct cx_id claim_id,
                      struct arena *arena, struct row_letter *letters, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT letter_id, user_id, address, subject, body, created_us, "
                         "attempt_count FROM letter WHERE tenant_id = $1 AND claim_id = $2 "
                         "AND state = 'waiting' ORDER BY letter_id",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, claim_id);
    for (; count < LETTER_CLAIM_MAX; count++) {
        struct row_letter *letter = &letters[count];
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        *letter = (struct row_letter){.tenant_id = tenant_id,
                                      .letter_id = store_col_id(q, 0),
                                      .user_id = store_col_id(q, 1),
                                      .created_us = store_col_int(q, 5),
                                      .claim_id = claim_id,
                                      .attempt_count = store_col_int(q, 6)};
        CX_TRY(arena_copy(arena, store_col_sealed(q, 2).envelope, &letter->address.envelope));
        CX_TRY(arena_copy(arena, store_col_sealed(q, 3).envelope, &letter->subject.envelope));
        CX_TRY(arena_copy(arena, store_col_sealed(q, 4).envelope, &letter->body.envelope));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err letter_settle(struct store_tx *tx, const struct row_letter *letter, struct cx_str state,
                     cx_time at_us)
{
    struct store_stmt *q = NULL;
    bool later = cx_str_is(state, "waiting");
    CX_TRY(store_prepare(tx,
                         later ? "UPDATE letter SET state = $4, due_us = $5 WHERE tenant_id = $1 "
                                 "AND letter_id = $2 AND claim_id = $3 AND state = 'waiting'"
                               : "UPDATE letter SET state = $4, settled_us = $5 "
                                 "WHERE tenant_id = $1 AND letter_id = $2 AND claim_id = $3 "
                                 "AND state = 'waiting'",
                         &q));
    store_bind_id(q, 1, letter->tenant_id);
    store_bind_id(q, 2, letter->letter_id);
    store_bind_id(q, 3, letter->claim_id);
    store_bind_text(q, 4, state);
    store_bind_int(q, 5, at_us);
    return store_exec(q);
}
