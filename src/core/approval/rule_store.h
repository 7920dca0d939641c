/*
 * Rules, and the plan of one request or proposal, as rows. Inside store closures; sealed fields stay sealed. What is
 * returned is in the arena.
 */
#pragma once
#include "core/access/access.h"
#include "core/approval/plan.h"
#include "core/page.h"
#include "store/rows.h"

struct core;

enum { APPROVAL_RULES_MAX = 512 };

struct approval_rule_row {
    struct approval_rule rule;
    struct cx_sealed reason;
    struct cx_id created_by_id, ended_by_id;
    cx_time in_force_us, ended_us; /* 0: not */
};
cx_err approval_rule_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id rule_id,
                          struct arena *arena, struct approval_rule_row *ret_row);
cx_err approval_rule_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                          size_t limit, struct arena *arena, struct approval_rule_row *rows,
                          size_t *ret_count);
/* CX_E_CONFLICT when it is so already. */
cx_err approval_rule_enforce(struct store_tx *tx, struct cx_id tenant_id, struct cx_id rule_id,
                             cx_time now_us);
cx_err approval_rule_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id rule_id,
                         struct cx_id by, cx_time now_us);

/* owner_id: a rule, request or proposal. */
cx_err approval_stages_insert(struct store_tx *tx, struct cx_id tenant_id, struct cx_id owner_id,
                              const struct approval_stages *stages);
cx_err approval_stages_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id owner_id,
                            struct arena *arena, struct approval_stages *ret_stages);

/* The rules in force, applied. place: of the object; NULL where the action has none. */
cx_err approval_plan_find(struct store_tx *tx, struct cx_id tenant_id, enum approval_action action,
                          struct cx_str subject, const struct access_place *place, int64_t floor,
                          cx_time now_us, struct arena *arena, struct approval_plan *ret_plan);
/* Whether some rule could hold for such an object wherever it lies: asked where nobody is known to ask. */
cx_err approval_may_apply(struct store_tx *tx, struct cx_id tenant_id, enum approval_action action,
                          struct cx_str subject, bool *ret_may);
/* CX_E_POLICY, rule "grant-needs-approval", when a rule decides on giving this role, or some role that the group has or
 * inherits: then the ways around a proposal are closed. */
cx_err approval_check_grant(struct store_tx *tx, struct cx_id tenant_id, struct cx_str role,
                            struct cx_diag *diag);
cx_err approval_check_group(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                            cx_time now_us, struct cx_diag *diag);
/* Nothing is stored of a plan that no rule made and that does not lapse. */
cx_err approval_plan_insert(struct store_tx *tx, struct cx_id tenant_id, struct cx_id object_id,
                            const struct approval_plan *plan);
/* Without a plan stored: zeroed. */
cx_err approval_plan_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id object_id,
                          struct arena *arena, struct approval_plan *ret_plan);

/* The groups that own a place with all above them, as a rule's group means them. */
cx_err approval_groups_above(struct store_tx *tx, struct cx_id tenant_id,
                             const struct access_place *place, struct arena *arena,
                             struct cx_id **ret_groups, size_t *ret_count);

/* Objects whose clock has something to do. */
struct approval_due {
    struct cx_id object_id;
    bool lapses; /* else it escalates */
    bool waits;  /* else it was decided meanwhile */
    struct cx_str escalate_to;
};
cx_err approval_due_list(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                         struct arena *arena, struct approval_due *due, size_t *ret_count);
/* Moves next_us from escalation to lapse, or ends it. CX_E_CONFLICT when another node did. */
cx_err approval_due_done(struct store_tx *tx, struct cx_id tenant_id, struct cx_id object_id,
                         bool lapses);
/* The clock has nothing to do with it any more. */
cx_err approval_due_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id object_id);
