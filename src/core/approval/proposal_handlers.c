/* Operations on proposals: listing them, and deciding on other persons'. */
#include "api_routes.h"
#include "base/checked.h"
#include "core/access/access_store.h"
#include "core/access/binding_store.h"
#include "core/approval/break_glass.h"
#include "core/approval/policy_change.h"
#include "core/approval/proposal.h"
#include "core/approval/proposal_view.h"
#include "core/field.h"
#include "core/protect/protect.h"

cx_err handle_proposal_get(struct api_request *request, const struct api_proposal_get_in *in,
                           struct api_proposal_get_out *ret_out)
{
    return proposal_show(request, in->proposal_id, &ret_out->body);
}

struct proposal_list {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct proposal_row *rows;
    struct proposal_show *shows;
};

static cx_err read_proposals(struct store_tx *tx, void *arg)
{
    struct proposal_list *list = arg;
    struct api_request *request = list->request;
    const struct principal *me = &request->principal;
    CX_TRY(proposal_page(tx, me->tenant_id,
                         proposal_sees_all(me) ? (struct cx_id){{0}} : me->user_id, &list->after,
                         list->limit, request->arena, list->rows, &list->count));
    for (size_t i = 0; i < list->count; i++) {
        list->shows[i].request = request;
        list->shows[i].row = list->rows[i];
        CX_TRY(proposal_read_parts(tx, &list->shows[i]));
    }
    return CX_OK;
}

cx_err handle_proposal_list(struct api_request *request, const struct api_proposal_list_in *in,
                            struct api_proposal_list_out *ret_out)
{
    struct proposal_list list = {.request = request, .limit = (size_t)in->limit};
    struct api_proposal_view *items = NULL;
    CX_TRY(page_cursor_parse("proposal", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.shows));
    CX_TRY(store_read(request->core->store, read_proposals, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(proposal_view_of(request, &list.shows[i], &items[i]));
    struct api_proposal_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct proposal_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->proposal_id};
        CX_TRY(page_cursor_write(request->arena, "proposal", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

/* ---- deciding ---- */

struct decision {
    struct api_request *request;
    struct row_proposal_decision row;
    struct break_glass_record record; /* of an account that this approval may open */
    bool approve;
    bool calls;              /* it is the last approval of a call, which has to be made with it */
    bool calling;            /* it is being made */
    struct proposal_row now; /* with calls: the proposal */
};

static cx_err earlier_of(struct store_tx *tx, const struct decision *decision,
                         struct approval_asked *asked)
{
    struct arena *arena = decision->request->arena;
    struct proposal_decision *found = NULL;
    struct approval_earlier *earlier = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, PROPOSAL_DECISIONS_MAX, &found));
    CX_TRY(ARENA_NEW_ARRAY(arena, PROPOSAL_DECISIONS_MAX, &earlier));
    CX_TRY(proposal_decisions(tx, decision->row.tenant_id, asked->object_id, arena, found,
                              &asked->earlier_count));
    for (size_t i = 0; i < asked->earlier_count; i++)
        earlier[i] = (struct approval_earlier){.approver_id = found[i].approver_id};
    asked->earlier = earlier;
    return CX_OK;
}

/* Where a group receives, everybody in it does. */
static cx_err check_group(struct store_tx *tx, const struct decision *decision,
                          const struct proposal_row *now)
{
    struct api_request *request = decision->request;
    struct binding_row binding;
    struct cx_id *people = NULL;
    size_t count = 0;
    if (now->kind != PROPOSAL_ROLE_GRANT && now->kind != PROPOSAL_ELIGIBLE_GRANT)
        return CX_OK;
    CX_TRY(binding_find(tx, decision->row.tenant_id, now->target_id, request->arena, &binding));
    if (binding.subject != ACCESS_GROUP)
        return CX_OK;
    CX_TRY(access_people_of(tx, decision->row.tenant_id, binding.subject_id, request->arena,
                            &people, &count));
    for (size_t i = 0; i < count; i++)
        if (cx_id_eq(people[i], request->principal.user_id))
            return cx_refuse(request->diag, CX_ERR(DENIED), "", "receiver-is-approver",
                             "Nobody decides on a right for themselves; another person has to.");
    return CX_OK;
}

/* Who has a role gets what it is given. */
static cx_err check_role(const struct decision *decision, const struct proposal_row *now)
{
    const struct api_request *request = decision->request;
    const struct access_held *held = NULL;
    size_t count = access_rights_held(request->principal.rights, &held);
    if (!decision->approve || !cx_str_is(now->object, "role"))
        return CX_OK;
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(held[i].binding->role, now->object_name))
            return cx_refuse(request->diag, CX_ERR(DENIED), "", "receiver-is-approver",
                             "You have this role; somebody without it has to agree.");
    return CX_OK;
}

static cx_err check(struct store_tx *tx, const struct decision *decision,
                    struct proposal_row *ret_now)
{
    struct api_request *request = decision->request;
    const struct principal *me = &request->principal;
    cx_err err =
        proposal_find(tx, me->tenant_id, decision->row.proposal_id, request->arena, ret_now);
    if (err.code == CX_E_NOTFOUND)
        return proposal_refuse_unknown(request->diag);
    CX_TRY(err);
    struct approval_decider decider = {.tenant_id = me->tenant_id,
                                       .user_id = me->user_id,
                                       .rights = me->rights,
                                       .narrowed = me->narrowed,
                                       .now_us = request->now_us};
    struct approval_asked asked = {.object_id = ret_now->proposal_id,
                                   .requester_id = ret_now->requester_id,
                                   .receiver_id = ret_now->receiver_id};
    CX_TRY(earlier_of(tx, decision, &asked));
    CX_TRY(approval_check_persons(tx, &decider, &asked, decision->approve, request->diag));
    CX_TRY(check_group(tx, decision, ret_now));
    CX_TRY(check_role(decision, ret_now));
    if (ret_now->state != PROPOSAL_AWAITING)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "proposal_id", "proposal-state",
                         "The proposal does not await approval (any more).");
    return decision->approve
               ? approval_check_stage(tx, &decider, &asked, request->arena, request->diag)
               : CX_OK;
}

