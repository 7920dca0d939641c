#include "core/notify/delivery_store.h"
#include "core/api/contract.h"

cx_err delivery_any(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, bool *ret_any)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM notice_delivery WHERE tenant_id = $1 "
                         "AND state = 'waiting' AND due_us <= $2 LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    return store_step(q, ret_any);
}

cx_err delivery_claim(struct store_tx *tx, struct cx_id tenant_id, struct cx_id claim_id,
                      cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE notice_delivery SET claim_id = $2, due_us = $4, attempt_count = attempt_count + 1 "
        "WHERE tenant_id = $1 AND state = 'waiting' AND due_us <= $3 AND delivery_id IN "
        "(SELECT delivery_id FROM notice_delivery WHERE tenant_id = $1 AND state = 'waiting' "
        "AND due_us <= $3 ORDER BY due_us, delivery_id LIMIT $5)",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, claim_id);
    store_bind_int(q, 3, now_us);
    store_bind_int(q, 4, now_us + DELIVERY_LEASE_S * CX_US_PER_S);
    store_bind_int(q, 5, DELIVERY_CLAIM_MAX);
    return store_exec(q);
}

#define COLUMNS                                                                                    \
    "SELECT d.delivery_id, d.notice_id, d.recipient_id, d.channel, d.round, d.state, d.claim_id, " \
    "d.attempt_count, d.sent_us, d.delivered_us, d.bounced_us, d.answer, "                         \
    "c.contact_id, c.email, c.webhook_url, c.webhook_key, c.webhook_ca, c.language, "              \
    "r.owner_kind, r.owner_id, r.subject, r.body, r.sha256, r.opened_us, r.acknowledged_us, "      \
    "n.incident_id, n.kind, n.approved_us, n.act_by_us "                                           \
    "FROM notice_delivery d JOIN notice_recipient r ON r.tenant_id = d.tenant_id "                 \
    "AND r.recipient_id = d.recipient_id JOIN notice_contact c ON c.tenant_id = r.tenant_id "      \
    "AND c.contact_id = r.contact_id JOIN notice n ON n.tenant_id = d.tenant_id "                  \
    "AND n.notice_id = d.notice_id WHERE d.tenant_id = $1 "

static cx_err delivery_row(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                           struct row_notice_delivery *row)
{
    *row = (struct row_notice_delivery){.tenant_id = tenant_id,
                                        .delivery_id = store_col_id(q, 0),
                                        .notice_id = store_col_id(q, 1),
                                        .recipient_id = store_col_id(q, 2),
                                        .round = store_col_int(q, 4),
                                        .has_claim_id = !store_col_is_null(q, 6),
                                        .claim_id = store_col_id(q, 6),
                                        .attempt_count = store_col_int(q, 7),
                                        .has_sent_us = !store_col_is_null(q, 8),
                                        .sent_us = store_col_int(q, 8),
                                        .has_delivered_us = !store_col_is_null(q, 9),
                                        .delivered_us = store_col_int(q, 9),
                                        .has_bounced_us = !store_col_is_null(q, 10),
                                        .bounced_us = store_col_int(q, 10),
                                        .has_answer = !store_col_is_null(q, 11)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row->channel));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 5), &row->state));
    return arena_copy(arena, store_col_sealed(q, 11).envelope, &row->answer.envelope);
}

static cx_err contact_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                         struct row_notice_contact *contact)
{
    *contact = (struct row_notice_contact){.tenant_id = tenant_id,
                                           .contact_id = store_col_id(q, 12),
                                           .has_email = !store_col_is_null(q, 13),
                                           .has_webhook_url = !store_col_is_null(q, 14),
                                           .has_webhook_key = !store_col_is_null(q, 15)};
    CX_TRY(arena_copy(arena, store_col_sealed(q, 13).envelope, &contact->email.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 14).envelope, &contact->webhook_url.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 15).envelope, &contact->webhook_key.envelope));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 16), &contact->webhook_ca));
    return arena_copy_str(arena, store_col_text(q, 17), &contact->language);
}

