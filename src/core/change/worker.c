#include "core/change/worker.h"
#include "base/checked.h"
#include "core/core.h"

enum { PASS_PAUSE_MS = 600 * 1000 };

static const struct tenant_pass PASSES[] = {{"change-check-failed", change_watch}};

cx_err change_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, PASSES, CX_COUNT_OF(PASSES), PASS_PAUSE_MS, ret_worker);
}
