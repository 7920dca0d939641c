/* One pass of the clocks. See worker.h. */
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/call_store.h"
#include "core/incident/record.h"
#include "core/incident/worker.h"

enum {
    CLOCK_ARENA_MAX = 64 * 1024 * 1024,
    CLOCK_PAGE = 256, /* incidents read at a time */
    PERCENT_MISSED = 100,
};

struct look {
    struct core *core;
    struct cx_id tenant_id;
    cx_time now_us;
    struct arena *arena;
    struct page_key after;
    struct incident_row *rows;
    size_t count;
};

static cx_err read_live(struct store_tx *tx, void *arg)
{
    struct look *look = arg;
    CX_TRY(ARENA_NEW_ARRAY(look->arena, CLOCK_PAGE, &look->rows));
    return incident_live(tx, look->tenant_id, &look->after, CLOCK_PAGE, look->arena, look->rows,
                         &look->count);
}

/* How far the duty's time is, as the highest warning that was reached; 0: none, or nothing to warn of. */
static int64_t reached(const struct duty *duty, cx_time now_us)
{
    int64_t percent = 0;
    if (duty->state == DUTY_OVERDUE || duty->state == DUTY_MET_LATE)
        return PERCENT_MISSED;
    if (duty->state != DUTY_PENDING)
        return 0;
    for (size_t i = 0; i < duty->rule->warning_count; i++)
        if (now_us >= duty_warning_us(duty, duty->rule->warnings[i]))
            percent = duty->rule->warnings[i];
    return percent;
}

/* One duty that reached a mark, with everything that is written then. */
struct marking {
    struct core *core;
    struct arena *arena;
    const struct duty *duty;
    struct row_incident_mark mark;
    struct row_incident_entry told;   /* duty_warned or duty_missed */
    struct row_incident_entry missed; /* revocation_missed, beside the new incident */
    struct row_incident_entry opened; /* incident_opened, likewise */
    struct incident_new child;
    bool opens;
    struct audit_event child_event;
    struct audit_entry *child_entry;
};

static cx_err write_mark(struct store_tx *tx, void *arg)
{
    struct marking *marking = arg;
    int64_t percent = 0;
    CX_TRY(incident_mark_of(tx, marking->mark.tenant_id, marking->mark.incident_id,
                            marking->mark.duty_key, &percent));
    if (percent >= marking->mark.percent)
        return CX_ERR(CONFLICT); /* another pass or node was first: roll back the audit entry too */
    CX_TRY(row_incident_mark_insert(tx, &marking->mark));
    CX_TRY(call_add_duty(tx, &marking->mark));
    CX_TRY(incident_append(tx, &marking->told));
    if (!marking->opens)
        return CX_OK;
    CX_TRY(incident_append(tx, &marking->missed));
    CX_TRY(incident_new_insert(tx, &marking->child));
    CX_TRY(incident_append(tx, &marking->opened));
    return audit_append(tx, &marking->child_event, marking->child_entry);
}

static cx_err prepare_told(struct marking *marking, const struct look *look,
                           struct entry_draft *draft)
{
    const struct duty *duty = marking->duty;
    char deadline[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(duty->deadline_us, deadline));
    *draft = (struct entry_draft){
        .tenant_id = look->tenant_id,
        .incident_id = marking->mark.incident_id,
        .kind = marking->mark.percent == PERCENT_MISSED ? KIND_DUTY_MISSED : KIND_DUTY_WARNED,
        .at_us = look->now_us,
        .now_us = look->now_us,
        .subject = duty->rule->id};
    CX_TRY(arena_printf(look->arena, &draft->detail,
                        "%lld %% of the time for \"%.*s\" (%.*s) have passed; due %s",
                        (long long)marking->mark.percent, CX_STR_ARG(duty->rule->title),
                        CX_STR_ARG(duty->key), deadline));
    return incident_entry_prepare(look->core, look->arena, draft, &marking->told);
}

/* A missed revocation is an incident of its own (CCADB guidelines, delayed revocation). It could be known of when the
 * deadline passed, whenever this thread came to it. */
static cx_err prepare_child(struct marking *marking, const struct look *look,
                            const struct incident_row *parent, struct entry_draft draft)
{
    const struct duty *duty = marking->duty;
    struct incident_draft child = {.tenant_id = look->tenant_id,
                                   .parent_id = parent->incident_id,
                                   .type = INCIDENT_DELAYED_REVOCATION,
                                   .tracks = parent->tracks,
                                   .certificates = parent->certificates,
                                   .impact = parent->impact,
                                   .urgency = LEVEL_HIGH,
                                   .source = SOURCE_SELF,
                                   .opened_by_key = duty->key,
                                   .aware_us = duty->deadline_us,
                                   .now_us = look->now_us,
                                   .aware_reason = CX_STR("the deadline of the revocation passed")};
    CX_TRY(arena_printf(look->arena, &child.title, "Delayed revocation: %.*s",
                        (int)(duty->rule->title.len < 70 ? duty->rule->title.len : 70),
                        duty->rule->title.ptr));
    child.summary = draft.detail;
    CX_TRY(incident_new_prepare(look->core, look->arena, &child, &marking->child));
    draft.kind = KIND_REVOCATION_MISSED;
    draft.at_us = duty->deadline_us;
    draft.subject = duty->subject;
    CX_TRY(incident_entry_prepare(look->core, look->arena, &draft, &marking->missed));
    draft.kind = KIND_INCIDENT_OPENED;
    draft.at_us = look->now_us;
    draft.subject = CX_STR_NONE;
    CX_TRY(
        field_id_text(look->arena, CX_ID_INCIDENT, marking->child.row.incident_id, &draft.detail));
    CX_TRY(incident_entry_prepare(look->core, look->arena, &draft, &marking->opened));
    struct field_detail details[] = {{"type", marking->child.row.type}, {"duty", duty->key}};
    marking->child_event = (struct audit_event){.action = "incident.create",
                                                .outcome = AUDIT_DONE,
                                                .tenant_id = look->tenant_id,
                                                .object_type = CX_ID_INCIDENT,
                                                .object_id = marking->child.row.incident_id};
    CX_TRY(field_details(look->arena, details, 2, &marking->child_event.details));
    return audit_prepare(look->core, look->arena, &marking->child_event, &marking->child_entry);
}

