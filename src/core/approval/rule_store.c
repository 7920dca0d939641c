#include "core/approval/rule_store.h"
#include "base/checked.h"
#include "core/change/change.h"

#define RULE_COLUMNS                                                                               \
    "rule_id, action, subject, group_id, tags, lifetime_s, escalate_s, escalate_to, reason, "      \
    "created_us, created_by_id, in_force_us, ended_us, ended_by_id"

static cx_err row_of(const struct store_stmt *q, struct arena *arena,
                     struct approval_rule_row *ret_row)
{
    struct approval_rule_row row = {
        .rule = {.rule_id = store_col_id(q, 0),
                 .group_id = store_col_id(q, 3),
                 .lifetime_s = store_col_int(q, 5),
                 .escalate_s = store_col_int(q, 6),
                 .created_us = store_col_int(q, 9)},
        .created_by_id = store_col_id(q, 10),
        .in_force_us = store_col_int(q, 11),
        .ended_us = store_col_int(q, 12),
        .ended_by_id = store_col_id(q, 13),
    };
    if (cx_failed(approval_action_from_name(store_col_text(q, 1), &row.rule.action)))
        return CX_ERR(STORE);
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.rule.subject));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row.rule.tags_text));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 7), &row.rule.escalate_to));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 8).envelope, &row.reason.envelope));
    if (row.rule.tags_text.len)
        CX_TRY(tag_expression_parse(arena, row.rule.tags_text, NULL, &row.rule.tags));
    *ret_row = row;
    return CX_OK;
}

/* The rows of a prepared query, then the stages of each. */
static cx_err read_rows(struct store_tx *tx, struct cx_id tenant_id, struct store_stmt *q,
                        size_t limit, struct arena *arena, struct approval_rule_row *rows,
                        size_t *ret_count)
{
    size_t count = 0;
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (count == limit)
            return CX_ERR(LIMIT);
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    for (size_t i = 0; i < count; i++)
        CX_TRY(
            approval_stages_read(tx, tenant_id, rows[i].rule.rule_id, arena, &rows[i].rule.stages));
    *ret_count = count;
    return CX_OK;
}

cx_err approval_rule_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id rule_id,
                          struct arena *arena, struct approval_rule_row *ret_row)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx, "SELECT " RULE_COLUMNS " FROM approval_rule WHERE tenant_id = $1 AND rule_id = $2",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, rule_id);
    CX_TRY(read_rows(tx, tenant_id, q, 1, arena, ret_row, &count));
    return count ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err approval_rule_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                          size_t limit, struct arena *arena, struct approval_rule_row *rows,
                          size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " RULE_COLUMNS " FROM approval_rule WHERE tenant_id = $1 "
                         "AND (created_us, rule_id) < ($2, $3) "
                         "ORDER BY created_us DESC, rule_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    return read_rows(tx, tenant_id, q, limit, arena, rows, ret_count);
}

cx_err approval_rule_enforce(struct store_tx *tx, struct cx_id tenant_id, struct cx_id rule_id,
                             cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE approval_rule SET in_force_us = $3 WHERE tenant_id = $1 "
                         "AND rule_id = $2 AND in_force_us IS NULL AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, rule_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    return change_note_id(tx, tenant_id, CHANGE_APPROVAL_RULE, rule_id);
}

cx_err approval_rule_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id rule_id,
                         struct cx_id by, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE approval_rule SET ended_us = $3, ended_by_id = $4 "
                         "WHERE tenant_id = $1 AND rule_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, rule_id);
    store_bind_int(q, 3, now_us);
    if (cx_id_is_zero(by))
        store_bind_null(q, 4);
    else
        store_bind_id(q, 4, by);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    return change_note_id(tx, tenant_id, CHANGE_APPROVAL_RULE, rule_id);
}

cx_err approval_stages_insert(struct store_tx *tx, struct cx_id tenant_id, struct cx_id owner_id,
                              const struct approval_stages *stages)
{
    for (size_t i = 0; i < stages->count; i++) {
        struct row_approval_stage row = {.tenant_id = tenant_id,
                                         .owner_id = owner_id,
                                         .stage = (int64_t)i,
                                         .who = stages->list[i].text,
                                         .approvers = stages->list[i].approvers};
        CX_TRY(row_approval_stage_insert(tx, &row));
    }
    return CX_OK;
}

