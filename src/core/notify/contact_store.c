#include "core/notify/notice_store.h"

#define COLUMNS                                                                                    \
    "SELECT contact_id, owner_kind, owner_id, role, language, name, email, webhook_url, "          \
    "webhook_key, webhook_ca, creator_id, created_us, ender_id, ended_us FROM notice_contact "

static cx_err sealed_of(const struct store_stmt *q, int column, struct arena *arena, bool *has,
                        struct cx_sealed *ret_sealed)
{
    *has = !store_col_is_null(q, column);
    return arena_copy(arena, store_col_sealed(q, column).envelope, &ret_sealed->envelope);
}

static cx_err row_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                     struct row_notice_contact *ret_row)
{
    struct row_notice_contact row = {.tenant_id = tenant_id,
                                     .contact_id = store_col_id(q, 0),
                                     .owner_id = store_col_id(q, 2),
                                     .creator_id = store_col_id(q, 10),
                                     .created_us = store_col_int(q, 11),
                                     .has_ender_id = !store_col_is_null(q, 12),
                                     .ender_id = store_col_id(q, 12),
                                     .has_ended_us = !store_col_is_null(q, 13),
                                     .ended_us = store_col_int(q, 13)};
    bool has_name = false;
    CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &row.owner_kind));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.role));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row.language));
    CX_TRY(sealed_of(q, 5, arena, &has_name, &row.name));
    CX_TRY(sealed_of(q, 6, arena, &row.has_email, &row.email));
    CX_TRY(sealed_of(q, 7, arena, &row.has_webhook_url, &row.webhook_url));
    CX_TRY(sealed_of(q, 8, arena, &row.has_webhook_key, &row.webhook_key));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 9), &row.webhook_ca));
    *ret_row = row;
    return CX_OK;
}

cx_err contact_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                    size_t limit, struct arena *arena, struct row_notice_contact *rows,
                    size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         COLUMNS "WHERE tenant_id = $1 AND (created_us < $2 OR (created_us = $2 "
                                 "AND contact_id < $3)) "
                                 "ORDER BY created_us DESC, contact_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
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

cx_err contact_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id contact_id,
                    struct arena *arena, struct row_notice_contact *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx, COLUMNS "WHERE tenant_id = $1 AND contact_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, contact_id);
    CX_TRY(store_step(q, &has));
    return has ? row_of(q, tenant_id, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err contact_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id contact_id,
                   struct cx_id ender_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE notice_contact SET ender_id = $3, ended_us = $4 "
                         "WHERE tenant_id = $1 AND contact_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, contact_id);
    store_bind_id(q, 3, ender_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err contact_owner_check(struct store_tx *tx, struct cx_id tenant_id, struct cx_str kind,
                           struct cx_id owner_id)
{
    struct store_stmt *q = NULL;
    bool has = false;
    if (cx_str_is(kind, "tenant"))
        return CX_OK;
    CX_TRY(store_prepare(tx,
                         cx_str_is(kind, "group")
                             ? "SELECT 1 FROM access_group WHERE tenant_id = $1 AND group_id = $2"
                             : "SELECT 1 FROM tenant_user WHERE tenant_id = $1 AND user_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, owner_id);
    CX_TRY(store_step(q, &has));
    return has ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err waiver_rows(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                   struct arena *arena, struct row_notice_waiver *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT waiver_id, owner_kind, owner_id, reason, proposer_id, "
                         "proposed_us, approver_id, approved_us FROM notice_waiver "
                         "WHERE tenant_id = $1 AND incident_id = $2 "
                         "ORDER BY proposed_us, waiver_id LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, NOTICE_WAIVERS_MAX);
    while (count < NOTICE_WAIVERS_MAX) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        rows[count] = (struct row_notice_waiver){.tenant_id = tenant_id,
                                                 .waiver_id = store_col_id(q, 0),
                                                 .incident_id = incident_id,
                                                 .owner_id = store_col_id(q, 2),
                                                 .proposer_id = store_col_id(q, 4),
                                                 .proposed_us = store_col_int(q, 5),
                                                 .has_approver_id = !store_col_is_null(q, 6),
                                                 .approver_id = store_col_id(q, 6),
                                                 .has_approved_us = !store_col_is_null(q, 7),
                                                 .approved_us = store_col_int(q, 7)};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &rows[count].owner_kind));
        CX_TRY(arena_copy(arena, store_col_sealed(q, 3).envelope, &rows[count].reason.envelope));
        count++;
    }
    *ret_count = count;
    return CX_OK;
}

cx_err waiver_approve(struct store_tx *tx, struct cx_id tenant_id, struct cx_id waiver_id,
                      struct cx_id approver_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE notice_waiver SET approver_id = $3, approved_us = $4 "
                         "WHERE tenant_id = $1 AND waiver_id = $2 AND approved_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, waiver_id);
    store_bind_id(q, 3, approver_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}
