/*
 * Rows of letters (db/migrations/0096_letter.sql). Every function runs inside a store closure and has the tenant in its
 * WHERE. Sealed fields stay sealed; what rows view is copied into arena.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "store/rows.h"

enum {
    LETTER_READ_MAX = 512,  /* entries of the log looked at in a step */
    LETTER_ITEMS_MAX = 500, /* events that go into one letter */
    LETTER_USERS_MAX = 32,  /* letters composed in a pass; the next one goes on */
    LETTER_CLAIM_MAX = 32,
    LETTER_LEASE_S = 45,
    LETTER_PAUSE_S = 600, /* between two letters about work to one person */
};

/* *ret_known false: the log was never read for this tenant. */
cx_err letter_cursor_read(struct store_tx *tx, struct cx_id tenant_id, bool *ret_known,
                          int64_t *ret_leaf_index, cx_time *ret_reviews_us);
/* From was: CX_E_CONFLICT when another node has read on. */
cx_err letter_cursor_move(struct store_tx *tx, struct cx_id tenant_id, int64_t was,
                          int64_t leaf_index, cx_time reviews_us);
/* How many leaves the log has. */
cx_err letter_log_size(struct store_tx *tx, struct cx_id tenant_id, int64_t *ret_size);

struct letter_entry { /* of the audit log */
    struct cx_id entry_id, user_id, object_id;
    struct cx_str action, object_type;
    cx_time time_us;
    bool done; /* else denied or failed */
};
cx_err letter_entries(struct store_tx *tx, struct cx_id tenant_id, int64_t from,
                      struct arena *arena, struct letter_entry *entries, size_t *ret_count);

/* Nothing happens when this person was, or will be, told of it. */
cx_err letter_event_add(struct store_tx *tx, const struct row_letter_event *event);

struct letter_due {
    struct cx_id user_id;
    bool security;
};
/* Whom a letter can be written to now: security at once, work LETTER_PAUSE_S after the letter before. */
cx_err letter_users_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                        struct letter_due *due, size_t *ret_count);
/* At most LETTER_ITEMS_MAX, oldest first. */
cx_err letter_events_of(struct store_tx *tx, struct cx_id tenant_id, const struct letter_due *due,
                        struct arena *arena, struct row_letter_event *events, size_t *ret_count);
/* letter_id zero: it goes into none. CX_E_CONFLICT when another node was first. */
cx_err letter_event_settle(struct store_tx *tx, const struct row_letter_event *event,
                           struct cx_id letter_id, cx_time now_us);

/* *ret_wanted: also letters about work. */
cx_err letter_choice_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                          bool *ret_wanted);
cx_err letter_choice_write(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           bool wanted, cx_time now_us);

cx_err letter_any(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, bool *ret_any);
cx_err letter_claim(struct store_tx *tx, struct cx_id tenant_id, struct cx_id claim_id,
                    cx_time now_us);
/* letters has room for LETTER_CLAIM_MAX. */
cx_err letter_claimed(struct store_tx *tx, struct cx_id tenant_id, struct cx_id claim_id,
                      struct arena *arena, struct row_letter *letters, size_t *ret_count);
/* By who holds the claim; else nothing happens. state: "sent", "refused", or "waiting" until due_us. */
cx_err letter_settle(struct store_tx *tx, const struct row_letter *letter, struct cx_str state,
                     cx_time at_us);
