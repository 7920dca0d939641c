/*
 * One role process as the supervisor sees it, and the work channels between them. Used by
 * supervisor.c and status.c only; all of it belongs to the supervisor's single thread.
 */
#pragma once
#include "base/clock.h"
#include "ipc/role.h"

#include <sys/types.h>

enum child_state {
    CHILD_STOPPED,  /* not running, and not to be started */
    CHILD_WAITING,  /* not running, starts again at next_us */
    CHILD_STARTING, /* running, not yet ready */
    CHILD_READY,
    CHILD_STOPPING, /* told to go */
    CHILD_STATE_COUNT
};
const char *child_state_name(enum child_state state);

struct child {
    enum role_kind kind;
    enum child_state state;
    pid_t pid;
    int pidfd;      /* -1 when not running */
    int control_fd; /* our end; -1 when none */
    bool was_ready; /* since the supervisor started */
    uint32_t restarts;
    uint32_t failures;  /* in a row, decides the pause */
    cx_time since_us;   /* wall clock, of the last change of state */
    int64_t started_us; /* monotonic */
    int64_t next_us;    /* monotonic: when to start, ping or kill */
    int64_t heard_us;   /* monotonic: last pong */
    uint32_t uid;
    char layers[SANDBOX_LAYERS_MAX];
    char missing[SANDBOX_MISSING_MAX];
    char last_end[64]; /* "signal 9", "exit 1"; "" before the first end */
};

/* The only writer of state. */
void child_transition(struct child *child, enum child_state state, cx_time now_us);
