#include "core/protocol/acme/renewal_store.h"

#define COLUMNS                                                                                    \
    "window_id, issuer_id, profile_name, explanation_url, issued_before_us, start_us, end_us, "    \
    "created_us, withdrawn_us"

static cx_err row_of(const struct store_stmt *q, struct arena *arena,
                     struct renewal_window_row *ret_row)
{
    struct renewal_window_row row = {.window_id = store_col_id(q, 0),
                                     .issuer_id = store_col_id(q, 1),
                                     .issued_before_us = store_col_int(q, 4),
                                     .start_us = store_col_int(q, 5),
                                     .end_us = store_col_int(q, 6),
                                     .created_us = store_col_int(q, 7),
                                     .withdrawn_us = store_col_int(q, 8)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.profile_name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.explanation_url));
    *ret_row = row;
    return CX_OK;
}

cx_err renewal_window_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id window_id,
                           struct arena *arena, struct renewal_window_row *ret_row)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT " COLUMNS " FROM renewal_window WHERE tenant_id = $1 AND window_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, window_id);
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err renewal_window_page(struct store_tx *tx, struct cx_id tenant_id,
                           const struct page_key *after, size_t limit, struct arena *arena,
                           struct renewal_window_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " COLUMNS " FROM renewal_window WHERE tenant_id = $1 "
                         "AND (created_us, window_id) < ($2, $3) "
                         "ORDER BY created_us DESC, window_id DESC LIMIT $4",
                         &q));
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

cx_err renewal_window_for(struct store_tx *tx, struct cx_id tenant_id,
                          const struct certificate_row *certificate, struct arena *arena,
                          bool *ret_found, struct renewal_window_row *ret_row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " COLUMNS " FROM renewal_window WHERE tenant_id = $1 "
                         "AND issuer_id = $2 AND withdrawn_us IS NULL AND issued_before_us > $3 "
                         "AND (profile_name = '' OR profile_name = $4) "
                         "ORDER BY start_us LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate->issuer_id);
    store_bind_int(q, 3, certificate->issued_us);
    store_bind_text(q, 4, certificate->profile_name);
    CX_TRY(store_step(q, ret_found));
    return *ret_found ? row_of(q, arena, ret_row) : CX_OK;
}

cx_err renewal_window_withdraw(struct store_tx *tx, struct cx_id tenant_id, struct cx_id window_id,
                               cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE renewal_window SET withdrawn_us = $3 "
                         "WHERE tenant_id = $1 AND window_id = $2 AND withdrawn_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, window_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

cx_err renewal_window_count(struct store_tx *tx, struct cx_id tenant_id,
                            const struct renewal_window_row *window, cx_time now_us,
                            int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT COUNT(*) FROM certificate WHERE tenant_id = $1 AND issuer_id = $2 "
                         "AND issued_us < $3 AND not_after_us > $4 AND revoked_us IS NULL "
                         "AND replaced_by_id IS NULL AND ($5 = '' OR profile_name = $5)",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, window->issuer_id);
    store_bind_int(q, 3, window->issued_before_us);
    store_bind_int(q, 4, now_us);
    store_bind_text(q, 5, window->profile_name);
    CX_TRY(store_step(q, &row));
    *ret_count = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}
