/*
 * The clock of access reviews and leavers, one thread a node. A pass opens the review of privileged roles that is due,
 * ends what nobody answered by the deadline, closes reviews in which nothing is open any more, and ends what leavers
 * have. Each of these happens once, whatever restarts and however many nodes run (review.h).
 */
#pragma once
#include "core/tenant/tenant_worker.h"

cx_err review_worker_start(struct core *core, struct tenant_worker **ret_worker);

/* One pass over one tenant. The first error is returned after everything else was looked at. */
cx_err review_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
