#include "outbound/outbound.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "ipc/server.h"
#include "outbound/fetch.h"
#include "outbound/validate_handlers.h"

enum { WORKERS = 8, QUEUE_MAX = 64 };

static cx_err on_ping(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    (void)arg;
    (void)reply;
    struct ipc_outbound_ping ping;
    return ipc_outbound_ping_parse(request->payload, request->arena, &ping);
}

static cx_err on_fetch(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    const struct role_start *start = arg;
    struct ipc_outbound_fetch message = {.url = CX_STR_NONE};
    CX_TRY(ipc_outbound_fetch_parse(request->payload, request->arena, &message));
    const struct fetch fetch = {message.url, message.body_max, message.timeout_ms,
                                start->outbound_allow_private};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(message.body_max);
    uint16_t status = 0;
    CX_TRY(fetch_run(&fetch, &reply->diag, &status, &body));
    const struct ipc_outbound_fetched fetched = {status, cx_buf_view(&body)};
    reply->number = IPC_OUTBOUND_FETCHED;
    return ipc_outbound_fetched_write(&reply->body, &fetched);
}

static const struct ipc_route routes[] = {
    {IPC_OUTBOUND_PING, on_ping},
    {IPC_OUTBOUND_FETCH, on_fetch},
    {IPC_OUTBOUND_VALIDATE, on_outbound_validate},
    {IPC_OUTBOUND_CHECK_CAA, on_outbound_check_caa},
};

static void on_channel(void *arg, enum role_kind peer, int fd)
{
    CX_AUTO_CLOSE int owned = fd;
    if (peer == ROLE_CORE)
        ipc_server_replace(arg, CX_TAKE_FD(owned));
}

static cx_err run(const struct role_start *start, struct cx_diag *diag, bool *ret_ready)
{
    struct sandbox_report report = {.layers = ""};
    CX_TRY(fetch_init());
    CX_TRY(role_enter(start, &report, diag));
    struct role_start copy = *start; /* handlers take a plain pointer */
    const struct ipc_server_options options = {.fd = start->outbound_fd,
                                               .direction = IPC_CORE_TO_OUTBOUND,
                                               .routes = routes,
                                               .route_count = sizeof(routes) / sizeof(routes[0]),
                                               .arg = &copy,
                                               .state = IPC_STATE_SERVING,
                                               .worker_count = WORKERS,
                                               .queue_max = QUEUE_MAX};
    struct ipc_server *server = NULL;
    CX_TRY(ipc_server_new(&options, &server));
    cx_err err = role_ready(start, &report);
    if (cx_is_ok(err)) {
        *ret_ready = true;
        const struct role_handlers handlers = {on_channel, server};
        err = role_loop(start, &handlers);
    }
    ipc_server_free(server);
    return err;
}

int outbound_main(const struct role_start *start)
{
    struct cx_diag diag = CX_DIAG_INIT;
    bool ready = false;
    cx_err err = run(start, &diag, &ready);
    if (cx_is_ok(err))
        return 0;
    cx_log_err(CX_LOG_ERROR, err, "outbound ends", "field", diag.field, "reason", diag.text, NULL);
    return ready ? 1 : ROLE_EXIT_REFUSED;
}
