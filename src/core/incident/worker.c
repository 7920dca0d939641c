#include "core/incident/worker.h"
#include "core/core.h"
#include "base/checked.h"

enum { PASS_PAUSE_MS = 2000 };

static const struct tenant_pass CLOCKS[] = {{"incident-clocks-failed", incident_clocks_pass}};
static const struct tenant_pass REVOCATIONS[] = {
    {"mass-revocation-failed", incident_revocations_pass}};

cx_err incident_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, CLOCKS, CX_COUNT_OF(CLOCKS), PASS_PAUSE_MS, ret_worker);
}

cx_err revocation_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, REVOCATIONS, CX_COUNT_OF(REVOCATIONS), PASS_PAUSE_MS,
                               ret_worker);
}
