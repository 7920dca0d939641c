/* The control channel of a role. The loop sleeps in poll(2) until the supervisor or a signal
 * speaks. */
#include "ipc/role.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "ipc/frame.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { CONTROL_ARENA_MAX = 4096, CONTROL_BODY_MAX = 1024 };

static const struct {
    const char *name;
    uint32_t uid_offset;
} roles[ROLE_COUNT] = {
    [ROLE_KEYS] = {"keys", 2},
    [ROLE_OUTBOUND] = {"outbound", 3},
    [ROLE_CORE] = {"core", 1},
    [ROLE_GATE] = {"gate", 4},
};

const char *role_name(enum role_kind kind)
{
    return kind < ROLE_COUNT ? roles[kind].name : "unknown";
}

uint32_t role_uid_offset(enum role_kind kind)
{
    return kind < ROLE_COUNT ? roles[kind].uid_offset : 0;
}

static void stop_signals(sigset_t *ret_set)
{
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGINT);
}

cx_err role_enter(const struct role_start *start, struct sandbox_report *ret_report,
                  struct cx_diag *diag)
{
    sigset_t stop;
    stop_signals(&stop);
    if (pthread_sigmask(SIG_BLOCK, &stop, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return cx_refuse(diag, CX_ERR(IO), "", "", "signals cannot be set up");
    struct sandbox_spec spec = {0};
    CX_TRY(role_sandbox_spec(start, &spec, diag));
    struct sandbox_report report = {.layers = ""};
    CX_TRY(sandbox_enter(&spec, &report, diag));
    if (report.missing[0] != '\0')
        cx_log(CX_LOG_WARN, "sandbox is weaker than designed: this kernel lacks a mechanism",
               "missing", report.missing, NULL);
    *ret_report = report;
    return CX_OK;
}

cx_err role_ready(const struct role_start *start, const struct sandbox_report *report)
{
    const struct ipc_control_ready ready = {.role = cx_str_from(role_name(start->kind)),
                                            .pid = (uint32_t)getpid(),
                                            .uid = report->uid,
                                            .layers = cx_str_from(report->layers),
                                            .missing = cx_str_from(report->missing)};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(CONTROL_BODY_MAX);
    CX_TRY(ipc_control_ready_write(&body, &ready));
    return ipc_frame_write(start->control_fd, IPC_CONTROL_READY, 0, cx_buf_view(&body), -1);
}

static cx_err take_channel(struct ipc_frame *frame, const struct role_handlers *handlers)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CONTROL_ARENA_MAX);
    struct ipc_control_channel channel = {.peer = CX_STR_NONE};
    CX_TRY(ipc_control_channel_parse(cx_buf_view(&frame->payload), &arena, &channel));
    if (handlers->channel == NULL)
        return CX_ERR(PARSE);
    for (int kind = 0; kind < ROLE_COUNT; kind++) {
        if (!cx_str_is(channel.peer, roles[kind].name))
            continue;
        handlers->channel(handlers->arg, (enum role_kind)kind, CX_TAKE_FD(frame->fd));
        return CX_OK;
    }
    return CX_ERR(PARSE);
}

static cx_err handle_control(const struct role_start *start, const struct role_handlers *handlers,
                             bool *ret_stop)
{
    const struct ipc_rules rules = {IPC_SUPERVISOR_TO_ROLE, IPC_STATE_SERVING};
    CX_CLEANUP(ipc_frame_clear) struct ipc_frame frame = IPC_FRAME_INIT;
    CX_TRY(ipc_frame_read(start->control_fd, &rules, 0, &frame));
    switch (frame.message->number) {
    case IPC_CONTROL_PING:
        return ipc_frame_write(start->control_fd, IPC_CONTROL_PONG, frame.request_id, CX_BYTES_NONE,
                               -1);
    case IPC_CONTROL_CHANNEL:
        return take_channel(&frame, handlers);
    case IPC_CONTROL_SHUTDOWN:
        *ret_stop = true;
        return CX_OK;
    default:
        return CX_ERR(PARSE);
    }
}

cx_err role_loop(const struct role_start *start, const struct role_handlers *handlers)
{
    sigset_t stop_set;
    stop_signals(&stop_set);
    CX_AUTO_CLOSE int signals = signalfd(-1, &stop_set, SFD_CLOEXEC);
    if (signals < 0)
        return CX_ERR(IO);
    bool stop = false;
    while (!stop) {
        struct pollfd fds[2] = {{.fd = start->control_fd, .events = POLLIN},
                                {.fd = signals, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return CX_ERR(IO);
        }
        if (fds[1].revents != 0)
            return CX_OK;
        if (fds[0].revents != 0)
            CX_TRY(handle_control(start, handlers, &stop));
    }
    return CX_OK;
}
