/*
 * Background work of issuance, one thread a node: intents left open by a crash are finished or abandoned, approved
 * requests that found keys busy are tried again, and keys is told which intents are stored (keys_settle). Work
 * is claimed row by row with a lease and a compare-and-set, so that several nodes share it.
 */
#pragma once
#include "base/id.h"

struct core;
struct issuance_worker;

/* Runs one full pass first, before it returns: nothing is half-issued once core answers. */
cx_err issuance_worker_start(struct core *core, struct issuance_worker **ret_worker);
void issuance_worker_stop(struct issuance_worker *worker); /* joins; NULL-safe */

/* The intent is settled: tells keys, in batches. Never fails: what is not told now is told by the
 * reconciliation (reconcile.h). */
void issuance_settled(struct core *core, struct cx_id intent_id);

/* One pass over one tenant: tests and start-up. */
cx_err issuance_recover_tenant(struct core *core, struct cx_id tenant_id);
