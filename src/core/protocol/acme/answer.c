/* Answers and problem documents: RFC 8555 §6.7, RFC 9457. */
#include "base/cleanup.h"
#include "base/log.h"
#include "codec/json_write.h"
#include "core/api/problem.h"
#include "core/protocol/acme/acme.h"
#include "core/protocol/acme/identifier.h"
#include "core/protocol/acme/nonce.h"

#include <stdarg.h>
#include <stdio.h>

enum { PROBLEM_MAX = 128 * 1024, HEADER_MAX = 1024 };

static const struct {
    uint16_t status;
    const char *type;
} errors[ACME_ERROR_COUNT] = {
    [ACME_ACCOUNT_DOES_NOT_EXIST] = {400, "accountDoesNotExist"},
    [ACME_ALREADY_REPLACED] = {409, "alreadyReplaced"},
    [ACME_ALREADY_REVOKED] = {400, "alreadyRevoked"},
    [ACME_BAD_CSR] = {400, "badCSR"},
    [ACME_BAD_NONCE] = {400, "badNonce"},
    [ACME_BAD_PUBLIC_KEY] = {400, "badPublicKey"},
    [ACME_BAD_REVOCATION_REASON] = {400, "badRevocationReason"},
    [ACME_BAD_SIGNATURE_ALGORITHM] = {400, "badSignatureAlgorithm"},
    [ACME_CAA] = {403, "caa"},
    [ACME_CONFLICT] = {409, "malformed"},
    [ACME_EXTERNAL_ACCOUNT_REQUIRED] = {403, "externalAccountRequired"},
    [ACME_INVALID_CONTACT] = {400, "invalidContact"},
    [ACME_INVALID_PROFILE] = {400, "invalidProfile"},
    [ACME_MALFORMED] = {400, "malformed"},
    [ACME_NOT_FOUND] = {404, "malformed"},
    [ACME_ORDER_NOT_READY] = {403, "orderNotReady"},
    [ACME_RATE_LIMITED] = {429, "rateLimited"},
    [ACME_REJECTED_IDENTIFIER] = {403, "rejectedIdentifier"},
    [ACME_SERVER_INTERNAL] = {500, "serverInternal"},
    [ACME_UNAUTHORIZED] = {403, "unauthorized"},
    [ACME_UNAUTHORIZED_ACCOUNT] = {401, "unauthorized"},
    [ACME_UNSUPPORTED_CONTACT] = {400, "unsupportedContact"},
    [ACME_UNSUPPORTED_IDENTIFIER] = {400, "unsupportedIdentifier"},
    [ACME_USER_ACTION_REQUIRED] = {403, "userActionRequired"},
};

const char *acme_error_type(enum acme_error error)
{
    return errors[error].type;
}

cx_err acme_refuse(struct acme_call *call, enum acme_error error, const char *rule,
                   const char *format, ...)
{
    char text[DIAG_TEXT_MAX];
    va_list args;
    if (call->refused)
        return CX_ERR(POLICY);
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    *call->request->diag = CX_DIAG_INIT;
    call->refused = true;
    call->error = error;
    return cx_refuse(call->request->diag, CX_ERR(POLICY), "", rule, "%s", text);
}

cx_err acme_refuse_as(struct acme_call *call, enum acme_error error, cx_err err)
{
    if (cx_is_ok(err) || call->refused || !api_problem_kind(err)->detailed || err.code == CX_E_BUSY)
        return err;
    if (err.code == CX_E_DENIED)
        error = ACME_UNAUTHORIZED;
    call->refused = true;
    call->error = error;
    return err.code == CX_E_DENIED ? err : CX_ERR(POLICY);
}

cx_err acme_refuse_jws(struct acme_call *call, cx_err err)
{
    enum acme_error error = ACME_MALFORMED;
    if (err.code == CX_E_POLICY)
        error = cx_str_is(cx_str_from(call->request->diag->rule), "jws-alg")
                    ? ACME_BAD_SIGNATURE_ALGORITHM
                    : ACME_BAD_PUBLIC_KEY;
    return acme_refuse_as(call, error, err);
}

void acme_forget_refusal(struct acme_call *call)
{
    call->refused = false;
    call->retry_after_s = 0;
    call->subproblems = NULL;
    call->subproblem_count = 0;
    *call->request->diag = CX_DIAG_INIT;
}

cx_err acme_header(struct acme_call *call, const char *name, struct cx_str value)
{
    if (call->raw->header_count == API_HEADERS_MAX)
        return CX_ERR(LIMIT);
    call->raw->headers[call->raw->header_count++] = (struct api_header){name, value};
    return CX_OK;
}

cx_err acme_retry_after(struct acme_call *call, int64_t seconds)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(
        arena_printf(call->request->arena, &text, "%lld", (long long)(seconds > 0 ? seconds : 1)));
    return acme_header(call, "Retry-After", text);
}

cx_err acme_link(struct acme_call *call, struct cx_str url, const char *rel)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(arena_printf(call->request->arena, &text, "<%.*s>;rel=\"%s\"", CX_STR_ARG(url), rel));
    return acme_header(call, "Link", text);
}

cx_err acme_answer_json(struct acme_call *call, uint16_t status, const struct cx_buf *body)
{
    call->raw->status = status;
    call->raw->content_type = "application/json";
    return arena_copy(call->request->arena, cx_buf_view(body), &call->raw->body);
}

