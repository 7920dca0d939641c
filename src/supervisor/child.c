#include "supervisor/child.h"

#include <assert.h>

static const char *const names[CHILD_STATE_COUNT] = {"stopped", "waiting", "starting", "ready",
                                                     "stopping"};

const char *child_state_name(enum child_state state)
{
    return state < CHILD_STATE_COUNT ? names[state] : "unknown";
}

/* rows: from, bits: to */
static const unsigned allowed[CHILD_STATE_COUNT] = {
    [CHILD_STOPPED] = 1u << CHILD_STARTING | 1u << CHILD_WAITING,
    [CHILD_WAITING] = 1u << CHILD_STARTING | 1u << CHILD_STOPPED | 1u << CHILD_WAITING,
    [CHILD_STARTING] =
        1u << CHILD_READY | 1u << CHILD_WAITING | 1u << CHILD_STOPPED | 1u << CHILD_STOPPING,
    [CHILD_READY] = 1u << CHILD_WAITING | 1u << CHILD_STOPPED | 1u << CHILD_STOPPING,
    [CHILD_STOPPING] = 1u << CHILD_STOPPED,
};

void child_transition(struct child *child, enum child_state state, cx_time now_us)
{
    assert(allowed[child->state] & (1u << state));
    child->state = state;
    child->since_us = now_us;
}
