/*
 * Proposals: changes of access that wait for other persons. What a proposal would bring about is stored already, without
 * effect; the last approval puts it in force in the same transaction. Inside store closures; sealed fields stay sealed.
 */
#pragma once
#include "core/access/access.h"
#include "core/approval/decider.h"
#include "core/approval/rule_store.h"

enum proposal_kind {
    PROPOSAL_ROLE_GRANT,
    PROPOSAL_ELIGIBLE_GRANT,
    PROPOSAL_ELEVATION,
    PROPOSAL_RULE_CREATE,
    PROPOSAL_RULE_END,
    PROPOSAL_BREAK_GLASS,
    PROPOSAL_POLICY_CHANGE,
    PROPOSAL_KIND_COUNT
};
enum proposal_state {
    PROPOSAL_AWAITING,
    PROPOSAL_DONE,
    PROPOSAL_REJECTED,
    PROPOSAL_CANCELLED,
    PROPOSAL_EXPIRED,
    PROPOSAL_STATE_COUNT
};
const char *proposal_kind_name(enum proposal_kind kind);
const char *proposal_state_name(enum proposal_state state);

enum { PROPOSAL_DECISIONS_MAX = 32 };

struct proposal_row {
    struct cx_id proposal_id;
    enum proposal_kind kind;
    enum proposal_state state;
    struct cx_id requester_id, receiver_id, target_id; /* receiver zero: nobody, or a group */
    int64_t duration_us;
    struct cx_sealed reason;
    int64_t approvals_needed, approvals_given;
    cx_time created_us, updated_us;
    /* Of a change of policy; "" else. */
    struct cx_str object, object_name, operation;
    struct cx_sealed request;
};
cx_err proposal_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id,
                     struct arena *arena, struct proposal_row *ret_row);
/* party: only those that this person asked for or gets something by; zero: all. */
cx_err proposal_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id party,
                     const struct page_key *after, size_t limit, struct arena *arena,
                     struct proposal_row *rows, size_t *ret_count);
/* The only writer of proposal.state: compare-and-set; CX_E_CONFLICT when it does not await approval (any more). What is done
 * is tied to the entry of the transaction. */
cx_err proposal_conclude(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id,
                         enum proposal_state to, cx_time now_us);
/* What was agreed on comes into force with this transaction and not with the last approval: ties it to this entry instead. */
cx_err proposal_tie(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id);
/* CX_E_CONFLICT when another decision came first. */
cx_err proposal_count_approval(struct store_tx *tx, struct cx_id tenant_id,
                               struct cx_id proposal_id, int64_t given);

/* What a change of policy would make of an object with versions (core/change/object.h). */
struct proposal_effect {
    struct cx_str object, key, content;
    struct cx_str base_key; /* mostly the key itself */
    int64_t base_version,
        newest_version; /* the one it changes, and the one there is now; 0: none */
    struct cx_str base; /* content of the former; "" when there is none */
};
enum { PROPOSAL_EFFECTS_MAX = 32 };
cx_err proposal_effects(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id,
                        struct arena *arena, struct proposal_effect **ret_effects,
                        size_t *ret_count);
/* Whether another change came into force since it was proposed. */
bool proposal_is_stale(const struct proposal_effect *effects, size_t count);

struct proposal_decision {
    struct cx_id approver_id;
    bool approve;
    struct cx_sealed comment;
    cx_time decided_us;
};
/* decisions has room for PROPOSAL_DECISIONS_MAX; oldest first. */
cx_err proposal_decisions(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id,
                          struct arena *arena, struct proposal_decision *decisions,
                          size_t *ret_count);
