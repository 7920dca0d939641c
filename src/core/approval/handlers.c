/*
 * approve and reject. What the last approval sets off is prepared before the transaction (template, intent, sealed
 * fields), so that decision, transition and intent commit together; whether it is the last one is decided inside,
 * by compare-and-set on the number of approvals.
 */
#include "api_routes.h"
#include "core/access/access_store.h"
#include "core/access/place.h"
#include "core/approval/approval.h"
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

/* Whether the persons who decide are independent of each other: docs/design/070-enrolled-by.md. */
static cx_err find_tie(struct store_tx *tx, const struct decision *decision,
                       const struct request_row *now, enum access_tie *ret_tie)
{
    struct api_request *request = decision->request;
    struct cx_id tenant_id = request->principal.tenant_id, me = request->principal.user_id;
    struct approval_found *before = NULL;
    enum access_tie tie = ACCESS_TIE_NONE;
    size_t count = 0;
    CX_TRY(access_tie_find(tx, tenant_id, now->requester_id, me, &tie));
    if (tie == ACCESS_TIE_NONE && now->approvals_given > 0) {
        CX_TRY(ARENA_NEW_ARRAY(request->arena, REQUEST_APPROVALS_MAX, &before));
        CX_TRY(request_approvals(tx, tenant_id, now->request_id, request->arena, before, &count));
    }
    for (size_t i = 0; i < count && tie == ACCESS_TIE_NONE; i++) {
        CX_TRY(access_tie_find(tx, tenant_id, before[i].approver_id, me, &tie));
        if (tie != ACCESS_TIE_NONE)
            tie = ACCESS_TIE_APPROVERS;
    }
    *ret_tie = tie;
    return CX_OK;
}

/* The row as it is in this transaction, and the right to decide on it. */
static cx_err check(struct store_tx *tx, struct decision *decision, struct request_row *ret_now)
{
    struct api_request *request = decision->request;
    enum permission permission =
        decision->approve ? PERMISSION_REQUEST_APPROVE : PERMISSION_REQUEST_REJECT;
    CX_TRY(request_find(tx, request->principal.tenant_id, decision->row.request_id, request->arena,
                        ret_now));
    struct access_object duties = {.requester_id = ret_now->requester_id};
    if (decision->approve)
        CX_TRY(find_tie(tx, decision, ret_now, &duties.tie));
    cx_err err = access_check_request(tx, &request->principal, permission, ret_now->request_id,
                                      &duties, request->arena, request->diag);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    if (ret_now->state != REQUEST_AWAITING_APPROVAL)
        return refuse_state(request->diag);
    return CX_OK;
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
static cx_err prepare(struct api_request *request, struct cx_id request_id, struct cx_str comment,
                      bool approve, struct decision *decision)
{
    const struct principal *me = &request->principal;
    *decision = (struct decision){.request = request, .approve = approve};
    decision->run = (struct issuance){.core = request->core,
                                      .arena = request->arena,
                                      .diag = request->diag,
                                      .tenant_id = me->tenant_id,
                                      .call_id = request->request_id,
                                      .actor = me,
                                      .now_us = request->now_us};
    cx_err err = issuance_load(&decision->run, request_id);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    decision->row = (struct row_approval){
        .tenant_id = me->tenant_id,
        .request_id = request_id,
        .approver_id = me->user_id,
        .decision = approve ? CX_STR("approve") : CX_STR("reject"),
        .decided_us = request->now_us,
    };
    return approval_comment_seal(request->core, me->tenant_id, request_id, me->user_id, comment,
                                 request->arena, &decision->row.comment);
}

static cx_err commit(struct decision *decision, struct cx_str comment, store_fn fn)
{
    struct api_request *request = decision->request;
    struct cx_str kind = cx_str_from(request_kind_name(decision->run.request.kind));
    struct field_detail details[] = {{"comment", comment}, {"kind", kind}};
    struct audit_event event = {.object_type = CX_ID_REQUEST,
                                .object_id = decision->row.request_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    return api_commit(request, &event, fn, decision);
}

/* Who may not decide, or comes too late, is told so before anything is prepared. */
static cx_err check_early(struct store_tx *tx, void *arg)
{
    const struct decision *decision = arg;
    struct api_request *request = decision->request;
    const struct request_row *row = &decision->run.request;
    struct access_object duties = {.requester_id = row->requester_id};
    cx_err err = access_check_request(tx, &request->principal,
                                      decision->approve ? PERMISSION_REQUEST_APPROVE
                                                        : PERMISSION_REQUEST_REJECT,
                                      row->request_id, &duties, request->arena, request->diag);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return row->state == REQUEST_AWAITING_APPROVAL ? CX_OK : refuse_state(request->diag);
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

cx_err handle_request_approve(struct api_request *request, const struct api_request_approve_in *in,
                              struct api_request_approve_out *ret_out)
{
    struct decision *decision = NULL;
    CX_TRY(ARENA_NEW(request->arena, &decision));
    CX_TRY(prepare(request, in->request_id, in->comment, true, decision));
    CX_TRY(store_read(request->core->store, check_early, decision));
    const struct request_row *row = &decision->run.request;
    if (row->kind == REQUEST_REVOKE)
        CX_TRY(revoke_prepare(&decision->run, &decision->record));
    else if (!row->server_key && row->approvals_given + 1 >= row->approvals_needed)
        CX_TRY(issuance_prepare(&decision->run));
    CX_TRY(commit(decision, in->comment, write_approval));
    follow_up(decision);
    return request_show(request, in->request_id, &ret_out->body);
}

cx_err handle_request_reject(struct api_request *request, const struct api_request_reject_in *in,
                             struct api_request_reject_out *ret_out)
{
    struct decision *decision = NULL;
    CX_TRY(ARENA_NEW(request->arena, &decision));
    CX_TRY(prepare(request, in->request_id, in->comment, false, decision));
    CX_TRY(store_read(request->core->store, check_early, decision));
    CX_TRY(commit(decision, in->comment, write_rejection));
    return request_show(request, in->request_id, &ret_out->body);
}
