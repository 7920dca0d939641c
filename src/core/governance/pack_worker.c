/* What the end of a quarter makes by itself: its pack, once, whatever restarts and however many nodes run. */
#include "base/checked.h"
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/governance/pack.h"

enum { PASS_PAUSE_MS = 5000, PACK_ARENA_MAX = 512 * 1024 * 1024 };

cx_err pack_quarter_before(cx_time now_us, cx_time *ret_from_us, cx_time *ret_until_us)
{
    struct cx_civil civil;
    CX_TRY(cx_civil_from_time(now_us, &civil));
    struct cx_civil until = {.year = civil.year, .month = (civil.month - 1) / 3 * 3 + 1, .day = 1};
    struct cx_civil from = until;
    from.month -= 3;
    if (from.month < 1) {
        from.month += 12;
        from.year--;
    }
    CX_TRY(cx_time_from_civil(&from, ret_from_us));
    return cx_time_from_civil(&until, ret_until_us);
}

struct asking {
    struct cx_id tenant_id;
    cx_time from_us, until_us;
    bool owed;
};

/* Owed: the tenant was there before the period ended, and nothing was made of it yet. */
static cx_err ask(struct store_tx *tx, void *arg)
{
    struct asking *asking = arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM tenant t WHERE t.tenant_id = $1 AND t.created_us < $3 "
                         "AND NOT EXISTS (SELECT 1 FROM incident_pack p WHERE p.tenant_id = $1 "
                         "AND p.from_us = $2 AND p.until_us = $3 AND p.maker_id IS NULL)",
                         &q));
    store_bind_id(q, 1, asking->tenant_id);
    store_bind_int(q, 2, asking->from_us);
    store_bind_int(q, 3, asking->until_us);
    return store_step(q, &asking->owed);
}

static cx_err write_pack(struct store_tx *tx, void *arg)
{
    return row_incident_pack_insert(tx, arg);
}

cx_err pack_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PACK_ARENA_MAX);
    struct asking asking = {.tenant_id = tenant_id};
    struct row_incident_pack row;
    cx_time now_us = cx_now(core->clock);
    (void)thread; /* one pack */
    CX_TRY(pack_quarter_before(now_us, &asking.from_us, &asking.until_us));
    CX_TRY(store_read(core->store, ask, &asking));
    if (!asking.owed)
        return CX_OK;
    CX_TRY(pack_make(core, tenant_id, asking.from_us, asking.until_us, now_us, &arena, &row));
    struct audit_event event = {.action = "incident.pack.create",
                                .outcome = AUDIT_DONE,
                                .tenant_id = tenant_id,
                                .object_type = CX_ID_PACK,
                                .object_id = row.pack_id};
    cx_err err = audit_commit(core, &event, write_pack, &row);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node was first */
}

static const struct tenant_pass PASSES[] = {{"incident-pack-failed", pack_pass}};

cx_err governance_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, PASSES, CX_COUNT_OF(PASSES), PASS_PAUSE_MS, ret_worker);
}
