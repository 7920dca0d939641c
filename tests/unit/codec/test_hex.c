#include "tests/lib/test.h"
#include "codec/hex.h"

static void test_both_ways(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(100);
    assert_ok(hex_encode(CX_BYTES("\x00\x7f\xff", 3), &out));
    assert_bytes(cx_buf_view(&out), "007fff", 6);
    cx_buf_reset(&out);
    assert_ok(hex_decode(CX_STR("007FfF"), &out));
    assert_bytes(cx_buf_view(&out), "\x00\x7f\xff", 3);
    static const char *const bad[] = {"0", "0g", "0x00", "00 11", "00:11:"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_err(hex_decode(cx_str_from(bad[i]), &out), PARSE);
        assert_int_equal(out.len, 3);
    }
    cx_buf_clear(&out);
    struct cx_buf small = CX_BUF_INIT(2);
    assert_err(hex_encode(CX_BYTES("ab", 2), &small), LIMIT);
    cx_buf_clear(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_ways)};
    return cmocka_run_group_tests_name("codec/hex", tests, NULL, NULL);
}
