/* What two versions differ in. */
#include "tests/lib/test.h"

#include "core/change/diff.h"

static struct arena arena;
static struct change_difference list[CHANGE_DIFF_MAX];
static size_t count;

static void differences(const char *before, const char *content)
{
    count = 99;
    assert_ok(change_diff(cx_str_from(before), cx_str_from(content), &arena, list, &count));
}

static void fields_that_differ(void **state)
{
    (void)state;
    differences("{\"a\":1,\"b\":\"x\",\"c\":null}",
                "{\"a\":1,\"b\":\"y\",\"c\":[\"p\",{\"q\":2}]}");
    assert_int_equal(count, 2);
    assert_str(list[0].field, "b");
    assert_str(list[0].was, "x");
    assert_str(list[0].is, "y");
    assert_str(list[1].was, "null");
    assert_str(list[1].is, "[\"p\",{\"q\":2}]");
    differences("{\"a\":1}", "{\"a\":1}");
    assert_int_equal(count, 0);
}

static void fields_that_come_and_go(void **state)
{
    (void)state;
    differences("", "{\"a\":1}");
    assert_int_equal(count, 1);
    assert_null(list[0].was.ptr);
    assert_str(list[0].is, "1");
    differences("{\"a\":1,\"old\":\"\"}", "{\"new\":2,\"a\":1}");
    assert_int_equal(count, 2);
    assert_str(list[0].field, "new");
    assert_str(list[1].field, "old");
    assert_non_null(list[1].was.ptr);
    assert_null(list[1].is.ptr);
}

static void bad_content(void **state)
{
    (void)state;
    assert_err(change_diff(CX_STR(""), CX_STR("{"), &arena, list, &count), PARSE);
    assert_err(change_diff(CX_STR("x"), CX_STR("{}"), &arena, list, &count), PARSE);
    char many[CHANGE_DIFF_MAX * 16] = "{\"f0\":0";
    for (int i = 1; i <= CHANGE_DIFF_MAX; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), ",\"f%d\":0", i);
    snprintf(many + strlen(many), sizeof(many) - strlen(many), "}");
    assert_err(change_diff(CX_STR(""), cx_str_from(many), &arena, list, &count), LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields_that_differ),
                                       cmocka_unit_test(fields_that_come_and_go),
                                       cmocka_unit_test(bad_content)};
    arena = ARENA_INIT(1 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return failed;
}
