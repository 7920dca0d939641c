/*
 * The clocks of incidents, one thread a node: a warning goes into the timeline when 50, 75 or 90 per cent of a duty's time
 * have passed, a miss when its deadline has, and a missed revocation opens the incident "delayed revocation" that the
 * CCADB guidelines ask for. Each happens once, whatever restarts and however many nodes run: the mark, the entry, the new
 * incident and the audit entries commit together, and the mark's key makes a second one a conflict.
 */
#pragma once
#include "core/tenant/tenant_worker.h"

cx_err incident_worker_start(struct core *core, struct tenant_worker **ret_worker);
/* A thread of its own: a revocation of millions takes minutes, in which no clock may wait. */
cx_err revocation_worker_start(struct core *core, struct tenant_worker **ret_worker);

/* One pass over one tenant. */
cx_err incident_clocks_pass(struct core *core, struct cx_id tenant_id,
                            const struct os_worker *thread);
/* The steps of approved mass revocations, until none waits or thread is to end. */
cx_err incident_revocations_pass(struct core *core, struct cx_id tenant_id,
                                 const struct os_worker *thread);
