/*
 * route → authenticate → authorise → step-up → decode → handler → encode. The one way to a handler.
 */
#include "core/access/authenticate.h"
#include "core/access/guard.h"
#include "core/access/rights_cache.h"
#include "core/authentication/session.h"
#include "core/client_certificate/client_certificate.h"
#include "core/api/denials.h"
#include "core/api/encode.h"
#include "core/api/exchange.h"
#include "core/api/problem.h"
#include "core/api/reason.h"
#include "core/approval/policy_change.h"
#include "core/approval/proposal_view.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "codec/json_write.h"

enum { COMMIT_AGAIN_MAX = 5 };

static cx_err record_nothing(struct store_tx *tx, void *arg)
{
    (void)tx;
    (void)arg;
    return CX_OK; /* the entry itself is the record */
}

static struct audit_event denied_event(const struct api_exchange *exchange, struct cx_str details)
{
    const struct api_request *request = &exchange->request;
    struct audit_event event = {.action = request->operation->audit,
                                .outcome = AUDIT_DENIED,
                                .tenant_id = request->principal.tenant_id,
                                .actor = &request->principal,
                                .request_id = request->request_id,
                                .details = details};
    for (size_t i = 0; i < exchange->route.value_count; i++) {
        const struct api_path_value *value = &exchange->route.values[i];
        if (value->field->kind == API_ID &&
            cx_is_ok(cx_id_parse(value->field->id_type, value->text, &event.object_id)))
            event.object_type = value->field->id_type;
    }
    return event;
}

/* {"rule":…}, and how many like it went before untold. */
static cx_err denial_details(const struct api_exchange *exchange, int64_t earlier,
                             struct cx_buf *details)
{
    struct json_writer json = json_writer(details);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_text(&json, "rule", exchange->diag.rule));
    if (earlier)
        CX_TRY(json_write_i64(&json, "earlier", earlier));
    return json_end(&json);
}

static void record_denied(struct api_exchange *exchange, const char *action, int64_t earlier)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf details = CX_BUF_INIT(1024);
    cx_err err = denial_details(exchange, earlier, &details);
    if (cx_is_ok(err)) {
        struct audit_event event =
            denied_event(exchange, (struct cx_str){(const char *)details.ptr, details.len});
        event.action = action;
        err = audit_commit(exchange->core, &event, record_nothing, NULL);
    }
    if (cx_failed(err)) /* nothing was done, so there is nothing to take back */
        cx_log_err(CX_LOG_ERROR, err, "denial not recorded", "operation",
                   exchange->request.operation->name, NULL);
}

/* Who tried what without the right to: part of the evidence, so denials of changes are entries too. */
static void record_denial(struct api_exchange *exchange)
{
    const struct api_request *request = &exchange->request;
    if (request->principal.authenticated && request->operation && request->operation->mutating)
        record_denied(exchange, request->operation->audit, 0);
}

static bool names_object(const struct api_exchange *exchange)
{
    for (size_t i = 0; i < exchange->route.value_count; i++)
        if (exchange->route.values[i].field->kind == API_ID)
            return true;
    return false;
}

/* An object that is not there for this person: whether it is there at all is what they must not learn, and may be what
 * they tried to. Reading operations too; see denials.h for what keeps the log from filling. */
static void record_unreached(struct api_exchange *exchange)
{
    const struct api_request *request = &exchange->request;
    int64_t earlier = 0;
    if (!request->principal.authenticated || !request->operation || !names_object(exchange))
        return;
    if (denial_log_note(exchange->core->denials, request->principal.tenant_id,
                        request->principal.user_id, request->operation->name, request->now_us,
                        &earlier))
        record_denied(exchange,
                      request->operation->audit ? request->operation->audit : "object.unreached",
                      earlier);
}

static void log_failure(const struct api_exchange *exchange, cx_err err)
{
    char call_id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_CALL, exchange->request.request_id, call_id);
    cx_log_err(api_problem_kind(err)->detailed ? CX_LOG_DEBUG : CX_LOG_ERROR, err, "call failed",
               "call", call_id, "operation",
               exchange->request.operation ? exchange->request.operation->name : "", "rule",
               exchange->diag.rule, "text", exchange->diag.text, NULL);
}

