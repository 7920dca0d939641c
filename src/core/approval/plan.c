#include "core/approval/plan.h"

static const char *const ACTIONS[APPROVAL_ACTION_COUNT] = {
    [APPROVAL_ISSUE] = "issue",
    [APPROVAL_RENEW] = "renew",
    [APPROVAL_REPLACE] = "replace",
    [APPROVAL_REVOKE] = "revoke",
    [APPROVAL_ROLE_GRANT] = "role_grant",
    [APPROVAL_ELEVATION] = "elevation",
    [APPROVAL_POLICY_CHANGE] = "policy_change",
    [APPROVAL_EXPORT] = "export",
};

const char *approval_action_name(enum approval_action action)
{
    return ACTIONS[action];
}

cx_err approval_action_from_name(struct cx_str name, enum approval_action *ret_action)
{
    for (int i = 0; i < APPROVAL_ACTION_COUNT; i++) {
        if (cx_str_is(name, ACTIONS[i])) {
            *ret_action = (enum approval_action)i;
            return CX_OK;
        }
    }
    return CX_ERR(PARSE);
}

static bool after(struct cx_str text, const char *prefix, struct cx_str *ret_rest)
{
    struct cx_str start = cx_str_from(prefix);
    if (text.len <= start.len || !cx_str_starts(text, start))
        return false;
    *ret_rest = (struct cx_str){text.ptr + start.len, text.len - start.len};
    return true;
}

cx_err approval_stage_parse(struct cx_str text, int64_t approvers, struct cx_diag *diag,
                            struct approval_stage *ret_stage)
{
    struct approval_stage stage = {.text = text, .approvers = approvers};
    struct cx_str rest = CX_STR_NONE;
    if (cx_str_is(text, "any"))
        stage.who = APPROVAL_ANY;
    else if (after(text, "role:", &stage.role))
        stage.who = APPROVAL_ROLE;
    else if (after(text, "group:", &rest) &&
             cx_is_ok(cx_id_parse(CX_ID_GROUP, rest, &stage.group_id)))
        stage.who = APPROVAL_GROUP;
    else
        return cx_refuse(diag, CX_ERR(POLICY), "stages", "stage-who",
                         "Who approves is any, role:NAME or group:ID.");
    *ret_stage = stage;
    return CX_OK;
}

int64_t approval_total(const struct approval_stages *stages)
{
    int64_t total = 0;
    for (size_t i = 0; i < stages->count; i++)
        total += stages->list[i].approvers;
    return total;
}

const struct approval_stage *approval_stage_next(const struct approval_stages *stages,
                                                 int64_t given)
{
    for (size_t i = 0; i < stages->count; i++) {
        if (given < stages->list[i].approvers)
            return &stages->list[i];
        given -= stages->list[i].approvers;
    }
    return NULL;
}

bool approval_rule_holds(const struct approval_rule *rule, const struct approval_case *asked)
{
    bool owned = cx_id_is_zero(rule->group_id);
    if (rule->action != asked->action)
        return false;
    if (rule->subject.len && !cx_str_eq(rule->subject, asked->subject))
        return false;
    for (size_t i = 0; i < asked->group_count && !owned; i++)
        owned = cx_id_eq(rule->group_id, asked->groups[i]);
    return owned && (rule->tags.count == 0 ||
                     tag_expression_holds(&rule->tags, asked->tags, asked->tag_count));
}

static int said(const struct approval_rule *rule)
{
    return (rule->subject.len > 0) + !cx_id_is_zero(rule->group_id) + (rule->tags.count > 0);
}

static bool goes_before(const struct approval_rule *one, const struct approval_rule *other)
{
    int64_t one_total = approval_total(&one->stages), other_total = approval_total(&other->stages);
    if (one_total != other_total)
        return one_total > other_total;
    if (said(one) != said(other))
        return said(one) > said(other);
    if (one->created_us != other->created_us)
        return one->created_us < other->created_us;
    return cx_bytes_cmp(CX_BYTES(one->rule_id.b, sizeof(one->rule_id.b)),
                        CX_BYTES(other->rule_id.b, sizeof(other->rule_id.b))) < 0;
}

void approval_plan_choose(const struct approval_rule *rules, size_t count,
                          const struct approval_case *asked, int64_t floor, cx_time now_us,
                          struct approval_plan *ret_plan)
{
    struct approval_plan plan = {.rule_id = {{0}}};
    const struct approval_rule *chosen = NULL;
    for (size_t i = 0; i < count; i++)
        if (approval_rule_holds(&rules[i], asked) && (!chosen || goes_before(&rules[i], chosen)))
            chosen = &rules[i];
    if (chosen) {
        plan.rule_id = chosen->rule_id;
        plan.stages = chosen->stages;
        plan.due_us = now_us + chosen->lifetime_s * CX_US_PER_S;
        plan.escalate_us = chosen->escalate_s ? now_us + chosen->escalate_s * CX_US_PER_S : 0;
        plan.escalate_to = chosen->escalate_to;
    }
    int64_t total = approval_total(&plan.stages);
    if (total < floor)
        plan.stages.list[plan.stages.count++] = (struct approval_stage){
            .text = CX_STR("any"), .who = APPROVAL_ANY, .approvers = floor - total};
    *ret_plan = plan;
}

const struct approval_plan *approval_plan_stricter(const struct approval_plan *one,
                                                   const struct approval_plan *other)
{
    return approval_total(&other->stages) > approval_total(&one->stages) ? other : one;
}
