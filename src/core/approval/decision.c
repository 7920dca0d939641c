/*
 * approve and reject, for oneself or in the place of a delegator. What the last approval sets off is prepared before
 * the transaction (template, intent, sealed fields), so that decision, transition and intent commit together; whether it
 * is the last one is decided inside, by compare-and-set on the number of approvals.
 */
#include "core/approval/decision.h"
#include "base/checked.h"
#include "core/access/access_store.h"
#include "core/access/place.h"
#include "core/api/api.h"
#include "core/approval/approval.h"
#include "core/approval/decider.h"
#include "core/approval/delegation_store.h"
#include "core/field.h"
#include "core/issuance/issue.h"
#include "core/issuance/request_view.h"
#include "core/issuance/revoke.h"
#include "core/status/status.h"

struct decision {
    struct api_request *request;
    struct issuance run; /* the request as it was read before the transaction */
    struct row_approval row;
    struct revoke_record record; /* of a revocation that this approval may complete */
    struct cx_id delegation_id;
    struct principal delegator; /* whose right it is, where one delegated it */
    bool has_delegation;
    bool approve;
    bool completes; /* this approval is the last one needed */
    bool revoked;
};

static cx_err refuse_state(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(CONFLICT), "request_id", "request-state",
                     "The request does not await approval (any more).");
}

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "request_id", "request-unknown",
                     "There is no such request.");
}

static enum permission permission_of(const struct decision *decision)
{
    return decision->approve ? PERMISSION_REQUEST_APPROVE : PERMISSION_REQUEST_REJECT;
}

/* The right to decide there: one's own, or the delegator's on what one may read oneself. */
static cx_err check_right(struct store_tx *tx, struct decision *decision,
                          const struct request_row *now)
{
    struct api_request *request = decision->request;
    struct access_object nobody = {.requester_id = {{0}}},
                         asker = {.requester_id = now->requester_id};
    if (!decision->has_delegation)
        return access_check_request(tx, &request->principal, permission_of(decision),
                                    now->request_id, &asker, request->arena, request->diag);
    CX_TRY(access_check_request(tx, &request->principal, PERMISSION_REQUEST_READ, now->request_id,
                                &nobody, request->arena, request->diag));
    CX_TRY(delegation_use(tx, request, decision->delegation_id, now, &decision->delegator));
    decision->row.behalf_of_id = decision->delegator.user_id;
    decision->row.has_behalf_of_id = true;
    return access_check_request(tx, &decision->delegator, permission_of(decision), now->request_id,
                                &nobody, request->arena, request->diag);
}

static cx_err earlier_of(struct store_tx *tx, const struct decision *decision,
                         const struct request_row *now, struct approval_asked *asked)
{
    struct arena *arena = decision->request->arena;
    struct approval_found *found = NULL;
    struct approval_earlier *earlier = NULL;
    if (now->approvals_given == 0)
        return CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(arena, REQUEST_APPROVALS_MAX, &found));
    CX_TRY(ARENA_NEW_ARRAY(arena, REQUEST_APPROVALS_MAX, &earlier));
    CX_TRY(request_approvals(tx, decision->run.tenant_id, now->request_id, arena, found,
                             &asked->earlier_count));
    for (size_t i = 0; i < asked->earlier_count; i++)
        earlier[i] = (struct approval_earlier){found[i].approver_id, found[i].behalf_of_id};
    asked->earlier = earlier;
    return CX_OK;
}

