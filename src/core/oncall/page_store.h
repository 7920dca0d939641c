/* Pages and what is sent of them, in the database. Inside store closures; what is returned is in the arena. */
#pragma once
#include "core/page.h"
#include "store/rows.h"

enum { LETTER_LEASE_S = 45, LETTER_ATTEMPTS_MAX = 20, PAGE_LETTERS_MAX = 500 };

/* CX_E_NOTFOUND. */
cx_err page_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id page_id,
                 struct arena *arena, struct row_oncall_page *ret_row);
/* Newest first; rows has room for limit. */
cx_err page_rows(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                 size_t limit, struct arena *arena, struct row_oncall_page *rows,
                 size_t *ret_count);
/* Open ones whose time to escalate has come, the longest waiting first; rows has room for limit. */
cx_err page_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                struct arena *arena, struct row_oncall_page *rows, size_t *ret_count);
/* To another level and round, when it still is as the row says. CX_E_CONFLICT otherwise. */
cx_err page_step(struct store_tx *tx, const struct row_oncall_page *row, int64_t level,
                 int64_t round, cx_time escalate_us);
/* Open, to unanswered or ended, when it still is as the row says; what waits is dropped. CX_E_CONFLICT otherwise. */
cx_err page_finish(struct store_tx *tx, const struct row_oncall_page *row, struct cx_str state,
                   cx_time now_us);
/* An open one, or one of an incident that nobody answered in time; what waits is dropped. CX_E_CONFLICT otherwise. */
cx_err page_acknowledge(struct store_tx *tx, struct cx_id tenant_id, struct cx_id page_id,
                        struct cx_id user_id, cx_time now_us);

/* CX_E_NOTFOUND. */
cx_err page_letter_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id letter_id,
                        struct arena *arena, struct row_oncall_letter *ret_row);
/* In the order of making; rows has room for PAGE_LETTERS_MAX. */
cx_err page_letter_rows(struct store_tx *tx, struct cx_id tenant_id, struct cx_id page_id,
                        struct arena *arena, struct row_oncall_letter *rows, size_t *ret_count);
/* The one that is due longest. CX_E_NOTFOUND. */
cx_err page_letter_next(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                        struct arena *arena, struct row_oncall_letter *ret_row);
/* Takes it until the lease runs out, when its due_us still is the row's. CX_E_CONFLICT otherwise. */
cx_err page_letter_claim(struct store_tx *tx, const struct row_oncall_letter *row,
                         struct cx_id claim_id, cx_time now_us);
/* What came of it, from who holds the claim; due_us counts for state waiting. CX_E_CONFLICT when it was dropped or is another's. */
cx_err page_letter_settle(struct store_tx *tx, const struct row_oncall_letter *row,
                          struct cx_str state, cx_time due_us, cx_time now_us);
