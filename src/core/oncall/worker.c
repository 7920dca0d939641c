#include "core/oncall/worker.h"
#include "base/checked.h"

enum { PASS_PAUSE_MS = 500 };

static const struct tenant_pass PASSES[] = {
    {"page-open-failed", oncall_open_pass},
    {"page-escalate-failed", oncall_escalate_pass},
    {"page-test-failed", oncall_test_pass},
    {"roster-gap-failed", oncall_gap_pass},
};
static const struct tenant_pass LETTERS[] = {{"page-letter-failed", oncall_letter_pass}};

cx_err oncall_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, PASSES, CX_COUNT_OF(PASSES), PASS_PAUSE_MS, ret_worker);
}

cx_err oncall_letter_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, LETTERS, CX_COUNT_OF(LETTERS), PASS_PAUSE_MS, ret_worker);
}
