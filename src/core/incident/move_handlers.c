/*
 * Moving an incident from state to state, with what each move asks for: a lead before it is confirmed, somebody else than
 * who remediated to validate it, its approver to close it, and nothing that must be done left open then. Reopening starts
 * no clock anew: confirmed and contained stay as they were first set.
 */
#include "api_routes.h"
#include "core/field.h"
#include "core/incident/gate.h"
#include "core/incident/view.h"

struct moving {
    struct api_request *request;
    const struct api_incident_move_in *in;
    enum incident_state to;
    struct row_incident_entry changed; /* state_changed */
    struct row_incident_entry reached; /* confirmed, contained or closed, the first time */
    struct row_incident_entry brought; /* merged: awareness, for the timeline that goes on */
    bool has_reached, has_brought;
    int64_t judged_entries; /* closed: the length of the timeline that the gates were asked about */
};

static cx_err refuse_move(struct api_request *request, const char *rule, const char *text)
{
    return cx_refuse(request->diag, CX_ERR(POLICY), "state", rule, "%s", text);
}

/* The person who moved it to remediated last. */
static struct cx_id remediator_of(const struct incident *incident)
{
    struct cx_id person = {{0}};
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct incident_entry *entry = &incident->entries[i];
        if (entry->clock.kind == KIND_STATE_CHANGED &&
            cx_str_is(entry->clock.subject, incident_state_name(INCIDENT_REMEDIATED)))
            person = entry->actor_id;
    }
    return person;
}

/* What can be judged only with sealed fields open, before the transaction; that nothing was added since is checked in it. */
static cx_err ask_gates(struct api_request *request, struct moving *moving)
{
    struct account *account = NULL;
    struct gap_list gaps = {0};
    CX_TRY(account_read(request, moving->in->incident_id, &account));
    moving->judged_entries = account->incident.row.entry_count;
    if (account->incident.row.state != INCIDENT_VALIDATED)
        return CX_OK; /* the move itself is refused */
    CX_TRY(gate_closure(account, request->arena, &gaps));
    if (gaps.count == 0)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(POLICY), "state", gaps.gaps[0].gate,
                     "%.*s (%zu things are missing: see the closure list.)",
                     CX_STR_ARG(gaps.gaps[0].text), gaps.count);
}

static cx_err check_closure(const struct moving *moving, const struct incident *incident)
{
    struct api_request *request = moving->request;
    if (incident->row.entry_count != moving->judged_entries)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "state", "incident-changed",
                         "Something was added to the incident meanwhile: read it first.");
    struct cx_id approver = incident_holder(incident, INCIDENT_ROLE_APPROVER);
    if (!cx_id_eq(approver, request->principal.user_id))
        return refuse_move(request, "closer-is-approver",
                           "Only the person with the incident's role approver closes it.");
    for (size_t i = 0; i < incident->duties.count; i++) {
        const struct duty *duty = &incident->duties.duties[i];
        if (duty_is_open(duty) && duty->rule->obligation == RULE_MUST)
            return cx_refuse(request->diag, CX_ERR(POLICY), "state", "duty-open",
                             "Still to be done: %.*s (%.*s).", CX_STR_ARG(duty->rule->title),
                             CX_STR_ARG(duty->key));
    }
    return CX_OK;
}

static cx_err check_move(const struct moving *moving, const struct incident *incident)
{
    struct api_request *request = moving->request;
    if (!incident_state_may(incident->row.state, moving->to))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "state", "incident-state",
                         "The incident is %s and cannot become %s.",
                         incident_state_name(incident->row.state), incident_state_name(moving->to));
    if ((moving->to == INCIDENT_MERGED) != moving->in->has_merged_into)
        return cx_refuse(request->diag, CX_ERR(POLICY), "merged_into", "merge-target",
                         "State merged, and it alone, names the incident that goes on.");
    if (moving->to == INCIDENT_CONFIRMED &&
        cx_id_is_zero(incident_holder(incident, INCIDENT_ROLE_LEAD)))
        return refuse_move(request, "lead-missing",
                           "Give somebody the role lead before the incident is confirmed.");
    if (moving->to == INCIDENT_VALIDATED &&
        cx_id_eq(remediator_of(incident), request->principal.user_id))
        return refuse_move(request, "remediator-validates",
                           "You remediated it; somebody else has to validate.");
    return moving->to == INCIDENT_CLOSED ? check_closure(moving, incident) : CX_OK;
}

