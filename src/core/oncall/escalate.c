/* Pages that nobody answered in time: to the next level, and at last given up. A test that nobody answered has failed. */
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/alert.h"
#include "core/oncall/step.h"
#include "core/oncall/worker.h"

enum { ESCALATE_ARENA_MAX = 16 * 1024 * 1024, PAGES_MAX = 64 };

struct escalating {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us, next_us;
    struct row_oncall_page pages[PAGES_MAX];
    size_t page_count;
    const struct row_oncall_page *page; /* as it was */
    struct row_oncall_roster roster;
    struct oncall_step step; /* page: as it will be */
    bool over;               /* the incident is */
    struct row_incident_entry entry;
    struct alert alert;
};

static cx_err read_due(struct store_tx *tx, void *arg)
{
    struct escalating *esc = arg;
    return page_due(tx, esc->tenant_id, esc->now_us, PAGES_MAX, esc->arena, esc->pages,
                    &esc->page_count);
}

static cx_err read_step(struct store_tx *tx, void *arg)
{
    struct escalating *esc = arg;
    struct incident_row incident;
    struct oncall_plan plan;
    CX_TRY(roster_find(tx, esc->tenant_id, esc->page->roster_id, esc->arena, &esc->roster));
    esc->step = (struct oncall_step){.roster = &esc->roster, .page = *esc->page};
    if (!esc->page->has_incident_id)
        return CX_OK;
    CX_TRY(incident_find(tx, esc->tenant_id, esc->page->incident_id, esc->arena, &incident));
    esc->over = oncall_is_over(&incident);
    CX_TRY(roster_plan(tx, &esc->roster, esc->now_us, esc->arena, &plan));
    oncall_step_next(&plan, &esc->step.page.level, &esc->step.page.round);
    return oncall_step_read(tx, esc->now_us, esc->arena, &esc->step);
}

static cx_err prepare_entry(struct escalating *esc, enum incident_kind kind)
{
    struct entry_draft draft = {.tenant_id = esc->tenant_id,
                                .incident_id = esc->page->incident_id,
                                .kind = kind,
                                .at_us = esc->now_us,
                                .now_us = esc->now_us};
    CX_TRY(field_id_text(esc->arena, CX_ID_PAGE, esc->page->page_id, &draft.subject));
    CX_TRY(oncall_step_text(esc->arena, &esc->step, &draft.detail));
    return incident_entry_prepare(esc->core, esc->arena, &draft, &esc->entry);
}

static cx_err commit(struct escalating *esc, const char *action, store_fn fn)
{
    struct audit_event event = {.action = action,
                                .tenant_id = esc->tenant_id,
                                .object_type = CX_ID_PAGE,
                                .object_id = esc->page->page_id};
    cx_err err = audit_commit(esc->core, &event, fn, esc);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node, or somebody answered */
}

static cx_err write_next(struct store_tx *tx, void *arg)
{
    struct escalating *esc = arg;
    const struct row_oncall_page *to = &esc->step.page;
    CX_TRY(page_step(tx, esc->page, to->level, to->round, esc->next_us));
    CX_TRY(oncall_step_insert(tx, &esc->step));
    return incident_append(tx, &esc->entry);
}

static cx_err go_on(struct escalating *esc)
{
    char page[CX_ID_TEXT_MAX], incident[CX_ID_TEXT_MAX];
    struct oncall_step *step = &esc->step;
    cx_id_format(CX_ID_PAGE, esc->page->page_id, page);
    cx_id_format(CX_ID_INCIDENT, esc->page->incident_id, incident);
    esc->next_us = esc->page->escalate_us + esc->roster.escalate_us;
    if (esc->next_us <= esc->now_us) /* after a stop: the people of this level get their time too */
        esc->next_us = esc->now_us + esc->roster.escalate_us;
    CX_TRY(arena_printf(esc->arena, &step->subject,
                        "[CertiNext] nobody answered: incident %s, level %lld", incident,
                        (long long)step->page.level));
    CX_TRY(
        arena_printf(esc->arena, &step->why,
                     "Why: %.*s\nPage: %s\nWhoever opens the link and presses the button has it.",
                     CX_STR_ARG(esc->page->page_key), page));
    CX_TRY(oncall_step_prepare(esc->core, esc->now_us, esc->arena, step));
    CX_TRY(prepare_entry(esc, KIND_PAGE_ESCALATED));
    return commit(esc, "system.oncall.escalate", write_next);
}

static cx_err write_ended(struct store_tx *tx, void *arg)
{
    struct escalating *esc = arg;
    return page_finish(tx, esc->page, CX_STR("ended"), esc->now_us);
}

static cx_err write_unanswered(struct store_tx *tx, void *arg)
{
    struct escalating *esc = arg;
    CX_TRY(page_finish(tx, esc->page, CX_STR("unanswered"), esc->now_us));
    return esc->page->has_incident_id ? incident_append(tx, &esc->entry)
                                      : alert_write(tx, &esc->alert);
}

/* The alert opens an incident, which pages in its turn; a page of an incident that nobody answers raises none, so there is an end. */
static cx_err fail_test(struct escalating *esc)
{
    struct alert_draft draft = {.tenant_id = esc->tenant_id,
                                .rule = CX_STR("oncall-test"),
                                .title = CX_STR("A test page was not answered"),
                                .impact = LEVEL_MEDIUM,
                                .urgency = LEVEL_MEDIUM,
                                .at_us = esc->now_us,
                                .now_us = esc->now_us};
    CX_TRY(field_id_text(esc->arena, CX_ID_ROSTER, esc->roster.roster_id, &draft.subject));
    CX_TRY(arena_printf(esc->arena, &draft.summary,
                        "Nobody at level %lld of roster %.*s acknowledged the test page in time.",
                        (long long)esc->page->level, CX_STR_ARG(esc->roster.name)));
    CX_TRY(alert_prepare(esc->core, esc->arena, &draft, &esc->alert));
    return commit(esc, "system.oncall.test.fail", write_unanswered);
}

static cx_err escalate(struct escalating *esc)
{
    esc->over = false;
    CX_TRY(store_read(esc->core->store, read_step, esc));
    if (!esc->page->has_incident_id)
        return fail_test(esc);
    if (esc->over)
        return commit(esc, "system.oncall.end", write_ended);
    if (esc->step.page.round <= PAGE_ROUNDS_MAX)
        return go_on(esc);
    CX_TRY(prepare_entry(esc, KIND_PAGE_UNANSWERED));
    return commit(esc, "system.oncall.unanswered", write_unanswered);
}

cx_err oncall_escalate_pass(struct core *core, struct cx_id tenant_id,
                            const struct os_worker *thread)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ESCALATE_ARENA_MAX);
    struct escalating *esc = NULL;
    cx_err first = CX_OK;
    CX_TRY(ARENA_NEW(&arena, &esc));
    esc->core = core;
    esc->tenant_id = tenant_id;
    esc->arena = &arena;
    esc->now_us = cx_now(core->clock);
    CX_TRY(store_read(core->store, read_due, esc));
    for (size_t i = 0; i < esc->page_count && !os_worker_stopping(thread); i++) {
        esc->page = &esc->pages[i];
        cx_err err = escalate(esc);
        if (cx_failed(err) && cx_is_ok(first))
            first = err;
    }
    return first;
}
