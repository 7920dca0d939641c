/* Whether access and configuration are what every tenant's log vouches for (core/change/check.h). */
#include "host/doctor_state.h"

#include "base/cleanup.h"
#include "core/change/check.h"

#include <inttypes.h>

static void say_report(struct doctor *doctor, struct cx_str name,
                       const struct change_report *report)
{
    for (size_t i = 0; i < report->told_count; i++) {
        const struct change_finding *finding = &report->findings[i];
        doctor_say(doctor, VERDICT_FAIL, "state",
                   "%.*s: changed behind the application: %s %s %.*s %.*s", CX_STR_ARG(name),
                   finding->rule, finding->object, CX_STR_ARG(finding->key),
                   CX_STR_ARG(finding->field));
    }
    if (!report->recorded)
        doctor_say(doctor, VERDICT_WARN, "state",
                   "%.*s: nothing is recorded yet: core does so when it starts.", CX_STR_ARG(name));
    else if (!report->finding_count)
        doctor_say(doctor, VERDICT_OK, "state",
                   "%.*s: %" PRId64 " objects are what %" PRId64 " versions in the log say",
                   CX_STR_ARG(name), report->object_count, report->version_count);
}

void host_doctor_state(struct doctor *doctor, struct host *host, struct cx_id tenant_id,
                       struct cx_str name)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CHANGE_CHECK_MAX);
    struct change_report *report = NULL;
    cx_err err = ARENA_NEW(&arena, &report);
    if (cx_is_ok(err))
        err = change_check(&host->core, tenant_id, &arena, report);
    if (cx_failed(err))
        doctor_say(doctor, VERDICT_WARN, "state", "%.*s: the objects could not be read",
                   CX_STR_ARG(name));
    else
        say_report(doctor, name, report);
}
