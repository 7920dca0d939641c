/*
 * A table of three operations and the calls of other domains that a dispatcher needs, so that the path
 * from the socket to a handler is tested without a database. authorise() is the real one.
 */
#pragma once
#include "core/api/exchange.h"

struct stand {
    struct core core;
    struct cx_clock clock;
    struct cx_rng rng;
    struct api_table table;
    unsigned calls;          /* of the handler */
    unsigned denials;        /* entries with outcome denied */
    unsigned commits;        /* entries with outcome done */
    const char *last_action; /* of the last entry */
    cx_err answer;           /* what the handler returns */
    bool waits;              /* creating a user, a change of policy here, waits for others */
    size_t stream_count;     /* pieces left in the streamed answer */
    bool stream_breaks;
};

extern struct stand stand;

/* GET /v1/users (user.read), POST /v1/users (user.create), GET /v1/audit/export (raw). Tokens: "Bearer admin",
 * "Bearer auditor"; every other is refused. */
void stand_init(void);
