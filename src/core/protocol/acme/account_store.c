#include "core/protocol/acme/account_store.h"
#include "core/access/freeze.h"
#include "core/protocol/acme/directory_store.h"

/* With what its external binding allows: one look-up for each signed request. */
#define COLUMNS                                                                                    \
    "a.account_id, a.directory_id, a.state, a.spki, a.thumbprint, a.contact, a.user_id, "          \
    "a.eab_id, a.terms_us, a.created_us, k.group_id, k.profile_name, k.domains, k.validation, "    \
    "k.revoked_us "
#define TABLES                                                                                     \
    "FROM acme_account a LEFT JOIN acme_eab_key k "                                                \
    "ON k.tenant_id = a.tenant_id AND k.eab_id = a.eab_id "

static const char *const STATES[ACME_ACCOUNT_STATE_COUNT] = {
    [ACME_ACCOUNT_VALID] = "valid",
    [ACME_ACCOUNT_DEACTIVATED] = "deactivated",
    [ACME_ACCOUNT_REVOKED] = "revoked",
};

const char *acme_account_state_name(enum acme_account_state state)
{
    return STATES[state];
}

static enum acme_account_state state_of(struct cx_str text)
{
    for (int i = 0; i < ACME_ACCOUNT_STATE_COUNT; i++)
        if (cx_str_is(text, STATES[i]))
            return (enum acme_account_state)i;
    return ACME_ACCOUNT_REVOKED; /* deny by default; the CHECK of the table lets nothing else in */
}

static cx_err scope_of(const struct store_stmt *q, struct arena *arena,
                       struct acme_scope *ret_scope)
{
    struct cx_str domains = CX_STR_NONE;
    struct acme_scope scope = {.trusted = cx_str_is(store_col_text(q, 13), "none"),
                               .revoked = !store_col_is_null(q, 14)};
    if (store_col_is_null(q, 7))
        return CX_OK;
    scope.eab_id = store_col_id(q, 7);
    if (!store_col_is_null(q, 10))
        scope.group_id = store_col_id(q, 10);
    CX_TRY(arena_copy_str(arena, store_col_text(q, 11), &scope.profile));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 12), &domains));
    CX_TRY(acme_words(domains, scope.domains, ACME_DOMAINS_MAX, &scope.domain_count));
    *ret_scope = scope;
    return CX_OK;
}

static cx_err account_of(const struct store_stmt *q, struct arena *arena,
                         struct acme_account *ret_account)
{
    struct acme_account row = {.account_id = store_col_id(q, 0),
                               .directory_id = store_col_id(q, 1),
                               .state = state_of(store_col_text(q, 2)),
                               .user_id = store_col_id(q, 6),
                               .terms_us = store_col_int(q, 8),
                               .created_us = store_col_int(q, 9)};
    CX_TRY(arena_copy(arena, store_col_bytes(q, 3), &row.spki));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 4), &row.thumbprint));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 5).envelope, &row.contact.envelope));
    CX_TRY(scope_of(q, arena, &row.scope));
    *ret_account = row;
    return CX_OK;
}

static cx_err one(struct store_stmt *q, struct arena *arena, struct acme_account *ret_account)
{
    bool row = false;
    CX_TRY(store_step(q, &row));
    return row ? account_of(q, arena, ret_account) : CX_ERR(NOTFOUND);
}

/* To its client a frozen account is a revoked one (RFC 8555 §7.1.2), for as long as the freeze stands. */
static cx_err judge_freeze(struct store_tx *tx, struct cx_id tenant_id,
                           struct acme_account *account)
{
    bool frozen = false;
    CX_TRY(access_is_frozen(tx, tenant_id, account->account_id, &frozen));
    if (frozen)
        account->state = ACME_ACCOUNT_REVOKED;
    return CX_OK;
}

cx_err acme_account_find(struct store_tx *tx, const struct acme_directory *directory,
                         struct cx_id account_id, struct arena *arena,
                         struct acme_account *ret_account)
{
    CX_TRY(acme_account_find_any(tx, directory->tenant_id, account_id, arena, ret_account));
    if (!cx_id_eq(ret_account->directory_id, directory->directory_id))
        return CX_ERR(NOTFOUND);
    return judge_freeze(tx, directory->tenant_id, ret_account);
}

cx_err acme_account_find_any(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                             struct arena *arena, struct acme_account *ret_account)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "SELECT " COLUMNS TABLES "WHERE a.tenant_id = $1 AND a.account_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    return one(q, arena, ret_account);
}

cx_err acme_account_by_key(struct store_tx *tx, const struct acme_directory *directory,
                           struct cx_bytes thumbprint, struct arena *arena,
                           struct acme_account *ret_account)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " COLUMNS TABLES "WHERE a.tenant_id = $1 "
                         "AND a.directory_id = $2 AND a.thumbprint = $3",
                         &q));
    store_bind_id(q, 1, directory->tenant_id);
    store_bind_id(q, 2, directory->directory_id);
    store_bind_bytes(q, 3, thumbprint);
    CX_TRY(one(q, arena, ret_account));
    return judge_freeze(tx, directory->tenant_id, ret_account);
}

/* An account lies in the group that it acts for a member of, else where its user lies. */
#define IN_SCOPE                                                                                   \
    "(k.group_id IS NOT NULL AND " SCOPE_GROUPS(                                                   \
        "k.group_id", "$5", "$6", "$7", "$8", "$9",                                                \
        "$10") " OR k.group_id IS NULL AND " SCOPE_PEOPLE("a.user_id", "$5", "$6", "$7", "$8",     \
                                                          "$9", "$10") ") "

cx_err acme_account_page(struct store_tx *tx, struct cx_id tenant_id,
                         const struct acme_account_filter *filter, const struct page_key *after,
                         size_t limit, struct arena *arena, struct acme_account *rows,
                         size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " COLUMNS TABLES "WHERE a.tenant_id = $1 "
                         "AND (a.created_us, a.account_id) < ($2, $3) AND " IN_SCOPE
                         "AND ($11 = 1 OR a.directory_id = $12) AND ($13 = 1 OR a.user_id = $14) "
                         "AND ($15 = 1 OR a.state = $16) "
                         "ORDER BY a.created_us DESC, a.account_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    access_scope_bind(q, 5, &filter->scope);
    store_bind_int(q, 11, !filter->has_directory_id);
    store_bind_id(q, 12, filter->directory_id);
    store_bind_int(q, 13, !filter->has_user_id);
    store_bind_id(q, 14, filter->user_id);
    store_bind_int(q, 15, filter->state == ACME_ACCOUNT_STATE_COUNT);
    store_bind_text(q, 16,
                    filter->state == ACME_ACCOUNT_STATE_COUNT ? CX_STR("")
                                                              : cx_str_from(STATES[filter->state]));
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(account_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err acme_account_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                        enum acme_account_state state)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_account SET state = $3 "
                         "WHERE tenant_id = $1 AND account_id = $2 AND state = 'valid'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    store_bind_text(q, 3, cx_str_from(STATES[state]));
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
