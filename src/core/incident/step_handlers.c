/* The steps of an incident: listing them, following a playbook, who owns one, and what became of it. */
#include "api_routes.h"
#include "base/checked.h"
#include "core/field.h"
#include "core/incident/step_store.h"
#include "core/incident/view.h"

_Static_assert((int)API_STEP_STATE_COUNT == (int)STEP_STATE_COUNT &&
                   (int)API_STEP_STATE_NOT_ASKED == (int)STEP_NOT_ASKED,
               "the contract lists states in the order of step.h");

struct reading {
    struct api_request *request;
    struct cx_id incident_id;
    struct incident incident;
    struct step_list steps;
};

static cx_err read_all(struct store_tx *tx, void *arg)
{
    struct reading *it = arg;
    struct api_request *request = it->request;
    struct step_cache cache = {0};
    CX_TRY(incident_load(tx, request->core, request->principal.tenant_id, it->incident_id,
                         request->now_us, request->arena, &it->incident));
    return steps_load(tx, request->principal.tenant_id, &it->incident, request->now_us,
                      request->arena, &cache, &it->steps);
}

static cx_err read_steps(struct reading *it)
{
    cx_err err = store_read(it->request->core->store, read_all, it);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(it->request->diag);
    CX_TRY(err);
    return it->steps.unreadable
               ? cx_refuse(it->request->diag, CX_ERR(CONFLICT), "", "playbook-altered",
                           "The database does not hold the version of a playbook that the incident "
                           "follows: see certinext change check.")
               : CX_OK;
}

static cx_err pick(struct reading *it, struct cx_str playbook, struct cx_str id,
                   const struct step **ret_step)
{
    *ret_step = step_find(&it->steps, playbook, id);
    return *ret_step ? CX_OK
                     : cx_refuse(it->request->diag, CX_ERR(NOTFOUND), "step", "step-unknown",
                                 "The incident follows no playbook of this name with such a step.");
}

cx_err incident_step_view(struct api_request *request, const struct step *step,
                          struct api_step_view *ret_view)
{
    struct api_step_view view = {.playbook = step->book->playbook->name,
                                 .version = step->book->version,
                                 .step = step->is->id,
                                 .title = step->is->title,
                                 .text = step->is->text,
                                 .role = (enum api_incident_role)step->is->role,
                                 .kind = (enum api_playbook_kind)step->is->kind,
                                 .state = (enum api_step_state)step->state,
                                 .has_owner_id = !cx_id_is_zero(step->owner_id),
                                 .owner_id = step->owner_id,
                                 .has_evidence = step->is->evidence.len > 0,
                                 .evidence = step->is->evidence,
                                 .has_duty = step->is->duty.len > 0,
                                 .duty = step->is->duty,
                                 .has_start = step->has_start,
                                 .start = step->start_us,
                                 .has_deadline = step->has_deadline,
                                 .deadline = step->deadline_us};
    if (step->settled) {
        struct api_incident_entry_view entry;
        CX_TRY(incident_entry_view(request, step->settled, &entry));
        view.has_settled = view.has_settled_entry = true;
        view.settled = entry.at;
        view.settled_entry = entry.seq;
        view.has_settled_by = entry.has_actor_id;
        view.settled_by = entry.actor_id;
        view.has_reason = entry.has_detail;
        view.reason = entry.detail;
        view.has_proof = entry.has_proof;
        view.proof = entry.proof;
    }
    *ret_view = view;
    return CX_OK;
}

