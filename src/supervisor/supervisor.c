#include "supervisor/supervisor.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "os/process.h"
#include "supervisor/gate.h"
#include "supervisor/layout.h"
#include "supervisor/status.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Durations, monotonic microseconds. */
#define PAUSE_MIN_US (CX_US_PER_S / 10)
#define PAUSE_MAX_US (10 * CX_US_PER_S)
#define SETTLED_US (30 * CX_US_PER_S)    /* running this long forgives earlier failures */
#define START_MAX_US (120 * CX_US_PER_S) /* core may have to migrate and recover first */
#define PING_US (5 * CX_US_PER_S)
#define SILENCE_MAX_US (20 * CX_US_PER_S)
#define STOP_MAX_US (20 * CX_US_PER_S)
/* Core lets requests finish first, then its parts stop. */
_Static_assert(STOP_MAX_US >= (ROLE_DRAIN_S + 5) * CX_US_PER_S, "core is killed while it drains");

enum { CONTROL_ARENA_MAX = 4096 };

static const enum role_kind start_order[] = {ROLE_KEYS, ROLE_OUTBOUND, ROLE_CORE, ROLE_GATE};
static const enum role_kind stop_order[] = {ROLE_GATE, ROLE_CORE, ROLE_OUTBOUND, ROLE_KEYS};

static void set_state(struct supervisor *s, struct child *child, enum child_state state)
{
    child_transition(child, state, cx_now(&s->clock));
    s->changed = true;
}

static void schedule_restart(struct supervisor *s, struct child *child)
{
    int64_t pause_us = PAUSE_MIN_US;
    for (uint32_t i = 0; i < child->failures && pause_us < PAUSE_MAX_US; i++)
        pause_us *= 2;
    if (pause_us > PAUSE_MAX_US)
        pause_us = PAUSE_MAX_US;
    child->failures++;
    child->next_us = cx_monotonic_us() + pause_us;
    set_state(s, child, CHILD_WAITING);
}

static void start_child(struct supervisor *s, struct child *child)
{
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err = CX_OK;
    if (child->kind == ROLE_GATE) /* a client CA or a setting may have changed */
        err = gate_write(s->instance->dir, &s->instance->config, &diag);
    if (cx_is_ok(err))
        err = supervisor_spawn(s, child, &diag);
    if (cx_failed(err)) {
        cx_log_err(CX_LOG_ERROR, err, "a role cannot be started", "child", role_name(child->kind),
                   "reason", diag.text, NULL);
        schedule_restart(s, child);
        return;
    }
    child->started_us = cx_monotonic_us();
    child->next_us = child->started_us + START_MAX_US;
    child->layers[0] = '\0';
    child->missing[0] = '\0';
    child->uid = 0;
    set_state(s, child, CHILD_STARTING);
}

static void kill_child(const struct child *child)
{
    if (child->pidfd >= 0)
        kill(-child->pid, SIGKILL); /* its own group: nginx' workers too */
}

/* ---- what a role says ---- */

static cx_err handle_ready(struct supervisor *s, struct child *child, struct cx_bytes payload)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CONTROL_ARENA_MAX);
    struct ipc_control_ready ready = {.pid = 0};
    CX_TRY(ipc_control_ready_parse(payload, &arena, &ready));
    if (child->state != CHILD_STARTING || !cx_str_is(ready.role, role_name(child->kind)) ||
        ready.pid != (uint32_t)child->pid)
        return CX_ERR(PARSE);
    snprintf(child->layers, sizeof(child->layers), "%.*s", CX_STR_ARG(ready.layers));
    snprintf(child->missing, sizeof(child->missing), "%.*s", CX_STR_ARG(ready.missing));
    child->uid = ready.uid;
    child->was_ready = true;
    child->heard_us = cx_monotonic_us();
    child->next_us = child->heard_us + PING_US;
    set_state(s, child, CHILD_READY);
    cx_log(CX_LOG_INFO, "role ready", "child", role_name(child->kind), "sandbox", child->layers,
           "missing", child->missing, NULL);
    return CX_OK;
}

