#include "tests/lib/test.h"
#include "base/utf8.h"

static void test_valid_and_invalid(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "a", "\xc2\x80", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"};
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",
        "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5",
        "\xc2",         "\xe2\x82"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(cx_utf8_valid(cx_str_bytes(cx_str_from(good[i]))));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(cx_utf8_valid(cx_str_bytes(cx_str_from(bad[i]))));
    assert_int_equal(cx_utf8_count(CX_STR("a\xc3\xa4\xe2\x82\xac")), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_valid_and_invalid)};
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
