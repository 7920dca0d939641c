#include "tests/unit/supervisor/stand_in.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "ipc/client.h"
#include "ipc/server.h"
#include "os/file.h"
#include "os/socket.h"
#include "outbound/client.h"
#include "outbound/outbound.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the stand-in for keys: its status names its pid ---- */

static cx_err on_status(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    (void)arg;
    (void)request;
    const struct ipc_keys_status status = {.signed_count = (uint64_t)getpid()};
    reply->number = IPC_KEYS_STATUS;
    return ipc_keys_status_write(&reply->body, &status);
}

static void on_keys_channel(void *arg, enum role_kind peer, int fd)
{
    (void)peer;
    ipc_server_replace(arg, fd);
}

static int test_keys_main(const struct role_start *start)
{
    static const struct ipc_route routes[] = {{IPC_KEYS_GET_STATUS, on_status}};
    struct sandbox_report report;
    struct cx_diag diag = CX_DIAG_INIT;
    if (cx_failed(role_enter(start, &report, &diag)))
        return ROLE_EXIT_REFUSED;
    const struct ipc_server_options options = {.fd = start->keys_fd,
                                               .direction = IPC_CORE_TO_KEYS,
                                               .routes = routes,
                                               .route_count = 1,
                                               .state = IPC_STATE_SERVING};
    struct ipc_server *server = NULL;
    const struct role_handlers handlers = {on_keys_channel, NULL};
    struct role_handlers live = handlers;
    if (cx_failed(ipc_server_new(&options, &server)) || cx_failed(role_ready(start, &report)))
        return 1;
    live.arg = server;
    cx_err err = role_loop(start, &live);
    ipc_server_free(server);
    return cx_is_ok(err) ? 0 : 1;
}

/* ---- the stand-in for core: HTTP on run/core.sock ---- */

struct test_core {
    int listen_fd;
    struct ipc_client *keys;
    struct outbound_client *outbound;
};

static uint64_t keys_pid(struct test_core *core)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf reply = CX_BUF_INIT(0);
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct ipc_keys_status status = {0};
    const struct ipc_call call = {IPC_KEYS_GET_STATUS, IPC_KEYS_STATUS, CX_BYTES_NONE,
                                  2 * CX_US_PER_S};
    if (cx_failed(ipc_client_call(core->keys, &call, NULL, &reply)) ||
        cx_failed(ipc_keys_status_parse(cx_buf_view(&reply), &arena, &status)))
        return 0;
    return status.signed_count;
}

static void answer(struct test_core *core, int fd)
{
    char head[16384] = "", body[16384] = "";
    size_t len = 0;
    ssize_t n = 0;
    while (len < sizeof(head) - 1 && strstr(head, "\r\n\r\n") == NULL &&
           (n = recv(fd, head + len, sizeof(head) - 1 - len, 0)) > 0)
        len += (size_t)n;
    if (strncmp(head, "GET /keys ", 10) == 0)
        snprintf(body, sizeof(body), "%llu", (unsigned long long)keys_pid(core));
    else if (strncmp(head, "GET /outbound ", 14) == 0)
        snprintf(body, sizeof(body), "%s", cx_err_name(outbound_ping(core->outbound)));
    else
        snprintf(body, sizeof(body), "%s", head); /* what the gate made of the request */
    char start[128];
    int start_len = snprintf(start, sizeof(start),
                             "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
                             strlen(body));
    if (send(fd, start, (size_t)start_len, MSG_NOSIGNAL) > 0)
        CX_IGNORE(send(fd, body, strlen(body), MSG_NOSIGNAL) >= 0 ? CX_OK : CX_ERR(IO));
}

static void *serve_http(void *arg)
{
    struct test_core *core = arg;
    for (;;) {
        CX_AUTO_CLOSE int fd = accept(core->listen_fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        answer(core, fd);
    }
}

static void on_core_channel(void *arg, enum role_kind peer, int fd)
{
    struct test_core *core = arg;
    if (peer == ROLE_KEYS)
        ipc_client_reconnect(core->keys, fd);
    else
        outbound_client_reconnect(core->outbound, fd);
}

static int test_core_main(const struct role_start *start)
{
    static struct test_core core = {-1, NULL, NULL};
    char path[OS_PATH_MAX];
    struct sandbox_report report;
    struct cx_diag diag = CX_DIAG_INIT;
    gid_t gate = start->gate_gid != 0 ? start->gate_gid : (gid_t)-1;
    if (cx_failed(os_path(path, "%.*s/run/core.sock", CX_STR_ARG(start->data_dir))) ||
        cx_failed(os_unix_listen(path, 0660, (uid_t)-1, gate, &core.listen_fd)) ||
        cx_failed(role_enter(start, &report, &diag)))
        return ROLE_EXIT_REFUSED;
    const struct ipc_client_options keys = {.fd = start->keys_fd, .direction = IPC_KEYS_TO_CORE};
    pthread_t thread;
    if (cx_failed(ipc_client_new(&keys, &core.keys)) ||
        cx_failed(outbound_client_new(start->outbound_fd, &core.outbound)) ||
        pthread_create(&thread, NULL, serve_http, &core) != 0 ||
        cx_failed(role_ready(start, &report)))
        return 1;
    const struct role_handlers handlers = {on_core_channel, &core};
    return cx_is_ok(role_loop(start, &handlers)) ? 0 : 1;
}

const struct role_entry stand_in_roles[STAND_IN_COUNT] = {
    {ROLE_KEYS, test_keys_main},
    {ROLE_CORE, test_core_main},
    {ROLE_OUTBOUND, outbound_main},
};