static cx_err delivery_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                          struct delivery *ret_delivery)
{
    struct delivery read = {.recipient = {.tenant_id = tenant_id,
                                          .recipient_id = store_col_id(q, 2),
                                          .notice_id = store_col_id(q, 1),
                                          .owner_id = store_col_id(q, 19),
                                          .has_opened_us = !store_col_is_null(q, 23),
                                          .opened_us = store_col_int(q, 23),
                                          .has_acknowledged_us = !store_col_is_null(q, 24),
                                          .acknowledged_us = store_col_int(q, 24)},
                            .incident_id = store_col_id(q, 25),
                            .approved_us = store_col_int(q, 27),
                            .has_act_by = !store_col_is_null(q, 28),
                            .act_by_us = store_col_int(q, 28)};
    CX_TRY(delivery_row(q, tenant_id, arena, &read.row));
    CX_TRY(contact_of(q, tenant_id, arena, &read.contact));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 18), &read.recipient.owner_kind));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 20).envelope, &read.recipient.subject.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 21).envelope, &read.recipient.body.envelope));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 22), &read.recipient.sha256));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 26), &read.kind));
    *ret_delivery = read;
    return CX_OK;
}

static cx_err read_all(struct store_stmt *q, struct cx_id tenant_id, size_t limit,
                       struct arena *arena, struct delivery *deliveries, size_t *ret_count)
{
    size_t count = 0;
    while (count < limit) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        CX_TRY(delivery_of(q, tenant_id, arena, &deliveries[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err delivery_claimed(struct store_tx *tx, struct cx_id tenant_id, struct cx_id claim_id,
                        struct arena *arena, struct delivery *deliveries, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         COLUMNS "AND d.claim_id = $2 AND d.state = 'waiting' "
                                 "ORDER BY d.delivery_id",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, claim_id);
    return read_all(q, tenant_id, DELIVERY_CLAIM_MAX, arena, deliveries, ret_count);
}

/* $1 tenant, $2 delivery, $3 claim: a result counts only from who holds it. */
#define HELD "WHERE tenant_id = $1 AND delivery_id = $2 AND claim_id = $3 AND state = 'waiting'"

/* The answer goes with the result, and only with one that counts. */
static cx_err settle(struct store_tx *tx, const char *sql, const struct row_notice_delivery *row,
                     cx_time at_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->delivery_id);
    store_bind_id(q, 3, row->claim_id);
    store_bind_int(q, 4, at_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 && row->has_answer
               ? row_notice_delivery_set_answer(tx, row->tenant_id, row->delivery_id, row->answer)
               : CX_OK;
}

cx_err delivery_set_sent(struct store_tx *tx, const struct row_notice_delivery *row, bool delivered,
                         cx_time now_us)
{
    return settle(tx,
                  delivered ? "UPDATE notice_delivery SET state = 'delivered', sent_us = $4, "
                              "delivered_us = $4 " HELD
                            : "UPDATE notice_delivery SET state = 'sent', sent_us = $4 " HELD,
                  row, now_us);
}

cx_err delivery_set_later(struct store_tx *tx, const struct row_notice_delivery *row,
                          cx_time due_us)
{
    return settle(tx, "UPDATE notice_delivery SET due_us = $4 " HELD, row, due_us);
}

cx_err delivery_set_bounced(struct store_tx *tx, const struct row_notice_delivery *row,
                            cx_time now_us)
{
    return settle(tx, "UPDATE notice_delivery SET state = 'bounced', bounced_us = $4 " HELD, row,
                  now_us);
}

cx_err delivery_report(struct store_tx *tx, const struct row_notice_delivery *row,
                       enum api_notice_outcome outcome, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         outcome == API_NOTICE_OUTCOME_BOUNCED
                             ? "UPDATE notice_delivery SET state = 'bounced', bounced_us = $3 "
                               "WHERE tenant_id = $1 AND delivery_id = $2 "
                               "AND state IN ('sent', 'delivered')"
                             : "UPDATE notice_delivery SET state = 'delivered', delivered_us = $3 "
                               "WHERE tenant_id = $1 AND delivery_id = $2 AND state = 'sent'",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->delivery_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1
               ? row_notice_delivery_set_answer(tx, row->tenant_id, row->delivery_id, row->answer)
               : CX_ERR(CONFLICT);
}

cx_err delivery_use_reserve(struct store_tx *tx, struct cx_id tenant_id, struct cx_id recipient_id,
                            cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE notice_delivery SET state = 'waiting', due_us = $3 "
                         "WHERE tenant_id = $1 AND recipient_id = $2 AND state = 'reserve'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, recipient_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err delivery_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id delivery_id,
                     struct arena *arena, struct delivery *ret_delivery)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx, COLUMNS "AND d.delivery_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, delivery_id);
    CX_TRY(read_all(q, tenant_id, 1, arena, ret_delivery, &count));
    return count == 1 ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err delivery_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                     struct cx_id after, size_t limit, struct arena *arena,
                     struct delivery *deliveries, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         COLUMNS "AND d.notice_id = $2 AND d.delivery_id > $3 "
                                 "ORDER BY d.delivery_id LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, notice_id);
    store_bind_id(q, 3, after);
    store_bind_int(q, 4, (int64_t)limit);
    return read_all(q, tenant_id, limit, arena, deliveries, ret_count);
}

cx_err reminder_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                    struct arena *arena, struct reminder *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx,
        "SELECT r.recipient_id, r.notice_id, r.reminder_count, r.reminder_us, n.approved_us, "
        "n.act_by_us, (SELECT MIN(d.channel) FROM notice_delivery d WHERE d.tenant_id = $1 "
        "AND d.recipient_id = r.recipient_id AND d.state IN ('sent', 'delivered')) "
        "FROM notice_recipient r JOIN notice n ON n.tenant_id = r.tenant_id "
        "AND n.notice_id = r.notice_id WHERE r.tenant_id = $1 AND r.reminder_us IS NOT NULL "
        "AND r.reminder_us <= $2 ORDER BY r.reminder_us LIMIT $3",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, REMINDERS_MAX);
    while (count < REMINDERS_MAX) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        rows[count] = (struct reminder){.recipient_id = store_col_id(q, 0),
                                        .notice_id = store_col_id(q, 1),
                                        .count = store_col_int(q, 2),
                                        .due_us = store_col_int(q, 3),
                                        .approved_us = store_col_int(q, 4),
                                        .has_act_by = !store_col_is_null(q, 5),
                                        .act_by_us = store_col_int(q, 5)};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 6), &rows[count++].channel));
    }
    *ret_count = count;
    return CX_OK;
}

static void bind_next(struct store_stmt *q, int index, cx_time next_us)
{
    if (next_us)
        store_bind_int(q, index, next_us);
    else
        store_bind_null(q, index);
}

cx_err reminder_move_on(struct store_tx *tx, struct cx_id tenant_id, const struct reminder *row,
                        cx_time next_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE notice_recipient SET reminder_us = $4, "
                         "reminder_count = reminder_count + 1 "
                         "WHERE tenant_id = $1 AND recipient_id = $2 AND reminder_us = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, row->recipient_id);
    store_bind_int(q, 3, row->due_us);
    bind_next(q, 4, next_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err reminder_start(struct store_tx *tx, struct cx_id tenant_id, struct cx_id recipient_id,
                      cx_time first_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE notice_recipient SET reminder_us = $3 WHERE tenant_id = $1 "
                         "AND recipient_id = $2 AND acknowledged_us IS NULL "
                         "AND reminder_us IS NULL AND reminder_count = 0",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, recipient_id);
    bind_next(q, 3, first_us);
    return store_exec(q);
}
