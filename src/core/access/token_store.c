#include "core/access/access_store.h"
#include "core/access/freeze.h"

enum { HASH_LEN = 32 };

/* A hash of another length cannot be ours: treated as one that nothing matches. */
static cx_err hash_of(const struct store_stmt *q, int column, uint8_t ret_hash[static HASH_LEN])
{
    struct cx_bytes hash = store_col_bytes(q, column);
    if (hash.len != HASH_LEN)
        return CX_ERR(STORE);
    memcpy(ret_hash, hash.ptr, HASH_LEN);
    return CX_OK;
}

/* Columns: token_id, user_id, label, secret_hash, roles, created_us, expires_us, revoked_us, parent_id. */
static cx_err token_of(const struct store_stmt *q, struct arena *arena, struct token_row *ret_token)
{
    struct token_row token = {.token_id = store_col_id(q, 0), .user_id = store_col_id(q, 1)};
    CX_TRY(arena_copy(arena, store_col_sealed(q, 2).envelope, &token.label.envelope));
    CX_TRY(hash_of(q, 3, token.secret_hash));
    token.narrowed = store_col_int(q, 4) != ACCESS_TOKEN_UNNARROWED;
    token.created_us = store_col_int(q, 5);
    token.expires_us = store_col_int(q, 6);
    token.revoked_us = store_col_int(q, 7);
    token.parent_id = store_col_id(q, 8);
    *ret_token = token;
    return CX_OK;
}

#define TOKEN_COLUMNS                                                                              \
    "token_id, user_id, label, secret_hash, roles, created_us, expires_us, revoked_us, parent_id"

cx_err token_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id token_id,
                  struct arena *arena, struct token_row *ret_token)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT " TOKEN_COLUMNS " FROM api_token WHERE tenant_id = $1 AND token_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, token_id);
    CX_TRY(store_step(q, &row));
    return row ? token_of(q, arena, ret_token) : CX_ERR(NOTFOUND);
}

#define TOKEN_PAGE(condition)                                                                      \
    "SELECT " TOKEN_COLUMNS " FROM api_token WHERE tenant_id = $1 " condition                      \
    "AND (created_us, token_id) < ($2, $3) AND (user_id = $5 OR " SCOPE_PEOPLE(                    \
        "api_token.user_id", "$6", "$7", "$8", "$9", "$10",                                        \
        "$11") ") ORDER BY created_us DESC, token_id DESC LIMIT $4"

cx_err token_page(struct store_tx *tx, struct cx_id tenant_id, const struct cx_id *user_id,
                  const struct access_scope *scope, struct cx_id self_id,
                  const struct page_key *after, size_t limit, struct arena *arena,
                  struct token_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx, user_id ? TOKEN_PAGE("AND user_id = $12 ") : TOKEN_PAGE(""), &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    store_bind_id(q, 5, self_id);
    access_scope_bind(q, 6, scope);
    if (user_id)
        store_bind_id(q, 12, *user_id);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(token_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err token_revoke(struct store_tx *tx, struct cx_id tenant_id, struct cx_id token_id,
                    cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE api_token SET revoked_us = $3 "
                         "WHERE tenant_id = $1 AND revoked_us IS NULL AND token_id IN ("
                         "WITH RECURSIVE below (token_id) AS (SELECT $2 UNION "
                         "SELECT c.token_id FROM api_token c JOIN below b "
                         "ON c.parent_id = b.token_id WHERE c.tenant_id = $1) "
                         "SELECT token_id FROM below)",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, token_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

cx_err token_revoke_all(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE api_token SET revoked_us = $3 "
                         "WHERE tenant_id = $1 AND user_id = $2 AND revoked_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

static cx_err read_account(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           struct arena *arena, struct token_chain *chain)
{
    struct user_row user;
    bool usable = false;
    CX_TRY(user_find(tx, tenant_id, user_id, arena, &user));
    CX_TRY(user_is_usable(tx, tenant_id, &user, &usable));
    chain->broken = chain->broken || !usable;
    if (chain->length == 0)
        chain->service = user.service;
    return CX_OK;
}

cx_err token_chain_read(struct store_tx *tx, struct cx_id tenant_id, const struct token_row *token,
                        struct arena *arena, struct token_chain *ret_chain)
{
    struct token_chain chain = {.ends_us = token->expires_us};
    struct token_row at = *token;
    struct cx_id known_id = {{0}}; /* whose account was asked for last */
    bool frozen = false;
    for (;;) {
        if (chain.length == ACCESS_TOKEN_CHAIN_MAX)
            return CX_ERR(LIMIT);
        if (!cx_id_eq(at.user_id, known_id))
            CX_TRY(read_account(tx, tenant_id, at.user_id, arena, &chain));
        known_id = at.user_id;
        chain.length++;
        CX_TRY(access_is_frozen(tx, tenant_id, at.token_id, &frozen));
        chain.broken = chain.broken || frozen || at.revoked_us != 0;
        if (at.expires_us < chain.ends_us)
            chain.ends_us = at.expires_us;
        if (at.narrowed)
            chain.narrowed[chain.narrowed_count++] = at.token_id;
        if (cx_id_is_zero(at.parent_id))
            break;
        CX_TRY(token_find(tx, tenant_id, at.parent_id, arena, &at));
    }
    *ret_chain = chain;
    return CX_OK;
}
