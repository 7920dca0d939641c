#include "core/issuance/submit.h"
#include "core/api/api.h"
#include "core/approval/rule_store.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/request_view.h"

struct submitting {
    struct issuance *run;
    const struct submission *submission;
    struct row_request row;
    struct approval_plan plan;
    bool issue_now;
};

_Static_assert((int)APPROVAL_ISSUE == (int)REQUEST_ISSUE &&
                   (int)APPROVAL_RENEW == (int)REQUEST_RENEW &&
                   (int)APPROVAL_REPLACE == (int)REQUEST_REPLACE &&
                   (int)APPROVAL_REVOKE == (int)REQUEST_REVOKE,
               "the actions of rules begin with the kinds of requests");

struct planning {
    struct cx_id tenant_id;
    const struct submission *submission;
    cx_time now_us;
    struct arena *arena;
    struct approval_plan plan;
};

/* A key that the server makes leaves it with who collects it, so the rules about that are asked before. */
static bool hands_out_key(const struct submission *submission)
{
    return submission->kind != REQUEST_REVOKE && submission->decision &&
           submission->decision->server_key;
}

static cx_err find_plan(struct store_tx *tx, void *arg)
{
    struct planning *planning = arg;
    const struct submission *submission = planning->submission;
    struct access_place place = {.groups = &submission->group_id,
                                 .group_count = !cx_id_is_zero(submission->group_id),
                                 .tags = submission->tags,
                                 .tag_count = submission->tag_count};
    struct cx_str profile = submission->profile->name;
    struct approval_plan kind, export;
    CX_TRY(approval_plan_find(tx, planning->tenant_id, (enum approval_action)submission->kind,
                              profile, &place, submission->approvals_floor, planning->now_us,
                              planning->arena, &kind));
    planning->plan = kind;
    if (!hands_out_key(submission))
        return CX_OK;
    CX_TRY(approval_plan_find(tx, planning->tenant_id, APPROVAL_EXPORT, profile, &place, 0,
                              planning->now_us, planning->arena, &export));
    planning->plan = *approval_plan_stricter(&kind, &export);
    return CX_OK;
}

cx_err request_plan(struct core *core, struct cx_id tenant_id, const struct submission *submission,
                    cx_time now_us, struct arena *arena, struct approval_plan *ret_plan)
{
    struct planning planning = {
        .tenant_id = tenant_id, .submission = submission, .now_us = now_us, .arena = arena};
    if (!cx_id_is_zero(submission->requester_id))
        CX_TRY(store_read(core->store, find_plan, &planning));
    *ret_plan = planning.plan;
    return CX_OK;
}

static cx_err write_submission(struct store_tx *tx, void *arg)
{
    const struct submitting *submitting = arg;
    const struct submission *submission = submitting->submission;
    if (submission->kind != REQUEST_REVOKE)
        CX_TRY(issuance_check_blocks(tx, submitting->run));
    CX_TRY(row_request_insert(tx, &submitting->row));
    for (size_t i = 0; i < submission->tag_count; i++) {
        struct row_request_tag tag = {
            .tenant_id = submitting->row.tenant_id,
            .request_id = submitting->row.request_id,
            .name = submission->tags[i].name,
            .value = submission->tags[i].value,
        };
        CX_TRY(row_request_tag_insert(tx, &tag));
    }
    CX_TRY(approval_plan_insert(tx, submitting->row.tenant_id, submitting->row.request_id,
                                &submitting->plan));
    return submitting->issue_now ? issuance_insert_intent(tx, submitting->run) : CX_OK;
}

static enum request_state first_state(const struct submitting *submitting)
{
    if (approval_total(&submitting->plan.stages) > 0)
        return REQUEST_AWAITING_APPROVAL;
    return submitting->submission->decision->server_key ? REQUEST_AWAITING_COLLECTION
                                                        : REQUEST_APPROVED;
}

static struct cx_str key_source(const struct submission *submission)
{
    if (submission->kind == REQUEST_REVOKE)
        return CX_STR("none");
    return submission->decision->server_key ? CX_STR("server") : CX_STR("csr");
}

static cx_err fill_row(struct submitting *submitting)
{
    struct issuance *run = submitting->run;
    const struct submission *submission = submitting->submission;
    const struct policy_decision *decision = submission->decision;
    struct row_request *row = &submitting->row;
    struct cx_bytes body = CX_BYTES_NONE;
    *row = (struct row_request){
        .tenant_id = run->tenant_id,
        .kind = cx_str_from(request_kind_name(submission->kind)),
        .state = cx_str_from(request_state_name(first_state(submitting))),
        .has_requester_id = !cx_id_is_zero(submission->requester_id),
        .requester_id = submission->requester_id,
        .issuer_id = submission->issuer->issuer_id,
        .profile_name = submission->profile->name,
        .profile_version = submission->profile->version,
        .has_certificate_id = !cx_id_is_zero(submission->certificate_id),
        .certificate_id = submission->certificate_id,
        .has_group_id = !cx_id_is_zero(submission->group_id),
        .group_id = submission->group_id,
        .key_source = key_source(submission),
        .key_type = cx_str_from(pki_key_type_name(decision->key_type)),
        .validity_s = decision->validity_s,
        .revoke_reason = submission->revoke_reason,
        .approvals_needed = approval_total(&submitting->plan.stages),
        .created_us = run->now_us,
        .updated_us = run->now_us,
    };
    CX_TRY(cx_id_new_at(run->core->rng, run->now_us, &row->request_id));
    struct field_place body_place = {run->tenant_id, "request", "body", row->request_id};
    struct field_place comment_place = {run->tenant_id, "request", "comment", row->request_id};
    CX_TRY(issuance_body_write(&decision->body, run->arena, &body));
    CX_TRY(field_seal(run->core, body_place, body, run->arena, &row->body));
    row->has_comment = submission->comment.len > 0;
    if (row->has_comment)
        CX_TRY(field_seal_text(run->core, comment_place, submission->comment, run->arena,
                               &row->comment));
    return CX_OK;
}

