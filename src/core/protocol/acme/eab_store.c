#include "core/protocol/acme/eab_store.h"
#include "core/protocol/acme/directory_store.h"

#define COLUMNS                                                                                    \
    "eab_id, directory_id, user_id, label, hmac_key, profile_name, domains, validation, use_max, " \
    "use_count, created_us, expires_us, used_us, revoked_us, group_id"

static cx_err row_of(const struct store_stmt *q, struct arena *arena, struct acme_eab_row *ret_row)
{
    struct acme_eab_row row = {.eab_id = store_col_id(q, 0),
                               .directory_id = store_col_id(q, 1),
                               .user_id = store_col_id(q, 2),
                               .trusted = cx_str_is(store_col_text(q, 7), "none"),
                               .use_max = store_col_int(q, 8),
                               .use_count = store_col_int(q, 9),
                               .created_us = store_col_int(q, 10),
                               .expires_us = store_col_int(q, 11),
                               .used_us = store_col_int(q, 12),
                               .revoked_us = store_col_int(q, 13)};
    if (!store_col_is_null(q, 14))
        row.group_id = store_col_id(q, 14);
    CX_TRY(arena_copy(arena, store_col_sealed(q, 3).envelope, &row.label.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 4).envelope, &row.hmac_key.envelope));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 5), &row.profile_name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 6), &row.domains));
    *ret_row = row;
    return CX_OK;
}

cx_err acme_eab_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id eab_id,
                     struct arena *arena, struct acme_eab_row *ret_row)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT " COLUMNS " FROM acme_eab_key WHERE tenant_id = $1 AND eab_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, eab_id);
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err acme_eab_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                     const struct page_key *after, size_t limit, struct arena *arena,
                     struct acme_eab_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    bool all = cx_id_is_zero(user_id);
    CX_TRY(store_prepare(tx,
                         all ? "SELECT " COLUMNS " FROM acme_eab_key WHERE tenant_id = $1 "
                               "AND (created_us, eab_id) < ($2, $3) "
                               "ORDER BY created_us DESC, eab_id DESC LIMIT $4"
                             : "SELECT " COLUMNS " FROM acme_eab_key WHERE tenant_id = $1 "
                               "AND user_id = $5 AND (created_us, eab_id) < ($2, $3) "
                               "ORDER BY created_us DESC, eab_id DESC LIMIT $4",
                         &q));
    if (!all)
        store_bind_id(q, 5, user_id);
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err acme_eab_use(struct store_tx *tx, struct cx_id tenant_id, struct cx_id eab_id,
                    cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_eab_key SET use_count = use_count + 1, used_us = $3 "
                         "WHERE tenant_id = $1 AND eab_id = $2 AND use_count < use_max "
                         "AND expires_us > $3 AND revoked_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, eab_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err acme_eab_revoke(struct store_tx *tx, struct cx_id tenant_id, struct cx_id eab_id,
                       cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_eab_key SET revoked_us = $3 "
                         "WHERE tenant_id = $1 AND eab_id = $2 AND revoked_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, eab_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}
