#include "core/intake/mailbox_store.h"

#define MAILBOX                                                                                    \
    "SELECT mailbox_id, name, host, port, account, password, address, ca, poll_s, self_test_h, "   \
    "due_us, checked_us, failure, alerted_us, test_id, test_made_us, test_sent_us, test_seen_us, " \
    "test_alerted_us, creator_id, created_us, ender_id, ended_us FROM mailbox "

static cx_err mailbox_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                         struct row_mailbox *ret_row)
{
    struct row_mailbox row = {.tenant_id = tenant_id,
                              .mailbox_id = store_col_id(q, 0),
                              .port = store_col_int(q, 3),
                              .poll_s = store_col_int(q, 8),
                              .self_test_h = store_col_int(q, 9),
                              .due_us = store_col_int(q, 10),
                              .has_checked_us = !store_col_is_null(q, 11),
                              .checked_us = store_col_int(q, 11),
                              .has_alerted_us = !store_col_is_null(q, 13),
                              .alerted_us = store_col_int(q, 13),
                              .has_test_id = !store_col_is_null(q, 14),
                              .test_id = store_col_id(q, 14),
                              .has_test_made_us = !store_col_is_null(q, 15),
                              .test_made_us = store_col_int(q, 15),
                              .has_test_sent_us = !store_col_is_null(q, 16),
                              .test_sent_us = store_col_int(q, 16),
                              .has_test_seen_us = !store_col_is_null(q, 17),
                              .test_seen_us = store_col_int(q, 17),
                              .has_test_alerted_us = !store_col_is_null(q, 18),
                              .test_alerted_us = store_col_int(q, 18),
                              .creator_id = store_col_id(q, 19),
                              .created_us = store_col_int(q, 20),
                              .has_ender_id = !store_col_is_null(q, 21),
                              .ender_id = store_col_id(q, 21),
                              .has_ended_us = !store_col_is_null(q, 22),
                              .ended_us = store_col_int(q, 22)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &row.name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.host));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 4).envelope, &row.account.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 5).envelope, &row.password.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 6).envelope, &row.address.envelope));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 7), &row.ca));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 12), &row.failure));
    *ret_row = row;
    return CX_OK;
}

static cx_err mailbox_rows(struct store_stmt *q, struct cx_id tenant_id, size_t limit,
                           struct arena *arena, struct row_mailbox *rows, size_t *ret_count)
{
    size_t count = 0;
    while (count < limit) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        CX_TRY(mailbox_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err mailbox_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                    struct arena *arena, struct row_mailbox *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx, MAILBOX "WHERE tenant_id = $1 AND mailbox_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, mailbox_id);
    CX_TRY(store_step(q, &has));
    return has ? mailbox_of(q, tenant_id, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err mailbox_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                    size_t limit, struct arena *arena, struct row_mailbox *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         MAILBOX "WHERE tenant_id = $1 AND (created_us < $2 OR (created_us = $2 "
                                 "AND mailbox_id < $3)) "
                                 "ORDER BY created_us DESC, mailbox_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    return mailbox_rows(q, tenant_id, limit, arena, rows, ret_count);
}

cx_err mailbox_live(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                    struct row_mailbox *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         MAILBOX "WHERE tenant_id = $1 AND ended_us IS NULL "
                                 "ORDER BY created_us, mailbox_id LIMIT $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, MAILBOXES_MAX);
    return mailbox_rows(q, tenant_id, MAILBOXES_MAX, arena, rows, ret_count);
}

cx_err mailbox_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                   struct cx_id ender_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE mailbox SET ender_id = $3, ended_us = $4 "
                         "WHERE tenant_id = $1 AND mailbox_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, mailbox_id);
    store_bind_id(q, 3, ender_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

/* Sets one time of a mailbox: sql has $1 tenant, $2 mailbox, $3 the time and, with_test, $4 the test it is about. */
static cx_err set_time(struct store_tx *tx, const struct row_mailbox *row, const char *sql,
                       cx_time at_us, bool with_test)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->mailbox_id);
    store_bind_int(q, 3, at_us);
    if (with_test)
        store_bind_id(q, 4, row->test_id);
    return store_exec(q);
}

cx_err mailbox_claim(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, cx_time until_us,
                     struct arena *arena, struct row_mailbox *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         MAILBOX "WHERE tenant_id = $1 AND ended_us IS NULL AND due_us <= $2 "
                                 "ORDER BY due_us LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    CX_TRY(store_step(q, &has));
    if (!has)
        return CX_ERR(NOTFOUND);
    CX_TRY(mailbox_of(q, tenant_id, arena, ret_row));
    return set_time(tx, ret_row,
                    "UPDATE mailbox SET due_us = $3 WHERE tenant_id = $1 AND mailbox_id = $2",
                    until_us, false);
}

cx_err mailbox_set_checked(struct store_tx *tx, const struct row_mailbox *row,
                           struct cx_str failure, cx_time now_us, cx_time due_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE mailbox SET failure = $3, due_us = $4 "
                         "WHERE tenant_id = $1 AND mailbox_id = $2",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->mailbox_id);
    store_bind_text(q, 3, failure);
    store_bind_int(q, 4, due_us);
    CX_TRY(store_exec(q));
    if (failure.len)
        return CX_OK;
    return set_time(tx, row,
                    "UPDATE mailbox SET checked_us = $3, alerted_us = NULL "
                    "WHERE tenant_id = $1 AND mailbox_id = $2",
                    now_us, false);
}

