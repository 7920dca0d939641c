/*
 * The queue of deliveries, which is the ledger too. Inside store closures. A claim moves due_us to the end of its lease by
 * compare-and-set, so that of two nodes one has it and a dead one's come up again; only who holds the claim writes the result.
 */
#pragma once
#include "core/notify/notice_store.h"
#include "outbound/client.h"

enum { DELIVERY_LEASE_S = 45, DELIVERY_CLAIM_MAX = OUTBOUND_LETTERS_MAX };

/* What is needed to send one. */
struct delivery {
    struct row_notice_delivery
        row; /* delivery_id, notice_id, recipient_id, channel, round, attempt_count */
    struct row_notice_contact contact;
    struct row_notice_recipient recipient;
    struct cx_id incident_id;
    struct cx_str kind; /* of the notice */
    cx_time approved_us;
    bool has_act_by;
    cx_time act_by_us;
};
cx_err delivery_any(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, bool *ret_any);
/* At most DELIVERY_CLAIM_MAX of those that are due. */
cx_err delivery_claim(struct store_tx *tx, struct cx_id tenant_id, struct cx_id claim_id,
                      cx_time now_us);
/* What the claim got; deliveries has room for DELIVERY_CLAIM_MAX. */
cx_err delivery_claimed(struct store_tx *tx, struct cx_id tenant_id, struct cx_id claim_id,
                        struct arena *arena, struct delivery *deliveries, size_t *ret_count);

/* What came of an attempt. Each is nothing when the claim is lost. answer is that of the channel, sealed. */
cx_err delivery_set_sent(struct store_tx *tx, const struct row_notice_delivery *row, bool delivered,
                         cx_time now_us);
cx_err delivery_set_later(struct store_tx *tx, const struct row_notice_delivery *row,
                          cx_time due_us);
cx_err delivery_set_bounced(struct store_tx *tx, const struct row_notice_delivery *row,
                            cx_time now_us);

/* A report of the outside. CX_E_CONFLICT when it was not sent, or bounced before. */
cx_err delivery_report(struct store_tx *tx, const struct row_notice_delivery *row,
                       enum api_notice_outcome outcome, cx_time now_us);
/* The reserve of the recipient is due now. CX_E_NOTFOUND when there is none. */
cx_err delivery_use_reserve(struct store_tx *tx, struct cx_id tenant_id, struct cx_id recipient_id,
                            cx_time now_us);
/* By channel and round. CX_E_NOTFOUND. */
cx_err delivery_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id delivery_id,
                     struct arena *arena, struct delivery *ret_delivery);
/* Behind after, by identifier; deliveries has room for limit. */
cx_err delivery_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                     struct cx_id after, size_t limit, struct arena *arena,
                     struct delivery *deliveries, size_t *ret_count);

/* ---- reminders ---- */

struct reminder {
    struct cx_id recipient_id, notice_id;
    struct cx_str channel; /* that which reached them */
    int64_t count;         /* sent so far */
    cx_time due_us, approved_us;
    bool has_act_by;
    cx_time act_by_us;
};
enum { REMINDERS_MAX = 200 };
/* Those due; rows has room for REMINDERS_MAX. */
cx_err reminder_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                    struct arena *arena, struct reminder *rows, size_t *ret_count);
/* Sets the next (0: none), when it still is the one of the row. CX_E_CONFLICT otherwise. */
cx_err reminder_move_on(struct store_tx *tx, struct cx_id tenant_id, const struct reminder *row,
                        cx_time next_us);
/* The first one, once they were told. */
cx_err reminder_start(struct store_tx *tx, struct cx_id tenant_id, struct cx_id recipient_id,
                      cx_time first_us);
