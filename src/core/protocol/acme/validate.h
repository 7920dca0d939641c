/*
 * Validation in the background: threads that ask the outbound process and store what it found, each result in one
 * transaction with its audit entry "system.acme.validate". A validation that a crash interrupted is found by its lease and
 * done again, by whichever node comes first. The same thread drops old nonces.
 */
#pragma once
#include "base/err.h"
#include "base/id.h"
#include "store/store.h"

struct acme_authorization;
struct acme_call;
struct acme_validator;

enum { ACME_VALIDATION_TIMEOUT_S = 20, ACME_VALIDATION_LEASE_S = 60, ACME_VALIDATION_ATTEMPTS = 5 };

struct core;
cx_err acme_validator_start(struct core *core, struct acme_validator **ret_validator);
void acme_validator_stop(struct acme_validator *validator); /* joins; NULL-safe */
/* Never fails: what finds no place in the queue is found by its lease. NULL-safe. */
void acme_validate_soon(struct acme_validator *validator, struct cx_id tenant_id,
                        struct cx_id authorization_id);
/* store_read(read, arg), which fills in authorization. When that is being validated on this node, waits a little for the end
 * and reads again (validate_wait.h). */
cx_err acme_validate_read(struct acme_call *call, struct cx_id authorization_id,
                          const struct acme_authorization *authorization, store_fn read, void *arg);
