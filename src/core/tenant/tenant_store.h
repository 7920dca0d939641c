/* Reading tenants. */
#pragma once
#include "base/arena.h"
#include "store/store.h"

struct core;

enum { TENANTS_MAX = 10000 };

cx_err tenant_name(struct core *core, struct cx_id tenant_id, struct arena *arena,
                   struct cx_str *ret_name);
/* Every active tenant: what background work goes through. Ids are in arena. */
cx_err tenant_each(struct core *core, struct arena *arena, const struct cx_id **ret_ids,
                   size_t *ret_count);
