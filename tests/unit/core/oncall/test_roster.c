/* Turns, overrides and gaps at their very edges. */
#include "core/oncall/roster.h"
#include "tests/lib/test.h"

#define HOUR (INT64_C(3600) * CX_US_PER_S)

static const struct oncall_person PEOPLE[] = {
    {1, {{1}}, true}, {1, {{2}}, true}, {1, {{3}}, false}, {2, {{4}}, true}};

static struct oncall_plan plan_of(const struct oncall_override *overrides, size_t count)
{
    return (struct oncall_plan){.begins_us = 90 * HOUR,
                                .first_us = 100 * HOUR,
                                .shift_us = 12 * HOUR,
                                .until_us = ONCALL_NEVER,
                                .level_count = 2,
                                .people = PEOPLE,
                                .person_count = 4,
                                .overrides = overrides,
                                .override_count = count};
}

static int who(const struct oncall_plan *plan, int64_t level, cx_time at_us)
{
    const struct oncall_person *person = oncall_at(plan, level, at_us);
    return person ? person->user_id.b[0] : 0;
}

static void test_turns(void **state)
{
    struct oncall_plan plan = plan_of(NULL, 0);
    (void)state;
    assert_int_equal(who(&plan, 1, 100 * HOUR - 1), 0);
    assert_int_equal(who(&plan, 1, 100 * HOUR), 1);
    assert_int_equal(who(&plan, 1, 112 * HOUR - 1), 1);
    assert_int_equal(who(&plan, 1, 112 * HOUR), 2);
    assert_int_equal(who(&plan, 1, 124 * HOUR), 3);
    assert_int_equal(who(&plan, 1, 136 * HOUR), 1);
    assert_int_equal(who(&plan, 2, 500 * HOUR), 4);
    assert_int_equal(who(&plan, 3, 500 * HOUR), 0);
    plan.until_us = 136 * HOUR;
    assert_int_equal(who(&plan, 1, 136 * HOUR - 1), 3);
    assert_int_equal(who(&plan, 1, 136 * HOUR), 0);
}

static void test_overrides(void **state)
{
    const struct oncall_override overrides[] = {{1, 104 * HOUR, 108 * HOUR, true, {1, {{9}}, true}},
                                                {1, 106 * HOUR, 107 * HOUR, false, {0}}};
    struct oncall_plan plan = plan_of(overrides, 2);
    (void)state;
    assert_int_equal(who(&plan, 1, 104 * HOUR - 1), 1);
    assert_int_equal(who(&plan, 1, 104 * HOUR), 9);
    assert_int_equal(who(&plan, 1, 106 * HOUR), 0);
    assert_int_equal(who(&plan, 1, 107 * HOUR), 9);
    assert_int_equal(who(&plan, 1, 108 * HOUR), 1);
    assert_int_equal(who(&plan, 2, 106 * HOUR), 4);
    struct oncall_turn turn = oncall_turn_at(&plan, 1, 106 * HOUR + 5);
    assert_true(turn.from_us == 106 * HOUR && turn.until_us == 107 * HOUR && !turn.person);
    turn = oncall_turn_at(&plan, 1, 109 * HOUR);
    assert_true(turn.from_us == 108 * HOUR && turn.until_us == 112 * HOUR);
}

static void test_gaps(void **state)
{
    const struct oncall_override away = {2, 110 * HOUR, 111 * HOUR, false, {0}};
    struct oncall_turn gaps[ONCALL_GAPS_MAX];
    struct oncall_plan plan = plan_of(&away, 1);
    (void)state;
    /* The third is not reachable, level 2 is away for an hour, and both wait for the beginning. */
    size_t count = oncall_gaps(&plan, 95 * HOUR, 130 * HOUR, gaps);
    assert_int_equal(count, 4);
    assert_true(gaps[0].level == 1 && gaps[0].from_us == 90 * HOUR &&
                gaps[0].until_us == 100 * HOUR);
    assert_true(gaps[1].level == 1 && gaps[1].from_us == 124 * HOUR &&
                gaps[1].until_us == 136 * HOUR);
    assert_true(gaps[2].level == 2 && gaps[2].from_us == 90 * HOUR);
    assert_true(gaps[3].level == 2 && gaps[3].from_us == 110 * HOUR &&
                gaps[3].until_us == 111 * HOUR);
    /* The start of a gap does not depend on when it is asked for. */
    count = oncall_gaps(&plan, 127 * HOUR, 130 * HOUR, gaps);
    assert_int_equal(count, 1);
    assert_true(gaps[0].from_us == 124 * HOUR);
    /* The end of the roster and the unreachable turn before it are one gap. */
    plan.until_us = 130 * HOUR;
    count = oncall_gaps(&plan, 112 * HOUR, 200 * HOUR, gaps);
    assert_int_equal(count, 2);
    assert_true(gaps[0].from_us == 124 * HOUR && gaps[0].until_us == ONCALL_NEVER);
    assert_true(gaps[1].level == 2 && gaps[1].from_us == 130 * HOUR);
}

static void test_many_gaps_are_capped(void **state)
{
    struct oncall_override away[ONCALL_OVERRIDES_MAX];
    struct oncall_turn gaps[ONCALL_GAPS_MAX];
    (void)state;
    for (size_t i = 0; i < ONCALL_OVERRIDES_MAX; i++)
        away[i] = (struct oncall_override){
            2, (100 + 2 * (cx_time)i) * HOUR, (101 + 2 * (cx_time)i) * HOUR, false, {0}};
    struct oncall_plan plan = plan_of(away, ONCALL_OVERRIDES_MAX);
    assert_int_equal(oncall_gaps(&plan, 100 * HOUR, 600 * HOUR, gaps), ONCALL_GAPS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns), cmocka_unit_test(test_overrides), cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_many_gaps_are_capped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
