/* What came into mailboxes: rows of mailbox_message. */
#include "core/intake/mailbox_store.h"

#define COLUMNS                                                                                    \
    "SELECT message_id, mailbox_id, folder, uid, report_id, incident_id, sender, reply_to, "       \
    "sha256, cut, receipt, receipt_due_us, receipt_count, received_us"
#define MAIL COLUMNS " FROM mailbox_message "

static cx_err mail_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                      struct row_mailbox_message *ret_row)
{
    struct row_mailbox_message row = {.tenant_id = tenant_id,
                                      .message_id = store_col_id(q, 0),
                                      .mailbox_id = store_col_id(q, 1),
                                      .uid = store_col_int(q, 3),
                                      .report_id = store_col_id(q, 4),
                                      .incident_id = store_col_id(q, 5),
                                      .has_sender = !store_col_is_null(q, 6),
                                      .cut = store_col_int(q, 9),
                                      .has_receipt_due_us = !store_col_is_null(q, 11),
                                      .receipt_due_us = store_col_int(q, 11),
                                      .receipt_count = store_col_int(q, 12),
                                      .received_us = store_col_int(q, 13)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.folder));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 6).envelope, &row.sender.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 7).envelope, &row.reply_to.envelope));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 8), &row.sha256));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 10), &row.receipt));
    *ret_row = row;
    return CX_OK;
}

static cx_err mail_rows(struct store_stmt *q, struct cx_id tenant_id, size_t limit,
                        struct arena *arena, struct row_mailbox_message *rows, size_t *ret_count)
{
    size_t count = 0;
    while (count < limit) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        CX_TRY(mail_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err mail_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                 struct cx_id message_id, struct arena *arena, struct row_mailbox_message *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         COLUMNS ", raw FROM mailbox_message WHERE tenant_id = $1 "
                                 "AND message_id = $2 AND mailbox_id = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, message_id);
    store_bind_id(q, 3, mailbox_id);
    CX_TRY(store_step(q, &has));
    if (!has)
        return CX_ERR(NOTFOUND);
    CX_TRY(mail_of(q, tenant_id, arena, ret_row));
    return arena_copy(arena, store_col_sealed(q, 14).envelope, &ret_row->raw.envelope);
}

cx_err mail_known(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes digest,
                  bool *ret_known)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT 1 FROM mailbox_message WHERE tenant_id = $1 AND digest = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, digest);
    return store_step(q, ret_known);
}

cx_err mail_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                 const struct page_key *after, size_t limit, struct arena *arena,
                 struct row_mailbox_message *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         MAIL "WHERE tenant_id = $1 AND mailbox_id = $2 AND (received_us < $3 "
                              "OR (received_us = $3 AND message_id < $4)) "
                              "ORDER BY received_us DESC, message_id DESC LIMIT $5",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, mailbox_id);
    store_bind_int(q, 3, after->time_us);
    store_bind_id(q, 4, after->id);
    store_bind_int(q, 5, (int64_t)limit);
    return mail_rows(q, tenant_id, limit, arena, rows, ret_count);
}

cx_err receipt_later(struct store_tx *tx, const struct row_mailbox_message *row, cx_time due_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE mailbox_message SET receipt_due_us = $3 WHERE tenant_id = $1 "
                         "AND message_id = $2 AND receipt = 'waiting'",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->message_id);
    store_bind_int(q, 3, due_us);
    return store_exec(q);
}

static cx_err claim_one(struct store_tx *tx, const struct row_mailbox_message *row,
                        cx_time until_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE mailbox_message SET receipt_due_us = $3, "
                         "receipt_count = receipt_count + 1 "
                         "WHERE tenant_id = $1 AND message_id = $2",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->message_id);
    store_bind_int(q, 3, until_us);
    return store_exec(q);
}

cx_err receipt_claim(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, cx_time until_us,
                     struct arena *arena, struct row_mailbox_message *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         MAIL "WHERE tenant_id = $1 AND receipt = 'waiting' "
                              "AND receipt_due_us <= $2 ORDER BY receipt_due_us LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, RECEIPTS_MAX);
    CX_TRY(mail_rows(q, tenant_id, RECEIPTS_MAX, arena, rows, ret_count));
    for (size_t i = 0; i < *ret_count; i++) {
        CX_TRY(claim_one(tx, &rows[i], until_us));
        rows[i].receipt_count++;
    }
    return CX_OK;
}

cx_err receipt_done(struct store_tx *tx, const struct row_mailbox_message *row,
                    struct cx_str outcome)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE mailbox_message SET receipt = $3, receipt_due_us = NULL "
                         "WHERE tenant_id = $1 AND message_id = $2 AND receipt = 'waiting'",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->message_id);
    store_bind_text(q, 3, outcome);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}
