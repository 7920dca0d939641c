#include "core/approval/proposal_view.h"
#include "base/cleanup.h"
#include "codec/json.h"
#include "core/approval/policy_change.h"
#include "core/change/diff.h"
#include "core/field.h"
#include "core/protect/protect.h"

_Static_assert((int)API_PROPOSAL_KIND_COUNT == (int)PROPOSAL_KIND_COUNT &&
                   (int)API_PROPOSAL_KIND_POLICY_CHANGE == (int)PROPOSAL_POLICY_CHANGE,
               "the contract lists kinds in the order of enum proposal_kind");

cx_err proposal_refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "proposal_id", "proposal-unknown",
                     "There is no such proposal.");
}

struct cx_bytes proposal_decision_key(struct cx_id proposal_id, struct cx_id approver_id,
                                      uint8_t key[static PROPOSAL_DECISION_KEY_LEN])
{
    key[0] = key[17] = 16;
    memcpy(key + 1, proposal_id.b, 16);
    memcpy(key + 18, approver_id.b, 16);
    return CX_BYTES(key, PROPOSAL_DECISION_KEY_LEN);
}

cx_err proposal_read_parts(struct store_tx *tx, struct proposal_show *show)
{
    struct cx_id tenant_id = show->request->principal.tenant_id;
    struct arena *arena = show->request->arena;
    CX_TRY(approval_plan_read(tx, tenant_id, show->row.proposal_id, arena, &show->plan));
    return proposal_decisions(tx, tenant_id, show->row.proposal_id, arena, show->decisions,
                              &show->decision_count);
}

bool proposal_sees_all(const struct principal *me)
{
    return access_may(me, PERMISSION_BINDING_READ, NULL) ||
           access_may(me, PERMISSION_PROPOSAL_DECIDE, NULL);
}

static cx_err read_proposal(struct store_tx *tx, void *arg)
{
    struct proposal_show *show = arg;
    const struct principal *me = &show->request->principal;
    CX_TRY(proposal_find(tx, me->tenant_id, show->proposal_id, show->request->arena, &show->row));
    if (!proposal_sees_all(me) && !cx_id_eq(show->row.requester_id, me->user_id) &&
        !cx_id_eq(show->row.receiver_id, me->user_id))
        return CX_ERR(NOTFOUND);
    if (show->row.kind == PROPOSAL_POLICY_CHANGE)
        CX_TRY(proposal_effects(tx, me->tenant_id, show->proposal_id, show->request->arena,
                                &show->effects, &show->effect_count));
    return proposal_read_parts(tx, show);
}

static cx_err decisions_view(struct api_request *request, const struct proposal_show *show,
                             const struct api_approval_view **ret_views)
{
    struct api_approval_view *views = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, show->decision_count, &views));
    for (size_t i = 0; i < show->decision_count; i++) {
        const struct proposal_decision *decision = &show->decisions[i];
        uint8_t key[PROPOSAL_DECISION_KEY_LEN];
        struct cx_bytes comment = CX_BYTES_NONE;
        struct protect_place place = {
            .tenant_id = request->principal.tenant_id,
            PLACE_PROPOSAL_DECISION_COMMENT,
            .row = proposal_decision_key(show->row.proposal_id, decision->approver_id, key)};
        CX_TRY(protect_open(request->core->protect, &place, decision->comment, request->arena,
                            &comment));
        CX_TRY(cx_str_view(comment, &views[i].comment));
        views[i].approver_id = decision->approver_id;
        views[i].decision =
            decision->approve ? API_APPROVAL_DECISION_APPROVE : API_APPROVAL_DECISION_REJECT;
        views[i].time = decision->decided_us;
    }
    *ret_views = views;
    return CX_OK;
}

/* ---- a change of policy ---- */

/* The body as it was sent, save what the contract calls a secret. */
static cx_err show_body(const struct policy_call *call, struct cx_str operation,
                        struct arena *arena, struct cx_str *ret_text)
{
    const struct api_operation *of = policy_operation(operation);
    struct cx_diag ignored = CX_DIAG_INIT;
    json_auto_t *root = NULL;
    CX_TRY(json_parse(cx_str_bytes(call->body), call->body.len, &ignored, &root));
    for (size_t i = 0; of && i < of->in->field_count; i++)
        if (of->in->fields[i].secret && json_object_get(root, of->in->fields[i].name) &&
            json_object_set_new(root, of->in->fields[i].name, json_string("(secret)")))
            return CX_ERR(NOMEM);
    CX_AUTO_FREE char *text = json_dumps(root, JSON_COMPACT);
    return text ? arena_copy_str(arena, cx_str_from(text), ret_text) : CX_ERR(NOMEM);
}