cx_err mailbox_set_alerted(struct store_tx *tx, const struct row_mailbox *row, cx_time now_us)
{
    return set_time(tx, row,
                    "UPDATE mailbox SET alerted_us = $3 WHERE tenant_id = $1 AND mailbox_id = $2",
                    now_us, false);
}

cx_err mailbox_test_start(struct store_tx *tx, const struct row_mailbox *row, struct cx_id test_id,
                          cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE mailbox SET test_id = $3, test_made_us = $4, test_sent_us = NULL, "
                         "test_seen_us = NULL, test_alerted_us = NULL "
                         "WHERE tenant_id = $1 AND mailbox_id = $2 AND ended_us IS NULL "
                         "AND COALESCE(test_made_us, 0) = $5",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->mailbox_id);
    store_bind_id(q, 3, test_id);
    store_bind_int(q, 4, now_us);
    store_bind_int(q, 5, row->has_test_made_us ? row->test_made_us : 0);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err mailbox_test_sent(struct store_tx *tx, const struct row_mailbox *row, cx_time now_us)
{
    return set_time(tx, row,
                    "UPDATE mailbox SET test_sent_us = $3 "
                    "WHERE tenant_id = $1 AND mailbox_id = $2 AND test_id = $4",
                    now_us, true);
}

cx_err mailbox_test_seen(struct store_tx *tx, const struct row_mailbox *row, cx_time now_us)
{
    return set_time(tx, row,
                    "UPDATE mailbox SET test_seen_us = $3 WHERE tenant_id = $1 AND mailbox_id = $2 "
                    "AND test_id = $4 AND test_seen_us IS NULL",
                    now_us, true);
}

cx_err mailbox_test_alerted(struct store_tx *tx, const struct row_mailbox *row, cx_time now_us)
{
    return set_time(tx, row,
                    "UPDATE mailbox SET test_alerted_us = $3 "
                    "WHERE tenant_id = $1 AND mailbox_id = $2 AND test_id = $4",
                    now_us, true);
}

cx_err folder_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                   struct arena *arena, struct row_mailbox_folder *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT folder, uid_validity, last_uid FROM mailbox_folder "
                         "WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY folder LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, mailbox_id);
    store_bind_int(q, 3, MAILBOX_FOLDERS_MAX);
    while (count < MAILBOX_FOLDERS_MAX) {
        struct row_mailbox_folder *row = &rows[count];
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        *row = (struct row_mailbox_folder){.tenant_id = tenant_id,
                                           .mailbox_id = mailbox_id,
                                           .uid_validity = store_col_int(q, 1),
                                           .last_uid = store_col_int(q, 2)};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &row->folder));
        count++;
    }
    *ret_count = count;
    return CX_OK;
}

cx_err folder_advance(struct store_tx *tx, const struct row_mailbox_folder *row,
                      int64_t uid_validity, int64_t uid)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE mailbox_folder SET uid_validity = $4, last_uid = $5 "
                         "WHERE tenant_id = $1 AND mailbox_id = $2 AND folder = $3 "
                         "AND uid_validity = $6 AND last_uid = $7",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->mailbox_id);
    store_bind_text(q, 3, row->folder);
    store_bind_int(q, 4, uid_validity);
    store_bind_int(q, 5, uid);
    store_bind_int(q, 6, row->uid_validity);
    store_bind_int(q, 7, row->last_uid);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}
