#include "tests/lib/test.h"

#include "crypto/oid_name.h"

static void known_and_unknown(void **state)
{
    (void)state;
    assert_string_equal(crypto_oid_name("2.5.29.19"), "X509v3 Basic Constraints");
    assert_string_equal(crypto_oid_name("1.2.840.10045.4.3.2"), "ecdsa-with-SHA256");
    assert_null(crypto_oid_name("1.3.6.1.4.1.99999.1"));
    assert_null(crypto_oid_name(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_and_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
