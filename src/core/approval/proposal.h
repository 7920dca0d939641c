/*
 * Making a proposal, and what follows from its end. The change itself (a binding, a rule) is written by who proposes, in
 * the same transaction and without effect.
 */
#pragma once
#include "core/approval/proposal_store.h"

struct core;
struct api_request;

struct proposal_draft {
    enum proposal_kind kind;
    struct cx_id requester_id, receiver_id, target_id;
    int64_t duration_us;
    struct cx_str reason;
    cx_time now_us;
};
/* Seals the reason; before the transaction. */
cx_err proposal_prepare(struct core *core, struct cx_id tenant_id,
                        const struct proposal_draft *draft, struct arena *arena,
                        struct row_proposal *ret_row);
/* Inside: the row, with the plan that says who decides. */
cx_err proposal_insert(struct store_tx *tx, struct row_proposal *row,
                       const struct approval_plan *plan);

/* Inside: puts in force what was proposed. The right of who asked, the conflicts and what it rests on are asked again, as
 * they are now. CX_E_CONFLICT "proposal-overtaken", CX_E_DENIED "requester-may-not". */
cx_err proposal_enforce(struct store_tx *tx, struct api_request *request,
                        const struct proposal_row *row);
/* Inside: what was proposed will not come into force. */
cx_err proposal_discard(struct store_tx *tx, struct cx_id tenant_id, const struct proposal_row *row,
                        cx_time now_us);
