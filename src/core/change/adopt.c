/* Tenants and kinds of objects from before their changes were recorded. */
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/change/change.h"
#include "core/core.h"
#include "core/tenant/tenant_store.h"

enum { ADOPT_ARENA_MAX = 1024 * 1024 };

struct adoption {
    struct cx_id tenant_id;
    bool recorded;
    bool missing[CHANGE_OBJECT_COUNT]; /* kinds that nothing was recorded of yet */
    size_t missing_count;
};

static cx_err has_row(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                      enum change_object object, bool *ret_has)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, cx_str_from(change_object_name(object)));
    return store_step(q, ret_has);
}

static cx_err look(struct store_tx *tx, void *arg)
{
    struct adoption *it = arg;
    it->missing_count = 0;
    CX_TRY(change_recorded(tx, it->tenant_id, &it->recorded));
    for (int i = 0; i < CHANGE_OBJECT_COUNT; i++) {
        bool adopted = false;
        CX_TRY(has_row(tx, "SELECT 1 FROM state_adopted WHERE tenant_id = $1 AND object = $2",
                       it->tenant_id, (enum change_object)i, &adopted));
        it->missing[i] = !adopted;
        it->missing_count += !adopted;
    }
    return CX_OK;
}

static cx_err adopt_kind(struct store_tx *tx, struct cx_id tenant_id, enum change_object object)
{
    bool recorded = false;
    CX_TRY(has_row(tx, "SELECT 1 FROM state_change WHERE tenant_id = $1 AND object = $2 LIMIT 1",
                   tenant_id, object, &recorded));
    if (!recorded)
        CX_TRY(change_note_all(tx, tenant_id, object));
    return change_mark_adopted(tx, tenant_id, object);
}

static cx_err write_adoption(struct store_tx *tx, void *arg)
{
    struct adoption *it = arg;
    CX_TRY(look(tx, it)); /* again: another node may have been first */
    if (!it->recorded)
        return change_note_all(tx, it->tenant_id, CHANGE_TENANT); /* brings everything */
    if (!it->missing_count)
        return CX_ERR(CONFLICT);
    for (int i = 0; i < CHANGE_OBJECT_COUNT; i++)
        if (it->missing[i])
            CX_TRY(adopt_kind(tx, it->tenant_id, (enum change_object)i));
    return CX_OK;
}

static cx_err adopt_tenant(struct core *core, struct cx_id tenant_id)
{
    struct adoption it = {.tenant_id = tenant_id};
    CX_TRY(store_read(core->store, look, &it));
    if (it.recorded && !it.missing_count)
        return CX_OK;
    struct audit_event event = {.action = "system.state.adopt", .tenant_id = tenant_id};
    cx_err err = audit_commit(core, &event, write_adoption, &it);
    return err.code == CX_E_CONFLICT ? CX_OK : err;
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
