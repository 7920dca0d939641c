#include "tests/lib/test.h"

#include "codec/csv.h"

static void assert_cell(const char *text, bool first, const char *expected)
{
    struct cx_buf out = CX_BUF_INIT(256);
    assert_ok(csv_cell(&out, cx_str_from(text), first));
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(out.ptr, expected, out.len);
    cx_buf_clear(&out);
}

static void test_cells(void **state)
{
    (void)state;
    assert_cell("", true, "\"\"");
    assert_cell("a", false, ",\"a\"");
    assert_cell("a,b\nc", true, "\"a,b\nc\"");
    assert_cell("say \"x\"", true, "\"say \"\"x\"\"\"");
    assert_cell("=1+1", true, "\"'=1+1\"");
    assert_cell("-x", false, ",\"'-x\"");
    assert_cell("@a", true, "\"'@a\"");
    assert_cell("a=1", true, "\"a=1\"");
}

static void test_a_full_buffer_is_an_error(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(4);
    assert_err(csv_cell(&out, CX_STR("abcdef"), true), LIMIT);
    cx_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_a_full_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
