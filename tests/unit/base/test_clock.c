#include "tests/lib/test.h"
#include "base/clock.h"

static void roundtrip(const char *text, cx_time want_us)
{
    cx_time at_us = 0;
    assert_ok(cx_time_parse(cx_str_from(text), &at_us));
    assert_int_equal(at_us, want_us);
    char back[CX_TIME_TEXT_MAX];
    assert_ok(cx_time_format(at_us, back));
    assert_string_equal(back, text);
}

static void test_known_times(void **state)
{
    (void)state;
    roundtrip("1970-01-01T00:00:00Z", 0);
    roundtrip("2026-11-21T21:40:00Z", INT64_C(1795297200) * CX_US_PER_S);
    roundtrip("2024-02-29T23:59:59.000001Z", INT64_C(1709251199) * CX_US_PER_S + 1);
    roundtrip("1969-12-31T23:59:59Z", -CX_US_PER_S);
    roundtrip("9999-12-31T23:59:59Z", INT64_C(253402300799) * CX_US_PER_S);
    roundtrip("0001-01-01T00:00:00Z", INT64_C(-62135596800) * CX_US_PER_S);
}

static void test_every_day_of_four_centuries(void **state)
{
    (void)state;
    for (int64_t day = -719162; day < -719162 + 146097; day++) {
        struct cx_civil civil = {0};
        cx_time back = 0;
        assert_ok(cx_civil_from_time(day * CX_US_PER_DAY, &civil));
        assert_ok(cx_time_from_civil(&civil, &back));
        assert_int_equal(back, day * CX_US_PER_DAY);
    }
}

static void test_bad_times(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "2026-02-29T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01 00:00:00Z",
                                      "2026-01-01T00:00:00",
                                      "2026-01-01T00:00:00.Z",
                                      "2026-01-01T00:00:00.1234567Z",
                                      "2026-01-01T00:00:00Zx",
                                      "0000-01-01T00:00:00Z",
                                      "2026-01-01T00:00:60Z",
                                      "+026-01-01T00:00:00Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cx_time at_us = 5;
        assert_err(cx_time_parse(cx_str_from(bad[i]), &at_us), PARSE);
        assert_int_equal(at_us, 5);
    }
}

static void test_offsets(void **state)
{
    (void)state;
    cx_time at_us = 0;
    assert_ok(cx_time_parse(CX_STR("1970-01-01T01:00:00+01:00"), &at_us));
    assert_int_equal(at_us, 0);
}

static void test_fixed_clock_moves_only_when_moved(void **state)
{
    (void)state;
    struct cx_clock clock;
    cx_clock_fixed(&clock, 1000);
    assert_int_equal(cx_now(&clock), 1000);
    clock.offset_us = 5;
    assert_int_equal(cx_now(&clock), 1005);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_times),
        cmocka_unit_test(test_every_day_of_four_centuries),
        cmocka_unit_test(test_bad_times),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_fixed_clock_moves_only_when_moved),
    };
    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