/* Persons, stage and time. */
static cx_err check_decider(struct store_tx *tx, const struct decision *decision,
                            const struct request_row *now)
{
    struct api_request *request = decision->request;
    const struct principal *whose =
        decision->has_delegation ? &decision->delegator : &request->principal;
    struct approval_decider decider = {.tenant_id = decision->run.tenant_id,
                                       .user_id = request->principal.user_id,
                                       .behalf_of_id = decision->row.behalf_of_id,
                                       .rights = whose->rights,
                                       .narrowed = whose->narrowed,
                                       .now_us = request->now_us};
    struct approval_asked asked = {.object_id = now->request_id, .requester_id = now->requester_id};
    struct access_place_read read;
    CX_TRY(access_place_of_request(tx, decider.tenant_id, now->request_id, request->arena, &read));
    struct access_place place = access_place_view(&read);
    asked.place = &place;
    CX_TRY(earlier_of(tx, decision, now, &asked));
    CX_TRY(approval_check_persons(tx, &decider, &asked, decision->approve, request->diag));
    if (now->state != REQUEST_AWAITING_APPROVAL)
        return refuse_state(request->diag);
    return decision->approve
               ? approval_check_stage(tx, &decider, &asked, request->arena, request->diag)
               : CX_OK;
}

/* The row as it is in this transaction, and the right to decide on it. */
static cx_err check(struct store_tx *tx, struct decision *decision, struct request_row *ret_now)
{
    struct api_request *request = decision->request;
    access_principal_clear(&decision->delegator); /* a closure may run again */
    cx_err err = request_find(tx, request->principal.tenant_id, decision->row.request_id,
                              request->arena, ret_now);
    if (cx_is_ok(err))
        err = check_right(tx, decision, ret_now);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return check_decider(tx, decision, ret_now);
}

static cx_err insert_approval(struct store_tx *tx, const struct decision *decision)
{
    cx_err err = row_approval_insert(tx, &decision->row);
    if (err.code != CX_E_CONFLICT)
        return err;
    return cx_refuse(decision->request->diag, err, "request_id", "approved-before",
                     "You have decided on this request already; another person has to.");
}

static bool is_prepared(const struct issuance *run)
{
    return !cx_id_is_zero(run->intent.intent_id);
}

/* What follows from the last approval, by kind. */
static cx_err write_consequence(struct store_tx *tx, struct decision *decision)
{
    struct issuance *run = &decision->run;
    enum request_state next =
        run->request.server_key ? REQUEST_AWAITING_COLLECTION : REQUEST_APPROVED;
    CX_TRY(request_transition(tx, run->tenant_id, run->request.request_id,
                              REQUEST_AWAITING_APPROVAL, next, run->now_us));
    if (run->request.kind == REQUEST_REVOKE) {
        CX_TRY(revoke_approved(tx, run, &decision->record));
        decision->revoked = true;
        return CX_OK;
    }
    if (run->request.server_key)
        return CX_OK;
    if (is_prepared(run))
        return issuance_write_intent(tx, run);
    /* Another approval came between reading and writing and made this one the last: the worker issues. */
    return request_set_retry(tx, run->tenant_id, run->request.request_id, run->now_us, 0);
}

static cx_err write_approval(struct store_tx *tx, void *arg)
{
    struct decision *decision = arg;
    struct issuance *run = &decision->run;
    struct request_row now;
    decision->completes = false;
    decision->revoked = false;
    CX_TRY(check(tx, decision, &now));
    CX_TRY(insert_approval(tx, decision));
    if (cx_failed(request_count_approval(tx, run->tenant_id, now.request_id, now.approvals_given)))
        return refuse_state(decision->request->diag);
    decision->completes = now.approvals_given + 1 >= now.approvals_needed;
    return decision->completes ? write_consequence(tx, decision) : CX_OK;
}

static cx_err write_rejection(struct store_tx *tx, void *arg)
{
    struct decision *decision = arg;
    struct issuance *run = &decision->run;
    struct request_row now;
    CX_TRY(check(tx, decision, &now));
    CX_TRY(insert_approval(tx, decision));
    return request_transition(tx, run->tenant_id, now.request_id, REQUEST_AWAITING_APPROVAL,
                              REQUEST_REJECTED, run->now_us);
}

