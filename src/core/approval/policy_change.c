#include "core/approval/policy_change.h"
#include "api_types.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "codec/json_write.h"
#include "core/access/guard.h"
#include "core/api/api.h"
#include "core/approval/proposal.h"
#include "core/change/change.h"
#include "core/field.h"

enum { CALL_TEXT_MAX = 1024 * 1024 };

const struct api_operation *policy_operation(struct cx_str name)
{
    for (size_t i = 0; i < API_OP_COUNT; i++)
        if (api_operations[i].policy && cx_str_is(name, api_operations[i].name))
            return &api_operations[i];
    return NULL;
}

cx_err policy_change_plan(struct store_tx *tx, struct cx_id tenant_id, struct cx_str object,
                          struct cx_str name, cx_time now_us, struct arena *arena,
                          struct approval_plan *ret_plan)
{
    struct approval_plan whole, named;
    struct cx_str subject = CX_STR_NONE;
    CX_TRY(approval_plan_find(tx, tenant_id, APPROVAL_POLICY_CHANGE, object, NULL, 0, now_us, arena,
                              &whole));
    named = whole;
    if (name.len) {
        CX_TRY(arena_printf(arena, &subject, "%.*s/%.*s", CX_STR_ARG(object), CX_STR_ARG(name)));
        CX_TRY(approval_plan_find(tx, tenant_id, APPROVAL_POLICY_CHANGE, subject, NULL, 0, now_us,
                                  arena, &named));
    }
    *ret_plan = *approval_plan_stricter(&named, &whole);
    return CX_OK;
}

/* Text inputs of the call that has been decoded; "" when it has none of this name. */
static struct cx_str text_input(const struct api_request *request, const char *name)
{
    const struct api_schema *schema = request->operation->in;
    const uint8_t *in = request->in;
    for (size_t i = 0; name && i < schema->field_count; i++) {
        const struct api_field *field = &schema->fields[i];
        if (field->kind == API_TEXT && cx_str_is(cx_str_from(name), field->name))
            return *(const struct cx_str *)(const void *)(in + field->offset);
    }
    return CX_STR("");
}

static struct cx_str policy_name(const struct api_request *request)
{
    return text_input(request, request->operation->policy_name);
}

/* "name/3" of a certificate profile is an object of its own, and takes the place of "name/2". */
static cx_err base_of(const struct proposal_effect *effect, struct arena *arena,
                      struct cx_str *ret_key)
{
    const char *slash = memrchr(effect->key.ptr, '/', effect->key.len);
    int64_t version = 0;
    *ret_key = effect->key;
    if (!slash || !cx_str_is(effect->object, change_object_name(CHANGE_PROFILE)))
        return CX_OK;
    size_t name_len = (size_t)(slash - effect->key.ptr);
    struct cx_str number = {slash + 1, effect->key.len - name_len - 1};
    CX_TRY(cx_parse_i64(number, 1, INT64_MAX, &version));
    return arena_printf(arena, ret_key, "%.*s/%lld", (int)name_len, effect->key.ptr,
                        (long long)version - 1);
}

/* The versions that the transaction has noted so far. */
static cx_err read_effects(struct store_tx *tx, const struct change_tie *tie, struct arena *arena,
                           struct policy_trial *trial)
{
    struct store_stmt *q = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, PROPOSAL_EFFECTS_MAX, &trial->effects));
    CX_TRY(store_prepare(tx,
                         "SELECT object, object_key, version, content FROM state_change "
                         "WHERE tenant_id = $1 AND entry_id = $2 ORDER BY position LIMIT $3",
                         &q));
    store_bind_id(q, 1, tie->tenant_id);
    store_bind_id(q, 2, tie->entry_id);
    store_bind_int(q, 3, PROPOSAL_EFFECTS_MAX + 1);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        if (trial->effect_count == PROPOSAL_EFFECTS_MAX)
            return CX_ERR(LIMIT);
        struct proposal_effect *effect = &trial->effects[trial->effect_count++];
        *effect = (struct proposal_effect){.base_version = store_col_int(q, 2) - 1};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &effect->object));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &effect->key));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &effect->content));
        CX_TRY(base_of(effect, arena, &effect->base_key));
    }
}

/* Before the change itself: whether who approves may, and what rests on what. */
static cx_err run_decision(struct store_tx *tx, struct policy_agreed *agreed)
{
    bool holds = true;
    CX_TRY(access_guard(tx, &agreed->request->principal, &holds));
    agreed->outdated = !holds;
    if (!holds)
        return CX_ERR(BUSY);
    CX_TRY(agreed->write(tx, agreed->arg));
    return audit_append(tx, agreed->event, agreed->entry);
}

