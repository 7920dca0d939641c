#include "outbound/client.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "ipc/client.h"
#include "outbound/client_internal.h"

enum { REQUEST_MAX = 8192 };

const char *outbound_problem_name(enum outbound_problem problem)
{
    static const char *const names[OUTBOUND_PROBLEM_COUNT] = {
        [OUTBOUND_VALID] = "",
        [OUTBOUND_CONNECTION] = "connection",
        [OUTBOUND_DNS] = "dns",
        [OUTBOUND_UNAUTHORIZED] = "unauthorized",
        [OUTBOUND_TLS] = "tls",
        [OUTBOUND_CAA] = "caa",
        [OUTBOUND_INCORRECT_RESPONSE] = "incorrectResponse",
        [OUTBOUND_REJECTED_IDENTIFIER] = "rejectedIdentifier",
    };
    return problem < OUTBOUND_PROBLEM_COUNT ? names[problem] : "";
}

/* Views in message are of the reply; everything that is kept is copied. */
static cx_err copy_verdict(struct arena *arena, const struct ipc_outbound_verdict *message,
                           struct outbound_verdict *ret_verdict)
{
    struct outbound_verdict verdict = {.problem = (enum outbound_problem)message->problem,
                                       .observation_count = message->observations_count};
    struct outbound_observation *list = NULL;
    CX_TRY(arena_copy_str(arena, message->text, &verdict.text));
    CX_TRY(ARENA_NEW_ARRAY(arena, verdict.observation_count, &list));
    for (size_t i = 0; i < verdict.observation_count; i++) {
        const struct ipc_outbound_observation *from = &message->observations[i];
        list[i].problem = (enum outbound_problem)from->problem;
        list[i].secure = from->secure;
        list[i].elapsed_ms = from->elapsed_ms;
        CX_TRY(arena_copy_str(arena, from->perspective, &list[i].perspective));
        CX_TRY(arena_copy_str(arena, from->text, &list[i].text));
        CX_TRY(arena_copy_str(arena, from->addresses, &list[i].addresses));
    }
    verdict.observations = list;
    *ret_verdict = verdict;
    return CX_OK;
}

static cx_err ask(struct outbound_client *client, const struct ipc_call *call, struct arena *arena,
                  struct cx_diag *diag, struct outbound_verdict *ret_verdict)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf reply = CX_BUF_INIT(0);
    CX_TRY(ipc_client_call(client->ipc, call, diag, &reply));
    struct ipc_outbound_verdict message = {.problem = 0};
    CX_TRY(ipc_outbound_verdict_parse(cx_buf_view(&reply), arena, &message));
    return copy_verdict(arena, &message, ret_verdict);
}

cx_err outbound_validate(struct outbound_client *client, const struct outbound_validation *request,
                         struct arena *arena, struct cx_diag *diag,
                         struct outbound_verdict *ret_verdict)
{
    const struct ipc_outbound_validate message = {.source_id = request->source_id,
                                                  .kind = (uint8_t)request->kind,
                                                  .is_ip = request->is_ip,
                                                  .name = request->name,
                                                  .token = request->token,
                                                  .key_authorization = request->key_authorization,
                                                  .account_url = request->account_url,
                                                  .timeout_ms = request->timeout_ms};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(REQUEST_MAX);
    CX_TRY(ipc_outbound_validate_write(&body, &message));
    const struct ipc_call call = {IPC_OUTBOUND_VALIDATE, IPC_OUTBOUND_VERDICT, cx_buf_view(&body),
                                  (int64_t)request->timeout_ms * 1000 + OUTBOUND_GRACE_US};
    return ask(client, &call, arena, diag, ret_verdict);
}

cx_err outbound_check_caa(struct outbound_client *client, const struct outbound_caa *request,
                          struct arena *arena, struct cx_diag *diag,
                          struct outbound_verdict *ret_verdict)
{
    struct ipc_outbound_domain issuers[OUTBOUND_ISSUERS_MAX];
    if (request->issuer_count == 0 || request->issuer_count > OUTBOUND_ISSUERS_MAX)
        return cx_refuse(diag, CX_ERR(PARSE), "issuers", "count",
                         "a CAA check needs 1 to %d issuer domain names", OUTBOUND_ISSUERS_MAX);
    for (size_t i = 0; i < request->issuer_count; i++)
        issuers[i].domain = request->issuers[i];
    const struct ipc_outbound_check_caa message = {.source_id = request->source_id,
                                                   .name = request->name,
                                                   .wildcard = request->wildcard,
                                                   .issuers = issuers,
                                                   .issuers_count = request->issuer_count,
                                                   .account_uri = request->account_uri,
                                                   .method = request->method,
                                                   .timeout_ms = request->timeout_ms};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(REQUEST_MAX);
    CX_TRY(ipc_outbound_check_caa_write(&body, &message));
    const struct ipc_call call = {IPC_OUTBOUND_CHECK_CAA, IPC_OUTBOUND_VERDICT, cx_buf_view(&body),
                                  (int64_t)request->timeout_ms * 1000 + OUTBOUND_GRACE_US};
    return ask(client, &call, arena, diag, ret_verdict);
}