static enum api_problem_types problem_types(struct cx_str target)
{
    if (cx_str_starts(target, CX_STR("/acme/")))
        return API_PROBLEM_ACME;
    return cx_str_starts(target, CX_STR("/scim/")) ? API_PROBLEM_SCIM : API_PROBLEM_OWN;
}

void api_exchange_refuse(struct api_exchange *exchange, cx_err err, uint16_t status)
{
    if (exchange->answered)
        return;
    log_failure(exchange, err);
    if (err.code == CX_E_DENIED)
        record_denial(exchange);
    if (err.code == CX_E_NOTFOUND)
        record_unreached(exchange);
    const struct api_problem_kind *kind = api_problem_kind(err);
    enum api_problem_types types = problem_types(exchange->head.target);
    cx_buf_reset(&exchange->text);
    exchange->answered = true;
    exchange->answer.raw = NULL;
    exchange->answer.status = api_problem_status(err, status, types);
    exchange->answer.content_type = api_problem_content_type(types);
    exchange->answer.retry_after_s =
        exchange->request.retry_after_s ? exchange->request.retry_after_s : kind->retry_after_s;
    if (cx_failed(api_problem_write(err, status, types, &exchange->diag,
                                    exchange->request.request_id, &exchange->text)))
        cx_buf_reset(&exchange->text); /* no memory: the status alone must do */
    exchange->answer.body = cx_buf_view(&exchange->text);
}

void api_exchange_init(struct api_exchange *exchange, struct core *core,
                       const struct api_table *table, const struct api_head *head)
{
    *exchange = (struct api_exchange){.core = core,
                                      .table = table,
                                      .head = *head,
                                      .arena = ARENA_INIT(API_ARENA_MAX),
                                      .text = CX_BUF_INIT(API_ANSWER_MAX)};
    exchange->request = (struct api_request){.core = core,
                                             .arena = &exchange->arena,
                                             .diag = &exchange->diag,
                                             .now_us = cx_now(core->clock),
                                             .source_address = head->source_address,
                                             .client_certificate = head->client_certificate,
                                             .cookies = head->cookies,
                                             .origin = head->origin,
                                             .signature = head->signature,
                                             .from_gate = head->from_gate};
}

void api_exchange_clear(struct api_exchange *exchange)
{
    access_principal_clear(&exchange->request.principal);
    cx_buf_clear(&exchange->text);
    arena_clear(&exchange->arena);
}

static cx_err find_operation(struct api_exchange *exchange)
{
    struct cx_str target = exchange->head.target;
    size_t length = 0;
    while (length < target.len && target.ptr[length] != '?')
        length++;
    if (length < target.len)
        exchange->query = (struct cx_str){target.ptr + length + 1, target.len - length - 1};
    CX_TRY(cx_str_view(cx_str_bytes(target), &target));
    CX_TRY(api_route_find(exchange->table->operations, exchange->table->count,
                          exchange->head.method, (struct cx_str){target.ptr, length},
                          &exchange->arena, &exchange->diag, &exchange->answer.allow,
                          &exchange->route));
    exchange->request.operation = exchange->route.operation;
    CX_TRY(cx_str_view(cx_str_bytes(exchange->head.target), &exchange->request.target));
    exchange->request.head_only = cx_str_is(exchange->head.method, "HEAD");
    return CX_OK;
}

static cx_err authenticate(struct api_exchange *exchange)
{
    struct api_request *request = &exchange->request;
    const struct session_head head = {.authorization = exchange->head.authorization,
                                      .cookies = exchange->head.cookies,
                                      .origin = exchange->head.origin,
                                      .mutating = request->operation->mutating};
    if (client_certificate_claimed(exchange->head.authorization))
        return client_certificate_authenticate(request, exchange->head.authorization,
                                               &request->principal);
    if (session_claimed(&head))
        return session_authenticate(exchange->core, &head, request->now_us, &exchange->diag,
                                    &request->principal);
    return access_authenticate(exchange->core, exchange->head.authorization, request->now_us,
                               &exchange->diag, &request->principal);
}

