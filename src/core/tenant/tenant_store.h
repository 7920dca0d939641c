/* Reading tenants. */
#pragma once
#include "base/arena.h"
#include "store/store.h"

struct core;

enum { TENANTS_MAX = 10000 };

cx_err tenant_name(struct core *core, struct cx_id tenant_id, struct arena *arena,
                   struct cx_str *ret_name);
/* CX_E_NOTFOUND when it is suspended, or there is none: nobody acts in it, and nothing new is issued. */
cx_err tenant_check_active(struct store_tx *tx, struct cx_id tenant_id);
/* Every tenant: what background work goes through. A suspended one's certificates are out there: its CRLs, responders and
 * recovery go on. Ids are in arena. */
cx_err tenant_each(struct core *core, struct arena *arena, const struct cx_id **ret_ids,
                   size_t *ret_count);
