/*
 * Freezes: accounts, tokens, sessions and ACME accounts that do not act while one stands (core/incident/freeze_handlers.c places and lifts them).
 * Asked where a credential is looked up, in the same transaction, so whoever comes next is refused, on every node and by every protocol.
 * Inside store closures.
 */
#pragma once
#include "base/id.h"
#include "store/store.h"

/* Whether a freeze of it stands. */
cx_err access_is_frozen(struct store_tx *tx, struct cx_id tenant_id, struct cx_id subject_id,
                        bool *ret_frozen);
/* In a WHERE with the tenant as $1: no freeze of that column stands. */
#define ACCESS_NOT_FROZEN(column)                                                                  \
    "NOT EXISTS (SELECT 1 FROM access_freeze f WHERE f.tenant_id = $1 AND f.subject_id = " column  \
    " AND f.lifted_us IS NULL)"