static cx_err read_control(struct supervisor *s, struct child *child)
{
    const struct ipc_rules rules = {IPC_ROLE_TO_SUPERVISOR, IPC_STATE_SERVING};
    CX_CLEANUP(ipc_frame_clear) struct ipc_frame frame = IPC_FRAME_INIT;
    CX_TRY(ipc_frame_read(child->control_fd, &rules, 0, &frame));
    if (frame.message->number == IPC_CONTROL_READY)
        return handle_ready(s, child, cx_buf_view(&frame.payload));
    if (frame.message->number != IPC_CONTROL_PONG || child->state == CHILD_STARTING)
        return CX_ERR(PARSE);
    child->heard_us = cx_monotonic_us();
    return CX_OK;
}

static void on_control(struct supervisor *s, struct child *child)
{
    cx_err err = read_control(s, child);
    if (cx_is_ok(err))
        return;
    cx_closep(&child->control_fd);
    /* The gate's end closes when it becomes nginx; a role that shuts down closes its own. */
    if ((child->kind == ROLE_GATE && child->state != CHILD_STARTING && err.code == CX_E_IO) ||
        child->state == CHILD_STOPPING)
        return;
    if (err.code != CX_E_IO)
        cx_log_err(CX_LOG_ERROR, err, "a role broke the rules of its control channel", "child",
                   role_name(child->kind), NULL);
    kill_child(child);
}

/* ---- the end of a role ---- */

static void on_end(struct supervisor *s, struct child *child)
{
    kill_child(child); /* what is left of its group */
    struct os_exit end = {.code = 0};
    if (cx_failed(os_process_reap(child->pid, &end)))
        cx_log(CX_LOG_ERROR, "a role cannot be reaped", "child", role_name(child->kind), NULL);
    cx_closep(&child->pidfd);
    cx_closep(&child->control_fd);
    supervisor_forget_channels(s, child->kind);
    snprintf(child->last_end, sizeof(child->last_end), "%s %d", end.signalled ? "signal" : "exit",
             end.code);
    if (s->stopping) {
        set_state(s, child, CHILD_STOPPED);
        return;
    }
    cx_log(CX_LOG_WARN, "role ended", "child", role_name(child->kind), "how", child->last_end,
           NULL);
    if (!child->was_ready && !end.signalled && end.code == ROLE_EXIT_REFUSED) {
        s->refused = true;
        set_state(s, child, CHILD_STOPPED);
        return;
    }
    if (cx_monotonic_us() - child->started_us > SETTLED_US)
        child->failures = 0;
    child->restarts++;
    schedule_restart(s, child);
}

/* ---- stopping ---- */

static void stop_child(struct supervisor *s, struct child *child)
{
    if (child->state == CHILD_WAITING)
        set_state(s, child, CHILD_STOPPED);
    if (child->state != CHILD_STARTING && child->state != CHILD_READY)
        return;
    if (child->kind == ROLE_GATE)
        kill(child->pid, child->state == CHILD_READY ? SIGQUIT : SIGKILL);
    else
        supervisor_tell(child, IPC_CONTROL_SHUTDOWN);
    child->next_us = cx_monotonic_us() + STOP_MAX_US;
    set_state(s, child, CHILD_STOPPING);
}

/* Tells the next role once the one before it has gone. True when all have. */
static bool stop_next(struct supervisor *s)
{
    for (size_t i = 0; i < CX_COUNT_OF(stop_order); i++) {
        struct child *child = &s->children[stop_order[i]];
        stop_child(s, child);
        if (child->state != CHILD_STOPPED)
            return false;
    }
    return true;
}

