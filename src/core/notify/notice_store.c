#include "core/notify/notice_store.h"
#include "core/api/contract.h"

#define COLUMNS                                                                                    \
    "SELECT notice_id, incident_id, scope_id, kind, state, template, content, act_by_us, "         \
    "update_due_us, after_owner_id, after_id, sha256, recipient_count, author_id, created_us, "    \
    "approver_id, approved_us, finished_us, alerted_us FROM notice "

static cx_err row_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                     struct row_notice *ret_row)
{
    struct row_notice row = {.tenant_id = tenant_id,
                             .notice_id = store_col_id(q, 0),
                             .incident_id = store_col_id(q, 1),
                             .scope_id = store_col_id(q, 2),
                             .has_act_by_us = !store_col_is_null(q, 7),
                             .act_by_us = store_col_int(q, 7),
                             .has_update_due_us = !store_col_is_null(q, 8),
                             .update_due_us = store_col_int(q, 8),
                             .after_owner_id = store_col_id(q, 9),
                             .after_id = store_col_id(q, 10),
                             .recipient_count = store_col_int(q, 12),
                             .author_id = store_col_id(q, 13),
                             .created_us = store_col_int(q, 14),
                             .has_approver_id = !store_col_is_null(q, 15),
                             .approver_id = store_col_id(q, 15),
                             .has_approved_us = !store_col_is_null(q, 16),
                             .approved_us = store_col_int(q, 16),
                             .has_finished_us = !store_col_is_null(q, 17),
                             .finished_us = store_col_int(q, 17),
                             .has_alerted_us = !store_col_is_null(q, 18),
                             .alerted_us = store_col_int(q, 18)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.kind));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row.state));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 5), &row.template));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 6).envelope, &row.content.envelope));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 11), &row.sha256));
    *ret_row = row;
    return CX_OK;
}

cx_err notice_rows(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                   struct arena *arena, struct row_notice *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         COLUMNS "WHERE tenant_id = $1 AND incident_id = $2 "
                                 "ORDER BY created_us, notice_id LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, NOTICES_MAX);
    while (count < NOTICES_MAX) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        CX_TRY(row_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err notice_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                   struct cx_id notice_id, struct arena *arena, struct row_notice *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx, COLUMNS "WHERE tenant_id = $1 AND notice_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, notice_id);
    CX_TRY(store_step(q, &has));
    if (!has || (!cx_id_is_zero(incident_id) && !cx_id_eq(store_col_id(q, 1), incident_id)))
        return CX_ERR(NOTFOUND);
    return row_of(q, tenant_id, arena, ret_row);
}

cx_err notice_to_compose(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                         struct row_notice *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         COLUMNS "WHERE tenant_id = $1 AND state = 'composing' "
                                 "ORDER BY created_us LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &has));
    return has ? row_of(q, tenant_id, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err notice_move_on(struct store_tx *tx, const struct row_notice *row,
                      struct cx_id after_owner_id, struct cx_id after_id, struct cx_bytes sha256,
                      int64_t added, bool last)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE notice SET after_owner_id = $4, after_id = $5, sha256 = $6, "
                         "recipient_count = recipient_count + $7, state = $8 "
                         "WHERE tenant_id = $1 AND notice_id = $2 AND after_id = $3 "
                         "AND state = 'composing'",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->notice_id);
    store_bind_id(q, 3, row->after_id);
    store_bind_id(q, 4, after_owner_id);
    store_bind_id(q, 5, after_id);
    store_bind_bytes(q, 6, sha256);
    store_bind_int(q, 7, added);
    store_bind_text(q, 8, last ? CX_STR("drafted") : CX_STR("composing"));
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err notice_approve(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                      struct cx_id approver_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE notice SET state = 'approved', approver_id = $3, "
                         "approved_us = $4 WHERE tenant_id = $1 AND notice_id = $2 "
                         "AND state = 'drafted'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, notice_id);
    store_bind_id(q, 3, approver_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    CX_TRY(store_prepare(tx,
                         "UPDATE notice_delivery SET state = 'waiting', due_us = $3 "
                         "WHERE tenant_id = $1 AND notice_id = $2 AND state = 'drafted'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, notice_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

cx_err notice_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                  enum api_notice_state from, enum api_notice_state to, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE notice SET state = $4, finished_us = $5 "
                         "WHERE tenant_id = $1 AND notice_id = $2 AND state = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, notice_id);
    store_bind_text(q, 3, cx_str_from(api_enum_name(&api_enum_notice_state, from)));
    store_bind_text(q, 4, cx_str_from(api_enum_name(&api_enum_notice_state, to)));
    store_bind_int(q, 5, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err notice_set_alerted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                          cx_time since_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        since_us ? "UPDATE notice SET alerted_us = $3 WHERE tenant_id = $1 AND notice_id = $2 "
                   "AND alerted_us IS NULL"
                 : "UPDATE notice SET alerted_us = NULL WHERE tenant_id = $1 AND notice_id = $2 "
                   "AND alerted_us > $3",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, notice_id);
    store_bind_int(q, 3, since_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

/* A recipient r of customer r.owner_id who is not told, by a waiver. */
#define WAIVED                                                                                     \
    "EXISTS (SELECT 1 FROM notice_waiver w WHERE w.tenant_id = $1 AND w.incident_id = $3 "         \
    "AND w.owner_id = r.owner_id AND w.approved_us IS NOT NULL) "

cx_err notice_count(struct store_tx *tx, const struct row_notice *row,
                    struct notice_counts *ret_counts)
{
    struct store_stmt *q = NULL;
    bool has = false;
    struct notice_counts counts = {0};
    CX_TRY(store_prepare(
        tx,
        "SELECT COUNT(CASE WHEN open > 0 AND told = 0 THEN 1 END), COUNT(CASE WHEN told > 0 THEN "
        "1 END), COUNT(CASE WHEN open = 0 AND told = 0 AND waived = 0 THEN 1 END) "
        "FROM (SELECT r.recipient_id, "
        "COUNT(CASE WHEN d.state IN ('waiting', 'drafted') THEN 1 END) AS open, "
        "COUNT(CASE WHEN d.state IN ('sent', 'delivered') THEN 1 END) AS told, "
        "MAX(CASE WHEN " WAIVED "THEN 1 ELSE 0 END) AS waived "
        "FROM notice_recipient r JOIN notice_delivery d ON d.tenant_id = r.tenant_id "
        "AND d.recipient_id = r.recipient_id AND d.round = 0 "
        "WHERE r.tenant_id = $1 AND r.notice_id = $2 GROUP BY r.recipient_id) AS each_one",
        &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->notice_id);
    store_bind_id(q, 3, row->incident_id);
    CX_TRY(store_step(q, &has));
    counts.waiting = store_col_int(q, 0);
    counts.reached = store_col_int(q, 1);
    counts.unreached = store_col_int(q, 2);
    *ret_counts = counts;
    return CX_OK;
}

cx_err notice_told(struct store_tx *tx, struct cx_id tenant_id, size_t limit, struct arena *arena,
                   struct row_notice *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         COLUMNS "WHERE tenant_id = $1 AND state = 'approved' "
                                 "AND NOT EXISTS (SELECT 1 FROM notice_delivery d "
                                 "WHERE d.tenant_id = notice.tenant_id "
                                 "AND d.notice_id = notice.notice_id AND d.state = 'waiting' "
                                 "AND d.round = 0) ORDER BY created_us LIMIT $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, (int64_t)limit);
    while (count < limit) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        CX_TRY(row_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}