cx_err approval_stages_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id owner_id,
                            struct arena *arena, struct approval_stages *ret_stages)
{
    struct store_stmt *q = NULL;
    struct approval_stages stages = {.count = 0};
    CX_TRY(store_prepare(tx,
                         "SELECT who, approvers FROM approval_stage WHERE tenant_id = $1 "
                         "AND owner_id = $2 ORDER BY stage",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, owner_id);
    for (;;) {
        bool row = false;
        struct cx_str who = CX_STR_NONE;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (stages.count == CX_COUNT_OF(stages.list))
            return CX_ERR(STORE);
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &who));
        CX_TRY(approval_stage_parse(who, store_col_int(q, 1), NULL, &stages.list[stages.count++]));
    }
    *ret_stages = stages;
    return CX_OK;
}

cx_err approval_groups_above(struct store_tx *tx, struct cx_id tenant_id,
                             const struct access_place *place, struct arena *arena,
                             struct cx_id **ret_groups, size_t *ret_count)
{
    enum { ABOVE_MAX = 256 };
    struct cx_id *groups = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, ABOVE_MAX, &groups));
    for (size_t i = 0; place && i < place->group_count; i++) {
        struct store_stmt *q = NULL;
        CX_TRY(store_prepare(
            tx,
            "WITH RECURSIVE up (group_id) AS (SELECT group_id FROM access_group "
            "WHERE tenant_id = $1 AND group_id = $2 UNION SELECT n.parent_id FROM group_nesting n "
            "JOIN up u ON n.child_id = u.group_id WHERE n.tenant_id = $1 AND n.ended_us IS NULL) "
            "SELECT group_id FROM up",
            &q));
        store_bind_id(q, 1, tenant_id);
        store_bind_id(q, 2, place->groups[i]);
        for (;;) {
            bool row = false;
            CX_TRY(store_step(q, &row));
            if (!row)
                break;
            if (count == ABOVE_MAX)
                return CX_ERR(LIMIT);
            groups[count++] = store_col_id(q, 0);
        }
    }
    *ret_groups = groups;
    *ret_count = count;
    return CX_OK;
}

static cx_err rules_in_force(struct store_tx *tx, struct cx_id tenant_id,
                             enum approval_action action, struct arena *arena,
                             struct approval_rule **ret_rules, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    struct approval_rule_row *rows = NULL;
    struct approval_rule *rules = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, APPROVAL_RULES_MAX, &rows));
    CX_TRY(store_prepare(tx,
                         "SELECT " RULE_COLUMNS " FROM approval_rule WHERE tenant_id = $1 "
                         "AND action = $2 AND in_force_us IS NOT NULL AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, cx_str_from(approval_action_name(action)));
    CX_TRY(read_rows(tx, tenant_id, q, APPROVAL_RULES_MAX, arena, rows, &count));
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &rules));
    for (size_t i = 0; i < count; i++)
        rules[i] = rows[i].rule;
    *ret_rules = rules;
    *ret_count = count;
    return CX_OK;
}

cx_err approval_may_apply(struct store_tx *tx, struct cx_id tenant_id, enum approval_action action,
                          struct cx_str subject, bool *ret_may)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM approval_rule WHERE tenant_id = $1 AND action = $2 "
                         "AND (subject = $3 OR subject = '') "
                         "AND in_force_us IS NOT NULL AND ended_us IS NULL LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, cx_str_from(approval_action_name(action)));
    store_bind_text(q, 3, subject);
    return store_step(q, ret_may);
}

cx_err approval_check_grant(struct store_tx *tx, struct cx_id tenant_id, struct cx_str role,
                            struct cx_diag *diag)
{
    bool ruled = false;
    CX_TRY(approval_may_apply(tx, tenant_id, APPROVAL_ROLE_GRANT, role, &ruled));
    return ruled ? cx_refuse(diag, CX_ERR(POLICY), "role", "grant-needs-approval",
                             "Others decide on giving the role %.*s: propose it as a binding.",
                             CX_STR_ARG(role))
                 : CX_OK;
}

