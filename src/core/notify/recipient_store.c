#include "core/notify/notice_store.h"

/* $1 tenant, $2 scope */
#define SCOPE                                                                                      \
    "FROM incident_scope_certificate m JOIN certificate x ON x.tenant_id = m.tenant_id "           \
    "AND x.certificate_id = m.certificate_id WHERE m.tenant_id = $1 AND m.scope_id = $2 "
#define CUSTOMER "COALESCE(x.group_id, x.requester_id)"
/* $3 incident; of is the owner's column */
#define NOT_WAIVED(of)                                                                             \
    "NOT EXISTS (SELECT 1 FROM notice_waiver w WHERE w.tenant_id = $1 AND w.incident_id = $3 "     \
    "AND w.owner_id = " of " AND w.approved_us IS NOT NULL) "

cx_err notice_contacts(struct store_tx *tx, const struct row_notice *row, struct arena *arena,
                       struct row_notice_contact *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(
        store_prepare(tx,
                      "SELECT c.contact_id, c.owner_kind, c.owner_id, c.language, "
                      "CASE WHEN c.email IS NULL THEN 0 ELSE 1 END, "
                      "CASE WHEN c.webhook_url IS NULL THEN 0 ELSE 1 END "
                      "FROM notice_contact c WHERE c.tenant_id = $1 AND c.ended_us IS NULL "
                      "AND (c.owner_id > $4 OR (c.owner_id = $4 AND c.contact_id > $5)) "
                      "AND (c.owner_id IN (SELECT " CUSTOMER " " SCOPE ") "
                      "OR (c.owner_kind = 'tenant' AND EXISTS (SELECT 1 " SCOPE "))) "
                      "AND " NOT_WAIVED("c.owner_id") "ORDER BY c.owner_id, c.contact_id LIMIT $6",
                      &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->scope_id);
    store_bind_id(q, 3, row->incident_id);
    store_bind_id(q, 4, row->after_owner_id);
    store_bind_id(q, 5, row->after_id);
    store_bind_int(q, 6, NOTICE_STEP);
    while (count < NOTICE_STEP) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        rows[count] = (struct row_notice_contact){.tenant_id = row->tenant_id,
                                                  .contact_id = store_col_id(q, 0),
                                                  .owner_id = store_col_id(q, 2),
                                                  .has_email = store_col_int(q, 4) != 0,
                                                  .has_webhook_url = store_col_int(q, 5) != 0};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &rows[count].owner_kind));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &rows[count++].language));
    }
    *ret_count = count;
    return CX_OK;
}

/* $3 is 1 for a tenant, whose all of them are; $4 the customer. */
#define OWNED SCOPE "AND ($3 = 1 OR " CUSTOMER " = $4) "

static void bind_owned(struct store_stmt *q, const struct row_notice *row, bool all,
                       struct cx_id owner_id)
{
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->scope_id);
    store_bind_int(q, 3, all);
    store_bind_id(q, 4, owner_id);
}

cx_err notice_owned(struct store_tx *tx, const struct row_notice *row, struct cx_str owner_kind,
                    struct cx_id owner_id, size_t limit, struct arena *arena,
                    struct notice_owned *rows, size_t *ret_count, int64_t *ret_all)
{
    struct store_stmt *q = NULL;
    bool has = false, all = cx_str_is(owner_kind, "tenant");
    size_t count = 0;
    CX_TRY(store_prepare(tx, "SELECT COUNT(*) " OWNED, &q));
    bind_owned(q, row, all, owner_id);
    CX_TRY(store_step(q, &has));
    *ret_all = store_col_int(q, 0);
    CX_TRY(store_prepare(tx,
                         "SELECT x.certificate_id, x.serial, x.not_after_us " OWNED
                         "ORDER BY m.certificate_id LIMIT $5",
                         &q));
    bind_owned(q, row, all, owner_id);
    store_bind_int(q, 5, (int64_t)limit);
    while (count < limit) {
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        rows[count].certificate_id = store_col_id(q, 0);
        rows[count].not_after_us = store_col_int(q, 2);
        CX_TRY(arena_copy(arena, store_col_bytes(q, 1), &rows[count++].serial));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err notice_uncovered(struct store_tx *tx, const struct row_notice *row,
                        struct notice_owner *owners, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx,
        "SELECT o.owner_id, o.is_group FROM (SELECT DISTINCT " CUSTOMER " AS owner_id, "
        "CASE WHEN x.group_id IS NULL THEN 0 ELSE 1 END AS is_group " SCOPE ") AS o "
        "WHERE o.owner_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM notice_recipient r "
        "WHERE r.tenant_id = $1 AND r.notice_id = $5 AND r.owner_kind = 'tenant') "
        "AND o.owner_id NOT IN (SELECT r.owner_id FROM notice_recipient r "
        "WHERE r.tenant_id = $1 AND r.notice_id = $5) "
        "AND " NOT_WAIVED("o.owner_id") "ORDER BY o.owner_id LIMIT $4",
        &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->scope_id);
    store_bind_id(q, 3, row->incident_id);
    store_bind_int(q, 4, NOTICE_UNCOVERED_MAX);
    store_bind_id(q, 5, row->notice_id);
    while (count < NOTICE_UNCOVERED_MAX) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        owners[count++] = (struct notice_owner){store_col_id(q, 0), store_col_int(q, 1) != 0};
    }
    *ret_count = count;
    return CX_OK;
}