static cx_err check_caller(struct api_exchange *exchange)
{
    struct api_request *request = &exchange->request;
    const struct api_operation *operation = request->operation;
    if (operation->anonymous)
        return CX_OK;
    CX_TRY(authenticate(exchange));
    request->permission = operation->permission;
    if (operation->permission != PERMISSION_ME_READ) /* whoever is somebody may know who */
        CX_TRY(authorise(&request->principal, operation->permission, NULL, &exchange->diag));
    return session_check_step_up(&request->principal, operation, request->now_us, &exchange->diag);
}

void api_exchange_start(struct api_exchange *exchange)
{
    cx_err err = cx_id_new(exchange->core->rng, &exchange->request.request_id);
    if (cx_is_ok(err))
        err = find_operation(exchange);
    if (cx_failed(err)) {
        api_exchange_refuse(exchange, err, err.code == CX_E_USAGE ? 405 : 0);
        return;
    }
    err = check_caller(exchange);
    if (cx_failed(err))
        api_exchange_refuse(exchange, err, 0);
}

size_t api_exchange_body_max(const struct api_exchange *exchange)
{
    return exchange->request.operation ? exchange->request.operation->body_max : 0;
}

static cx_err decode_body(struct api_exchange *exchange, struct cx_bytes body, void *in,
                          json_t **ret_root)
{
    const struct api_operation *operation = exchange->request.operation;
    const struct api_schema *schema = operation->in;
    if (operation->body_max == 0) {
        if (body.len > 0)
            return cx_refuse(&exchange->diag, CX_ERR(PARSE), "", "body-not-allowed",
                             "This operation takes no body.");
        return CX_OK;
    }
    if (!operation->raw_request)
        return api_decode_body(schema, body, operation->body_max, &exchange->arena, &exchange->diag,
                               in, ret_root);
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].kind == API_BODY)
            *(struct cx_bytes *)((uint8_t *)in + schema->fields[i].offset) = body;
    return CX_OK;
}

/* want: one media type, or several with ", " between. */
static bool is_one_of(struct cx_str content_type, const char *want)
{
    char type[64];
    for (;;) {
        size_t len = strcspn(want, ",");
        if (len < sizeof(type)) {
            memcpy(type, want, len);
            type[len] = '\0';
            if (http_media_type_is(content_type, type))
                return true;
        }
        if (want[len] == '\0')
            return false;
        want += len + 2;
    }
}

static cx_err check_content_type(struct api_exchange *exchange)
{
    const struct api_operation *operation = exchange->request.operation;
    const char *want = operation->raw_request ? operation->raw_request : "application/json";
    if (operation->body_max == 0 || is_one_of(exchange->head.content_type, want))
        return CX_OK;
    return cx_refuse(&exchange->diag, CX_ERR(PARSE), "", "content-type",
                     "Send the body as Content-Type: %s.", want);
}

static cx_err encode(struct api_exchange *exchange, const void *out)
{
    const struct api_operation *operation = exchange->request.operation;
    struct api_answer *answer = &exchange->answer;
    answer->status = operation->status;
    if (operation->raw_response) {
        const struct api_raw *raw = out;
        if (!raw->content_type)
            return CX_ERR(INTERNAL);
        answer->raw = raw;
        answer->content_type = raw->content_type;
        answer->body = raw->body;
        if (raw->status)
            answer->status = raw->status;
        return CX_OK;
    }
    CX_TRY(api_encode(operation->out, out, &exchange->text));
    answer->content_type = "application/json";
    answer->body = cx_buf_view(&exchange->text);
    return CX_OK;
}

/* 202: nothing was done yet, and this is what waits. */
static cx_err encode_proposal(struct api_exchange *exchange)
{
    struct api_request *request = &exchange->request;
    struct api_answer *answer = &exchange->answer;
    struct api_proposal_view view;
    CX_TRY(proposal_show(request, request->proposal_id, &view));
    CX_TRY(api_encode(&api_schema_proposal_view, &view, &exchange->text));
    answer->status = 202;
    answer->content_type = "application/json";
    answer->body = cx_buf_view(&exchange->text);
    return CX_OK;
}

