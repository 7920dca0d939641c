/* The choice among rules: most approvals, whatever the order of rows; no rule makes anything easier; stages in order. */
#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "core/approval/plan.h"

enum { RULES = 6, DRAWS = 20000, NOW_S = 1000 };

static struct cx_id id_of(uint8_t n)
{
    return (struct cx_id){{[15] = n}};
}

static struct approval_stage stage_of(const char *who, int64_t approvers)
{
    struct approval_stage stage;
    assert_true(cx_is_ok(approval_stage_parse(cx_str_from(who), approvers, NULL, &stage)));
    return stage;
}

static struct approval_rule rule_of(uint8_t n, int64_t approvers)
{
    return (struct approval_rule){.rule_id = id_of(n),
                                  .action = APPROVAL_ISSUE,
                                  .lifetime_s = 60,
                                  .created_us = n * CX_US_PER_S,
                                  .stages = {.list = {stage_of("any", approvers)}, .count = 1}};
}

static struct approval_plan choose(const struct approval_rule *rules, size_t count,
                                   const struct approval_case *asked, int64_t floor)
{
    struct approval_plan plan;
    approval_plan_choose(rules, count, asked, floor, NOW_S * CX_US_PER_S, &plan);
    return plan;
}

static void test_who_is_any_a_role_or_a_group(void **state)
{
    (void)state;
    char group[CX_ID_TEXT_MAX + 8] = "group:";
    struct cx_diag diag = CX_DIAG_INIT;
    struct approval_stage stage = stage_of("role:manager", 2);
    assert_int_equal(stage.who, APPROVAL_ROLE);
    assert_true(cx_str_is(stage.role, "manager"));
    assert_int_equal(stage_of("any", 1).who, APPROVAL_ANY);
    cx_id_format(CX_ID_GROUP, id_of(7), group + strlen(group));
    stage = stage_of(group, 1);
    assert_int_equal(stage.who, APPROVAL_GROUP);
    assert_true(cx_id_eq(stage.group_id, id_of(7)));
    static const char *const BAD[] = {"",         "any ",        "role:", "group:", "group:usr_x",
                                      "user:ada", "ROLE:manager"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        diag = (struct cx_diag)CX_DIAG_INIT;
        assert_int_equal(approval_stage_parse(cx_str_from(BAD[i]), 1, &diag, &stage).code,
                         CX_E_POLICY);
        assert_string_equal(diag.rule, "stage-who");
    }
}

static void test_names_of_actions_round_trip(void **state)
{
    (void)state;
    enum approval_action found;
    for (int i = 0; i < APPROVAL_ACTION_COUNT; i++) {
        const char *name = approval_action_name((enum approval_action)i);
        assert_true(cx_is_ok(approval_action_from_name(cx_str_from(name), &found)));
        assert_int_equal(found, i);
    }
    assert_int_equal(approval_action_from_name(CX_STR("issues"), &found).code, CX_E_PARSE);
}

static void test_stages_are_filled_in_order(void **state)
{
    (void)state;
    const struct approval_stages stages = {
        .list = {stage_of("role:approver", 2), stage_of("any", 1)}, .count = 2};
    assert_int_equal(approval_total(&stages), 3);
    assert_ptr_equal(approval_stage_next(&stages, 0), &stages.list[0]);
    assert_ptr_equal(approval_stage_next(&stages, 1), &stages.list[0]);
    assert_ptr_equal(approval_stage_next(&stages, 2), &stages.list[1]);
    assert_null(approval_stage_next(&stages, 3));
}

static void test_a_rule_holds_where_it_says(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    const struct cx_id groups[] = {id_of(1), id_of(2)};
    const struct access_tag prod = {CX_STR("env"), CX_STR("prod")};
    struct approval_case asked = {.action = APPROVAL_ISSUE,
                                  .subject = CX_STR("web"),
                                  .groups = groups,
                                  .group_count = 2,
                                  .tags = &prod,
                                  .tag_count = 1};
    struct approval_rule rule = rule_of(9, 1);
    assert_true(approval_rule_holds(&rule, &asked));
    rule.action = APPROVAL_RENEW;
    assert_false(approval_rule_holds(&rule, &asked));
    rule = rule_of(9, 1);
    rule.subject = CX_STR("mail");
    assert_false(approval_rule_holds(&rule, &asked));
    rule.subject = CX_STR("web");
    rule.group_id = id_of(2);
    assert_true(approval_rule_holds(&rule, &asked));
    rule.group_id = id_of(3);
    assert_false(approval_rule_holds(&rule, &asked));
    rule.group_id = id_of(1);
    assert_true(cx_is_ok(tag_expression_parse(&arena, CX_STR("env=prod"), NULL, &rule.tags)));
    assert_true(approval_rule_holds(&rule, &asked));
    asked.tag_count = 0;
    assert_false(approval_rule_holds(&rule, &asked));
}

