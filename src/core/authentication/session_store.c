#include "core/authentication/session_store.h"

#include "core/authentication/session.h"

#define SESSION_COLUMNS                                                                            \
    "session_id, user_id, secret_hash, began_by, bearer, source_address, created_us, "             \
    "last_used_us, factor_us, expires_us, ended_us, client_binding_id, client_sha256"

cx_time session_expires_us(const struct session_row *session, const struct setting_values *values)
{
    cx_time end_us = setting_end_us(values, SETTING_SESSION_LIFE, session->created_us);
    return end_us < session->expires_us ? end_us : session->expires_us;
}

bool session_is_open(const struct session_row *session, const struct setting_values *values,
                     cx_time now_us)
{
    return session->ended_us == 0 && now_us < session_expires_us(session, values) &&
           now_us < setting_end_us(values, SETTING_SESSION_IDLE, session->last_used_us);
}

static void bind_limits(struct store_stmt *q, struct cx_id tenant_id,
                        const struct setting_values *values, cx_time now_us)
{
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, setting_over_us(values, SETTING_SESSION_LIFE, now_us));
    store_bind_int(q, 4, setting_over_us(values, SETTING_SESSION_IDLE, now_us));
}

cx_err session_count_open(struct store_tx *tx, struct cx_id tenant_id,
                          const struct setting_values *values, cx_time factor_after_us,
                          cx_time now_us, int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT COUNT(*) FROM login_session WHERE tenant_id = $1 "
                         "AND ended_us IS NULL AND expires_us > $2 AND created_us > $3 "
                         "AND last_used_us > $4 AND factor_us > $5",
                         &q));
    bind_limits(q, tenant_id, values, now_us);
    store_bind_int(q, 5, factor_after_us);
    CX_TRY(store_step(q, &row));
    *ret_count = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err session_end_over(struct store_tx *tx, struct cx_id tenant_id,
                        const struct setting_values *values, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE login_session SET ended_us = $2 WHERE tenant_id = $1 "
                         "AND ended_us IS NULL AND (expires_us <= $2 OR created_us <= $3 "
                         "OR last_used_us <= $4)",
                         &q));
    bind_limits(q, tenant_id, values, now_us);
    return store_exec(q);
}

static cx_err hash_of(const struct store_stmt *q, int column,
                      uint8_t ret_hash[static ACCESS_HASH_LEN])
{
    struct cx_bytes hash = store_col_bytes(q, column);
    if (hash.len != ACCESS_HASH_LEN)
        return CX_ERR(STORE);
    memcpy(ret_hash, hash.ptr, hash.len);
    return CX_OK;
}

static cx_err session_of(const struct store_stmt *q, struct arena *arena,
                         struct session_row *ret_session)
{
    struct session_row session = {.session_id = store_col_id(q, 0),
                                  .user_id = store_col_id(q, 1),
                                  .bearer = store_col_int(q, 4) != 0,
                                  .created_us = store_col_int(q, 6),
                                  .last_used_us = store_col_int(q, 7),
                                  .factor_us = store_col_int(q, 8),
                                  .expires_us = store_col_int(q, 9),
                                  .ended_us = store_col_int(q, 10),
                                  .client_binding_id = store_col_id(q, 11)};
    CX_TRY(hash_of(q, 2, session.secret_hash));
    if (!store_col_is_null(q, 12))
        CX_TRY(arena_copy(arena, store_col_bytes(q, 12), &session.client_sha256));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &session.method));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 5).envelope, &session.source_address.envelope));
    *ret_session = session;
    return CX_OK;
}

cx_err session_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id session_id,
                    struct arena *arena, struct session_row *ret_session)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " SESSION_COLUMNS " FROM login_session "
                         "WHERE tenant_id = $1 AND session_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, session_id);
    CX_TRY(store_step(q, &row));
    return row ? session_of(q, arena, ret_session) : CX_ERR(NOTFOUND);
}

cx_err session_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                    struct arena *arena, struct session_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " SESSION_COLUMNS " FROM login_session "
                         "WHERE tenant_id = $1 AND user_id = $2 AND ended_us IS NULL "
                         "ORDER BY created_us DESC, session_id LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, SESSIONS_PER_USER_MAX);
    while (count < SESSIONS_PER_USER_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(session_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err end_surplus(struct store_tx *tx, const struct row_login_session *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE login_session SET ended_us = $3 "
                         "WHERE tenant_id = $1 AND user_id = $2 AND ended_us IS NULL "
                         "AND session_id NOT IN (SELECT session_id FROM login_session "
                         "WHERE tenant_id = $1 AND user_id = $2 AND ended_us IS NULL "
                         "ORDER BY created_us DESC, session_id LIMIT $4)",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->user_id);
    store_bind_int(q, 3, row->created_us);
    store_bind_int(q, 4, SESSIONS_PER_USER_MAX);
    return store_exec(q);
}

/* The log has them; a row that can never be open again is of no use. */
static cx_err forget_old(struct store_tx *tx, const struct row_login_session *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "DELETE FROM login_session WHERE tenant_id = $1 AND user_id = $2 "
                         "AND created_us < $3",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->user_id);
    store_bind_int(q, 3, row->created_us - SESSION_KEPT_DAYS * CX_US_PER_DAY);
    return store_exec(q);
}

cx_err session_insert(struct store_tx *tx, const struct row_login_session *row)
{
    CX_TRY(forget_old(tx, row));
    CX_TRY(row_login_session_insert(tx, row));
    return end_surplus(tx, row);
}

cx_err session_rotate(struct store_tx *tx, const struct row_login_session *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE login_session SET secret_hash = $3, factor_us = $4, "
                         "last_used_us = $4 "
                         "WHERE tenant_id = $1 AND session_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->session_id);
    store_bind_bytes(q, 3, row->secret_hash);
    store_bind_int(q, 4, row->factor_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err session_touch(struct store_tx *tx, struct cx_id tenant_id, struct cx_id session_id,
                     cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE login_session SET last_used_us = $3 "
                         "WHERE tenant_id = $1 AND session_id = $2 AND last_used_us < $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, session_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

cx_err session_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id session_id,
                   cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE login_session SET ended_us = $3 "
                         "WHERE tenant_id = $1 AND session_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, session_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

cx_err session_end_others(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                          struct cx_id but_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE login_session SET ended_us = $4 WHERE tenant_id = $1 "
                         "AND user_id = $2 AND session_id <> $3 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_id(q, 3, but_id);
    store_bind_int(q, 4, now_us);
    return store_exec(q);
}

cx_err device_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id device_id,
                   struct device_row *ret_device)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT user_id, secret_hash, expires_us FROM login_device "
                         "WHERE tenant_id = $1 AND device_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, device_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    struct device_row device = {.user_id = store_col_id(q, 0), .expires_us = store_col_int(q, 2)};
    CX_TRY(hash_of(q, 1, device.secret_hash));
    *ret_device = device;
    return CX_OK;
}

cx_err device_forget_all(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "DELETE FROM login_device WHERE tenant_id = $1 AND user_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    return store_exec(q);
}

cx_err device_forget_old(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(
        store_prepare(tx, "DELETE FROM login_device WHERE tenant_id = $1 AND expires_us < $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    return store_exec(q);
}
