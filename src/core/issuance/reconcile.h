/*
 * Agreement of the keys process's index with the database. Safe while certificates are issued, and on several nodes:
 * each asks its own keys process. Errors are those of keys/client.h and the store.
 */
#pragma once
#include "base/err.h"

struct core;

/* One comparison of everything that keys has not been told. The worker makes one at start and every ten minutes. */
cx_err issuance_reconcile(struct core *core);
