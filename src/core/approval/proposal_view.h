/* Proposals as those see them who asked or decide. Sealed fields are opened: not inside a closure, save where it is said. */
#pragma once
#include "api_types.h"
#include "core/api/api.h"
#include "core/approval/proposal_store.h"

struct proposal_show {
    struct api_request *request;
    struct cx_id proposal_id;
    struct proposal_row row;
    struct approval_plan plan;
    struct proposal_decision decisions[PROPOSAL_DECISIONS_MAX];
    size_t decision_count;
    struct proposal_effect *effects; /* NULL in lists */
    size_t effect_count;
};
/* Inside: plan and decisions of show->row. */
cx_err proposal_read_parts(struct store_tx *tx, struct proposal_show *show);
cx_err proposal_view_of(struct api_request *request, const struct proposal_show *show,
                        struct api_proposal_view *ret_view);

/* CX_E_NOTFOUND, "proposal-unknown", also when it is not theirs to see. */
cx_err proposal_show(struct api_request *request, struct cx_id proposal_id,
                     struct api_proposal_view *ret_view);
/* Who reads bindings or decides sees all of them, everybody what they asked for or get. */
bool proposal_sees_all(const struct principal *me);
cx_err proposal_refuse_unknown(struct cx_diag *diag);

/* Who asked for what came into force by this proposal, and who decided: for the history of what it changed. */
struct proposal_origin {
    struct cx_id requester_id;
    const struct api_approval_view *approvals;
    size_t approval_count;
};
cx_err proposal_origin(struct api_request *request, struct cx_id proposal_id,
                       struct proposal_origin *ret_origin);

/* Both columns of the key of a decision, each with its length before it: where its comment is sealed. */
enum { PROPOSAL_DECISION_KEY_LEN = 2 * (1 + 16) };
struct cx_bytes proposal_decision_key(struct cx_id proposal_id, struct cx_id approver_id,
                                      uint8_t key[static PROPOSAL_DECISION_KEY_LEN]);