cx_err incident_step_due_view(struct api_request *request, struct cx_id incident_id,
                              const struct step *step, struct api_duty_view *ret_view)
{
    static const enum api_incident_kind satisfiers[] = {API_INCIDENT_KIND_STEP_DONE,
                                                        API_INCIDENT_KIND_STEP_NOT_APPLICABLE};
    struct cx_str name = step->book->playbook->name;
    struct api_duty_view view = {
        .incident_id = incident_id,
        .title = step->is->title,
        .obligation = API_OBLIGATION_STEP,
        .state = step->state == STEP_OVERDUE ? API_DUTY_STATE_OVERDUE : API_DUTY_STATE_PENDING,
        .start = step->start_us,
        .start_entry = step->start_seq,
        .start_kind = step->is->after_step == PLAYBOOK_NO_STEP
                          ? (enum api_incident_kind)step->is->after
                          : API_INCIDENT_KIND_STEP_DONE,
        .deadline = step->deadline_us,
        .section = step->is->id,
        .owed_to = cx_str_from(incident_word(&incident_roles, (int)step->is->role)),
        .satisfied_by = satisfiers,
        .satisfied_by_count = CX_COUNT_OF(satisfiers),
        .has_owner_id = !cx_id_is_zero(step->owner_id),
        .owner_id = step->owner_id,
    };
    CX_TRY(arena_printf(request->arena, &view.key, "playbook/%.*s/%.*s", CX_STR_ARG(name),
                        CX_STR_ARG(step->is->id)));
    CX_TRY(arena_printf(request->arena, &view.document, "Playbook %.*s, version %lld",
                        CX_STR_ARG(name), (long long)step->book->version));
    *ret_view = view;
    return CX_OK;
}

static cx_err show_steps(struct api_request *request, struct cx_id incident_id,
                         struct api_step_list *ret_list)
{
    struct reading it = {.request = request, .incident_id = incident_id};
    struct api_step_view *items = NULL;
    CX_TRY(read_steps(&it));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, it.steps.count, &items));
    for (size_t i = 0; i < it.steps.count; i++)
        CX_TRY(incident_step_view(request, &it.steps.steps[i], &items[i]));
    *ret_list = (struct api_step_list){.items = items, .items_count = it.steps.count};
    return CX_OK;
}

static cx_err show_step(struct api_request *request, struct cx_id incident_id,
                        struct cx_str playbook, struct cx_str id, struct api_step_view *ret_view)
{
    struct reading it = {.request = request, .incident_id = incident_id};
    const struct step *step = NULL;
    CX_TRY(read_steps(&it));
    CX_TRY(pick(&it, playbook, id, &step));
    return incident_step_view(request, step, ret_view);
}

cx_err handle_incident_steps(struct api_request *request, const struct api_incident_steps_in *in,
                             struct api_incident_steps_out *ret_out)
{
    return show_steps(request, in->incident_id, &ret_out->body);
}

/* What is over is left as it was. */
static cx_err check_goes_on(struct store_tx *tx, struct api_request *request,
                            struct cx_id incident_id)
{
    struct incident_row row;
    cx_err err = incident_find(tx, request->principal.tenant_id, incident_id, request->arena, &row);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    return row.state == INCIDENT_MERGED || row.state == INCIDENT_CLOSED
               ? cx_refuse(request->diag, CX_ERR(CONFLICT), "incident_id", "incident-ended",
                           "The incident is %s: %s.", incident_state_name(row.state),
                           row.state == INCIDENT_MERGED ? "the other one goes on"
                                                        : "reopen it first")
               : CX_OK;
}

/* ---- following a playbook ---- */

struct attaching {
    struct api_request *request;
    const struct api_incident_playbook_attach_in *in;
    struct playbook_row row;
    struct attach attach;
};

static cx_err find_version(struct store_tx *tx, void *arg)
{
    struct attaching *it = arg;
    struct api_request *request = it->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    const struct api_incident_playbook_attach_in *in = it->in;
    return in->has_version
               ? playbook_find(tx, tenant_id, in->name, in->version, request->arena, &it->row)
               : playbook_in_force(tx, tenant_id, in->name, request->now_us, request->arena,
                                   &it->row);
}

static cx_err write_attach(struct store_tx *tx, void *arg)
{
    struct attaching *it = arg;
    struct cx_diag *diag = it->request->diag;
    CX_TRY(check_goes_on(tx, it->request, it->in->incident_id));
    cx_err err = attach_insert(tx, &it->attach);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(diag, err, "version", "playbook-attached",
                         "The incident follows this version already.");
    if (err.code == CX_E_LIMIT && !diag->text[0])
        return cx_refuse(diag, err, "name", "playbook-limit",
                         "An incident follows %d playbooks at most.", STEP_PLAYBOOKS_MAX);
    return err;
}

