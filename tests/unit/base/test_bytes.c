#include "tests/lib/test.h"

static void test_buffer_stops_at_its_maximum(void **state)
{
    (void)state;
    struct cx_buf buf = CX_BUF_INIT(10);
    assert_ok(cx_buf_add_str(&buf, CX_STR("0123456789")));
    assert_err(cx_buf_add_u8(&buf, 'x'), LIMIT);
    assert_bytes(cx_buf_view(&buf), "0123456789", 10);
    cx_buf_clear(&buf);
    assert_int_equal(buf.max, 10);
    assert_ok(cx_buf_addf(&buf, "%03d", 7));
    assert_bytes(cx_buf_view(&buf), "007", 3);
    cx_buf_clear(&buf);
}

static void test_text_view_refuses_nul_and_bad_utf8(void **state)
{
    (void)state;
    struct cx_str text = CX_STR_NONE;
    assert_err(cx_str_view(CX_BYTES("a\0b", 3), &text), PARSE);
    assert_err(cx_str_view(CX_BYTES("\xff", 1), &text), PARSE);
    assert_ok(cx_str_view(CX_BYTES("\xc3\xa4", 2), &text));
    assert_int_equal(text.len, 2);
}

static void test_comparisons(void **state)
{
    (void)state;
    assert_true(cx_bytes_cmp(CX_BYTES("ab", 2), CX_BYTES("abc", 3)) < 0);
    assert_true(cx_bytes_cmp(CX_BYTES("b", 1), CX_BYTES("abc", 3)) > 0);
    assert_true(cx_bytes_eq(CX_BYTES_NONE, CX_BYTES("x", 0)));
    assert_true(cx_str_starts(CX_STR("abc"), CX_STR("ab")));
    assert_true(cx_str_ends(CX_STR("abc"), CX_STR("bc")));
    assert_false(cx_str_ends(CX_STR("c"), CX_STR("bc")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_stops_at_its_maximum),
        cmocka_unit_test(test_text_view_refuses_nul_and_bad_utf8),
        cmocka_unit_test(test_comparisons),
    };
    return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
