/* What the clock does to what waits: escalation is recorded, and what nobody decided on in time lapses. */
#pragma once
#include "base/id.h"
#include "base/err.h"

struct core;

/* One tenant; called by the issuance worker each second. Every node may: each step compares and sets. */
cx_err approval_pass(struct core *core, struct cx_id tenant_id);