static cx_err call_handler(struct api_exchange *exchange, struct cx_bytes body)
{
    const struct api_operation *operation = exchange->request.operation;
    const struct api_handler *handler = &exchange->table->handlers[exchange->route.index];
    json_auto_t *root = NULL;
    void *in = NULL, *out = NULL;
    CX_TRY(arena_alloc(&exchange->arena, operation->in->size, &in));
    CX_TRY(arena_alloc(&exchange->arena, handler->out_size, &out));
    CX_TRY(api_reason_read(exchange->head.reason, &exchange->arena, &exchange->diag,
                           &exchange->request.reason));
    CX_TRY(
        api_decode_path(exchange->route.values, exchange->route.value_count, &exchange->diag, in));
    if (!operation->raw_query)
        CX_TRY(api_decode_query(operation->in, exchange->query, &exchange->arena, &exchange->diag,
                                in));
    CX_TRY(decode_body(exchange, body, in, &root));
    exchange->request.body = body;
    exchange->request.in = in;
    cx_err err = handler->call(&exchange->request, in, out);
    if (!cx_id_is_zero(exchange->request.proposal_id))
        return encode_proposal(exchange);
    CX_TRY(err);
    return encode(exchange, out);
}

void api_exchange_finish(struct api_exchange *exchange, struct cx_bytes body)
{
    if (exchange->answered)
        return;
    cx_err err = check_content_type(exchange);
    if (cx_failed(err)) {
        api_exchange_refuse(exchange, err, 415);
        return;
    }
    err = call_handler(exchange, body);
    if (cx_failed(err))
        api_exchange_refuse(exchange, err, exchange->request.refuse_status);
    exchange->answered = true;
}

struct guarded {
    struct api_request *request;
    store_fn fn;
    void *arg;
    bool stale; /* the rights are of an older generation than this transaction's */
    struct policy_trial trial;
};

static cx_err run_guarded(struct store_tx *tx, void *arg)
{
    struct guarded *guarded = arg;
    const struct principal *principal = &guarded->request->principal;
    bool holds = true;
    guarded->stale = false;
    guarded->trial = (struct policy_trial){.waits = false};
    if (principal->authenticated)
        CX_TRY(access_guard(tx, principal, &holds));
    guarded->stale = !holds;
    if (!holds)
        return CX_ERR(BUSY);
    return guarded->request->operation->policy
               ? policy_change_run(tx, guarded->request, guarded->fn, guarded->arg, &guarded->trial)
               : guarded->fn(tx, guarded->arg);
}

/* Somebody changed who may do what while this call was on its way: it is judged again by what is in force now. */
static cx_err judge_again(struct api_request *request)
{
    CX_TRY(access_principal_reload(request->core, request->now_us, &request->principal));
    return authorise(&request->principal, request->permission, NULL, request->diag);
}

/* The entry of a change that others agreed on says which proposal it was. */
static cx_err add_proposal(struct api_request *request, struct audit_event *event)
{
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_PROPOSAL, request->agreed->row.proposal_id, id);
    return api_detail_add(event->details, "proposal", cx_str_from(id), request->arena,
                          &event->details);
}

cx_err api_commit(struct api_request *request, struct audit_event *event, store_fn fn, void *arg)
{
    struct guarded guarded = {.request = request, .fn = fn, .arg = arg};
    if (!request->operation || !request->operation->audit)
        return CX_ERR(
            INTERNAL); /* a reading operation that writes: the contract must say so first */
    event->action = request->operation->audit;
    event->request_id = request->request_id;
    CX_TRY(api_reason_add(event->details, request->reason, request->arena, &event->details));
    if (request->agreed)
        CX_TRY(add_proposal(request, event));
    if (request->principal.authenticated) {
        event->actor = &request->principal;
        event->tenant_id = request->principal.tenant_id;
    }
    cx_err err = audit_commit(request->core, event, run_guarded, &guarded);
    for (int again = 0; cx_failed(err) && guarded.stale && again < COMMIT_AGAIN_MAX; again++) {
        CX_TRY(judge_again(request));
        err = audit_commit(request->core, event, run_guarded, &guarded);
    }
    if (err.code == CX_E_BUSY && guarded.trial.waits)
        return policy_change_propose(request, &guarded.trial);
    if (cx_is_ok(err) && request->agreed)
        request->agreed->done = true;
    return err;
}