static cx_err run_agreed(struct store_tx *tx, struct policy_agreed *agreed, store_fn fn, void *arg)
{
    agreed->refusal = run_decision(tx, agreed);
    CX_TRY(agreed->refusal);
    return fn(tx, arg);
}

cx_err policy_change_run(struct store_tx *tx, struct api_request *request, store_fn fn, void *arg,
                         struct policy_trial *ret_trial)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct cx_str object = cx_str_from(request->operation->policy);
    struct policy_trial trial = {.waits = false};
    *ret_trial = trial;
    if (request->agreed)
        return run_agreed(tx, request->agreed, fn, arg);
    CX_TRY(policy_change_plan(tx, tenant_id, object, policy_name(request), request->now_us,
                              request->arena, &trial.plan));
    trial.waits = approval_total(&trial.plan.stages) > 0;
    CX_TRY(fn(tx, arg));
    if (!trial.waits)
        return CX_OK;
    const struct change_tie *tie = store_tx_attached(tx);
    CX_TRY(read_effects(tx, tie, request->arena, &trial));
    *ret_trial = trial;
    return CX_ERR(BUSY);
}

struct proposing {
    struct api_request *request;
    const struct policy_trial *trial;
    struct row_proposal row;
};

static cx_err seal_call(struct proposing *proposing, struct cx_str reason)
{
    const struct api_request *request = proposing->request;
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CALL_TEXT_MAX);
    struct json_writer json = json_writer(&text);
    struct cx_str body;
    CX_TRY(cx_str_view(request->body, &body));
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_str(&json, "target", request->target));
    CX_TRY(json_write_str(&json, "body", body));
    CX_TRY(json_write_str(&json, "reason", reason));
    CX_TRY(json_end(&json));
    struct field_place place = {proposing->row.tenant_id, "proposal", "request",
                                proposing->row.proposal_id};
    cx_err err = field_seal(request->core, place, cx_buf_view(&text), request->arena,
                            &proposing->row.request);
    cx_wipe(text.ptr, text.len); /* it may hold a client's secret */
    return err;
}

static cx_err fill(struct proposing *proposing, struct cx_str reason)
{
    struct api_request *request = proposing->request;
    struct row_proposal *row = &proposing->row;
    const struct proposal_draft draft = {.kind = PROPOSAL_POLICY_CHANGE,
                                         .requester_id = request->principal.user_id,
                                         .reason = reason,
                                         .now_us = request->now_us};
    CX_TRY(
        proposal_prepare(request->core, request->principal.tenant_id, &draft, request->arena, row));
    row->target_id = row->proposal_id;
    row->has_object = row->has_operation = row->has_request = true;
    row->object = cx_str_from(request->operation->policy);
    row->object_name = policy_name(request);
    row->has_object_name = row->object_name.len > 0;
    row->operation = cx_str_from(request->operation->name);
    return seal_call(proposing, reason);
}

static cx_err write_proposal(struct store_tx *tx, void *arg)
{
    struct proposing *proposing = arg;
    CX_TRY(proposal_insert(tx, &proposing->row, &proposing->trial->plan));
    for (size_t i = 0; i < proposing->trial->effect_count; i++) {
        const struct proposal_effect *effect = &proposing->trial->effects[i];
        const struct row_proposal_effect row = {.tenant_id = proposing->row.tenant_id,
                                                .proposal_id = proposing->row.proposal_id,
                                                .position = (int64_t)i,
                                                .object = effect->object,
                                                .object_key = effect->key,
                                                .base_key = effect->base_key,
                                                .base_version = effect->base_version,
                                                .content = effect->content};
        CX_TRY(row_proposal_effect_insert(tx, &row));
    }
    return CX_OK;
}

/* Nothing is left to the handler but to unwind: the dispatcher answers 202 where proposal_id is set. */
cx_err policy_change_propose(struct api_request *request, const struct policy_trial *trial)
{
    struct proposing proposing = {.request = request, .trial = trial};
    struct cx_str reason = text_input(request, "reason");
    if (request->reason.len)
        reason = request->reason;
    CX_TRY(fill(&proposing, reason.ptr ? reason : CX_STR("")));
    struct audit_event event = {.action = "policy.propose",
                                .tenant_id = request->principal.tenant_id,
                                .actor = &request->principal,
                                .request_id = request->request_id,
                                .object_type = CX_ID_PROPOSAL,
                                .object_id = proposing.row.proposal_id};
    const struct field_detail details[] = {
        {"operation", proposing.row.operation},
        {"object", proposing.row.object},
        {"object_name", proposing.row.has_object_name ? proposing.row.object_name : CX_STR_NONE},
        {"reason", reason.len ? reason : CX_STR_NONE}};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    CX_TRY(audit_commit(request->core, &event, write_proposal, &proposing));
    request->proposal_id = proposing.row.proposal_id;
    return CX_ERR(BUSY);
}
