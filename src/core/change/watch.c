/* One check, and what comes of it. */
#include "base/cleanup.h"
#include "base/log.h"
#include "core/change/check.h"
#include "core/change/worker.h"
#include "core/core.h"
#include "core/incident/alert.h"

/* The subject names no object: while an incident goes on, whatever else is found belongs to it. */
static cx_err raise(struct core *core, struct cx_id tenant_id, const struct change_report *report,
                    struct arena *arena)
{
    const struct change_finding *first = &report->findings[0];
    cx_time now_us = cx_now(core->clock);
    struct alert_draft alert = {
        .tenant_id = tenant_id,
        .rule = CX_STR("state-altered"),
        .subject = CX_STR("database"),
        .title = CX_STR("The database was changed behind the application"),
        .impact = LEVEL_HIGH,
        .urgency = LEVEL_HIGH,
        .at_us = now_us,
        .now_us = now_us,
    };
    CX_TRY(arena_printf(arena, &alert.summary,
                        "%lld findings, the first: %s %s %.*s %.*s. certinext change check lists "
                        "them.",
                        (long long)report->finding_count, first->rule, first->object,
                        CX_STR_ARG(first->key), CX_STR_ARG(first->field)));
    return alert_raise(core, arena, &alert);
}

cx_err change_watch(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CHANGE_CHECK_MAX);
    struct change_report *report = NULL;
    (void)thread;
    CX_TRY(ARENA_NEW(&arena, &report));
    CX_TRY(change_check(core, tenant_id, &arena, report));
    for (size_t i = 0; i < report->told_count; i++)
        cx_log(CX_LOG_ERROR, "state-altered", "rule", report->findings[i].rule, "object",
               report->findings[i].object, NULL);
    return report->finding_count ? raise(core, tenant_id, report, &arena) : CX_OK;
}
