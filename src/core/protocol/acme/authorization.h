/* Making authorizations: for orders and ahead of them. */
#pragma once
#include "core/protocol/acme/order.h"
#include "store/store.h"

/* A fresh one for the name: pending, or valid at once when the account's external binding vouches for the name. */
cx_err acme_authorization_make(struct acme_call *call, const struct pki_name *name,
                               struct acme_authorization *ret_authorization);
cx_err acme_authorization_insert(struct store_tx *tx, struct cx_id tenant_id,
                                 const struct acme_authorization *authorization);
