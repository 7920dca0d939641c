#include "core/access/guard.h"
#include "core/access/state_store.h"

cx_err access_guard(struct store_tx *tx, const struct principal *principal, bool *ret_holds)
{
    int64_t generation = 0;
    CX_TRY(access_generation(tx, principal->tenant_id, &generation));
    *ret_holds = generation == principal->generation;
    return CX_OK;
}