static cx_err write_type(struct json_writer *json, enum acme_error error)
{
    char type[80];
    snprintf(type, sizeof(type), "urn:ietf:params:acme:error:%s", errors[error].type);
    return json_write_text(json, "type", type);
}

static cx_err write_subproblems(struct acme_call *call, struct json_writer *json)
{
    if (call->subproblem_count == 0)
        return CX_OK;
    CX_TRY(json_begin_array(json, "subproblems"));
    for (size_t i = 0; i < call->subproblem_count; i++) {
        const struct acme_subproblem *sub = &call->subproblems[i];
        CX_TRY(json_begin_object(json, NULL));
        CX_TRY(write_type(json, sub->error));
        CX_TRY(json_write_text(json, "detail", sub->text));
        CX_TRY(acme_identifier_write(json, "identifier", &sub->name, call->request->arena));
        CX_TRY(json_end(json));
    }
    return json_end(json);
}

/* RFC 8555 §6.2: the algorithms that are supported come with the refusal of one that is not. */
static cx_err write_algorithms(struct json_writer *json)
{
    CX_TRY(json_begin_array(json, "algorithms"));
    for (int i = 0; i < JWS_HS256; i++)
        CX_TRY(json_write_text(json, NULL, jws_algorithm_name((enum jws_algorithm)i)));
    return json_end(json);
}

static cx_err write_problem(struct acme_call *call, uint16_t status, struct cx_buf *out)
{
    const struct cx_diag *diag = call->request->diag;
    bool told = call->refused && diag->text[0];
    struct json_writer json = json_writer(out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(write_type(&json, call->error));
    CX_TRY(json_write_text(&json, "detail",
                           told ? diag->text : "The request could not be completed. Try again."));
    CX_TRY(json_write_i64(&json, "status", status));
    if (told && diag->field[0])
        CX_TRY(json_write_text(&json, "field", diag->field));
    if (told && diag->rule[0])
        CX_TRY(json_write_text(&json, "rule", diag->rule));
    if (call->error == ACME_BAD_SIGNATURE_ALGORITHM)
        CX_TRY(write_algorithms(&json));
    CX_TRY(write_subproblems(call, &json));
    CX_TRY(json_write_id(&json, "request_id", CX_ID_CALL, call->request->request_id));
    return json_end(&json);
}

static cx_err record_nothing(struct store_tx *tx, void *arg)
{
    (void)tx;
    (void)arg;
    return CX_OK;
}

/* Who tried to change what without the right to is an entry, as at the dispatcher. */
static void record_denial(struct acme_call *call)
{
    const struct api_request *request = call->request;
    struct audit_event event = {.action = request->operation->audit,
                                .outcome = AUDIT_DENIED,
                                .tenant_id = request->principal.tenant_id,
                                .actor = &request->principal,
                                .request_id = request->request_id,
                                .object_type = CX_ID_ACME_ACCOUNT,
                                .object_id = call->account.account_id};
    if (!request->principal.authenticated || !request->operation->mutating)
        return;
    cx_err err = audit_commit(request->core, &event, record_nothing, NULL);
    if (cx_failed(err))
        cx_log_err(CX_LOG_ERROR, err, "denial not recorded", "operation", request->operation->name,
                   NULL);
}

static cx_err answer_problem(struct acme_call *call, cx_err err)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(PROBLEM_MAX);
    struct api_raw *raw = call->raw;
    const struct api_problem_kind *kind = api_problem_kind(err);
    if (err.code == CX_E_DENIED)
        record_denial(call);
    if (!call->refused) {
        cx_log_err(CX_LOG_ERROR, err, "acme call failed", "operation",
                   call->request->operation->name, "text", call->request->diag->text, NULL);
        call->error = ACME_SERVER_INTERNAL;
        call->retry_after_s = kind->retry_after_s;
    }
    uint16_t status =
        call->refused ? errors[call->error].status : (kind->status >= 500 ? kind->status : 500);
    *raw = (struct api_raw){.status = status, .content_type = "application/problem+json"};
    CX_TRY(write_problem(call, status, &out));
    CX_TRY(arena_copy(call->request->arena, cx_buf_view(&out), &raw->body));
    if (call->refused && call->error == ACME_USER_ACTION_REQUIRED)
        CX_TRY(acme_link(call, call->directory.terms_url, "terms-of-service"));
    return call->retry_after_s ? acme_retry_after(call, call->retry_after_s) : CX_OK;
}

cx_err acme_close(struct acme_call *call, cx_err err)
{
    struct cx_str nonce = CX_STR_NONE, index = CX_STR_NONE;
    if (cx_failed(err))
        CX_TRY(answer_problem(call, err));
    if (cx_id_is_zero(call->directory.directory_id))
        return CX_OK; /* no directory, no nonce */
    /* RFC 8555 §6.5: a nonce in every successful answer to a POST, and in errors. */
    CX_TRY(acme_nonce_new(call->request, call->directory.tenant_id, &nonce));
    CX_TRY(acme_header(call, "Replay-Nonce", nonce));
    CX_TRY(acme_url(call, &index, "directory"));
    return acme_link(call, index, "index"); /* §7.1 */
}
