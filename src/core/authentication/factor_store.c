#include "core/authentication/factor_store.h"

#define PASSKEY_COLUMNS                                                                            \
    "passkey_id, user_id, credential, public_key, algorithm, sign_count, backup_eligible, label, " \
    "created_us, last_used_us"

static cx_err read_password(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                            struct arena *arena, struct factors *factors)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "SELECT verifier FROM login_password WHERE tenant_id = $1 AND user_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    CX_TRY(store_step(q, &factors->has_password));
    return factors->has_password
               ? arena_copy(arena, store_col_sealed(q, 0).envelope, &factors->verifier.envelope)
               : CX_OK;
}

static cx_err read_totp(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        struct arena *arena, struct factors *factors)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT secret, pending, last_step FROM login_totp "
                         "WHERE tenant_id = $1 AND user_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_OK;
    factors->has_totp = !store_col_is_null(q, 0);
    factors->has_pending = !store_col_is_null(q, 1);
    factors->last_step = store_col_int(q, 2);
    CX_TRY(arena_copy(arena, store_col_sealed(q, 0).envelope, &factors->totp.envelope));
    return arena_copy(arena, store_col_sealed(q, 1).envelope, &factors->pending.envelope);
}

static cx_err passkey_of(const struct store_stmt *q, struct arena *arena,
                         struct passkey_row *ret_passkey)
{
    struct passkey_row passkey = {.passkey_id = store_col_id(q, 0),
                                  .user_id = store_col_id(q, 1),
                                  .algorithm = store_col_int(q, 4),
                                  .sign_count = store_col_int(q, 5),
                                  .backup_eligible = store_col_int(q, 6) != 0,
                                  .created_us = store_col_int(q, 8),
                                  .last_used_us = store_col_int(q, 9)};
    CX_TRY(arena_copy(arena, store_col_bytes(q, 2), &passkey.credential));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 3), &passkey.public_key));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 7).envelope, &passkey.label.envelope));
    *ret_passkey = passkey;
    return CX_OK;
}

static cx_err read_passkeys(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                            struct arena *arena, struct factors *factors)
{
    struct store_stmt *q = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, PASSKEYS_PER_USER_MAX, &factors->passkeys));
    CX_TRY(store_prepare(tx,
                         "SELECT " PASSKEY_COLUMNS " FROM login_passkey "
                         "WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_us, passkey_id "
                         "LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, PASSKEYS_PER_USER_MAX);
    while (factors->passkey_count < PASSKEYS_PER_USER_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(passkey_of(q, arena, &factors->passkeys[factors->passkey_count++]));
    }
    return CX_OK;
}

cx_err factors_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                    struct arena *arena, struct factors *ret_factors)
{
    struct factors factors = {.last_step = -1};
    CX_TRY(read_password(tx, tenant_id, user_id, arena, &factors));
    CX_TRY(read_totp(tx, tenant_id, user_id, arena, &factors));
    CX_TRY(read_passkeys(tx, tenant_id, user_id, arena, &factors));
    CX_TRY(client_binding_list(tx, tenant_id, user_id, arena, factors.certificates,
                               &factors.certificate_count));
    *ret_factors = factors;
    return CX_OK;
}

bool factors_can_log_in(const struct factors *factors)
{
    return factors->passkey_count > 0 ||
           (factors->has_password && (factors->has_totp || factors->certificate_count > 0));
}

cx_err factors_exist(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                     bool *ret_exist)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM tenant_user u WHERE u.tenant_id = $1 AND u.user_id = $2 "
                         "AND (EXISTS (SELECT 1 FROM login_passkey k "
                         "WHERE k.tenant_id = $1 AND k.user_id = $2) "
                         "OR (EXISTS (SELECT 1 FROM login_password p "
                         "WHERE p.tenant_id = $1 AND p.user_id = $2) "
                         "AND (EXISTS (SELECT 1 FROM login_totp t WHERE t.tenant_id = $1 "
                         "AND t.user_id = $2 AND t.secret IS NOT NULL) "
                         "OR EXISTS (SELECT 1 FROM client_certificate c WHERE c.tenant_id = $1 "
                         "AND c.user_id = $2 AND c.removed_us IS NULL))))",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    return store_step(q, ret_exist);
}

static cx_err remove_all(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                         struct cx_id user_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    return store_exec(q);
}

static const char remove_password[] =
    "DELETE FROM login_password WHERE tenant_id = $1 AND user_id = $2";
static const char remove_totp[] = "DELETE FROM login_totp WHERE tenant_id = $1 AND user_id = $2";
static const char remove_passkeys[] =
    "DELETE FROM login_passkey WHERE tenant_id = $1 AND user_id = $2";
static const char remove_reset[] = "DELETE FROM login_reset WHERE tenant_id = $1 AND user_id = $2";

cx_err factor_password_put(struct store_tx *tx, const struct row_login_password *row)
{
    CX_TRY(remove_all(tx, remove_password, row->tenant_id, row->user_id));
    return row_login_password_insert(tx, row);
}

cx_err factor_totp_put(struct store_tx *tx, const struct row_login_totp *row)
{
    CX_TRY(remove_all(tx, remove_totp, row->tenant_id, row->user_id));
    return row_login_totp_insert(tx, row);
}

cx_err factor_totp_use(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       int64_t step)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE login_totp SET last_step = $3 "
                         "WHERE tenant_id = $1 AND user_id = $2 AND last_step < $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, step);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err passkey_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes credential_hash,
                    struct arena *arena, struct passkey_row *ret_passkey)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " PASSKEY_COLUMNS " FROM login_passkey "
                         "WHERE tenant_id = $1 AND credential_hash = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, credential_hash);
    CX_TRY(store_step(q, &row));
    return row ? passkey_of(q, arena, ret_passkey) : CX_ERR(NOTFOUND);
}

cx_err passkey_use(struct store_tx *tx, struct cx_id tenant_id, const struct passkey_row *passkey,
                   int64_t sign_count, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE login_passkey SET sign_count = $4, last_used_us = $5 "
                         "WHERE tenant_id = $1 AND passkey_id = $2 AND sign_count = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, passkey->passkey_id);
    store_bind_int(q, 3, passkey->sign_count);
    store_bind_int(q, 4, sign_count);
    store_bind_int(q, 5, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err passkey_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      struct cx_id passkey_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "DELETE FROM login_passkey WHERE tenant_id = $1 AND user_id = $2 "
                         "AND passkey_id = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_id(q, 3, passkey_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err factors_reset(struct store_tx *tx, const struct row_login_reset *row)
{
    CX_TRY(remove_all(tx, remove_password, row->tenant_id, row->user_id));
    CX_TRY(remove_all(tx, remove_totp, row->tenant_id, row->user_id));
    CX_TRY(remove_all(tx, remove_passkeys, row->tenant_id, row->user_id));
    CX_TRY(client_binding_remove_all(tx, row->tenant_id, row->user_id, row->reset_by_id,
                                     row->reset_us));
    CX_TRY(remove_all(tx, remove_reset, row->tenant_id, row->user_id));
    return row_login_reset_insert(tx, row);
}

cx_err factors_reset_by(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        struct cx_id *ret_by_id)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT reset_by_id FROM login_reset WHERE tenant_id = $1 AND user_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    CX_TRY(store_step(q, &row));
    *ret_by_id = row ? store_col_id(q, 0) : (struct cx_id){{0}};
    return CX_OK;
}
