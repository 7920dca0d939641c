/*
 * Rows of trackers, bugs, posts and comments. Inside store closures; sealed columns stay sealed. A claim of a post moves due_us
 * to the end of its lease by compare-and-set, so that of two nodes one has it and a dead one's comes up again; only who holds the
 * claim writes what came of it. No statement here deletes.
 */
#pragma once
#include "api_types.h" /* generated */
#include "base/arena.h"
#include "base/clock.h"
#include "store/rows.h"

enum { TRACKER_POSTS_MAX = 200, TRACKER_COMMENT_PAGE = 50 };

/* CX_E_NOTFOUND: the tenant has none. */
cx_err tracker_find(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                    struct row_tracker *ret_row);
/* All settings; the sealed ones too. */
cx_err tracker_put(struct store_tx *tx, const struct row_tracker *row);

/* CX_E_NOTFOUND: the incident has none. */
cx_err tracker_bug_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct arena *arena, struct row_tracker_bug *ret_row);
/* Those whose poll is due; rows has room for limit. */
cx_err tracker_bug_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                       struct arena *arena, struct row_tracker_bug *rows, size_t *ret_count);
/* The next poll, by compare-and-set. CX_E_CONFLICT: another has it. */
cx_err tracker_bug_claim(struct store_tx *tx, const struct row_tracker_bug *row, cx_time next_us);
/* What a look at it found: status, resolution, whiteboard, next update, newest comment, fault. */
cx_err tracker_bug_seen(struct store_tx *tx, const struct row_tracker_bug *row);
cx_err tracker_bug_set_fault(struct store_tx *tx, const struct row_tracker_bug *row,
                             struct cx_str fault);
/* halted_us 0: not any more. */
cx_err tracker_bug_set_halted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                              bool restricted, cx_time halted_us);

/* With its texts. CX_E_NOTFOUND; only of that incident, unless that is zero. */
cx_err tracker_post_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                         struct cx_id post_id, struct arena *arena,
                         struct row_tracker_post *ret_row);
/* Oldest first; rows has room for TRACKER_POSTS_MAX. */
cx_err tracker_post_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                         struct arena *arena, struct row_tracker_post *rows, size_t *ret_count);
/* CX_E_CONFLICT when it is not drafted, or when the incident has a bug, or a post that files one. */
cx_err tracker_post_approve(struct store_tx *tx, const struct row_tracker_post *row);
/* From drafted or waiting, when nobody holds a claim. CX_E_CONFLICT. */
cx_err tracker_post_withdraw(struct store_tx *tx, struct cx_id tenant_id, struct cx_id post_id,
                             cx_time now_us);
/* One that is due, of an incident whose bug is not halted. CX_E_NOTFOUND: none. */
cx_err tracker_post_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                        struct cx_id *ret_post_id);
/* CX_E_CONFLICT: another has it. */
cx_err tracker_post_claim(struct store_tx *tx, struct cx_id tenant_id, struct cx_id post_id,
                          struct cx_id claim_id, cx_time now_us, cx_time lease_us);
/* state, due_us, answer, remote and done_us, while the claim is held. CX_E_CONFLICT: it is not. */
cx_err tracker_post_settle(struct store_tx *tx, const struct row_tracker_post *row);
/* Of the newest list that is attached; 0: none. */
cx_err tracker_post_last_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                              int64_t *ret_remote);

cx_err tracker_comment_known(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                             int64_t remote, bool *ret_known);
/* Behind the number after, by number; rows has room for TRACKER_COMMENT_PAGE. */
cx_err tracker_comment_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                            int64_t after, struct arena *arena, struct row_tracker_comment *rows,
                            size_t *ret_count);