static void on_signal(struct supervisor *s)
{
    struct signalfd_siginfo info;
    if (read(s->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    struct child *gate = &s->children[ROLE_GATE];
    struct cx_diag diag = CX_DIAG_INIT;
    if (info.ssi_signo == SIGHUP) {
        cx_err err = gate_write(s->instance->dir, &s->instance->config, &diag);
        if (cx_failed(err))
            cx_log_err(CX_LOG_ERROR, err, "the gate cannot be reloaded", "reason", diag.text, NULL);
        else if (gate->state == CHILD_READY)
            kill(gate->pid, SIGHUP); /* nginx reads its configuration and TLS key anew */
        return;
    }
    if (s->stopping) /* asked twice: at once */
        for (int kind = 0; kind < ROLE_COUNT; kind++)
            kill_child(&s->children[kind]);
    s->stopping = true;
    s->changed = true;
}

/* ---- time ---- */

static void on_time(struct supervisor *s, struct child *child, int64_t now_us)
{
    if (child->state == CHILD_STOPPED || now_us < child->next_us)
        return;
    switch (child->state) {
    case CHILD_WAITING:
        start_child(s, child);
        return;
    case CHILD_READY:
        child->next_us = now_us + PING_US;
        if (child->control_fd < 0)
            return; /* the gate */
        if (now_us - child->heard_us <= SILENCE_MAX_US) {
            supervisor_tell(child, IPC_CONTROL_PING);
            return;
        }
        break;
    default:
        break;
    }
    cx_log(CX_LOG_ERROR, "a role does not answer and is killed", "child", role_name(child->kind),
           "state", child_state_name(child->state), NULL);
    child->next_us = now_us + STOP_MAX_US;
    kill_child(child);
}

static int poll_timeout_ms(const struct supervisor *s)
{
    int64_t first_us = INT64_MAX;
    for (int kind = 0; kind < ROLE_COUNT; kind++)
        if (s->children[kind].state != CHILD_STOPPED && s->children[kind].next_us < first_us)
            first_us = s->children[kind].next_us;
    if (first_us == INT64_MAX)
        return -1;
    int64_t left_us = first_us - cx_monotonic_us();
    return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}

static void publish(struct supervisor *s)
{
    if (!s->changed)
        return;
    const struct status status = {.pid = getpid(),
                                  .started_us = s->started_us,
                                  .stopping = s->stopping,
                                  .root = layout_uid(&s->instance->config, 1) != 0,
                                  .children = s->children,
                                  .child_count = ROLE_COUNT};
    cx_err err = status_write(s->instance->dir, &status);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "status.json cannot be written", NULL);
    s->changed = false;
}

static bool turn(struct supervisor *s)
{
    struct pollfd fds[1 + 2 * ROLE_COUNT] = {{.fd = s->signals, .events = POLLIN}};
    for (int kind = 0; kind < ROLE_COUNT; kind++) { /* poll skips negative descriptors */
        fds[1 + 2 * kind] = (struct pollfd){.fd = s->children[kind].control_fd, .events = POLLIN};
        fds[2 + 2 * kind] = (struct pollfd){.fd = s->children[kind].pidfd, .events = POLLIN};
    }
    int n = poll(fds, CX_COUNT_OF(fds), poll_timeout_ms(s));
    if (n < 0 && errno != EINTR)
        return false;
    if (n > 0) {
        if (fds[0].revents != 0)
            on_signal(s);
        for (int kind = 0; kind < ROLE_COUNT; kind++) {
            struct child *child = &s->children[kind];
            if (fds[1 + 2 * kind].revents != 0)
                on_control(s, child);
            if (fds[2 + 2 * kind].revents != 0)
                on_end(s, child);
        }
    }
    if (s->refused)
        s->stopping = true;
    int64_t now_us = cx_monotonic_us();
    for (int kind = 0; kind < ROLE_COUNT; kind++)
        if (!s->stopping || s->children[kind].state == CHILD_STOPPING)
            on_time(s, &s->children[kind], now_us);
    bool gone = s->stopping && stop_next(s);
    publish(s);
    return !gone;
}

static cx_err take_signals(struct supervisor *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return CX_ERR(IO);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals >= 0 ? CX_OK : CX_ERR(IO);
}

int supervisor_run(const struct instance *instance)
{
    struct supervisor s = {.instance = instance, .signals = -1, .changed = true};
    cx_clock_system(&s.clock);
    s.started_us = cx_now(&s.clock);
    supervisor_channels_init(&s);
    cx_err err = take_signals(&s);
    if (cx_failed(err)) {
        cx_log_err(CX_LOG_ERROR, err, "signals cannot be set up", NULL);
        return cx_exit_code(err);
    }
    for (int kind = 0; kind < ROLE_COUNT; kind++)
        s.children[kind] = (struct child){
            .kind = (enum role_kind)kind, .pidfd = -1, .control_fd = -1, .since_us = s.started_us};
    for (size_t i = 0; i < CX_COUNT_OF(start_order); i++)
        start_child(&s, &s.children[start_order[i]]);
    publish(&s);
    while (turn(&s))
        continue;
    supervisor_channels_clear(&s);
    cx_closep(&s.signals);
    cx_log(CX_LOG_INFO, "stopped", NULL);
    return s.refused ? cx_exit_code(CX_ERR(INTERNAL)) : 0;
}