cx_err handle_incident_playbook_attach(struct api_request *request,
                                       const struct api_incident_playbook_attach_in *in,
                                       struct api_incident_playbook_attach_out *ret_out)
{
    struct attaching it = {.request = request, .in = in};
    struct incident incident;
    struct cx_str version = CX_STR_NONE;
    CX_TRY(incident_read(request, in->incident_id, &incident));
    cx_err err = store_read(request->core->store, find_version, &it);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, in->has_version ? "version" : "name",
                         "playbook-unknown",
                         "There is no such version, or none of this name is in force.");
    CX_TRY(err);
    const struct attach_draft draft = {.tenant_id = request->principal.tenant_id,
                                       .incident_id = in->incident_id,
                                       .actor_id = request->principal.user_id,
                                       .now_us = request->now_us};
    CX_TRY(attach_prepare(request->core, request->arena, &draft, it.row.name, it.row.version,
                          &it.attach));
    it.attach.by_hand = true;
    CX_TRY(arena_printf(request->arena, &version, "%lld", (long long)it.row.version));
    const struct field_detail details[] = {{"playbook", it.row.name}, {"version", version}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_attach, &it));
    return show_steps(request, in->incident_id, &ret_out->body);
}

struct detaching {
    struct api_request *request;
    struct row_incident_playbook row;
    struct row_incident_entry entry;
};

static cx_err write_detach(struct store_tx *tx, void *arg)
{
    struct detaching *it = arg;
    CX_TRY(check_goes_on(tx, it->request, it->row.incident_id));
    cx_err err = attach_end(tx, &it->row, &it->entry);
    return err.code == CX_E_NOTFOUND ? cx_refuse(it->request->diag, err, "name", "playbook-unknown",
                                                 "The incident follows no playbook of this name.")
                                     : err;
}

cx_err handle_incident_playbook_detach(struct api_request *request,
                                       const struct api_incident_playbook_detach_in *in,
                                       struct api_incident_playbook_detach_out *ret_out)
{
    struct detaching it = {.request = request,
                           .row = {.tenant_id = request->principal.tenant_id,
                                   .incident_id = in->incident_id,
                                   .playbook = in->name,
                                   .attached_us = request->now_us}};
    const struct entry_draft draft = {.tenant_id = it.row.tenant_id,
                                      .incident_id = in->incident_id,
                                      .actor_id = request->principal.user_id,
                                      .kind = KIND_PLAYBOOK_DETACHED,
                                      .at_us = request->now_us,
                                      .now_us = request->now_us,
                                      .subject = in->name,
                                      .detail = in->reason};
    const struct field_detail details[] = {{"playbook", in->name}, {"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &it.entry));
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_detach, &it));
    return show_steps(request, in->incident_id, &ret_out->body);
}

/* ---- one step ---- */

/* An entry about a step; closure: owner too. */
struct acting {
    struct api_request *request;
    struct cx_id incident_id;
    struct cx_str playbook, step;
    struct row_incident_entry entry;
    bool assigns;
    struct row_incident_step_owner owner;
    enum step_state was; /* a step that meanwhile became another is not settled twice */
};

static cx_err write_act(struct store_tx *tx, void *arg)
{
    struct acting *it = arg;
    struct reading now = {.request = it->request, .incident_id = it->incident_id};
    const struct step *step = NULL;
    CX_TRY(check_goes_on(tx, it->request, it->incident_id));
    CX_TRY(read_all(tx, &now));
    CX_TRY(pick(&now, it->playbook, it->step, &step));
    if (!it->assigns && step->state != it->was)
        return cx_refuse(it->request->diag, CX_ERR(CONFLICT), "step", "step-changed",
                         "Somebody else settled the step meanwhile: read it first.");
    if (it->assigns) {
        cx_err err = step_set_owner(tx, &it->owner);
        if (err.code == CX_E_CONFLICT)
            return cx_refuse(it->request->diag, CX_ERR(POLICY), "user_id", "user-unknown",
                             "There is no such user.");
        CX_TRY(err);
    }
    return incident_append(tx, &it->entry);
}

