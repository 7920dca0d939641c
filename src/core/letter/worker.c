#include "core/letter/worker.h"
#include "base/checked.h"

enum { PASS_PAUSE_MS = 1000 };

static const struct tenant_pass PASSES[] = {
    {"letter-watch-failed", letter_watch_pass},
    {"letter-compose-failed", letter_compose_pass},
    {"letter-deliver-failed", letter_deliver_pass},
};

cx_err letter_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, PASSES, CX_COUNT_OF(PASSES), PASS_PAUSE_MS, ret_worker);
}