cx_err approval_check_group(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                            cx_time now_us, struct cx_diag *diag)
{
    struct store_stmt *q = NULL;
    bool ruled = false;
    CX_TRY(store_prepare(
        tx,
        "SELECT 1 FROM role_binding b JOIN approval_rule r ON r.tenant_id = b.tenant_id "
        "AND r.action = 'role_grant' AND (r.subject = '' OR r.subject = b.role) "
        "WHERE b.tenant_id = $1 AND b.ended_us IS NULL AND (b.expires_us IS NULL OR "
        "b.expires_us > $3) AND (b.standing IS NULL OR b.standing = 'eligible') "
        "AND r.in_force_us IS NOT NULL AND r.ended_us IS NULL AND b.subject_id IN ("
        "WITH RECURSIVE up (group_id) AS (SELECT group_id FROM access_group "
        "WHERE tenant_id = $1 AND group_id = $2 UNION SELECT n.parent_id FROM group_nesting n "
        "JOIN up u ON n.child_id = u.group_id WHERE n.tenant_id = $1 AND n.ended_us IS NULL) "
        "SELECT group_id FROM up) LIMIT 1",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_step(q, &ruled));
    return ruled ? cx_refuse(diag, CX_ERR(POLICY), "group_id", "grant-needs-approval",
                             "The group has a role that others decide on: propose a binding to "
                             "the person instead.")
                 : CX_OK;
}

cx_err approval_plan_find(struct store_tx *tx, struct cx_id tenant_id, enum approval_action action,
                          struct cx_str subject, const struct access_place *place, int64_t floor,
                          cx_time now_us, struct arena *arena, struct approval_plan *ret_plan)
{
    struct approval_case asked = {.action = action, .subject = subject};
    struct approval_rule *rules = NULL;
    struct cx_id *groups = NULL;
    size_t count = 0;
    bool any = false;
    CX_TRY(approval_may_apply(tx, tenant_id, action, subject,
                              &any)); /* mostly none: this is on the way of all */
    if (any) {
        CX_TRY(rules_in_force(tx, tenant_id, action, arena, &rules, &count));
        CX_TRY(approval_groups_above(tx, tenant_id, place, arena, &groups, &asked.group_count));
    }
    asked.groups = groups;
    asked.tags = place ? place->tags : NULL;
    asked.tag_count = place ? place->tag_count : 0;
    approval_plan_choose(rules, count, &asked, floor, now_us, ret_plan);
    return CX_OK;
}

cx_err approval_plan_insert(struct store_tx *tx, struct cx_id tenant_id, struct cx_id object_id,
                            const struct approval_plan *plan)
{
    if (plan->due_us == 0)
        return CX_OK;
    struct row_approval_plan row = {
        .tenant_id = tenant_id,
        .object_id = object_id,
        .has_rule_id = !cx_id_is_zero(plan->rule_id),
        .rule_id = plan->rule_id,
        .due_us = plan->due_us,
        .has_escalate_us = plan->escalate_us != 0,
        .escalate_us = plan->escalate_us,
        .has_escalate_to = plan->escalate_us != 0,
        .escalate_to = plan->escalate_to,
        .has_next_us = true,
        .next_us = plan->escalate_us ? plan->escalate_us : plan->due_us,
    };
    CX_TRY(row_approval_plan_insert(tx, &row));
    return approval_stages_insert(tx, tenant_id, object_id, &plan->stages);
}

cx_err approval_plan_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id object_id,
                          struct arena *arena, struct approval_plan *ret_plan)
{
    struct store_stmt *q = NULL;
    struct approval_plan plan = {.rule_id = {{0}}};
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT rule_id, due_us, escalate_us, escalate_to FROM approval_plan "
                         "WHERE tenant_id = $1 AND object_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, object_id);
    CX_TRY(store_step(q, &row));
    if (row) {
        plan.rule_id = store_col_id(q, 0);
        plan.due_us = store_col_int(q, 1);
        plan.escalate_us = store_col_int(q, 2);
        CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &plan.escalate_to));
        CX_TRY(approval_stages_read(tx, tenant_id, object_id, arena, &plan.stages));
    }
    *ret_plan = plan;
    return CX_OK;
}

cx_err approval_due_list(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                         struct arena *arena, struct approval_due *due, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT p.object_id, p.next_us, p.due_us, p.escalate_to, "
                         "(SELECT COUNT(*) FROM request r WHERE r.tenant_id = $1 AND "
                         "r.request_id = p.object_id AND r.state = 'awaiting_approval') + "
                         "(SELECT COUNT(*) FROM proposal q WHERE q.tenant_id = $1 AND "
                         "q.proposal_id = p.object_id AND q.state = 'awaiting_approval') "
                         "FROM approval_plan p WHERE p.tenant_id = $1 AND p.next_us IS NOT NULL "
                         "AND p.next_us <= $2 ORDER BY p.next_us LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        due[count] = (struct approval_due){.object_id = store_col_id(q, 0),
                                           .lapses = store_col_int(q, 1) >= store_col_int(q, 2),
                                           .waits = store_col_int(q, 4) > 0};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &due[count++].escalate_to));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err approval_due_done(struct store_tx *tx, struct cx_id tenant_id, struct cx_id object_id,
                         bool lapses)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         lapses ? "UPDATE approval_plan SET next_us = NULL WHERE tenant_id = $1 "
                                  "AND object_id = $2 AND next_us >= due_us"
                                : "UPDATE approval_plan SET next_us = due_us WHERE tenant_id = $1 "
                                  "AND object_id = $2 AND next_us < due_us",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, object_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err approval_due_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id object_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "UPDATE approval_plan SET next_us = NULL WHERE tenant_id = $1 AND object_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, object_id);
    return store_exec(q);
}
