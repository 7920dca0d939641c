#include "core/protect/protect_store.h"

struct find {
    struct cx_id tenant_id;
    uint32_t version;
    struct arena *arena;
    struct wrapped_key found;
};

static cx_err find_key(struct store_tx *tx, void *arg)
{
    struct find *find = arg;
    struct store_stmt *q = NULL;
    if (find->version == 0) {
        CX_TRY(store_prepare(tx,
                             "SELECT version, wrapped FROM data_key WHERE tenant_id = $1 "
                             "AND state = 'active' ORDER BY version DESC LIMIT 1",
                             &q));
    } else {
        CX_TRY(store_prepare(
            tx, "SELECT version, wrapped FROM data_key WHERE tenant_id = $1 AND version = $2", &q));
        store_bind_int(q, 2, find->version);
    }
    store_bind_id(q, 1, find->tenant_id);
    bool row = false;
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    int64_t version = store_col_int(q, 0);
    if (version < 1 || version > UINT32_MAX)
        return CX_ERR(STORE);
    find->found.version = (uint32_t)version;
    return arena_copy(find->arena, store_col_bytes(q, 1), &find->found.wrapped);
}

cx_err protect_store_find(struct store *store, struct cx_id tenant_id, uint32_t version,
                          struct arena *arena, struct wrapped_key *ret_key)
{
    struct find find = {.tenant_id = tenant_id, .version = version, .arena = arena};
    CX_TRY(store_read(store, find_key, &find));
    *ret_key = find.found;
    return CX_OK;
}