#define RECIPIENT                                                                                  \
    "SELECT recipient_id, notice_id, contact_id, owner_kind, owner_id, certificate_count, "        \
    "subject, body, sha256, token_hash, opened_us, acknowledged_us FROM notice_recipient "

static cx_err recipient_of(struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                           struct row_notice_recipient *ret_row)
{
    bool has = false;
    CX_TRY(store_step(q, &has));
    if (!has)
        return CX_ERR(NOTFOUND);
    struct row_notice_recipient row = {.tenant_id = tenant_id,
                                       .recipient_id = store_col_id(q, 0),
                                       .notice_id = store_col_id(q, 1),
                                       .contact_id = store_col_id(q, 2),
                                       .owner_id = store_col_id(q, 4),
                                       .certificate_count = store_col_int(q, 5),
                                       .has_opened_us = !store_col_is_null(q, 10),
                                       .opened_us = store_col_int(q, 10),
                                       .has_acknowledged_us = !store_col_is_null(q, 11),
                                       .acknowledged_us = store_col_int(q, 11)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.owner_kind));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 6).envelope, &row.subject.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 7).envelope, &row.body.envelope));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 8), &row.sha256));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 9), &row.token_hash));
    *ret_row = row;
    return CX_OK;
}

cx_err recipient_first(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                       struct arena *arena, struct row_notice_recipient *ret_row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         RECIPIENT "WHERE tenant_id = $1 AND notice_id = $2 "
                                   "ORDER BY contact_id LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, notice_id);
    return recipient_of(q, tenant_id, arena, ret_row);
}

cx_err recipient_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                      struct cx_id recipient_id, struct arena *arena,
                      struct row_notice_recipient *ret_row)
{
    struct store_stmt *q = NULL;
    struct row_notice_recipient row;
    CX_TRY(store_prepare(tx, RECIPIENT "WHERE tenant_id = $1 AND recipient_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, recipient_id);
    CX_TRY(recipient_of(q, tenant_id, arena, &row));
    if (!cx_id_is_zero(notice_id) && !cx_id_eq(row.notice_id, notice_id))
        return CX_ERR(NOTFOUND);
    *ret_row = row;
    return CX_OK;
}

static cx_err stamp(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                    struct cx_id recipient_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, recipient_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

cx_err recipient_opened(struct store_tx *tx, struct cx_id tenant_id, struct cx_id recipient_id,
                        cx_time now_us)
{
    return stamp(tx,
                 "UPDATE notice_recipient SET opened_us = $3 "
                 "WHERE tenant_id = $1 AND recipient_id = $2 AND opened_us IS NULL",
                 tenant_id, recipient_id, now_us);
}

cx_err recipient_acknowledged(struct store_tx *tx, struct cx_id tenant_id,
                              struct cx_id recipient_id, cx_time now_us)
{
    CX_TRY(recipient_opened(tx, tenant_id, recipient_id, now_us));
    return stamp(tx,
                 "UPDATE notice_recipient SET acknowledged_us = $3, reminder_us = NULL "
                 "WHERE tenant_id = $1 AND recipient_id = $2 AND acknowledged_us IS NULL",
                 tenant_id, recipient_id, now_us);
}
