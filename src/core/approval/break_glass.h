/*
 * Break-glass accounts. Such an account has no rights; opening it takes a person who asks and another who agrees, neither
 * of them the account. Opening writes an administrator's binding that ends by itself, and an incident with an alert, in
 * one transaction. Whatever is done by that binding is marked in the log (audit.c), and nobody stands behind the account
 * whom it could be a second person to: it decides on nothing (decider.c).
 */
#pragma once
#include "api_types.h"
#include "core/audit/audit.h"
#include "core/incident/alert.h"

struct api_request;

enum { BREAK_GLASS_WAIT_S = 3600 }; /* for the second person */

/* Inside a store closure. */
cx_err break_glass_is_account(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                              bool *ret_is);

struct break_glass_record {
    struct alert alert;
    struct audit_event event;
    struct audit_entry *entry;
};
/* Before the transaction of the approval. */
cx_err break_glass_record_prepare(struct api_request *request,
                                  const struct api_proposal_view *proposal,
                                  struct break_glass_record *ret_record);
cx_err break_glass_record_insert(struct store_tx *tx, struct break_glass_record *record);