static cx_err mark(const struct look *look, const struct incident *incident,
                   const struct duty *duty, int64_t percent)
{
    struct entry_draft draft;
    struct marking marking = {.core = look->core,
                              .arena = look->arena,
                              .duty = duty,
                              .mark = {.tenant_id = look->tenant_id,
                                       .incident_id = incident->row.incident_id,
                                       .duty_key = duty->key,
                                       .percent = percent,
                                       .marked_us = look->now_us}};
    marking.opens = percent == PERCENT_MISSED && duty->rule->opens_delayed_revocation &&
                    incident->row.type != INCIDENT_DELAYED_REVOCATION;
    struct audit_event event = {.action = percent == PERCENT_MISSED ? "incident.duty.miss"
                                                                    : "incident.duty.warn",
                                .outcome = AUDIT_DONE,
                                .tenant_id = look->tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = incident->row.incident_id};
    struct field_detail details[] = {{"duty", duty->key}};
    CX_TRY(prepare_told(&marking, look, &draft));
    if (marking.opens)
        CX_TRY(prepare_child(&marking, look, &incident->row, draft));
    CX_TRY(field_details(look->arena, details, 1, &event.details));
    cx_err err = audit_commit(look->core, &event, write_mark, &marking);
    return err.code == CX_E_CONFLICT ? CX_OK : err;
}

struct glance {
    const struct look *look;
    struct cx_id incident_id;
    struct incident incident;
    int64_t *marks; /* one a duty */
};

static cx_err read_incident(struct store_tx *tx, void *arg)
{
    struct glance *glance = arg;
    const struct look *look = glance->look;
    CX_TRY(incident_load(tx, look->core, look->tenant_id, glance->incident_id, look->now_us,
                         look->arena, &glance->incident));
    const struct duty_list *duties = &glance->incident.duties;
    CX_TRY(ARENA_NEW_ARRAY(look->arena, duties->count, &glance->marks));
    for (size_t i = 0; i < duties->count; i++)
        CX_TRY(incident_mark_of(tx, look->tenant_id, glance->incident_id, duties->duties[i].key,
                                &glance->marks[i]));
    return CX_OK;
}

static cx_err look_at(struct core *core, struct cx_id tenant_id, struct cx_id incident_id,
                      cx_time now_us)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CLOCK_ARENA_MAX);
    struct look look = {.core = core, .tenant_id = tenant_id, .now_us = now_us, .arena = &arena};
    struct glance glance = {.look = &look, .incident_id = incident_id};
    CX_TRY(store_read(core->store, read_incident, &glance));
    for (size_t i = 0; i < glance.incident.duties.count; i++) {
        const struct duty *duty = &glance.incident.duties.duties[i];
        int64_t percent = reached(duty, now_us);
        if (percent > glance.marks[i])
            CX_TRY(mark(&look, &glance.incident, duty, percent));
    }
    return CX_OK;
}

/* One page; the first error is returned after the others were looked at: it does not stop their clocks. */
static cx_err look_at_page(struct core *core, struct cx_id tenant_id, struct page_key *after,
                           bool *ret_more)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CLOCK_ARENA_MAX);
    struct look look = {.core = core,
                        .tenant_id = tenant_id,
                        .now_us = cx_now(core->clock),
                        .arena = &arena,
                        .after = *after};
    cx_err first = CX_OK;
    *ret_more = false;
    CX_TRY(store_read(core->store, read_live, &look));
    for (size_t i = 0; i < look.count; i++) {
        cx_err err = look_at(core, tenant_id, look.rows[i].incident_id, look.now_us);
        if (cx_failed(err) && cx_is_ok(first))
            first = err;
        *after = (struct page_key){look.rows[i].created_us, look.rows[i].incident_id};
    }
    *ret_more = look.count == CLOCK_PAGE;
    return first;
}

cx_err incident_clocks_pass(struct core *core, struct cx_id tenant_id,
                            const struct os_worker *thread)
{
    (void)thread; /* short */
    struct page_key after = PAGE_START;
    cx_err first = CX_OK;
    for (bool more = true; more;) {
        cx_err err = look_at_page(core, tenant_id, &after, &more);
        if (cx_failed(err) && cx_is_ok(first))
            first = err;
    }
    return first;
}
