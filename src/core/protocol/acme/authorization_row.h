/* Reading one authorization out of a row: shared by the stores of orders and authorizations. */
#pragma once
#include "core/protocol/acme/order.h"
#include "store/store.h"

/* With the alias a for table acme_authorization. */
#define ACME_AUTHORIZATION_COLUMNS                                                                 \
    "a.authorization_id, a.account_id, a.kind, a.value, a.wildcard, a.state, a.token, "            \
    "a.challenge, a.error, a.validated_us, a.created_us, a.expires_us, a.attempt_count"
cx_err acme_authorization_of(const struct store_stmt *q, struct arena *arena,
                             struct acme_authorization *ret_authorization);
