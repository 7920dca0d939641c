/*
 * What goes to a tracker and what comes from it, one thread a node: approved posts are sent once each, and bugs are looked at on
 * their schedule. See send.c and poll.c.
 */
#pragma once
#include "core/tenant/tenant_worker.h"
#include "core/tracker/ask.h"

cx_err tracker_worker_start(struct core *core, struct tenant_worker **ret_worker);

/* One pass over one tenant. */
cx_err tracker_send_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
cx_err tracker_poll_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);

/* A restricted bug is, or may be, open to everybody: an incident that says so, one for each incident. */
cx_err tracker_raise_open(struct core *core, struct arena *arena, struct cx_id tenant_id,
                          struct cx_id incident_id, struct cx_str why);
/* The bug as the tracker shows it: number, status, groups … CX_OK with the verdict in answer when that is not TRACKER_DONE. */
struct bugzilla_bug;
cx_err tracker_read_bug(const struct tracker_line *line, int64_t number,
                        struct bugzilla_bug *ret_bug, struct tracker_answer *answer);
