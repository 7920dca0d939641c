/*
 * The periodic check of every tenant's objects against its log (check.h). One thread a node: at the start and every ten
 * minutes. What it finds is told in the log and raises an alert, so that an incident is opened; equal alerts count on it.
 */
#pragma once
#include "core/tenant/tenant_worker.h"

cx_err change_worker_start(struct core *core, struct tenant_worker **ret_worker);

/* One check of one tenant, with its alert. */
cx_err change_watch(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
