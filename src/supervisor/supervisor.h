/*
 * The process tree: starts the roles, connects them, restarts what dies, stops all in order.
 *
 * One thread, asleep in poll(2) on a signalfd, one pidfd a child and one control channel a child.
 * It reads nothing from the network, only small typed frames from its own roles; a role that breaks
 * the rules or stops answering is killed and started again.
 */
#pragma once
#include "supervisor/child.h"
#include "supervisor/instance.h"

/* A socketpair between two roles. held: the end of a role that is not running yet; -1: none. */
struct work_channel {
    enum role_kind ends[2]; /* ends[0] asks, ends[1] answers */
    int fd_number;          /* in both roles */
    int held[2];
};
enum { WORK_CHANNELS = 2 };

struct supervisor {
    const struct instance *instance;
    struct cx_clock clock;
    cx_time started_us;
    struct child children[ROLE_COUNT];
    struct work_channel channels[WORK_CHANNELS];
    int signals;
    bool stopping;
    bool changed; /* status.json is out of date */
    bool refused; /* a role cannot work: give up */
};

/* Runs until stopped; the exit code of `certinext serve`. */
int supervisor_run(const struct instance *instance);

/* supervisor_spawn.c */
void supervisor_channels_init(struct supervisor *s);
void supervisor_channels_clear(struct supervisor *s);
/* Starts a role with its ends of the work channels; running peers get theirs by control_channel. */
cx_err supervisor_spawn(struct supervisor *s, struct child *child, struct cx_diag *diag);
/* After a role's end: what was kept for its peers is of no use. */
void supervisor_forget_channels(struct supervisor *s, enum role_kind kind);
/* A control message without fields. */
void supervisor_tell(struct child *child, uint16_t number);
