#include "core/incident/alert.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"

enum { MERGES_FOLLOWED = 8 };

/* The incident that the alert belongs to now; false when it is over. */
static cx_err follow(struct store_tx *tx, struct alert *alert, bool *ret_goes_on)
{
    struct incident_row row;
    *ret_goes_on = false;
    for (int i = 0; i < MERGES_FOLLOWED; i++) {
        CX_TRY(incident_find(tx, alert->tenant_id, alert->row.incident_id, alert->arena, &row));
        if (row.state != INCIDENT_MERGED) {
            *ret_goes_on = row.state != INCIDENT_CLOSED && row.state != INCIDENT_FALSE_ALARM;
            return CX_OK;
        }
        alert->row.incident_id = row.merged_into;
    }
    return CX_OK;
}

cx_err alert_write(struct store_tx *tx, struct alert *alert)
{
    struct row_incident_alert *row = &alert->row;
    bool goes_on = false;
    row->count = 0;
    cx_err err = alert_find(tx, row->tenant_id, row->alert_key, &row->incident_id, &row->count);
    if (cx_is_ok(err))
        err = follow(tx, alert, &goes_on);
    if (cx_failed(err) && err.code != CX_E_NOTFOUND)
        return err;
    alert->opened = !goes_on;
    if (!goes_on) {
        row->incident_id = alert->made.row.incident_id;
        row->count = 0;
        CX_TRY(incident_new_insert(tx, &alert->made));
        CX_TRY(incident_append(tx, &alert->raised));
    }
    row->count++;
    return alert_put(tx, row);
}

cx_err alert_prepare(struct core *core, struct arena *arena, const struct alert_draft *draft,
                     struct alert *ret_alert)
{
    struct alert alert = {.tenant_id = draft->tenant_id, .arena = arena};
    const struct incident_draft made = {.tenant_id = draft->tenant_id,
                                        .creator_id = draft->creator_id,
                                        .type = INCIDENT_OTHER,
                                        .tracks = draft->tracks,
                                        .impact = draft->impact,
                                        .urgency = draft->urgency,
                                        .source = SOURCE_SELF,
                                        .title = draft->title,
                                        .summary = draft->summary,
                                        .aware_us = draft->at_us,
                                        .now_us = draft->now_us,
                                        .aware_reason = CX_STR("the alert was raised")};
    CX_TRY(incident_new_prepare(core, arena, &made, &alert.made));
    const struct entry_draft raised = {.tenant_id = draft->tenant_id,
                                       .incident_id = alert.made.row.incident_id,
                                       .actor_id = draft->creator_id,
                                       .kind = KIND_ALERT_RAISED,
                                       .at_us = draft->at_us,
                                       .now_us = draft->now_us,
                                       .subject = draft->rule,
                                       .detail = draft->subject,
                                       .proof = draft->proof};
    alert.row = (struct row_incident_alert){
        .tenant_id = draft->tenant_id, .first_us = draft->now_us, .last_us = draft->now_us};
    CX_TRY(arena_printf(arena, &alert.row.alert_key, "%.*s %.*s", CX_STR_ARG(draft->rule),
                        CX_STR_ARG(draft->subject)));
    CX_TRY(incident_entry_prepare(core, arena, &raised, &alert.raised));
    *ret_alert = alert;
    return CX_OK;
}

struct raising {
    struct alert alert;
    struct audit_event event;
};

static cx_err write_raised(struct store_tx *tx, void *arg)
{
    struct raising *raising = arg;
    CX_TRY(alert_write(tx, &raising->alert));
    raising->event.object_id = raising->alert.row.incident_id;
    return CX_OK;
}

cx_err alert_raise(struct core *core, struct arena *arena, const struct alert_draft *draft)
{
    struct raising raising = {.event = {.action = "incident.alert",
                                        .tenant_id = draft->tenant_id,
                                        .object_type = CX_ID_INCIDENT}};
    struct field_detail details[] = {{"rule", draft->rule}, {"subject", draft->subject}};
    CX_TRY(alert_prepare(core, arena, draft, &raising.alert));
    CX_TRY(field_details(arena, details, 2, &raising.event.details));
    return audit_commit(core, &raising.event, write_raised, &raising);
}
