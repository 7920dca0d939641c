/* The header of signed alerts: its form, its time, and what it is a signature of. */
#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "core/intake/signature.h"

#define KEY "0123456789abcdef0123456789abcdef"
/* printf '1700000000.d-1.{}' | openssl dgst -sha256 -mac HMAC -macopt key:0123456789abcdef0123456789abcdef */
#define MAC "8ab503b6f1072467ab88b09b387bed6e35b9b94f441aea1d00f4f261e2234f61"
#define HEADER "t=1700000000,d=d-1,v1=" MAC

static void test_form(void **state)
{
    (void)state;
    struct signature signature;
    assert_ok(signature_parse(CX_STR(HEADER), NULL, &signature));
    assert_int_equal(signature.time_s, 1700000000);
    assert_true(cx_str_is(signature.delivery, "d-1"));
    static const char *const bad[] = {"",
                                      "t=1700000000,d=d-1,v1=",
                                      "t=1700000000,d=d-1",
                                      "t=,d=d-1,v1=" MAC,
                                      "t=-1,d=d-1,v1=" MAC,
                                      "t=1e9,d=d-1,v1=" MAC,
                                      "t=999999999999,d=d-1,v1=" MAC,
                                      "d=d-1,t=1700000000,v1=" MAC,
                                      "t=1700000000,d=,v1=" MAC,
                                      "t=1700000000,d=a b,v1=" MAC,
                                      "t=1700000000,d=a/b,v1=" MAC,
                                      "t=1700000000,d=d-1,v1=" MAC "00",
                                      "t=1700000000,d=d-1,v1=" MAC ",v1=" MAC,
                                      "t=1700000000,d=d-1,v1=" MAC ",",
                                      " t=1700000000,d=d-1,v1=" MAC,
                                      "t=1700000000, d=d-1, v1=" MAC,
                                      "t=1700000000,d=0123456789012345678901234567890123456789"
                                      "0123456789012345678901234,v1=" MAC};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        assert_int_equal(signature_parse(cx_str_from(bad[i]), &diag, &signature).code, CX_E_PARSE);
        assert_string_equal(diag.field, "CertiNext-Signature");
    }
}

static void test_time(void **state)
{
    (void)state;
    const struct signature signature = {.time_s = 1000};
    static const int64_t good[] = {700, 1000, 1300}, bad[] = {699, 1301};
    for (size_t i = 0; i < 3; i++)
        assert_ok(signature_check_time(&signature, good[i] * CX_US_PER_S, NULL));
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(signature_check_time(&signature, bad[i] * CX_US_PER_S, NULL).code,
                         CX_E_AUTH);
}

static bool matches(const char *header, const char *key, const char *body)
{
    struct signature signature;
    bool matched = false;
    assert_ok(signature_parse(cx_str_from(header), NULL, &signature));
    assert_ok(signature_matches(&signature, cx_str_bytes(cx_str_from(key)),
                                cx_str_bytes(cx_str_from(body)), &matched));
    return matched;
}

static void test_what_is_signed(void **state)
{
    (void)state;
    assert_true(matches(HEADER, KEY, "{}"));
    assert_false(matches(HEADER, KEY, "{ }"));
    assert_false(matches(HEADER, KEY "x", "{}"));
    assert_false(matches("t=1700000001,d=d-1,v1=" MAC, KEY, "{}"));
    assert_false(matches("t=1700000000,d=d-2,v1=" MAC, KEY, "{}"));
    /* The parts are apart: what moves from one into the other is another signature. */
    assert_false(matches("t=1700000000,d=d-1.,v1=" MAC, KEY, "{}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_what_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
