/*
 * Work channels follow the life of their roles: each start of a role makes fresh pairs, unless a
 * peer that started earlier left the other end for it. A running peer receives its new end over its
 * control channel.
 */
#include "supervisor/supervisor.h"

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "os/process.h"
#include "os/socket.h"

#include <signal.h>

void supervisor_channels_init(struct supervisor *s)
{
    s->channels[0] = (struct work_channel){{ROLE_CORE, ROLE_KEYS}, ROLE_KEYS_FD, {-1, -1}};
    s->channels[1] = (struct work_channel){{ROLE_CORE, ROLE_OUTBOUND}, ROLE_OUTBOUND_FD, {-1, -1}};
}

void supervisor_channels_clear(struct supervisor *s)
{
    for (int i = 0; i < WORK_CHANNELS; i++) {
        cx_closep(&s->channels[i].held[0]);
        cx_closep(&s->channels[i].held[1]);
    }
}

void supervisor_forget_channels(struct supervisor *s, enum role_kind kind)
{
    for (int i = 0; i < WORK_CHANNELS; i++) {
        struct work_channel *channel = &s->channels[i];
        if (channel->ends[0] == kind)
            cx_closep(&channel->held[1]);
        if (channel->ends[1] == kind)
            cx_closep(&channel->held[0]);
    }
}

static cx_err send_channel(struct child *peer, enum role_kind from, int fd)
{
    const struct ipc_control_channel message = {.peer = cx_str_from(role_name(from))};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(64);
    CX_TRY(ipc_control_channel_write(&body, &message));
    return ipc_frame_write(peer->control_fd, IPC_CONTROL_CHANNEL, 0, cx_buf_view(&body), fd);
}

/* *ret_fd is this role's end. */
static cx_err connect_role(struct supervisor *s, struct work_channel *channel, int side,
                           int *ret_fd)
{
    if (channel->held[side] >= 0) {
        *ret_fd = CX_TAKE_FD(channel->held[side]);
        return CX_OK;
    }
    int fds[2] = {-1, -1};
    CX_TRY(os_socketpair(fds));
    CX_AUTO_CLOSE int mine = fds[0];
    CX_AUTO_CLOSE int theirs = fds[1];
    struct child *peer = &s->children[channel->ends[!side]];
    if (peer->control_fd < 0)
        channel->held[!side] = CX_TAKE_FD(theirs); /* it takes it along when it starts */
    else if (cx_failed(send_channel(peer, channel->ends[side], theirs)))
        /* It is dying or does not read: its own end will be noticed and it starts afresh. */
        cx_log(CX_LOG_WARN, "a role does not take its channel", "child", role_name(peer->kind),
               NULL);
    *ret_fd = CX_TAKE_FD(mine);
    return CX_OK;
}

struct spawn_fds {
    struct os_fd_map map[1 + WORK_CHANNELS];
    size_t count;
};

static void close_spawn_fds(struct spawn_fds *fds)
{
    for (size_t i = 0; i < fds->count; i++)
        cx_closep(&fds->map[i].from);
}

static cx_err collect_fds(struct supervisor *s, const struct child *child, int control,
                          struct spawn_fds *fds)
{
    fds->map[fds->count++] = (struct os_fd_map){control, ROLE_CONTROL_FD};
    for (int i = 0; i < WORK_CHANNELS; i++) {
        struct work_channel *channel = &s->channels[i];
        for (int side = 0; side < 2; side++) {
            if (channel->ends[side] != child->kind)
                continue;
            int fd = -1;
            CX_TRY(connect_role(s, channel, side, &fd));
            fds->map[fds->count++] = (struct os_fd_map){fd, channel->fd_number};
        }
    }
    return CX_OK;
}

enum { ENVIRONMENT_MAX = 4 + CX_FAULT_VARIABLES + 1 };

/* Roles get no environment but this. The last word is read by sanitizer builds only: the leak checker needs
 * ptrace, which the sandbox forbids. */
static cx_err make_environment(const struct supervisor *s, const struct child *child,
                               struct arena *arena,
                               const char *ret_environment[static ENVIRONMENT_MAX])
{
    const struct config *config = &s->instance->config;
    size_t n = 0;
    ret_environment[n++] = "TZ=UTC0";
    ret_environment[n++] = "LC_ALL=C";
    ret_environment[n++] = "ASAN_OPTIONS=detect_leaks=0";
    if (child->kind == ROLE_KEYS && config->softhsm2_conf.len > 0) {
        struct cx_str text = CX_STR_NONE;
        CX_TRY(arena_printf(arena, &text, "SOFTHSM2_CONF=%.*s", CX_STR_ARG(config->softhsm2_conf)));
        ret_environment[n++] = text.ptr; /* arena_printf ends with a NUL */
    }
    n += cx_fault_environment(child->restarts == 0, ret_environment + n);
    ret_environment[n] = NULL;
    return CX_OK;
}

cx_err supervisor_spawn(struct supervisor *s, struct child *child, struct cx_diag *diag)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(8192);
    const char *environment[ENVIRONMENT_MAX] = {NULL};
    CX_TRY(make_environment(s, child, &arena, environment));
    const char *argv[INSTANCE_ARGS_MAX + 4] = {"certinext", "role", role_name(child->kind)};
    size_t argc = 3;
    for (size_t i = 0; i < s->instance->arg_count; i++)
        argv[argc++] = s->instance->args[i];
    int pair[2] = {-1, -1};
    CX_TRY(os_socketpair(pair));
    CX_AUTO_CLOSE int control = pair[0];
    CX_CLEANUP(close_spawn_fds) struct spawn_fds fds = {.count = 0};
    CX_TRY(collect_fds(s, child, pair[1], &fds));
    const struct os_spawn spec = {.path = OS_SELF,
                                  .argv = argv,
                                  .environment = environment,
                                  .fds = fds.map,
                                  .fd_count = fds.count,
                                  /* nginx must see its workers off; ours need no such care */
                                  .death_signal = child->kind == ROLE_GATE ? SIGTERM : SIGKILL,
                                  .new_group = true};
    CX_TRY(os_process_spawn(&spec, &child->pid, &child->pidfd, diag));
    child->control_fd = CX_TAKE_FD(control);
    return CX_OK;
}

void supervisor_tell(struct child *child, uint16_t number)
{
    if (child->control_fd < 0)
        return;
    /* A role that cannot be told is dying or stuck: its pidfd or its deadline shows it. */
    CX_IGNORE(ipc_frame_write(child->control_fd, number, 0, CX_BYTES_NONE, -1));
}
