#include "tests/lib/test.h"
#include "core/authentication/totp.h"

static const uint8_t secret[] = "12345678901234567890";

/* RFC 6238 appendix B, SHA-1: the last six of its eight digits. */
static void vectors(void **state)
{
    (void)state;
    static const struct {
        int64_t at_s;
        const char *code;
    } rows[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char digits[TOTP_DIGITS];
        int64_t step = 0;
        cx_time now_us = rows[i].at_s * CX_US_PER_S;
        assert_ok(totp_code(secret, totp_step(now_us), digits));
        assert_memory_equal(digits, rows[i].code, TOTP_DIGITS);
        assert_ok(totp_match(secret, cx_str_from(rows[i].code), -1, now_us, &step));
        assert_int_equal(step, rows[i].at_s / 30);
    }
}

static void one_step_either_way_and_each_once(void **state)
{
    (void)state;
    const cx_time now_us = 2000000000 * CX_US_PER_S;
    int64_t now = totp_step(now_us);
    for (int64_t offset = -3; offset <= 3; offset++) {
        char digits[TOTP_DIGITS];
        int64_t step = 0;
        assert_ok(totp_code(secret, now + offset, digits));
        struct cx_str code = {digits, sizeof(digits)};
        bool counts = offset >= -1 && offset <= 1;
        assert_int_equal(totp_match(secret, code, -1, now_us, &step).code,
                         counts ? CX_E_OK : CX_E_AUTH);
        if (!counts)
            continue;
        assert_int_equal(step, now + offset);
        assert_err(totp_match(secret, code, now + offset, now_us, &step), AUTH);
        assert_ok(totp_match(secret, code, now + offset - 1, now_us, &step));
    }
    int64_t step = 0;
    assert_err(totp_match(secret, CX_STR(""), -1, now_us, &step), AUTH);
    assert_err(totp_match(secret, CX_STR("2790370"), -1, now_us, &step), AUTH);
}

static void uri(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(512);
    static const char expected[] =
        "otpauth://totp/Cert%20Next:a%40b.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Cert%20Next&algorithm=SHA1&digits=6&period=30";
    assert_ok(totp_uri(secret, CX_STR("Cert Next"), CX_STR("a@b.example"), &out));
    assert_bytes(cx_buf_view(&out), expected, sizeof(expected) - 1);
    cx_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors),
                                       cmocka_unit_test(one_step_either_way_and_each_once),
                                       cmocka_unit_test(uri)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
