/*
 * Whether this person may make this decision: the rules that requests and proposals share. Every check is made inside
 * the transaction that stores the decision.
 */
#pragma once
#include "core/approval/rule_store.h"

/* Who decides. rights: those that count, the delegator's where one stands behind. */
struct approval_decider {
    struct cx_id tenant_id;
    struct cx_id user_id;      /* who acts */
    struct cx_id behalf_of_id; /* whose right it is; zero: their own */
    const struct access_rights *rights, *narrowed;
    cx_time now_us;
};
struct approval_earlier {
    struct cx_id approver_id, behalf_of_id;
};
struct approval_asked {
    struct cx_id object_id, requester_id;
    struct cx_id receiver_id;         /* zero: nobody gets a right */
    const struct access_place *place; /* NULL: the tenant as a whole */
    const struct approval_earlier *earlier;
    size_t earlier_count;
};

/* Requester, receiver, delegator and earlier deciders are all other persons than who decides, and than whose right it is:
 * "requester-is-approver", "receiver-is-approver", "delegator-is-requester", "approved-before",
 * "break-glass-decides-nothing", or a tie (access.h). */
cx_err approval_check_persons(struct store_tx *tx, const struct approval_decider *decider,
                              const struct approval_asked *asked, bool approve,
                              struct cx_diag *diag);
/* The plan leaves the next approval to them, and there is time: "stage-role", "stage-group" (CX_E_DENIED),
 * "approval-expired" (CX_E_CONFLICT). */
cx_err approval_check_stage(struct store_tx *tx, const struct approval_decider *decider,
                            const struct approval_asked *asked, struct arena *arena,
                            struct cx_diag *diag);
