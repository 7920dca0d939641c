#include "core/system/clock.h"

#include "core/core.h"

static cx_err read_offset(struct store_tx *tx, void *arg)
{
    int64_t *offset_us = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    *offset_us = 0;
    CX_TRY(store_prepare(tx, "SELECT MAX(offset_us) FROM drill_clock", &q));
    CX_TRY(store_step(q, &row));
    if (row)
        *offset_us = store_col_int(q, 0); /* NULL, no row yet, reads as 0 */
    return CX_OK;
}

cx_err system_clock_load(struct core *core)
{
    int64_t offset_us = 0;
    if (!core->options.drill)
        return CX_OK;
    CX_TRY(store_read(core->store, read_offset, &offset_us));
    core->clock->offset_us = offset_us;
    return CX_OK;
}

cx_err system_clock_tell_keys(struct core *core)
{
    int64_t offset_us = core->clock->offset_us;
    if (!core->options.drill || offset_us == 0)
        return CX_OK;
    return keys_set_clock(core->keys, offset_us);
}

cx_err system_clock_store(struct store_tx *tx, struct cx_id tenant_id, int64_t offset_us,
                          cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(
        store_prepare(tx,
                      "INSERT INTO drill_clock (tenant_id, offset_us, set_us) VALUES ($1, $2, $3) "
                      "ON CONFLICT (tenant_id) DO UPDATE SET offset_us = excluded.offset_us, "
                      "set_us = excluded.set_us "
                      "WHERE drill_clock.offset_us <= excluded.offset_us",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, offset_us);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}