static cx_err commit_act(struct acting *it, struct entry_draft *draft, struct field_detail more,
                         struct api_step_view *ret_view)
{
    struct api_request *request = it->request;
    draft->tenant_id = request->principal.tenant_id;
    draft->incident_id = it->incident_id;
    draft->actor_id = request->principal.user_id;
    draft->now_us = request->now_us;
    CX_TRY(arena_printf(request->arena, &draft->subject, "%.*s/%.*s", CX_STR_ARG(it->playbook),
                        CX_STR_ARG(it->step)));
    CX_TRY(incident_entry_prepare(request->core, request->arena, draft, &it->entry));
    const struct field_detail details[] = {
        {"playbook", it->playbook}, {"step", it->step}, more, {"proof", draft->proof}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = it->incident_id};
    CX_TRY(field_details(request->arena, details, 4, &event.details));
    CX_TRY(api_commit(request, &event, write_act, it));
    return show_step(request, it->incident_id, it->playbook, it->step, ret_view);
}

cx_err handle_incident_step_assign(struct api_request *request,
                                   const struct api_incident_step_assign_in *in,
                                   struct api_incident_step_assign_out *ret_out)
{
    struct acting it = {.request = request,
                        .incident_id = in->incident_id,
                        .playbook = in->playbook,
                        .step = in->step,
                        .assigns = true,
                        .owner = {.tenant_id = request->principal.tenant_id,
                                  .incident_id = in->incident_id,
                                  .playbook = in->playbook,
                                  .step = in->step,
                                  .owner_id = in->user_id,
                                  .assigned_us = request->now_us}};
    struct entry_draft draft = {.kind = KIND_STEP_ASSIGNED, .at_us = request->now_us};
    CX_TRY(field_id_text(request->arena, CX_ID_USER, in->user_id, &draft.detail));
    return commit_act(&it, &draft, (struct field_detail){"user", draft.detail}, &ret_out->body);
}

static const enum incident_kind OUTCOMES[] = {[API_STEP_OUTCOME_DONE] = KIND_STEP_DONE,
                                              [API_STEP_OUTCOME_NOT_APPLICABLE] =
                                                  KIND_STEP_NOT_APPLICABLE,
                                              [API_STEP_OUTCOME_OPEN] = KIND_STEP_REOPENED};

static cx_err check_outcome(struct api_request *request,
                            const struct api_incident_step_settle_in *in, const struct step *step)
{
    struct cx_diag *diag = request->diag;
    bool opens = in->outcome == API_STEP_OUTCOME_OPEN;
    if (step->is->kind == PLAYBOOK_DUTY)
        return cx_refuse(diag, CX_ERR(POLICY), "step", "step-is-duty",
                         "The step stands for the duty %.*s: it is done when that is met.",
                         CX_STR_ARG(step->is->duty));
    if (opens == !step->settled)
        return cx_refuse(diag, CX_ERR(CONFLICT), "outcome", "step-settled",
                         opens ? "The step is open." : "The step is settled: open it again first.");
    if (!in->has_reason && in->outcome != API_STEP_OUTCOME_DONE)
        return cx_refuse(diag, CX_ERR(POLICY), "reason", "reason-missing",
                         "Say why it does not apply or is open again.");
    if (!in->has_proof && in->outcome == API_STEP_OUTCOME_DONE && step->is->evidence.len)
        return cx_refuse(diag, CX_ERR(POLICY), "proof", "evidence-missing",
                         "The step asks for evidence: %.*s.", CX_STR_ARG(step->is->evidence));
    if (in->has_at && in->at > request->now_us)
        return cx_refuse(diag, CX_ERR(POLICY), "at", "time-in-future",
                         "What is recorded has happened: the time is later than now.");
    return CX_OK;
}

cx_err handle_incident_step_settle(struct api_request *request,
                                   const struct api_incident_step_settle_in *in,
                                   struct api_incident_step_settle_out *ret_out)
{
    struct reading now = {.request = request, .incident_id = in->incident_id};
    struct acting it = {.request = request,
                        .incident_id = in->incident_id,
                        .playbook = in->playbook,
                        .step = in->step};
    const struct step *step = NULL;
    CX_TRY(read_steps(&now));
    CX_TRY(pick(&now, in->playbook, in->step, &step));
    CX_TRY(check_outcome(request, in, step));
    it.was = step->state;
    struct entry_draft draft = {.kind = OUTCOMES[in->outcome],
                                .at_us = in->has_at ? in->at : request->now_us,
                                .detail = in->reason,
                                .proof = in->proof};
    struct cx_str kind = cx_str_from(incident_word(&incident_kinds, (int)draft.kind));
    return commit_act(&it, &draft, (struct field_detail){"outcome", kind}, &ret_out->body);
}
