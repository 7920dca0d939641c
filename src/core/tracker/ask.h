/*
 * One request to the tenant's tracker through outbound, and what its answer means for whoever asked. Not inside a store
 * closure: it waits for the network.
 */
#pragma once
#include "base/arena.h"
#include "outbound/client.h"
#include "store/rows.h"

struct core;

struct tracker_line {
    struct core *core;
    struct arena *arena;
    const struct row_tracker *tracker;
    struct cx_str key,
        login; /* tracker_line_open's; in arena until tracker_line_close wipes the key */
};
/* Opens key and account name. */
cx_err tracker_line_open(struct core *core, struct arena *arena, const struct row_tracker *tracker,
                         struct tracker_line *ret_line);
void tracker_line_close(struct tracker_line *line);

enum tracker_verdict {
    TRACKER_DONE,    /* a document of the kind that was asked for, as far as the status says */
    TRACKER_LATER,   /* not now, or nobody knows: it may have been done all the same */
    TRACKER_REFUSED, /* for good: this request */
    TRACKER_LOST,    /* no such thing at the tracker (404) */
};
enum { TRACKER_ANSWER_MAX = 320 };
struct tracker_answer {
    enum tracker_verdict verdict;
    struct cx_buf body;            /* of the caller: cx_buf_clear */
    char text[TRACKER_ANSWER_MAX]; /* what to show people; without the key */
};
/* path: behind base_url, or a whole URL below it. CX_E_NOMEM and the like only: all else is a verdict. */
cx_err tracker_ask(const struct tracker_line *line, enum outbound_tracker_method method,
                   struct cx_str path, struct cx_bytes body, struct tracker_answer *answer);
/* The answer was no such document: nobody knows what became of the request. */
void tracker_answer_garbled(struct tracker_answer *answer, const struct cx_diag *diag);
