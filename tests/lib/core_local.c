#include "tests/lib/test.h"
#include "tests/lib/core_local.h"
#include "base/cleanup.h"
#include "core/protect/protect.h"
#include "store/rows.h"

struct tenant_rows {
    struct cx_id tenant_id;
    struct cx_bytes wrapped;
    struct cx_str name;
};

static cx_err add_tenant(struct store_tx *tx, void *arg)
{
    const struct tenant_rows *it = arg;
    struct row_tenant tenant = {
        .tenant_id = it->tenant_id, .name = it->name, .state = CX_STR("active")};
    struct row_data_key key = {.tenant_id = it->tenant_id,
                               .version = 1,
                               .wrapped = it->wrapped,
                               .state = CX_STR("active")};
    CX_TRY(row_tenant_insert(tx, &tenant));
    return row_data_key_insert(tx, &key);
}

struct cx_id core_local_tenant(struct core_local *local, const char *name)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct tenant_rows rows = {.name = cx_str_from(name)};
    assert_ok(cx_id_new(&local->rng, &rows.tenant_id));
    assert_ok(protect_tenant_key(&local->core, rows.tenant_id, &arena, &rows.wrapped));
    assert_ok(store_write(local->core.store, add_tenant, &rows));
    return rows.tenant_id;
}

void core_local_start(struct core_local *local, struct test_databases *databases,
                      enum store_engine engine)
{
    *local = (struct core_local){0};
    cx_rng_system(&local->rng);
    cx_clock_system(&local->clock);
    local->core.clock = &local->clock;
    local->core.rng = &local->rng;
    local->core.store = test_store_open(databases, engine, local->url);
    local->core.keys = keys_local_new(&local->control);
    assert_ok(protect_new(&local->core, &local->core.protect));
    local->tenant_id = core_local_tenant(local, "local");
}

void core_local_stop(struct core_local *local)
{
    protect_free(local->core.protect);
    store_close(local->core.store);
    keys_local_free(local->core.keys);
}
