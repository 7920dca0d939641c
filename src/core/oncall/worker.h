/*
 * What happens to pages by itself, in two threads a node (tenant_worker.h), so that a webhook that does not answer holds up
 * no escalation: pages are opened, escalated and tested and gaps told of in one, letters sent in the other. Every time is stored and
 * every step commits by compare-and-set with its audit entry, so all of it goes on where it stood after a crash.
 */
#pragma once
#include "core/tenant/tenant_worker.h"

cx_err oncall_worker_start(struct core *core, struct tenant_worker **ret_worker);
cx_err oncall_letter_worker_start(struct core *core, struct tenant_worker **ret_worker);

cx_err oncall_open_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
cx_err oncall_escalate_pass(struct core *core, struct cx_id tenant_id,
                            const struct os_worker *thread);
cx_err oncall_test_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
cx_err oncall_gap_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
cx_err oncall_letter_pass(struct core *core, struct cx_id tenant_id,
                          const struct os_worker *thread);
