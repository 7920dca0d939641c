#include "outbound/client.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "ipc/client.h"
#include "outbound/client_internal.h"

enum {
    REQUEST_MAX = 4096,
    EXCHANGE_MAX = 98304,
    HOOK_MAX = 262144,
    TRACKER_MAX = 4292608,
    REPLY_ARENA_MAX = 4096
};
#define PING_TIMEOUT_US (5 * CX_US_PER_S)

cx_err outbound_client_new(int fd, struct outbound_client **ret_client)
{
    CX_AUTO_CLOSE int owned = fd;
    CX_AUTO_FREE struct outbound_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return CX_ERR(NOMEM);
    const struct ipc_client_options options = {.fd = CX_TAKE_FD(owned),
                                               .direction = IPC_OUTBOUND_TO_CORE};
    CX_TRY(ipc_client_new(&options, &client->ipc));
    *ret_client = CX_TAKE(client);
    return CX_OK;
}

void outbound_client_reconnect(struct outbound_client *client, int fd)
{
    ipc_client_reconnect(client->ipc, fd);
}

void outbound_client_free(struct outbound_client *client)
{
    if (client == NULL)
        return;
    ipc_client_free(client->ipc);
    free(client);
}

cx_err outbound_ping(struct outbound_client *client)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf reply = CX_BUF_INIT(0);
    const struct ipc_call call = {IPC_OUTBOUND_PING, IPC_REPLY_OK, CX_BYTES_NONE, PING_TIMEOUT_US};
    return ipc_client_call(client->ipc, &call, NULL, &reply);
}

/* The body replaces the content of ret_body. */
static cx_err call_for_body(struct outbound_client *client, const struct ipc_call *call,
                            struct cx_diag *diag, uint16_t *ret_status, struct cx_buf *ret_body)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf reply = CX_BUF_INIT(0);
    CX_TRY(ipc_client_call(client->ipc, call, diag, &reply));
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(REPLY_ARENA_MAX);
    struct ipc_outbound_fetched fetched = {.status = 0};
    CX_TRY(ipc_outbound_fetched_parse(cx_buf_view(&reply), &arena, &fetched));
    CX_CLEANUP(cx_buf_clear) struct cx_buf copy = CX_BUF_INIT(OUTBOUND_BODY_MAX);
    CX_TRY(cx_buf_add(&copy, fetched.body));
    cx_buf_clear(ret_body);
    *ret_body = copy;
    copy = CX_BUF_INIT(0);
    *ret_status = fetched.status;
    return CX_OK;
}

cx_err outbound_fetch(struct outbound_client *client, struct cx_str url, uint32_t body_max,
                      uint32_t timeout_ms, struct cx_diag *diag, uint16_t *ret_status,
                      struct cx_buf *ret_body)
{
    const struct ipc_outbound_fetch request = {url, body_max, timeout_ms};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(REQUEST_MAX);
    CX_TRY(ipc_outbound_fetch_write(&body, &request));
    const struct ipc_call call = {IPC_OUTBOUND_FETCH, IPC_OUTBOUND_FETCHED, cx_buf_view(&body),
                                  (int64_t)timeout_ms * 1000 + OUTBOUND_GRACE_US};
    return call_for_body(client, &call, diag, ret_status, ret_body);
}

cx_err outbound_exchange(struct outbound_client *client, const struct outbound_exchange *exchange,
                         struct cx_diag *diag, uint16_t *ret_status, struct cx_buf *ret_body)
{
    const struct ipc_outbound_exchange request = {
        .url = exchange->url,
        .post = exchange->post,
        .form = exchange->form,
        .authorization = exchange->authorization,
        .ca_pem = exchange->ca_pem,
        .body_max = exchange->body_max,
        .timeout_ms = exchange->timeout_ms,
    };
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(EXCHANGE_MAX);
    CX_TRY(ipc_outbound_exchange_write(&body, &request));
    const struct ipc_call call = {IPC_OUTBOUND_EXCHANGE, IPC_OUTBOUND_FETCHED, cx_buf_view(&body),
                                  (int64_t)exchange->timeout_ms * 1000 + OUTBOUND_GRACE_US};
    cx_err err = call_for_body(client, &call, diag, ret_status, ret_body);
    cx_wipe(body.ptr, body.len); /* the client's secret was in it */
    return err;
}

cx_err outbound_hook(struct outbound_client *client, const struct outbound_hook *hook,
                     struct cx_diag *diag, uint16_t *ret_status)
{
    const struct ipc_outbound_hook request = {.url = hook->url,
                                              .body = hook->body,
                                              .signature = hook->signature,
                                              .ca_pem = hook->ca_pem,
                                              .timeout_ms = hook->timeout_ms};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(HOOK_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf answer = CX_BUF_INIT(0);
    CX_TRY(ipc_outbound_hook_write(&body, &request));
    const struct ipc_call call = {IPC_OUTBOUND_HOOK, IPC_OUTBOUND_FETCHED, cx_buf_view(&body),
                                  (int64_t)hook->timeout_ms * 1000 + OUTBOUND_GRACE_US};
    return call_for_body(client, &call, diag, ret_status, &answer);
}

cx_err outbound_tracker(struct outbound_client *client, const struct outbound_tracker *tracker,
                        struct cx_diag *diag, uint16_t *ret_status, struct cx_buf *ret_body)
{
    const struct ipc_outbound_tracker request = {.method = (uint8_t)tracker->method,
                                                 .url = tracker->url,
                                                 .body = tracker->body,
                                                 .api_key = tracker->api_key,
                                                 .ca_pem = tracker->ca_pem,
                                                 .timeout_ms = tracker->timeout_ms};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(TRACKER_MAX);
    CX_TRY(ipc_outbound_tracker_write(&body, &request));
    const struct ipc_call call = {IPC_OUTBOUND_TRACKER, IPC_OUTBOUND_FETCHED, cx_buf_view(&body),
                                  (int64_t)tracker->timeout_ms * 1000 + OUTBOUND_GRACE_US};
    cx_err err = call_for_body(client, &call, diag, ret_status, ret_body);
    cx_wipe(body.ptr, body.len); /* the key was in it */
    return err;
}