static cx_err conclude(struct store_tx *tx, struct decision *decision,
                       const struct proposal_row *now)
{
    struct api_request *request = decision->request;
    struct cx_id tenant_id = decision->row.tenant_id;
    if (!decision->approve) {
        CX_TRY(proposal_discard(tx, tenant_id, now, request->now_us));
        return proposal_conclude(tx, tenant_id, now->proposal_id, PROPOSAL_REJECTED,
                                 request->now_us);
    }
    CX_TRY(proposal_count_approval(tx, tenant_id, now->proposal_id, now->approvals_given));
    if (now->approvals_given + 1 < now->approvals_needed)
        return CX_OK;
    decision->calls = now->kind == PROPOSAL_POLICY_CHANGE && !decision->calling;
    if (decision->calls) {
        decision->now = *now;
        return CX_ERR(BUSY); /* taken back, and made again with the call that it is about */
    }
    CX_TRY(proposal_enforce(tx, request, now));
    if (now->kind == PROPOSAL_BREAK_GLASS)
        CX_TRY(break_glass_record_insert(tx, &decision->record));
    return proposal_conclude(tx, tenant_id, now->proposal_id, PROPOSAL_DONE, request->now_us);
}

static cx_err write_decision(struct store_tx *tx, void *arg)
{
    struct decision *decision = arg;
    struct proposal_row now;
    decision->calls = false;
    CX_TRY(check(tx, decision, &now));
    CX_TRY(row_proposal_decision_insert(tx, &decision->row));
    return conclude(tx, decision, &now);
}

struct ask {
    struct cx_id proposal_id;
    struct cx_str comment;
    bool approve;
};

static cx_err prepare(struct api_request *request, const struct ask *ask, struct decision *decision)
{
    const struct principal *me = &request->principal;
    uint8_t key[PROPOSAL_DECISION_KEY_LEN];
    *decision =
        (struct decision){.request = request,
                          .approve = ask->approve,
                          .row = {.tenant_id = me->tenant_id,
                                  .proposal_id = ask->proposal_id,
                                  .approver_id = me->user_id,
                                  .decision = ask->approve ? CX_STR("approve") : CX_STR("reject"),
                                  .decided_us = request->now_us}};
    struct protect_place place = {.tenant_id = me->tenant_id,
                                  PLACE_PROPOSAL_DECISION_COMMENT,
                                  .row = proposal_decision_key(ask->proposal_id, me->user_id, key)};
    return protect_seal(request->core->protect, &place, cx_str_bytes(ask->comment), request->arena,
                        &decision->row.comment);
}

