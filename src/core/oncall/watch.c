/* Rosters by themselves: test pages that are due, and times with nobody on call, told in advance and once. */
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/alert.h"
#include "core/oncall/step.h"
#include "core/oncall/worker.h"

enum { WATCH_ARENA_MAX = 16 * 1024 * 1024 };

struct watch {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct row_oncall_roster rosters[ROSTERS_MAX];
    size_t roster_count;
    const struct row_oncall_roster *roster;
    struct oncall_step steps[ONCALL_LEVELS_MAX]; /* tests, one a level */
    size_t step_count;
    struct oncall_turn gaps[ONCALL_GAPS_MAX]; /* not told yet */
    size_t gap_count;
    struct row_oncall_gap gap;
    struct alert alert;
};

static cx_err read_rosters(struct store_tx *tx, void *arg)
{
    struct watch *watch = arg;
    return roster_rows(tx, watch->tenant_id, watch->arena, watch->rosters, &watch->roster_count);
}

/* Does one thing for every roster; the first error is returned after the others had their turn. */
static cx_err each_roster(struct core *core, struct cx_id tenant_id, const struct os_worker *thread,
                          cx_err (*look)(struct watch *watch))
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(WATCH_ARENA_MAX);
    struct watch *watch = NULL;
    cx_err first = CX_OK;
    CX_TRY(ARENA_NEW(&arena, &watch));
    watch->core = core;
    watch->tenant_id = tenant_id;
    watch->arena = &arena;
    watch->now_us = cx_now(core->clock);
    CX_TRY(store_read(core->store, read_rosters, watch));
    for (size_t i = 0; i < watch->roster_count && !os_worker_stopping(thread); i++) {
        watch->roster = &watch->rosters[i];
        cx_err err = look(watch);
        if (cx_failed(err) && cx_is_ok(first))
            first = err;
    }
    return first;
}

/* ---- tests ---- */

static cx_err read_tests(struct store_tx *tx, void *arg)
{
    struct watch *watch = arg;
    struct oncall_plan plan;
    CX_TRY(roster_plan(tx, watch->roster, watch->now_us, watch->arena, &plan));
    watch->step_count = (size_t)plan.level_count;
    for (size_t i = 0; i < watch->step_count; i++) {
        struct cx_str key = CX_STR_NONE;
        CX_TRY(arena_printf(watch->arena, &key, "test/%lld/%zu",
                            (long long)watch->roster->test_due_us, i + 1));
        CX_TRY(oncall_test_draft(watch->core, watch->arena, watch->roster, (int64_t)i + 1, key,
                                 watch->now_us, &watch->steps[i]));
        CX_TRY(oncall_step_read(tx, watch->now_us, watch->arena, &watch->steps[i]));
    }
    return CX_OK;
}

static cx_err write_tests(struct store_tx *tx, void *arg)
{
    struct watch *watch = arg;
    cx_time next_us = watch->roster->test_due_us;
    while (next_us <= watch->now_us) /* those of a time in which nothing ran are not made up for */
        next_us += watch->roster->test_every_us;
    CX_TRY(roster_set_test(tx, watch->roster, next_us));
    for (size_t i = 0; i < watch->step_count; i++)
        CX_TRY(oncall_step_open(tx, &watch->steps[i]));
    return CX_OK;
}

static cx_err test_roster(struct watch *watch)
{
    const struct row_oncall_roster *roster = watch->roster;
    if (!roster->has_test_due_us || roster->test_due_us > watch->now_us)
        return CX_OK;
    CX_TRY(store_read(watch->core->store, read_tests, watch));
    for (size_t i = 0; i < watch->step_count; i++)
        CX_TRY(oncall_step_prepare(watch->core, watch->now_us, watch->arena, &watch->steps[i]));
    struct audit_event event = {.action = "system.oncall.test",
                                .tenant_id = watch->tenant_id,
                                .object_type = CX_ID_ROSTER,
                                .object_id = roster->roster_id};
    cx_err err = audit_commit(watch->core, &event, write_tests, watch);
    return err.code == CX_E_CONFLICT ? CX_OK : err;
}

cx_err oncall_test_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    return each_roster(core, tenant_id, thread, test_roster);
}

/* ---- gaps ---- */

static cx_err read_gaps(struct store_tx *tx, void *arg)
{
    struct watch *watch = arg;
    const struct row_oncall_roster *roster = watch->roster;
    struct oncall_plan plan;
    size_t count = 0;
    CX_TRY(roster_plan(tx, roster, watch->now_us - 7 * CX_US_PER_DAY, watch->arena, &plan));
    size_t all = oncall_gaps(&plan, watch->now_us, watch->now_us + roster->ahead_us, watch->gaps);
    for (size_t i = 0; i < all; i++) {
        const struct row_oncall_gap row = {.tenant_id = watch->tenant_id,
                                           .roster_id = roster->roster_id,
                                           .level = watch->gaps[i].level,
                                           .from_us = watch->gaps[i].from_us};
        bool told = false;
        CX_TRY(gap_is_told(tx, &row, &told));
        if (!told)
            watch->gaps[count++] = watch->gaps[i];
    }
    watch->gap_count = count;
    return CX_OK;
}

static cx_err write_gap(struct store_tx *tx, void *arg)
{
    struct watch *watch = arg;
    CX_TRY(row_oncall_gap_insert(tx, &watch->gap));
    return alert_write(tx, &watch->alert);
}

static cx_err tell_gap(struct watch *watch, const struct oncall_turn *gap)
{
    const struct row_oncall_roster *roster = watch->roster;
    char from[CX_TIME_TEXT_MAX], roster_id[CX_ID_TEXT_MAX];
    struct alert_draft draft = {.tenant_id = watch->tenant_id,
                                .rule = CX_STR("oncall-gap"),
                                .title = CX_STR("Nobody is on call"),
                                .impact = LEVEL_MEDIUM,
                                .urgency = LEVEL_HIGH,
                                .at_us = watch->now_us,
                                .now_us = watch->now_us};
    watch->gap = (struct row_oncall_gap){.tenant_id = watch->tenant_id,
                                         .roster_id = roster->roster_id,
                                         .level = gap->level,
                                         .from_us = gap->from_us,
                                         .told_us = watch->now_us};
    CX_TRY(cx_time_format(gap->from_us, from));
    cx_id_format(CX_ID_ROSTER, roster->roster_id, roster_id);
    CX_TRY(arena_printf(watch->arena, &draft.subject, "%s/%lld", roster_id, (long long)gap->level));
    CX_TRY(arena_printf(watch->arena, &draft.summary,
                        "From %s on nobody can be reached at level %lld of roster %.*s.", from,
                        (long long)gap->level, CX_STR_ARG(roster->name)));
    CX_TRY(alert_prepare(watch->core, watch->arena, &draft, &watch->alert));
    struct audit_event event = {.action = "system.oncall.gap",
                                .tenant_id = watch->tenant_id,
                                .object_type = CX_ID_ROSTER,
                                .object_id = roster->roster_id};
    cx_err err = audit_commit(watch->core, &event, write_gap, watch);
    return err.code == CX_E_CONFLICT ? CX_OK : err;
}

static cx_err look_for_gaps(struct watch *watch)
{
    CX_TRY(store_read(watch->core->store, read_gaps, watch));
    for (size_t i = 0; i < watch->gap_count; i++)
        CX_TRY(tell_gap(watch, &watch->gaps[i]));
    return CX_OK;
}

cx_err oncall_gap_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    return each_roster(core, tenant_id, thread, look_for_gaps);
}
