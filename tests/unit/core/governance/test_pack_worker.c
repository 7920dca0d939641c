#include "tests/lib/test.h"
#include "core/governance/pack.h"

static void assert_quarter(const char *now, const char *from, const char *until)
{
    cx_time now_us = 0, from_us = 0, until_us = 0;
    char text[CX_TIME_TEXT_MAX];
    assert_ok(cx_time_parse(cx_str_from(now), &now_us));
    assert_ok(pack_quarter_before(now_us, &from_us, &until_us));
    assert_ok(cx_time_format(from_us, text));
    assert_memory_equal(text, from, 10);
    assert_ok(cx_time_format(until_us, text));
    assert_memory_equal(text, until, 10);
}

static void the_quarter_that_ended_last(void **state)
{
    (void)state;
    assert_quarter("2027-01-01T00:00:00Z", "2026-10-01", "2027-01-01");
    assert_quarter("2026-12-31T23:59:59Z", "2026-07-01", "2026-10-01");
    assert_quarter("2026-05-15T12:00:00Z", "2026-01-01", "2026-04-01");
    assert_quarter("2028-02-29T12:00:00Z", "2027-10-01", "2028-01-01");
    assert_quarter("2026-09-30T23:59:59Z", "2026-04-01", "2026-07-01");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_quarter_that_ended_last)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
