/*
 * Background work that goes through every tenant, one thread a node: a list of passes, each over one tenant, again and again
 * with a pause. What a pass does happens once, whatever restarts and however many nodes run: that is its own affair.
 * A pass that fails is logged with its event and tried again at the next; the others go on.
 */
#pragma once
#include "base/id.h"
#include "os/worker.h"

struct core;
struct tenant_worker;

struct tenant_pass {
    const char *failed; /* the event in the log */
    /* A long one asks os_worker_stopping(thread) between its parts. */
    cx_err (*pass)(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
};

/* passes is static. The first round is made at once. */
cx_err tenant_worker_start(struct core *core, const struct tenant_pass *passes, size_t count,
                           int64_t pause_ms, struct tenant_worker **ret_worker);
void tenant_worker_stop(struct tenant_worker *worker); /* joins; NULL-safe */