/* What would differ. */
static cx_err fields_view(const struct proposal_effect *effect, struct arena *arena,
                          struct api_proposal_effect *view)
{
    struct change_difference list[CHANGE_DIFF_MAX];
    struct api_change_field *fields = NULL;
    size_t count = 0;
    CX_TRY(change_diff(effect->base, effect->content, arena, list, &count));
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &fields));
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct api_change_field){.field = list[i].field,
                                              .has_was = list[i].was.ptr != NULL,
                                              .was = list[i].was,
                                              .has_is = list[i].is.ptr != NULL,
                                              .is = list[i].is};
    *view = (struct api_proposal_effect){.object = effect->object,
                                         .key = effect->key,
                                         .from = effect->base_version,
                                         .fields = fields,
                                         .fields_count = count};
    return CX_OK;
}

static cx_err policy_view(struct api_request *request, const struct proposal_show *show,
                          struct api_proposal_view *view)
{
    struct api_proposal_effect *effects = NULL;
    struct policy_call call;
    CX_TRY(policy_call_open(request->core, request->principal.tenant_id, &show->row, request->arena,
                            &call));
    view->has_target = true;
    view->target = call.target;
    view->has_request = call.body.len > 0;
    if (view->has_request)
        CX_TRY(show_body(&call, show->row.operation, request->arena, &view->request));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, show->effect_count, &effects));
    for (size_t i = 0; i < show->effect_count; i++)
        CX_TRY(fields_view(&show->effects[i], request->arena, &effects[i]));
    view->has_effects = view->has_stale = true;
    view->effects = effects;
    view->effects_count = show->effect_count;
    view->stale = show->row.state == PROPOSAL_AWAITING &&
                  proposal_is_stale(show->effects, show->effect_count);
    return CX_OK;
}

cx_err proposal_view_of(struct api_request *request, const struct proposal_show *show,
                        struct api_proposal_view *ret_view)
{
    const struct proposal_row *row = &show->row;
    bool rule = row->kind == PROPOSAL_RULE_CREATE || row->kind == PROPOSAL_RULE_END;
    bool policy = row->kind == PROPOSAL_POLICY_CHANGE;
    int object = 0;
    struct api_proposal_view view = {
        .id = row->proposal_id,
        .kind = (enum api_proposal_kind)row->kind,
        .state = (enum api_proposal_state)row->state,
        .requester_id = row->requester_id,
        .has_receiver_id = !cx_id_is_zero(row->receiver_id),
        .receiver_id = row->receiver_id,
        .has_binding_id = !rule && !policy,
        .binding_id = row->target_id,
        .has_rule_id = rule,
        .rule_id = row->target_id,
        .has_object = policy || rule,
        .object = API_POLICY_OBJECT_APPROVAL_RULE,
        .has_object_name = row->object_name.len > 0,
        .object_name = row->object_name,
        .has_operation = policy,
        .operation = row->operation,
        .approvals_count = show->decision_count,
        .has_minutes = row->duration_us > 0,
        .minutes = row->duration_us / (60 * CX_US_PER_S),
        .approvals_needed = row->approvals_needed,
        .has_due = show->plan.due_us != 0,
        .due = show->plan.due_us,
        .created = row->created_us,
        .updated = row->updated_us,
    };
    const struct approval_stage *next =
        approval_stage_next(&show->plan.stages, row->approvals_given);
    view.has_next = row->state == PROPOSAL_AWAITING && next;
    if (view.has_next)
        view.next = next->text;
    struct field_place reason = {request->principal.tenant_id, "proposal", "reason",
                                 row->proposal_id};
    CX_TRY(field_open_text(request->core, reason, row->reason, request->arena, &view.reason));
    CX_TRY(decisions_view(request, show, &view.approvals));
    if (policy)
        CX_TRY(api_enum_value(&api_enum_policy_object, row->object, &object));
    if (policy)
        view.object = (enum api_policy_object)object;
    if (policy && show->effects)
        CX_TRY(policy_view(request, show, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err proposal_show(struct api_request *request, struct cx_id proposal_id,
                     struct api_proposal_view *ret_view)
{
    struct proposal_show *show = NULL;
    CX_TRY(ARENA_NEW(request->arena, &show));
    show->request = request;
    show->proposal_id = proposal_id;
    cx_err err = store_read(request->core->store, read_proposal, show);
    if (err.code == CX_E_NOTFOUND)
        return proposal_refuse_unknown(request->diag);
    CX_TRY(err);
    return proposal_view_of(request, show, ret_view);
}

static cx_err read_origin(struct store_tx *tx, void *arg)
{
    struct proposal_show *show = arg;
    CX_TRY(proposal_find(tx, show->request->principal.tenant_id, show->proposal_id,
                         show->request->arena, &show->row));
    return proposal_read_parts(tx, show);
}

cx_err proposal_origin(struct api_request *request, struct cx_id proposal_id,
                       struct proposal_origin *ret_origin)
{
    struct proposal_show *show = NULL;
    CX_TRY(ARENA_NEW(request->arena, &show));
    show->request = request;
    show->proposal_id = proposal_id;
    CX_TRY(store_read(request->core->store, read_origin, show));
    struct proposal_origin origin = {.requester_id = show->row.requester_id,
                                     .approval_count = show->decision_count};
    CX_TRY(decisions_view(request, show, &origin.approvals));
    *ret_origin = origin;
    return CX_OK;
}
