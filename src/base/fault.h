/*
 * Named stop points for torture tests: a process that reaches the one named by the environment variable
 * CX_FAULT_KILL=step[:count] for the count-th time (default: the first) ends itself with SIGKILL, as a power failure
 * would. Only builds with -Dfaults=true read the variable; elsewhere both functions do nothing (no_fault.c).
 * The points are the rows of the crash table in docs/issuance-cycle.md; tests/torture/test_steps.py lists them.
 */
#pragma once
#include "base/bytes.h"

void cx_fault_point(const char *step);
/* "CX_FAULT_KILL=…" as the supervisor hands it to a role's first start, NULL when there is none: the role that comes back
 * after the crash must not crash again. */
const char *cx_fault_environment(void);
