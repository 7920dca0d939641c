/*
 * Letters by themselves, one thread a node (tenant_worker.h): the log is watched, letters composed, and sent through outbound's
 * relay. All of it goes on where it stood after a crash. Without a relay nothing is done and nothing kept.
 */
#pragma once
#include "core/tenant/tenant_worker.h"

struct arena;

cx_err letter_worker_start(struct core *core, struct tenant_worker **ret_worker);

cx_err letter_watch_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
cx_err letter_compose_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread);
cx_err letter_deliver_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread);
