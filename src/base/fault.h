/*
 * Faults of torture tests, at named steps. Only builds with -Dfaults=true read the variables; elsewhere the functions do
 * nothing (no_fault.c).
 *
 *   CX_FAULT_KILL=step[:N]   a process that reaches the step for the N-th time (default: the first) ends itself with SIGKILL,
 *                            as a power failure would. The steps are the rows of the crash table in docs/issuance-cycle.md;
 *                            tests/torture/test_steps.py lists them.
 *   CX_FAULT_EVERY=step:N    every N-th time what the step guards fails: acme-nonce.
 *   CX_FAULT_DELAY=step:N    the step takes N milliseconds longer: acme-validate, acme-commit, revocation-step.
 */
#pragma once
#include "base/bytes.h"

void cx_fault_point(const char *step);
bool cx_fault_every(const char *step);
void cx_fault_delay(const char *step);

enum { CX_FAULT_VARIABLES = 3 };
/* The variables as the supervisor hands them to a role; returns how many. CX_FAULT_KILL goes to its first start only: the
 * role that comes back after the crash must not crash again. */
size_t cx_fault_environment(bool first_start,
                            const char *ret_environment[static CX_FAULT_VARIABLES]);
