#include "core/protocol/acme/authorization_row.h"
#include "core/protocol/acme/order_store.h"
#include "pki/name.h"

static const char *const STATES[ACME_AUTHORIZATION_STATE_COUNT] = {
    [ACME_AUTHORIZATION_PENDING] = "pending",
    [ACME_AUTHORIZATION_PROCESSING] = "processing",
    [ACME_AUTHORIZATION_VALID] = "valid",
    [ACME_AUTHORIZATION_INVALID] = "invalid",
    [ACME_AUTHORIZATION_DEACTIVATED] = "deactivated",
};

const char *acme_authorization_state_name(enum acme_authorization_state state)
{
    return STATES[state];
}

static cx_err state_of(struct cx_str text, enum acme_authorization_state *ret_state)
{
    for (int i = 0; i < ACME_AUTHORIZATION_STATE_COUNT; i++) {
        if (cx_str_is(text, STATES[i])) {
            *ret_state = (enum acme_authorization_state)i;
            return CX_OK;
        }
    }
    return CX_ERR(STORE);
}

cx_err acme_authorization_of(const struct store_stmt *q, struct arena *arena,
                             struct acme_authorization *ret_authorization)
{
    struct acme_authorization row = {.authorization_id = store_col_id(q, 0),
                                     .account_id = store_col_id(q, 1),
                                     .wildcard = store_col_int(q, 4) != 0,
                                     .validated_us = store_col_int(q, 9),
                                     .created_us = store_col_int(q, 10),
                                     .expires_us = store_col_int(q, 11),
                                     .attempt_count = store_col_int(q, 12)};
    enum pki_name_kind kind = cx_str_is(store_col_text(q, 2), "ip") ? PKI_NAME_IP : PKI_NAME_DNS;
    CX_TRY(state_of(store_col_text(q, 5), &row.state));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.value));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 6), &row.token));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 7), &row.challenge));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 8), &row.error));
    CX_TRY(pki_name_parse(arena, kind, row.value, "", NULL, &row.name));
    *ret_authorization = row;
    return CX_OK;
}

cx_err acme_authorization_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                               struct cx_id authorization_id, struct arena *arena,
                               struct acme_authorization *ret_authorization)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " ACME_AUTHORIZATION_COLUMNS " FROM acme_authorization a "
                         "WHERE a.tenant_id = $1 AND a.authorization_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, authorization_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    CX_TRY(acme_authorization_of(q, arena, ret_authorization));
    bool theirs =
        !cx_id_is_zero(account_id) && !cx_id_eq(account_id, ret_authorization->account_id);
    return theirs ? CX_ERR(NOTFOUND) : CX_OK;
}

cx_err acme_authorization_reusable(struct store_tx *tx, struct cx_id tenant_id,
                                   struct cx_id account_id, const struct acme_authorization *like,
                                   cx_time since_us, cx_time until_us, bool *ret_found,
                                   struct cx_id *ret_authorization_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT authorization_id FROM acme_authorization "
                         "WHERE tenant_id = $1 AND account_id = $2 AND value = $3 "
                         "AND state = 'valid' AND validated_us > $4 AND wildcard = $5 "
                         "AND expires_us > $6 AND kind = $7 "
                         "ORDER BY validated_us DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    store_bind_text(q, 3, like->value);
    store_bind_int(q, 4, since_us);
    store_bind_int(q, 5, like->wildcard);
    store_bind_int(q, 6, until_us);
    store_bind_text(q, 7, like->name.kind == PKI_NAME_IP ? CX_STR("ip") : CX_STR("dns"));
    CX_TRY(store_step(q, ret_found));
    if (*ret_found)
        *ret_authorization_id = store_col_id(q, 0);
    return CX_OK;
}

cx_err acme_authorization_move(struct store_tx *tx, struct cx_id tenant_id,
                               struct cx_id authorization_id, enum acme_authorization_state from,
                               enum acme_authorization_state to)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_authorization SET state = $4, lease_until_us = NULL "
                         "WHERE tenant_id = $1 AND authorization_id = $2 AND state = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, authorization_id);
    store_bind_text(q, 3, cx_str_from(STATES[from]));
    store_bind_text(q, 4, cx_str_from(STATES[to]));
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err acme_authorization_begin(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id authorization_id, enum acme_challenge challenge,
                                cx_time lease_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_authorization SET challenge = $3, lease_until_us = $4, "
                         "attempt_count = attempt_count + 1 "
                         "WHERE tenant_id = $1 AND authorization_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, authorization_id);
    store_bind_text(q, 3, cx_str_from(acme_challenge_name(challenge)));
    store_bind_int(q, 4, lease_us);
    return store_exec(q);
}

cx_err acme_authorization_end(struct store_tx *tx, struct cx_id tenant_id,
                              struct cx_id authorization_id, struct cx_str error,
                              cx_time validated_us, cx_time expires_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_authorization SET error = $3, validated_us = $4, "
                         "expires_us = $5 WHERE tenant_id = $1 AND authorization_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, authorization_id);
    store_bind_text(q, 3, error);
    store_bind_int(q, 4, validated_us);
    store_bind_int(q, 5, expires_us);
    return store_exec(q);
}

cx_err acme_authorization_claim(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                                cx_time lease_us, size_t limit, struct cx_id *ids,
                                size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_authorization SET lease_until_us = $3 "
                         "WHERE tenant_id = $1 AND authorization_id IN "
                         "(SELECT authorization_id FROM acme_authorization WHERE tenant_id = $1 "
                         "AND state = 'processing' AND lease_until_us < $2 LIMIT $4) "
                         "RETURNING authorization_id",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, lease_us);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        ids[count++] = store_col_id(q, 0);
    }
    *ret_count = count;
    return CX_OK;
}

cx_err acme_authorization_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                              bool *ret_any)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM acme_authorization WHERE tenant_id = $1 "
                         "AND state = 'processing' AND lease_until_us < $2 LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    return store_step(q, ret_any);
}
