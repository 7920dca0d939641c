/* Rows of orders and authorizations. Inside store closures; inserts are store/rows.h. Views are in arena. */
#pragma once
#include "core/protocol/acme/order.h"
#include "store/rows.h"

/* With its authorizations and the state of its request. CX_E_NOTFOUND when the account has no such order. */
cx_err acme_order_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                       struct cx_id order_id, struct arena *arena, struct acme_order *ret_order);
/* Newest first; ids alone. */
cx_err acme_order_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                       const struct page_key *after, size_t limit, struct page_key *keys,
                       size_t *ret_count);
/* The order became this request: compare-and-set. CX_E_CONFLICT when it has one already. */
cx_err acme_order_claim(struct store_tx *tx, struct cx_id tenant_id, struct cx_id order_id,
                        struct cx_id request_id);
/* The account whose order led to the request; zero when none did. */
cx_err acme_order_account(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                          struct cx_id *ret_account_id);
/* When the nth newest order of the account was made; 0 when there are fewer. */
cx_err acme_order_nth(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                      int64_t nth, cx_time *ret_created_us);
/* When the nth newest certificate with this dns or ip name was issued; 0 when there are fewer. */
cx_err acme_name_nth(struct store_tx *tx, struct cx_id tenant_id, struct cx_str value, int64_t nth,
                     cx_time *ret_issued_us);

/* CX_E_NOTFOUND when the account has no such authorization. account zero: any (background work). */
cx_err acme_authorization_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                               struct cx_id authorization_id, struct arena *arena,
                               struct acme_authorization *ret_authorization);
/* The account's newest valid one for the identifier, validated after since_us and good until until_us. */
cx_err acme_authorization_reusable(struct store_tx *tx, struct cx_id tenant_id,
                                   struct cx_id account_id, const struct acme_authorization *like,
                                   cx_time since_us, cx_time until_us, bool *ret_found,
                                   struct cx_id *ret_authorization_id);
/* The only writer of authorization.state: compare-and-set. CX_E_CONFLICT when it is not in state from. */
cx_err acme_authorization_move(struct store_tx *tx, struct cx_id tenant_id,
                               struct cx_id authorization_id, enum acme_authorization_state from,
                               enum acme_authorization_state to);
/* Beside the move to processing: which challenge, and until when this node works on it. */
cx_err acme_authorization_begin(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id authorization_id, enum acme_challenge challenge,
                                cx_time lease_us);
/* Beside the move away from it: what was found. error "": valid, until expires_us. */
cx_err acme_authorization_end(struct store_tx *tx, struct cx_id tenant_id,
                              struct cx_id authorization_id, struct cx_str error,
                              cx_time validated_us, cx_time expires_us);
/* Validations whose lease has run out, claimed until lease_us. ids has room for limit. */
cx_err acme_authorization_claim(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                                cx_time lease_us, size_t limit, struct cx_id *ids,
                                size_t *ret_count);
/* Whether there is any. */
cx_err acme_authorization_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                              bool *ret_any);
