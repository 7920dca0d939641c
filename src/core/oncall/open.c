/* From what people on call have to be told to open pages: one for each roster that asks for it. */
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/call_store.h"
#include "core/incident/record.h"
#include "core/oncall/step.h"
#include "core/oncall/worker.h"

enum { OPEN_ARENA_MAX = 16 * 1024 * 1024, CALLS_MAX = 64 };

struct opening {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct call calls[CALLS_MAX];
    size_t call_count;
    const struct call *call;
    struct incident_row incident;
    struct row_oncall_roster rosters[ROSTERS_MAX];
    size_t roster_count;
    struct oncall_step steps[ROSTERS_MAX];
    struct row_incident_entry entries[ROSTERS_MAX];
    size_t step_count;
};

static cx_err read_calls(struct store_tx *tx, void *arg)
{
    struct opening *opening = arg;
    return call_waiting(tx, opening->tenant_id, CALLS_MAX, opening->arena, opening->calls,
                        &opening->call_count);
}

static cx_err asks_for(const struct opening *opening, const struct row_oncall_roster *roster,
                       bool *ret_asks)
{
    const struct call *call = opening->call;
    int least = 0;
    int now = (int)incident_severity(opening->incident.impact, opening->incident.urgency);
    CX_TRY(incident_value(&incident_severities, roster->severity, &least));
    *ret_asks = call->is_duty ? now >= least && call->percent >= roster->warning_percent
                              : (int)call->severity >= least;
    return CX_OK;
}

static cx_err read_steps(struct store_tx *tx, void *arg)
{
    struct opening *opening = arg;
    opening->step_count = 0;
    CX_TRY(incident_find(tx, opening->tenant_id, opening->call->row.incident_id, opening->arena,
                         &opening->incident));
    CX_TRY(roster_rows(tx, opening->tenant_id, opening->arena, opening->rosters,
                       &opening->roster_count));
    for (size_t i = 0; i < opening->roster_count && !oncall_is_over(&opening->incident); i++) {
        const struct row_oncall_roster *roster = &opening->rosters[i];
        struct oncall_step *step = &opening->steps[opening->step_count];
        bool asks = false;
        CX_TRY(asks_for(opening, roster, &asks));
        if (!asks)
            continue;
        *step = (struct oncall_step){
            .roster = roster, .page = {.tenant_id = opening->tenant_id, .level = 1, .round = 1}};
        CX_TRY(oncall_step_read(tx, opening->now_us, opening->arena, step));
        opening->step_count++;
    }
    return CX_OK;
}

static cx_err write_text(const struct opening *opening, struct oncall_step *step)
{
    char incident[CX_ID_TEXT_MAX], page[CX_ID_TEXT_MAX];
    const char *severity =
        incident_word(&incident_severities,
                      (int)incident_severity(opening->incident.impact, opening->incident.urgency));
    cx_id_format(CX_ID_INCIDENT, opening->incident.incident_id, incident);
    cx_id_format(CX_ID_PAGE, step->page.page_id, page);
    CX_TRY(arena_printf(opening->arena, &step->page.page_key, "%s/%.*s", incident,
                        CX_STR_ARG(opening->call->row.call_key)));
    CX_TRY(arena_printf(opening->arena, &step->subject, "[CertiNext] %s: incident %s", severity,
                        incident));
    /* No title and no summary: a letter leaves the house, and the incident may be one that must not. */
    return arena_printf(opening->arena, &step->why,
                        "Why: %.*s\nIncident: %s\nPage: %s\nWhoever opens the link and presses "
                        "the button has it. The next level is called after %lld minutes.",
                        CX_STR_ARG(opening->call->row.call_key), incident, page,
                        (long long)(step->roster->escalate_us / CX_US_PER_S / 60));
}

static cx_err prepare_step(struct opening *opening, size_t i)
{
    struct oncall_step *step = &opening->steps[i];
    struct row_oncall_page *page = &step->page;
    struct entry_draft draft = {.tenant_id = opening->tenant_id,
                                .incident_id = opening->incident.incident_id,
                                .kind = KIND_PAGED,
                                .at_us = opening->now_us,
                                .now_us = opening->now_us};
    CX_TRY(cx_id_new_at(opening->core->rng, opening->now_us, &page->page_id));
    page->roster_id = step->roster->roster_id;
    page->has_incident_id = true;
    page->incident_id = opening->incident.incident_id;
    page->state = CX_STR("open");
    page->escalate_us = opening->now_us + step->roster->escalate_us;
    page->created_us = opening->now_us;
    CX_TRY(write_text(opening, step));
    CX_TRY(oncall_step_prepare(opening->core, opening->now_us, opening->arena, step));
    CX_TRY(field_id_text(opening->arena, CX_ID_PAGE, page->page_id, &draft.subject));
    CX_TRY(oncall_step_text(opening->arena, step, &draft.detail));
    return incident_entry_prepare(opening->core, opening->arena, &draft, &opening->entries[i]);
}

static cx_err write_pages(struct store_tx *tx, void *arg)
{
    struct opening *opening = arg;
    CX_TRY(call_take(tx, &opening->call->row, opening->now_us));
    for (size_t i = 0; i < opening->step_count; i++) {
        CX_TRY(oncall_step_open(tx, &opening->steps[i]));
        CX_TRY(incident_append(tx, &opening->entries[i]));
    }
    return CX_OK;
}

static cx_err take_call(struct opening *opening)
{
    CX_TRY(store_read(opening->core->store, read_steps, opening));
    for (size_t i = 0; i < opening->step_count; i++)
        CX_TRY(prepare_step(opening, i));
    const struct field_detail details[] = {{"call", opening->call->row.call_key}};
    struct audit_event event = {.action = "system.oncall.page",
                                .tenant_id = opening->tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = opening->incident.incident_id};
    CX_TRY(field_details(opening->arena, details, 1, &event.details));
    cx_err err = opening->step_count ? audit_commit(opening->core, &event, write_pages, opening)
                                     : store_write(opening->core->store, write_pages, opening);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node was first */
}

cx_err oncall_open_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(OPEN_ARENA_MAX);
    struct opening *opening = NULL;
    cx_err first = CX_OK;
    CX_TRY(ARENA_NEW(&arena, &opening));
    opening->core = core;
    opening->tenant_id = tenant_id;
    opening->arena = &arena;
    opening->now_us = cx_now(core->clock);
    CX_TRY(store_read(core->store, read_calls, opening));
    for (size_t i = 0; i < opening->call_count && !os_worker_stopping(thread); i++) {
        opening->call = &opening->calls[i];
        cx_err err = take_call(opening); /* one that fails holds up no other */
        if (cx_failed(err) && cx_is_ok(first))
            first = err;
    }
    return first;
}
