#include "tests/lib/test.h"
#include "base/number.h"

static void test_strict(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_ok(cx_parse_i64(CX_STR("-9223372036854775808"), INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MIN);
    assert_ok(cx_parse_i64(CX_STR("9223372036854775807"), INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MAX);
    assert_err(cx_parse_i64(CX_STR("9223372036854775808"), INT64_MIN, INT64_MAX, &value), LIMIT);
    assert_err(cx_parse_i64(CX_STR("11"), 0, 10, &value), LIMIT);
    static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "01", "-0", "0x1", "1e3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(cx_parse_i64(cx_str_from(bad[i]), INT64_MIN, INT64_MAX, &value), PARSE);
    assert_ok(cx_parse_i64(CX_STR("0"), 0, 0, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_strict)};
    return cmocka_run_group_tests_name("base/number", tests, NULL, NULL);
}