/* Whoever merges must not gain time: the one that goes on was known of when the earlier of the two was. */
static cx_err bring_awareness(struct store_tx *tx, struct moving *moving,
                              const struct incident *from)
{
    struct api_request *request = moving->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct incident into;
    const struct incident_entry *mine = incident_first(from, KIND_AWARE);
    cx_err err = incident_load(tx, request->core, tenant_id, moving->in->merged_into,
                               request->now_us, request->arena, &into);
    if (err.code == CX_E_NOTFOUND || cx_id_eq(moving->in->merged_into, moving->in->incident_id))
        return cx_refuse(request->diag, CX_ERR(POLICY), "merged_into", "merge-target",
                         "Name another incident, one that is there.");
    CX_TRY(err);
    if (into.row.state == INCIDENT_MERGED || into.row.state == INCIDENT_FALSE_ALARM)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "merged_into", "merge-target",
                         "That incident does not go on itself.");
    const struct incident_entry *theirs = incident_first(&into, KIND_AWARE);
    if (!mine || !theirs)
        return CX_ERR(INTERNAL); /* every incident is made with one */
    moving->brought.corrects = theirs->clock.seq;
    moving->brought.at_us = mine->clock.at_us;
    CX_TRY(incident_append(tx, &moving->brought));
    return incident_set_merged(tx, tenant_id, moving->in->incident_id, moving->in->merged_into);
}

/* The entry that says when it was reached. The follow-ups on efficacy start with closed. */
static enum incident_kind kind_of(enum incident_state to)
{
    return to == INCIDENT_CONFIRMED ? KIND_CONFIRMED
           : to == INCIDENT_CLOSED  ? KIND_CLOSED
                                    : KIND_CONTAINED;
}

static cx_err write_move(struct store_tx *tx, void *arg)
{
    struct moving *moving = arg;
    struct api_request *request = moving->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct incident incident;
    cx_err err = incident_load(tx, request->core, tenant_id, moving->in->incident_id,
                               request->now_us, request->arena, &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(check_move(moving, &incident));
    CX_TRY(incident_transition(tx, tenant_id, incident.row.incident_id, incident.row.state,
                               moving->to, request->now_us));
    CX_TRY(incident_append(tx, &moving->changed));
    if (moving->has_reached && !incident_first(&incident, kind_of(moving->to)))
        CX_TRY(incident_append(tx, &moving->reached));
    return moving->has_brought ? bring_awareness(tx, moving, &incident) : CX_OK;
}

static cx_err prepare_entries(struct api_request *request, struct moving *moving)
{
    const struct api_incident_move_in *in = moving->in;
    struct entry_draft draft = {.tenant_id = request->principal.tenant_id,
                                .incident_id = in->incident_id,
                                .actor_id = request->principal.user_id,
                                .kind = KIND_STATE_CHANGED,
                                .at_us = request->now_us,
                                .now_us = request->now_us,
                                .subject = cx_str_from(incident_state_name(moving->to)),
                                .detail = in->comment};
    CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &moving->changed));
    moving->has_reached = moving->to == INCIDENT_CONFIRMED || moving->to == INCIDENT_CONTAINED ||
                          moving->to == INCIDENT_CLOSED;
    moving->has_brought = moving->to == INCIDENT_MERGED && in->has_merged_into;
    draft.subject = CX_STR_NONE;
    if (moving->has_reached) {
        draft.kind = kind_of(moving->to);
        draft.at_us = in->has_at && moving->to != INCIDENT_CLOSED ? in->at : request->now_us;
        CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &moving->reached));
    }
    if (!moving->has_brought)
        return CX_OK;
    draft.kind = KIND_AWARE;
    draft.incident_id = in->merged_into;
    CX_TRY(field_id_text(request->arena, CX_ID_INCIDENT, in->incident_id, &draft.detail));
    return incident_entry_prepare(request->core, request->arena, &draft, &moving->brought);
}

cx_err handle_incident_move(struct api_request *request, const struct api_incident_move_in *in,
                            struct api_incident_move_out *ret_out)
{
    struct moving moving = {.request = request, .in = in, .to = (enum incident_state)in->state};
    struct field_detail details[] = {{"state", cx_str_from(incident_state_name(moving.to))},
                                     {"comment", in->comment}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    if (in->has_at && in->at > request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "at", "time-in-future",
                         "What is recorded has happened: the time is later than now.");
    if (moving.to == INCIDENT_CLOSED)
        CX_TRY(ask_gates(request, &moving));
    CX_TRY(prepare_entries(request, &moving));
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_move, &moving));
    return incident_show(request, in->incident_id, &ret_out->body);
}
