/*
 * Whether rights that were looked up before a transaction are still those of the tenant inside it: a binding that was
 * ended in between must not carry a change. Inside a closure, before anything else.
 */
#pragma once
#include "core/access/access.h"
#include "store/store.h"

cx_err access_guard(struct store_tx *tx, const struct principal *principal, bool *ret_holds);
