/*
 * Delegations: somebody decides on requests in another's place, for a time. The right is the delegator's as it is at
 * that moment; nothing is copied, so it ends with theirs. It covers the delegator's own rights only, never what was
 * delegated to them, so chains do not exist and loops lead nowhere; they are refused all the same.
 */
#pragma once
#include "core/access/access.h"
#include "core/issuance/request_store.h"

struct api_request;

struct delegation_row {
    struct cx_id delegation_id, delegator_id, delegate_id, group_id; /* group zero: any */
    struct cx_str kind;                                              /* empty: any */
    struct cx_sealed reason;
    cx_time start_us, expires_us, created_us, ended_us; /* ended 0: not */
};
cx_err delegation_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id delegation_id,
                       struct arena *arena, struct delegation_row *ret_row);
/* party: only those that this person gave or got; zero: all. */
cx_err delegation_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id party,
                       const struct page_key *after, size_t limit, struct arena *arena,
                       struct delegation_row *rows, size_t *ret_count);
/* CX_E_CONFLICT when it has ended already. */
cx_err delegation_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id delegation_id,
                      struct cx_id by, cx_time now_us);
/* Whether what from delegated reaches to, directly or on. */
cx_err delegation_leads(struct store_tx *tx, struct cx_id tenant_id, struct cx_id from,
                        struct cx_id to, cx_time now_us, bool *ret_leads);

/* The delegator as who decides on this request now, for the request's caller. CX_E_DENIED: "delegation-unknown",
 * "delegation-over", "delegation-outside", "delegator-inactive", "roles-conflict". The caller clears the principal. */
cx_err delegation_use(struct store_tx *tx, struct api_request *request, struct cx_id delegation_id,
                      const struct request_row *now, struct principal *ret_delegator);