/* Loads the request and prepares the row of the decision. */
static cx_err prepare(struct api_request *request, const struct approval_ask *ask,
                      struct decision *decision)
{
    const struct principal *me = &request->principal;
    *decision = (struct decision){.request = request,
                                  .approve = ask->approve,
                                  .has_delegation = !cx_id_is_zero(ask->delegation_id),
                                  .delegation_id = ask->delegation_id};
    decision->run = (struct issuance){.core = request->core,
                                      .arena = request->arena,
                                      .diag = request->diag,
                                      .tenant_id = me->tenant_id,
                                      .call_id = request->request_id,
                                      .actor = me,
                                      .now_us = request->now_us};
    cx_err err = issuance_load(&decision->run, ask->request_id);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    decision->row = (struct row_approval){
        .tenant_id = me->tenant_id,
        .request_id = ask->request_id,
        .approver_id = me->user_id,
        .decision = ask->approve ? CX_STR("approve") : CX_STR("reject"),
        .decided_us = request->now_us,
    };
    return approval_comment_seal(request->core, me->tenant_id, ask->request_id, me->user_id,
                                 ask->comment, request->arena, &decision->row.comment);
}

static cx_err commit(struct decision *decision, struct cx_str comment, store_fn fn)
{
    struct api_request *request = decision->request;
    struct cx_str kind = cx_str_from(request_kind_name(decision->run.request.kind));
    struct cx_str decided = decision->row.decision, delegation = CX_STR_NONE;
    if (decision->has_delegation)
        CX_TRY(
            field_id_text(request->arena, CX_ID_DELEGATION, decision->delegation_id, &delegation));
    struct cx_str behalf_of = CX_STR_NONE;
    if (decision->row.has_behalf_of_id)
        CX_TRY(field_id_text(request->arena, CX_ID_USER, decision->row.behalf_of_id, &behalf_of));
    struct field_detail details[] = {{"comment", comment},
                                     {"kind", kind},
                                     {"decision", decided},
                                     {"delegation", delegation},
                                     {"behalf_of", behalf_of}};
    struct audit_event event = {.object_type = CX_ID_REQUEST,
                                .object_id = decision->row.request_id};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    return api_commit(request, &event, fn, decision);
}

/* Who may not decide, or comes too late, is told so before anything is prepared. */
static cx_err check_early(struct store_tx *tx, void *arg)
{
    struct request_row now;
    return check(tx, arg, &now);
}

/* The answer to the approver is the request; that it is not issued yet (keys busy) or cannot be is its state. */
static void follow_up(struct decision *decision)
{
    struct issuance *run = &decision->run;
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_id certificate_id;
    struct cx_bytes der = CX_BYTES_NONE;
    if (decision->revoked)
        status_changed(run->core, &run->target);
    if (!decision->completes || !is_prepared(run))
        return;
    run->diag = &diag;
    CX_IGNORE(
        issuance_finish(run, &certificate_id, &der)); /* the outcome is in the request's row */
}

static cx_err decide(struct decision *decision, struct cx_str comment)
{
    const struct request_row *row = &decision->run.request;
    CX_TRY(store_read(decision->request->core->store, check_early, decision));
    if (!decision->approve)
        return commit(decision, comment, write_rejection);
    if (row->kind == REQUEST_REVOKE)
        CX_TRY(revoke_prepare(&decision->run, &decision->record));
    else if (!row->server_key && row->approvals_given + 1 >= row->approvals_needed)
        CX_TRY(issuance_prepare(&decision->run));
    CX_TRY(commit(decision, comment, write_approval));
    follow_up(decision);
    return CX_OK;
}

cx_err approval_decide(struct api_request *request, const struct approval_ask *ask,
                       struct api_request_view *ret_view)
{
    struct decision *decision = NULL;
    CX_TRY(ARENA_NEW(request->arena, &decision));
    CX_TRY(prepare(request, ask, decision));
    cx_err err = decide(decision, ask->comment);
    access_principal_clear(&decision->delegator);
    CX_TRY(err);
    return request_show(request, ask->request_id, ret_view);
}
