/* What two versions of a pack differ in, and what two judgements of an incident do. */
#include "tests/lib/test.h"

#include "core/incident/pack_compare.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena = (struct arena)ARENA_INIT(1 << 23);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static void texts_differ_by_duty_and_field(void **state)
{
    (void)state;
    struct pack_difference *list = NULL;
    size_t count = 0;
    struct cx_str was = CX_STR("pack: p\nversion: \"1\"\nduties:\n  - {id: a, limit: 5d, "
                               "trigger: [aware]}\n  - {id: gone, limit: 1d}\n");
    struct cx_str is =
        CX_STR("pack: p\nversion: \"2\"\nread: primary\nduties:\n  - {id: new, "
               "limit: 2d}\n  - {id: a, limit: 4d, trigger: [aware], cycle: true}\n");
    assert_ok(pack_diff(was, is, &arena, &list, &count));
    static const struct {
        const char *duty, *field, *was, *is;
    } EXPECTED[] = {
        {"", "version", "1", "2"},
        {"", "read", NULL, "primary"},
        {"new", "duty", NULL, "{\"id\":\"new\",\"limit\":\"2d\"}"},
        {"a", "limit", "5d", "4d"},
        {"a", "cycle", NULL, "true"},
        {"gone", "duty", "{\"id\":\"gone\",\"limit\":\"1d\"}", NULL},
    };
    assert_int_equal(count, sizeof(EXPECTED) / sizeof(EXPECTED[0]));
    for (size_t i = 0; i < count; i++) {
        assert_str(list[i].duty, EXPECTED[i].duty);
        assert_str(list[i].difference.field, EXPECTED[i].field);
        assert_int_equal(list[i].difference.was.ptr != NULL, EXPECTED[i].was != NULL);
        assert_int_equal(list[i].difference.is.ptr != NULL, EXPECTED[i].is != NULL);
        if (EXPECTED[i].was)
            assert_str(list[i].difference.was, EXPECTED[i].was);
        if (EXPECTED[i].is)
            assert_str(list[i].difference.is, EXPECTED[i].is);
    }
    assert_ok(pack_diff(is, is, &arena, &list, &count));
    assert_int_equal(count, 0);
}

static void judgements_differ_by_key(void **state)
{
    (void)state;
    static const struct rule_duty must = {.obligation = RULE_MUST}, may = {.obligation = RULE_MAY};
    struct duty was[] = {
        {.rule = &must, .key = {"same", 4}, .deadline_us = 5, .state = DUTY_PENDING},
        {.rule = &must, .key = {"all", 3}, .deadline_us = 5, .state = DUTY_PENDING},
        {.rule = &must, .key = {"gone", 4}, .deadline_us = 5, .state = DUTY_PENDING}};
    struct duty is[] = {
        {.rule = &may, .key = {"all", 3}, .deadline_us = 4, .state = DUTY_OVERDUE},
        {.rule = &must, .key = {"new", 3}, .deadline_us = 5, .state = DUTY_PENDING},
        {.rule = &must, .key = {"same", 4}, .deadline_us = 5, .state = DUTY_PENDING}};
    const struct duty_list before = {was, 3, NULL}, after = {is, 3, NULL};
    static struct pack_touched list[PACK_TOUCHED_MAX];
    size_t count = 0;
    assert_true(pack_touches(&before, &after, list, &count));
    static const enum pack_touch EXPECTED[] = {PACK_DUTY_DEADLINE, PACK_DUTY_OBLIGATION,
                                               PACK_DUTY_STATE, PACK_DUTY_ADDED, PACK_DUTY_REMOVED};
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(list[i].what, EXPECTED[i]);
    assert_ptr_equal(list[3].is, &is[1]);
    assert_null(list[3].was);
    assert_ptr_equal(list[4].was, &was[2]);
    assert_null(list[4].is);
    count = PACK_TOUCHED_MAX - 2; /* full after two more, and it says so */
    assert_false(pack_touches(&before, &after, list, &count));
    assert_int_equal(count, PACK_TOUCHED_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_differ_by_duty_and_field),
        cmocka_unit_test(judgements_differ_by_key),
    };
    return cmocka_run_group_tests_name("core/incident/pack_compare", tests, setup, teardown);
}
