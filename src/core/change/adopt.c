/* Tenants from before changes were recorded. */
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/change/change.h"
#include "core/core.h"
#include "core/tenant/tenant_store.h"

enum { ADOPT_ARENA_MAX = 1024 * 1024 };

struct adoption {
    struct cx_id tenant_id;
    bool recorded;
};

static cx_err read_recorded(struct store_tx *tx, void *arg)
{
    struct adoption *it = arg;
    return change_recorded(tx, it->tenant_id, &it->recorded);
}

static cx_err write_adoption(struct store_tx *tx, void *arg)
{
    const struct adoption *it = arg;
    bool recorded = false;
    CX_TRY(change_recorded(tx, it->tenant_id, &recorded));
    return recorded ? CX_ERR(CONFLICT) : change_note_all(tx, it->tenant_id, CHANGE_TENANT);
}

static cx_err adopt_tenant(struct core *core, struct cx_id tenant_id)
{
    struct adoption it = {.tenant_id = tenant_id};
    CX_TRY(store_read(core->store, read_recorded, &it));
    if (it.recorded)
        return CX_OK;
    struct audit_event event = {.action = "system.state.adopt", .tenant_id = tenant_id};
    cx_err err = audit_commit(core, &event, write_adoption, &it);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node was first */
}

cx_err change_adopt(struct core *core)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ADOPT_ARENA_MAX);
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    CX_TRY(tenant_each(core, &arena, &tenants, &count));
    for (size_t i = 0; i < count; i++)
        CX_TRY(adopt_tenant(core, tenants[i]));
    return CX_OK;
}
