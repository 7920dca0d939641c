#include "core/protocol/acme/account_store.h"
#include "core/protocol/acme/eab_store.h"

#define COLUMNS                                                                                    \
    "account_id, directory_id, state, spki, thumbprint, contact, user_id, eab_id, terms_us, "      \
    "created_us"

static enum acme_account_state state_of(struct cx_str text)
{
    if (cx_str_is(text, "valid"))
        return ACME_ACCOUNT_VALID;
    return cx_str_is(text, "deactivated") ? ACME_ACCOUNT_DEACTIVATED : ACME_ACCOUNT_REVOKED;
}

static cx_err account_of(struct store_stmt *q, struct store_tx *tx, struct cx_id tenant_id,
                         struct arena *arena, struct acme_account *ret_account)
{
    struct acme_account row = {.account_id = store_col_id(q, 0),
                               .directory_id = store_col_id(q, 1),
                               .state = state_of(store_col_text(q, 2)),
                               .user_id = store_col_id(q, 6),
                               .terms_us = store_col_int(q, 8),
                               .created_us = store_col_int(q, 9)};
    struct cx_id eab_id = {{0}};
    if (!store_col_is_null(q, 7))
        eab_id = store_col_id(q, 7);
    CX_TRY(arena_copy(arena, store_col_bytes(q, 3), &row.spki));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 4), &row.thumbprint));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 5).envelope, &row.contact.envelope));
    if (!cx_id_is_zero(eab_id))
        CX_TRY(acme_scope_find(tx, tenant_id, eab_id, arena, &row.scope));
    *ret_account = row;
    return CX_OK;
}

cx_err acme_account_find(struct store_tx *tx, const struct acme_directory *directory,
                         struct cx_id account_id, struct arena *arena,
                         struct acme_account *ret_account)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " COLUMNS " FROM acme_account "
                         "WHERE tenant_id = $1 AND account_id = $2 AND directory_id = $3",
                         &q));
    store_bind_id(q, 1, directory->tenant_id);
    store_bind_id(q, 2, account_id);
    store_bind_id(q, 3, directory->directory_id);
    CX_TRY(store_step(q, &row));
    return row ? account_of(q, tx, directory->tenant_id, arena, ret_account) : CX_ERR(NOTFOUND);
}

cx_err acme_account_by_key(struct store_tx *tx, const struct acme_directory *directory,
                           struct cx_bytes thumbprint, struct arena *arena,
                           struct acme_account *ret_account)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " COLUMNS " FROM acme_account "
                         "WHERE tenant_id = $1 AND directory_id = $2 AND thumbprint = $3",
                         &q));
    store_bind_id(q, 1, directory->tenant_id);
    store_bind_id(q, 2, directory->directory_id);
    store_bind_bytes(q, 3, thumbprint);
    CX_TRY(store_step(q, &row));
    return row ? account_of(q, tx, directory->tenant_id, arena, ret_account) : CX_ERR(NOTFOUND);
}

cx_err acme_account_deactivate(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_account SET state = 'deactivated' "
                         "WHERE tenant_id = $1 AND account_id = $2 AND state = 'valid'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err acme_account_agree(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                          cx_time terms_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "UPDATE acme_account SET terms_us = $3 WHERE tenant_id = $1 AND account_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    store_bind_int(q, 3, terms_us);
    return store_exec(q);
}

static cx_err key_is_free(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                          struct cx_bytes thumbprint)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM acme_account a JOIN acme_account b "
                         "ON b.tenant_id = a.tenant_id AND b.directory_id = a.directory_id "
                         "WHERE a.tenant_id = $1 AND a.account_id = $2 AND b.thumbprint = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    store_bind_bytes(q, 3, thumbprint);
    CX_TRY(store_step(q, &row));
    return row ? CX_ERR(CONFLICT) : CX_OK;
}

cx_err acme_account_set_key(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                            struct cx_bytes old_thumbprint, struct cx_bytes spki,
                            struct cx_bytes thumbprint)
{
    struct store_stmt *q = NULL;
    CX_TRY(key_is_free(tx, tenant_id, account_id, thumbprint));
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_account SET spki = $4, thumbprint = $5 "
                         "WHERE tenant_id = $1 AND account_id = $2 AND thumbprint = $3 "
                         "AND state = 'valid'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    store_bind_bytes(q, 3, old_thumbprint);
    store_bind_bytes(q, 4, spki);
    store_bind_bytes(q, 5, thumbprint);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err acme_account_directory(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                              struct cx_id *ret_directory_id)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT directory_id FROM acme_account WHERE tenant_id = $1 AND account_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    *ret_directory_id = store_col_id(q, 0);
    return CX_OK;
}
