/* TLS BR 2.2.6 §4.9.1.1 with §7.2.2: the one code of each case, and no other. */
#include "tests/lib/test.h"

#include "core/incident/revocation_rule.h"

static void test_each_case_has_one_code(void **state)
{
    (void)state;
    static const int CODES[17] = {-1, 0, 9, 1, 1, 4, 4, 9, 9, 5, 9, 9, 4, 9, 0, 0, 1};
    for (int item = 1; item <= 16; item++)
        for (int code = 0; code <= 10; code++)
            assert_int_equal(revocation_reason_fits(item, (uint8_t)code), code == CODES[item]);
}

static void test_outside_the_list(void **state)
{
    (void)state;
    assert_true(revocation_reason_fits(0, 5)); /* a private CA's own reason */
    assert_false(revocation_reason_fits(17, 1));
    assert_false(revocation_reason_fits(-1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_case_has_one_code),
        cmocka_unit_test(test_outside_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