static void test_what_the_profile_asks_for_is_never_lowered(void **state)
{
    (void)state;
    const struct approval_case asked = {.action = APPROVAL_ISSUE};
    const struct approval_rule rule = rule_of(1, 2);
    struct approval_plan plan = choose(NULL, 0, &asked, 3);
    assert_int_equal(approval_total(&plan.stages), 3);
    assert_true(cx_id_is_zero(plan.rule_id));
    assert_int_equal(plan.due_us, 0);
    plan = choose(&rule, 1, &asked, 3);
    assert_int_equal(approval_total(&plan.stages), 3);
    assert_int_equal(plan.stages.count, 2);
    assert_int_equal(plan.stages.list[1].who, APPROVAL_ANY);
    assert_int_equal(plan.due_us, (NOW_S + 60) * CX_US_PER_S);
    plan = choose(&rule, 1, &asked, 1);
    assert_int_equal(approval_total(&plan.stages), 2);
    plan = choose(NULL, 0, &asked, 0);
    assert_int_equal(plan.stages.count, 0);
}

static void test_equals_are_told_apart(void **state)
{
    (void)state;
    const struct approval_case asked = {.action = APPROVAL_ISSUE, .subject = CX_STR("web")};
    struct approval_rule rules[] = {rule_of(2, 1), rule_of(3, 1)};
    struct approval_plan plan = choose(rules, 2, &asked, 0);
    assert_true(cx_id_eq(plan.rule_id, id_of(2))); /* the older one */
    rules[1].subject = CX_STR("web");
    plan = choose(rules, 2, &asked, 0);
    assert_true(cx_id_eq(plan.rule_id, id_of(3))); /* the one that says more */
    rules[1].subject = CX_STR("");
    rules[1].created_us = rules[0].created_us;
    rules[1].rule_id = id_of(1);
    plan = choose(rules, 2, &asked, 0);
    assert_true(cx_id_eq(plan.rule_id, id_of(1)));
}

static void test_the_stricter_of_two_plans(void **state)
{
    (void)state;
    const struct approval_case asked = {.action = APPROVAL_ISSUE};
    const struct approval_plan one = choose(NULL, 0, &asked, 1), two = choose(NULL, 0, &asked, 2),
                               also = choose(NULL, 0, &asked, 2);
    assert_ptr_equal(approval_plan_stricter(&one, &two), &two);
    assert_ptr_equal(approval_plan_stricter(&two, &one), &two);
    assert_ptr_equal(approval_plan_stricter(&two, &also), &two);
}

/* A small generator of its own: the same draws on every machine. */
static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void random_rules(uint32_t *seed, struct approval_rule rules[static RULES])
{
    for (uint8_t i = 0; i < RULES; i++) {
        rules[i] = rule_of((uint8_t)(i + 1), 1 + draw(seed, 4));
        rules[i].action = draw(seed, 2) ? APPROVAL_ISSUE : APPROVAL_REVOKE;
        rules[i].subject = draw(seed, 2) ? CX_STR("web") : CX_STR("");
        rules[i].group_id = draw(seed, 2) ? id_of((uint8_t)(1 + draw(seed, 3))) : id_of(0);
        rules[i].created_us = draw(seed, 3) * CX_US_PER_S;
    }
}

static void test_order_means_nothing_and_no_rule_makes_it_easier(void **state)
{
    (void)state;
    uint32_t seed = 20260101;
    size_t chosen = 0;
    for (int n = 0; n < DRAWS; n++) {
        struct approval_rule rules[RULES], mixed[RULES];
        const struct cx_id group = id_of((uint8_t)(1 + draw(&seed, 3)));
        const struct approval_case asked = {.action = APPROVAL_ISSUE,
                                            .subject =
                                                draw(&seed, 2) ? CX_STR("web") : CX_STR("mail"),
                                            .groups = &group,
                                            .group_count = 1};
        int64_t floor = draw(&seed, 4), before = floor;
        random_rules(&seed, rules);
        memcpy(mixed, rules, sizeof(rules));
        for (size_t i = RULES - 1; i > 0; i--) {
            size_t j = draw(&seed, (uint32_t)i + 1);
            struct approval_rule swap = mixed[i];
            mixed[i] = mixed[j];
            mixed[j] = swap;
        }
        for (size_t count = 1; count <= RULES; count++) {
            struct approval_plan plan = choose(rules, count, &asked, floor);
            assert_true(approval_total(&plan.stages) >= before);
            before = approval_total(&plan.stages);
        }
        struct approval_plan one = choose(rules, RULES, &asked, floor);
        struct approval_plan other = choose(mixed, RULES, &asked, floor);
        assert_true(cx_id_eq(one.rule_id, other.rule_id));
        assert_int_equal(approval_total(&one.stages), approval_total(&other.stages));
        chosen += !cx_id_is_zero(one.rule_id);
    }
    assert_true(chosen > DRAWS / 2); /* the draws are about something */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_any_a_role_or_a_group),
        cmocka_unit_test(test_names_of_actions_round_trip),
        cmocka_unit_test(test_stages_are_filled_in_order),
        cmocka_unit_test(test_a_rule_holds_where_it_says),
        cmocka_unit_test(test_what_the_profile_asks_for_is_never_lowered),
        cmocka_unit_test(test_equals_are_told_apart),
        cmocka_unit_test(test_the_stricter_of_two_plans),
        cmocka_unit_test(test_order_means_nothing_and_no_rule_makes_it_easier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
