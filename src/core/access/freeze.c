#include "core/access/freeze.h"

cx_err access_is_frozen(struct store_tx *tx, struct cx_id tenant_id, struct cx_id subject_id,
                        bool *ret_frozen)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM access_freeze WHERE tenant_id = $1 AND subject_id = $2 "
                         "AND lifted_us IS NULL LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, subject_id);
    return store_step(q, ret_frozen);
}
