#include "core/tenant/tenant_store.h"
#include "core/core.h"

struct name_read {
    struct cx_id tenant_id;
    struct arena *arena;
    struct cx_str name;
};

static cx_err read_name(struct store_tx *tx, void *arg)
{
    struct name_read *read = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT name FROM tenant WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, read->tenant_id);
    CX_TRY(store_step(q, &row));
    return row ? arena_copy_str(read->arena, store_col_text(q, 0), &read->name) : CX_ERR(NOTFOUND);
}

cx_err tenant_name(struct core *core, struct cx_id tenant_id, struct arena *arena,
                   struct cx_str *ret_name)
{
    struct name_read read = {tenant_id, arena, CX_STR_NONE};
    CX_TRY(store_read(core->store, read_name, &read));
    *ret_name = read.name;
    return CX_OK;
}

cx_err tenant_check_active(struct store_tx *tx, struct cx_id tenant_id)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT 1 FROM tenant WHERE tenant_id = $1 AND state = 'active'", &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &row));
    return row ? CX_OK : CX_ERR(NOTFOUND);
}

struct each_read {
    struct cx_id *ids;
    size_t count;
};

static cx_err read_each(struct store_tx *tx, void *arg)
{
    struct each_read *read = arg;
    struct store_stmt *q = NULL;
    read->count = 0;
    CX_TRY(store_prepare(tx, "SELECT tenant_id FROM tenant ORDER BY tenant_id LIMIT $1", &q));
    store_bind_int(q, 1, TENANTS_MAX);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row || read->count == TENANTS_MAX)
            return CX_OK;
        read->ids[read->count++] = store_col_id(q, 0);
    }
}

cx_err tenant_each(struct core *core, struct arena *arena, const struct cx_id **ret_ids,
                   size_t *ret_count)
{
    struct each_read read = {NULL, 0};
    CX_TRY(ARENA_NEW_ARRAY(arena, TENANTS_MAX, &read.ids));
    CX_TRY(store_read(core->store, read_each, &read));
    *ret_ids = read.ids;
    *ret_count = read.count;
    return CX_OK;
}
