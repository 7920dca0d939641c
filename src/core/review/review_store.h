/*
 * Rows of access reviews and leavers. Every function runs inside a store closure and has the tenant in its WHERE; inserts
 * are store/rows.h. Sealed fields stay sealed here. What rows view is copied into arena.
 */
#pragma once
#include "core/access/binding_store.h"
#include "core/page.h"
#include "store/rows.h"

enum review_state { REVIEW_OPEN, REVIEW_CLOSED };
enum review_item_state {
    REVIEW_ITEM_OPEN,
    REVIEW_ITEM_CERTIFIED,
    REVIEW_ITEM_REVOKED,
    REVIEW_ITEM_LAPSED,
    REVIEW_ITEM_GONE,
    REVIEW_ITEM_KEPT,
    REVIEW_ITEM_STATE_COUNT
};
const char *review_item_state_name(enum review_item_state state);

struct review_row {
    struct cx_id review_id;
    enum review_state state;
    bool privileged;
    struct cx_str roles, groups; /* ' ' between them; empty: any */
    struct cx_sealed reason;
    cx_time created_us, deadline_us, closed_us; /* closed_us 0: open */
    struct cx_id created_by_id;                 /* zero: the clock */
    struct cx_bytes evidence_sha256;
};
cx_err review_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                   struct arena *arena, struct review_row *ret_review);
/* Newest first; rows has room for limit. */
cx_err review_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                   size_t limit, struct arena *arena, struct review_row *rows, size_t *ret_count);
/* Those that are open, at most limit. */
cx_err review_open_ones(struct store_tx *tx, struct cx_id tenant_id, size_t limit,
                        struct arena *arena, struct review_row *rows, size_t *ret_count);
/* How many items there are in each state. */
cx_err review_count(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                    int64_t ret_counts[static REVIEW_ITEM_STATE_COUNT]);
/* When an item was decided last; 0: none was. */
cx_err review_last_answer(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                          cx_time *ret_at_us);
/* Compare-and-set, and only when no item is open: CX_E_CONFLICT. */
cx_err review_close(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                    struct cx_bytes evidence_sha256, cx_time now_us);
/* Whether the clock opened a review for that already. */
cx_err review_opened_for(struct store_tx *tx, struct cx_id tenant_id, struct cx_str key,
                         bool *ret_opened);

struct review_item {
    struct cx_id item_id;
    enum review_item_state state;
    cx_time decided_us;         /* 0: open */
    struct cx_id decided_by_id; /* zero: the clock */
    struct cx_sealed comment;   /* empty envelope: none */
    struct binding_row binding;
};
/* By binding, after that one (zero: from the first); rows has room for limit. */
cx_err review_items(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                    struct cx_id after, bool open_only, size_t limit, struct arena *arena,
                    struct review_item *rows, size_t *ret_count);
cx_err review_item_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id review_id,
                        struct cx_id binding_id, struct arena *arena, struct review_item *ret_item);
/* From open to state, once: CX_E_CONFLICT. by zero: the clock. */
cx_err review_item_decide(struct store_tx *tx, struct cx_id tenant_id, struct cx_id item_id,
                          enum review_item_state state, struct cx_id by, struct cx_sealed comment,
                          cx_time now_us);

struct leaver_row {
    struct cx_id leaver_id, user_id;
    bool by_directory;
    cx_time marked_us, left_us, due_us, done_us, withdrawn_us; /* the last two 0: not */
    struct cx_sealed reason;
    struct cx_id marked_by_id, withdrawn_by_id;
};
/* The one that waits. CX_E_NOTFOUND. */
cx_err leaver_waiting(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      struct arena *arena, struct leaver_row *ret_leaver);
/* Newest first. */
cx_err leaver_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                   size_t limit, struct arena *arena, struct leaver_row *rows, size_t *ret_count);
/* Those that wait and are due. */
cx_err leaver_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                  struct arena *arena, struct leaver_row *rows, size_t *ret_count);
/* Both once: CX_E_CONFLICT when it is done or withdrawn. */
cx_err leaver_set_done(struct store_tx *tx, struct cx_id tenant_id, struct cx_id leaver_id,
                       cx_time now_us);
cx_err leaver_withdraw(struct store_tx *tx, struct cx_id tenant_id, struct cx_id leaver_id,
                       struct cx_id by, cx_time now_us);
