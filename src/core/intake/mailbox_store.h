/* Mailboxes, how far they were read, and what came in, in the database. Inside store closures. */
#pragma once
#include "core/page.h"
#include "store/rows.h"

enum { MAILBOX_FOLDERS_MAX = 8, MAILBOXES_MAX = 64 /* live ones of a tenant */, RECEIPTS_MAX = 8 };

/* CX_E_NOTFOUND. */
cx_err mailbox_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                    struct arena *arena, struct row_mailbox *ret_row);
/* Newest first; rows has room for limit. */
cx_err mailbox_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                    size_t limit, struct arena *arena, struct row_mailbox *rows, size_t *ret_count);
/* Those that have not ended; rows has room for MAILBOXES_MAX. */
cx_err mailbox_live(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                    struct row_mailbox *rows, size_t *ret_count);
/* CX_E_CONFLICT when it has ended. */
cx_err mailbox_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                   struct cx_id ender_id, cx_time now_us);

/* One whose time has come, which nobody else takes until until_us. CX_E_NOTFOUND. */
cx_err mailbox_claim(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, cx_time until_us,
                     struct arena *arena, struct row_mailbox *ret_row);
/* How it went: failure empty: all folders were read. */
cx_err mailbox_set_checked(struct store_tx *tx, const struct row_mailbox *row,
                           struct cx_str failure, cx_time now_us, cx_time due_us);
cx_err mailbox_set_alerted(struct store_tx *tx, const struct row_mailbox *row, cx_time now_us);

/* A new self-test instead of the one that row knows. CX_E_CONFLICT when there is another one by now. */
cx_err mailbox_test_start(struct store_tx *tx, const struct row_mailbox *row, struct cx_id test_id,
                          cx_time now_us);
/* Of row->test_id, as long as it is the test under way. */
cx_err mailbox_test_sent(struct store_tx *tx, const struct row_mailbox *row, cx_time now_us);
cx_err mailbox_test_seen(struct store_tx *tx, const struct row_mailbox *row, cx_time now_us);
cx_err mailbox_test_alerted(struct store_tx *tx, const struct row_mailbox *row, cx_time now_us);

/* By name; rows has room for MAILBOX_FOLDERS_MAX. */
cx_err folder_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                   struct arena *arena, struct row_mailbox_folder *rows, size_t *ret_count);
/* From what row says to what was read. CX_E_CONFLICT when somebody else has read on. */
cx_err folder_advance(struct store_tx *tx, const struct row_mailbox_folder *row,
                      int64_t uid_validity, int64_t uid);

/* CX_E_NOTFOUND. With raw. */
cx_err mail_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                 struct cx_id message_id, struct arena *arena, struct row_mailbox_message *ret_row);
/* Is there a message of this digest? */
cx_err mail_known(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes digest,
                  bool *ret_known);
/* Newest first, without raw; rows has room for limit. */
cx_err mail_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id mailbox_id,
                 const struct page_key *after, size_t limit, struct arena *arena,
                 struct row_mailbox_message *rows, size_t *ret_count);
/* Messages whose receipt is due, without raw, which nobody else takes until until_us; rows has room for RECEIPTS_MAX. */
cx_err receipt_claim(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, cx_time until_us,
                     struct arena *arena, struct row_mailbox_message *rows, size_t *ret_count);
/* What became of it: sent or refused. CX_E_CONFLICT when that is known already. */
cx_err receipt_done(struct store_tx *tx, const struct row_mailbox_message *row,
                    struct cx_str outcome);
cx_err receipt_later(struct store_tx *tx, const struct row_mailbox_message *row, cx_time due_us);
