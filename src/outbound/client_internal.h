/* What the files of core's client stub share. Internal to src/outbound. */
#pragma once
#include "base/clock.h"

struct ipc_client;

/* Beyond a request's own time limit: queueing, the channel. */
#define OUTBOUND_GRACE_US (5 * CX_US_PER_S)

struct outbound_client {
    struct ipc_client *ipc;
};
