/*
 * How many people have to decide, who, and in which order: rules as data, and what they make of one case. Pure
 * functions: no I/O, no clock.
 *
 * A rule holds for an action on objects in a place. Of several that hold, the one that asks for most approvals applies,
 * then the one that says most about the case, then the older one; and where the profile itself asks for more, the rest
 * follows as a last stage. So the order of rows means nothing, and adding a rule never makes anything easier.
 *
 * Stages come one after the other: the n-th approval belongs to the first stage that the n approvals before it have not
 * filled.
 */
#pragma once
#include "base/clock.h"
#include "base/diag.h"
#include "base/id.h"
#include "core/access/tag_expression.h"

enum approval_action {
    APPROVAL_ISSUE,
    APPROVAL_RENEW,
    APPROVAL_REPLACE,
    APPROVAL_REVOKE, /* so far as enum request_kind */
    APPROVAL_ROLE_GRANT,
    APPROVAL_ELEVATION,
    APPROVAL_POLICY_CHANGE,
    APPROVAL_EXPORT, /* of a private key: asked beside the kind of the request that hands one out */
    APPROVAL_ACTION_COUNT
};
const char *approval_action_name(enum approval_action action);
cx_err approval_action_from_name(struct cx_str name, enum approval_action *ret_action);

enum { APPROVAL_STAGES_MAX = 8, APPROVAL_TOTAL_MAX = 16, APPROVAL_WHO_MAX = 80 };

enum approval_who { APPROVAL_ANY, APPROVAL_ROLE, APPROVAL_GROUP };
struct approval_stage {
    struct cx_str text; /* "any", "role:NAME" or "group:grp_…" */
    enum approval_who who;
    struct cx_str role;
    struct cx_id group_id;
    int64_t approvers;
};
/* CX_E_POLICY, field "stages", rule "stage-who", for another text. Views into it. */
cx_err approval_stage_parse(struct cx_str text, int64_t approvers, struct cx_diag *diag,
                            struct approval_stage *ret_stage);

struct approval_stages {
    struct approval_stage list[APPROVAL_STAGES_MAX + 1];
    size_t count;
};
int64_t approval_total(const struct approval_stages *stages);
/* The stage that the next approval belongs to; NULL when all are filled. */
const struct approval_stage *approval_stage_next(const struct approval_stages *stages,
                                                 int64_t given);

struct approval_rule {
    struct cx_id rule_id;
    enum approval_action action;
    struct cx_str subject;      /* profile or role; empty: any */
    struct cx_id group_id;      /* zero: any */
    struct tag_expression tags; /* count 0: any */
    struct cx_str tags_text;
    int64_t lifetime_s;
    int64_t escalate_s; /* 0: never */
    struct cx_str escalate_to;
    cx_time created_us;
    struct approval_stages stages;
};

struct approval_case {
    enum approval_action action;
    struct cx_str subject;
    const struct cx_id *groups; /* that own the object, and those above them */
    size_t group_count;
    const struct access_tag *tags;
    size_t tag_count;
};
bool approval_rule_holds(const struct approval_rule *rule, const struct approval_case *asked);

struct approval_plan {
    struct cx_id rule_id; /* zero: no rule, only what the profile asks for */
    struct approval_stages stages;
    cx_time due_us, escalate_us; /* 0: never */
    struct cx_str escalate_to;
};
/* floor: what the profile asks for. Views into the rules. */
void approval_plan_choose(const struct approval_rule *rules, size_t count,
                          const struct approval_case *asked, int64_t floor, cx_time now_us,
                          struct approval_plan *ret_plan);
/* Of two that both hold for one case: the one that asks for more approvals; the first of equals. */
const struct approval_plan *approval_plan_stricter(const struct approval_plan *one,
                                                   const struct approval_plan *other);
