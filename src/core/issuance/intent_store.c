#include "core/issuance/intent_store.h"

static const char *const STATES[INTENT_STATE_COUNT] = {
    [INTENT_OPEN] = "open", [INTENT_ABANDONED] = "abandoned"};

const char *intent_state_name(enum intent_state state)
{
    return STATES[state];
}

cx_err intent_insert(struct store_tx *tx, const struct row_intent *intent)
{
    struct store_stmt *q = NULL;
    bool taken = false;
    CX_TRY(store_prepare(
        tx, "SELECT 1 FROM certificate WHERE tenant_id = $1 AND serial = $2 AND issuer_id = $3",
        &q));
    store_bind_id(q, 1, intent->tenant_id);
    store_bind_bytes(q, 2, intent->serial);
    store_bind_id(q, 3, intent->issuer_id);
    CX_TRY(store_step(q, &taken));
    return taken ? CX_ERR(CONFLICT) : row_intent_insert(tx, intent);
}

static cx_err close_open(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                         struct cx_id intent_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, intent_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err intent_settle(struct store_tx *tx, struct cx_id tenant_id, struct cx_id intent_id)
{
    return close_open(
        tx, "DELETE FROM intent WHERE tenant_id = $1 AND intent_id = $2 AND state = 'open'",
        tenant_id, intent_id);
}

cx_err intent_abandon(struct store_tx *tx, struct cx_id tenant_id, struct cx_id intent_id)
{
    return close_open(tx,
                      "UPDATE intent SET state = 'abandoned' "
                      "WHERE tenant_id = $1 AND intent_id = $2 AND state = 'open'",
                      tenant_id, intent_id);
}

static cx_err row_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                     struct row_intent *ret_row)
{
    struct row_intent row = {
        .tenant_id = tenant_id,
        .intent_id = store_col_id(q, 0),
        .request_id = store_col_id(q, 1),
        .issuer_id = store_col_id(q, 2),
        .profile_version = store_col_int(q, 5),
        .not_before_us = store_col_int(q, 6),
        .not_after_us = store_col_int(q, 7),
        .lease_until_us = store_col_int(q, 9),
        .created_us = store_col_int(q, 10),
    };
    CX_TRY(arena_copy(arena, store_col_bytes(q, 3), &row.serial));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row.profile_name));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 8).envelope, &row.body.envelope));
    *ret_row = row;
    return CX_OK;
}

static cx_err list_stale(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                         struct arena *arena, struct row_intent *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx,
        "SELECT intent_id, request_id, issuer_id, serial, profile_name, profile_version, "
        "not_before_us, not_after_us, body, lease_until_us, created_us FROM intent "
        "WHERE tenant_id = $1 AND state = 'open' AND lease_until_us < $2 "
        "ORDER BY lease_until_us LIMIT $3",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(row_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err intent_claim_stale(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                          cx_time lease_us, size_t limit, struct arena *arena,
                          struct row_intent *rows, size_t *ret_count)
{
    size_t stale = 0, claimed = 0;
    CX_TRY(list_stale(tx, tenant_id, now_us, limit, arena, rows, &stale));
    for (size_t i = 0; i < stale; i++) {
        struct store_stmt *q = NULL;
        CX_TRY(store_prepare(
            tx,
            "UPDATE intent SET lease_until_us = $4 WHERE tenant_id = $1 AND intent_id = $2 "
            "AND state = 'open' AND lease_until_us = $3",
            &q));
        store_bind_id(q, 1, tenant_id);
        store_bind_id(q, 2, rows[i].intent_id);
        store_bind_int(q, 3, rows[i].lease_until_us);
        store_bind_int(q, 4, lease_us);
        CX_TRY(store_exec(q));
        if (store_changes(q) == 1)
            rows[claimed++] = rows[i];
    }
    *ret_count = claimed;
    return CX_OK;
}
