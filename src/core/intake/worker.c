#include "core/intake/worker.h"

#include "base/checked.h"

enum { PASS_PAUSE_MS = 1000 };

static const struct tenant_pass PASSES[] = {
    {"mailbox-poll-failed", mailbox_poll_pass},
    {"mailbox-receipt-failed", mailbox_receipt_pass},
    {"mailbox-health-failed", mailbox_health_pass},
};

cx_err intake_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, PASSES, CX_COUNT_OF(PASSES), PASS_PAUSE_MS, ret_worker);
}
