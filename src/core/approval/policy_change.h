/*
 * Changes of policy that wait for other persons. Which operations are meant is said by the contract (x-policy). Where a rule
 * for "policy_change" holds, api_commit tries the change in its transaction and takes it back: what every check of the
 * operation refuses is refused at once, and what it would make of the recorded objects (core/change) is kept with the call,
 * for those who decide. The last approval makes the call again, by the same handler and in the name of who asked; decision,
 * change, versions and both audit entries commit together, or nothing does. A change that rests on a version which is in force
 * no more is refused.
 *
 * Once a call: a handler of such an operation commits once, and its answer may hold no secret that only it knows.
 */
#pragma once
#include "core/approval/proposal_store.h"

struct api_operation;
struct api_request;
struct audit_entry;
struct audit_event;
struct core;

/* object: the contract's word (PolicyObject); name: "" where it has none. */
cx_err policy_change_plan(struct store_tx *tx, struct cx_id tenant_id, struct cx_str object,
                          struct cx_str name, cx_time now_us, struct arena *arena,
                          struct approval_plan *ret_plan);

/* What became of a change that was tried. */
struct policy_trial {
    bool waits; /* it is to be proposed: policy_change_propose */
    struct approval_plan plan;
    struct proposal_effect *effects;
    size_t effect_count;
};
/* For api_commit, inside: runs fn, for good or on trial. CX_E_BUSY when it waits, so that the transaction is taken back. */
cx_err policy_change_run(struct store_tx *tx, struct api_request *request, store_fn fn, void *arg,
                         struct policy_trial *ret_trial);
/* Outside, afterwards: stores the proposal and sets request->proposal_id. */
cx_err policy_change_propose(struct api_request *request, const struct policy_trial *trial);

/* The last approval. request: of who approves; write: checks and stores their decision, and concludes the proposal; event:
 * of the decision. */
struct policy_agreed {
    struct api_request *request;
    struct proposal_row row;
    store_fn write;
    void *arg;
    struct audit_event *event;
    struct audit_entry *entry; /* of the decision */
    bool outdated;             /* the rights of who approves are of an older generation */
    bool done;                 /* committed */
    cx_err refusal;            /* of the decision, not of the change */
};
/* Not inside a closure. */
cx_err policy_change_apply(struct policy_agreed *agreed);

/* The call as it was sent. body: JSON, "" when it has none. Not inside a closure. */
struct policy_call {
    struct cx_str target, body, reason;
};
cx_err policy_call_open(struct core *core, struct cx_id tenant_id, const struct proposal_row *row,
                        struct arena *arena, struct policy_call *ret_call);
/* NULL: the contract has it no more. */
const struct api_operation *policy_operation(struct cx_str name);