static cx_err target_of(struct arena *arena, const struct api_proposal_view *proposal,
                        struct cx_str *ret_target)
{
    if (proposal->has_operation) {
        *ret_target = proposal->operation;
        return CX_OK;
    }
    return field_id_text(arena, proposal->has_rule_id ? CX_ID_RULE : CX_ID_BINDING,
                         proposal->has_rule_id ? proposal->rule_id : proposal->binding_id,
                         ret_target);
}

/* event was filled in by api_commit, which took back what it had tried. */
static cx_err apply_policy(struct decision *decision, struct audit_event *event)
{
    struct policy_agreed agreed = {.request = decision->request,
                                   .row = decision->now,
                                   .write = write_decision,
                                   .arg = decision,
                                   .event = event};
    decision->calling = true;
    return policy_change_apply(&agreed);
}

static cx_err decide(struct api_request *request, const struct ask *ask,
                     struct api_proposal_view *ret_view)
{
    struct decision *decision = NULL;
    struct api_proposal_view before;
    struct cx_str target = CX_STR_NONE;
    CX_TRY(ARENA_NEW(request->arena, &decision));
    CX_TRY(proposal_show(request, ask->proposal_id, &before));
    CX_TRY(prepare(request, ask, decision));
    if (ask->approve && before.kind == API_PROPOSAL_KIND_BREAK_GLASS)
        CX_TRY(break_glass_record_prepare(request, &before, &decision->record));
    CX_TRY(target_of(request->arena, &before, &target));
    struct field_detail details[] = {
        {"comment", ask->comment},
        {"kind", cx_str_from(proposal_kind_name((enum proposal_kind)before.kind))},
        {"target", target}};
    struct audit_event event = {.object_type = CX_ID_PROPOSAL, .object_id = ask->proposal_id};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    cx_err err = api_commit(request, &event, write_decision, decision);
    CX_TRY(decision->calls ? apply_policy(decision, &event) : err);
    return proposal_show(request, ask->proposal_id, ret_view);
}

cx_err handle_proposal_approve(struct api_request *request,
                               const struct api_proposal_approve_in *in,
                               struct api_proposal_approve_out *ret_out)
{
    struct ask ask = {in->proposal_id, in->comment, true};
    return decide(request, &ask, &ret_out->body);
}

cx_err handle_proposal_reject(struct api_request *request, const struct api_proposal_reject_in *in,
                              struct api_proposal_reject_out *ret_out)
{
    struct ask ask = {in->proposal_id, in->comment, false};
    return decide(request, &ask, &ret_out->body);
}

static cx_err write_cancellation(struct store_tx *tx, void *arg)
{
    const struct proposal_show *show = arg;
    struct api_request *request = show->request;
    const struct principal *me = &request->principal;
    struct proposal_row now;
    cx_err err = proposal_find(tx, me->tenant_id, show->proposal_id, request->arena, &now);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && !cx_id_eq(now.requester_id, me->user_id)))
        return proposal_refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(proposal_discard(tx, me->tenant_id, &now, request->now_us));
    err =
        proposal_conclude(tx, me->tenant_id, now.proposal_id, PROPOSAL_CANCELLED, request->now_us);
    return err.code != CX_E_CONFLICT
               ? err
               : cx_refuse(request->diag, err, "proposal_id", "proposal-state",
                           "The proposal does not await approval (any more).");
}

cx_err handle_proposal_cancel(struct api_request *request, const struct api_proposal_cancel_in *in,
                              struct api_proposal_cancel_out *ret_out)
{
    struct proposal_show *show = NULL;
    struct audit_event event = {.object_type = CX_ID_PROPOSAL, .object_id = in->proposal_id};
    CX_TRY(ARENA_NEW(request->arena, &show));
    show->request = request;
    show->proposal_id = in->proposal_id;
    CX_TRY(api_commit(request, &event, write_cancellation, show));
    return proposal_show(request, in->proposal_id, &ret_out->body);
}