/* What the row will read as, without reading it. */
static void fill_run(struct issuance *run, const struct submitting *submitting)
{
    const struct submission *submission = submitting->submission;
    run->request = (struct request_row){
        .request_id = submitting->row.request_id,
        .kind = submission->kind,
        .state = first_state(submitting),
        .requester_id = submission->requester_id,
        .issuer_id = submission->issuer->issuer_id,
        .profile_name = submission->profile->name,
        .profile_version = submission->profile->version,
        .certificate_id = submission->certificate_id,
        .group_id = submission->group_id,
        .server_key = submission->decision->server_key,
        .key_type = submission->decision->key_type,
        .validity_s = submission->decision->validity_s,
        .revoke_reason = submission->revoke_reason,
        .approvals_needed = approval_total(&submitting->plan.stages),
        .created_us = submitting->row.created_us,
        .updated_us = submitting->row.updated_us,
    };
    run->body = submission->decision->body;
    run->profile = submission->profile;
    run->issuer = submission->issuer;
}

cx_err request_submit(struct issuance *run, const struct submission *submission,
                      submit_commit commit, void *context, struct cx_bytes *ret_der)
{
    struct submitting submitting = {.run = run, .submission = submission};
    struct cx_id certificate_id;
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(request_plan(run->core, run->tenant_id, submission, run->now_us, run->arena,
                        &submitting.plan));
    CX_TRY(fill_row(&submitting));
    fill_run(run, &submitting);
    submitting.issue_now =
        run->request.state == REQUEST_APPROVED && submission->kind != REQUEST_REVOKE;
    if (submitting.issue_now) {
        /* Nobody else sees the row before its intent: it begins where the approved one would be moved to. */
        submitting.row.state = cx_str_from(request_state_name(REQUEST_ISSUING));
        CX_TRY(issuance_prepare(run));
    }
    struct field_detail details[] = {{"certificate_profile", submission->profile->name},
                                     {"kind", cx_str_from(request_kind_name(submission->kind))},
                                     {"comment", submission->comment}};
    struct audit_event event = {.tenant_id = run->tenant_id,
                                .object_type = CX_ID_REQUEST,
                                .object_id = submitting.row.request_id};
    CX_TRY(field_details(run->arena, details, 3, &event.details));
    CX_TRY(commit(context, &event, write_submission, &submitting));
    if (submitting.issue_now) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct cx_diag *outer = run->diag;
        run->diag = &diag;
        cx_err err = issuance_finish(run, &certificate_id, &der);
        run->diag = outer;
        if (err.code == CX_E_POLICY)
            return cx_refuse(outer, err, diag.field, diag.rule, "%s", diag.text);
        /* Anything else is the request's state: it is stored, and the worker goes on with it. */
    }
    if (ret_der)
        *ret_der = der;
    return CX_OK;
}

static cx_err commit_api(void *context, struct audit_event *event, store_fn fn, void *arg)
{
    return api_commit(context, event, fn, arg);
}

static struct issuance run_of(struct api_request *request)
{
    return (struct issuance){.core = request->core,
                             .arena = request->arena,
                             .diag = request->diag,
                             .tenant_id = request->principal.tenant_id,
                             .call_id = request->request_id,
                             .actor = &request->principal,
                             .now_us = request->now_us};
}

cx_err request_submit_api(struct api_request *request, const struct submission *submission,
                          struct cx_id *ret_request_id)
{
    struct issuance run = run_of(request);
    CX_TRY(request_submit(&run, submission, commit_api, request, NULL));
    *ret_request_id = run.request.request_id;
    return CX_OK;
}

cx_err request_submit_show(struct api_request *request, const struct submission *submission,
                           struct api_request_view *ret_view)
{
    struct issuance run = run_of(request);
    CX_TRY(request_submit(&run, submission, commit_api, request, NULL));
    /* Several tags: their order is the database's. Not issued: the state may have moved on. */
    if (run.request.state != REQUEST_DONE || submission->tag_count > 1)
        return request_show(request, run.request.request_id, ret_view);
    const struct request_open open = {.row = &run.request,
                                      .body = &run.body,
                                      .comment = submission->comment,
                                      .tags = submission->tags,
                                      .tag_count = submission->tag_count};
    return request_view_open(request, &open, ret_view);
}
