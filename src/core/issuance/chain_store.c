#include "core/issuance/chain_store.h"
#include "codec/der.h"
#include "store/rows.h"

static cx_err split(struct cx_bytes all, struct issuer_chain *chain)
{
    struct der_reader reader = der_reader(all);
    while (!der_at_end(&reader)) {
        if (chain->count == ISSUER_CHAIN_MAX + 1)
            return CX_ERR(LIMIT);
        CX_TRY(der_read_whole(&reader, DER_SEQUENCE, &chain->certificates[chain->count++]));
    }
    return CX_OK;
}

cx_err issuer_chains_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                          struct arena *arena,
                          struct issuer_chain chains[ISSUER_CHAIN_LAST - ISSUER_CHAIN_FIRST + 1],
                          size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT position, certificates FROM issuer_chain WHERE tenant_id = $1 "
                         "AND issuer_id = $2 AND removed_us IS NULL ORDER BY position",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    for (bool row = false;; count++) {
        struct cx_bytes all = CX_BYTES_NONE;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        chains[count] = (struct issuer_chain){.position = store_col_int(q, 0)};
        CX_TRY(arena_copy(arena, store_col_bytes(q, 1), &all));
        CX_TRY(split(all, &chains[count]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err issuer_chain_add(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                        struct cx_bytes certificates, cx_time now_us, int64_t *ret_position)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT COALESCE(MAX(position), 1) + 1 FROM issuer_chain "
                         "WHERE tenant_id = $1 AND issuer_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    CX_TRY(store_step(q, &row));
    *ret_position = store_col_int(q, 0);
    if (*ret_position > ISSUER_CHAIN_LAST)
        return CX_ERR(LIMIT);
    const struct row_issuer_chain added = {.tenant_id = tenant_id,
                                           .issuer_id = issuer_id,
                                           .position = *ret_position,
                                           .certificates = certificates,
                                           .added_us = now_us};
    return row_issuer_chain_insert(tx, &added);
}

cx_err issuer_chain_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                           int64_t position, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE issuer_chain SET removed_us = $4 WHERE tenant_id = $1 "
                         "AND issuer_id = $2 AND position = $3 AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    store_bind_int(q, 3, position);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(NOTFOUND);
}
