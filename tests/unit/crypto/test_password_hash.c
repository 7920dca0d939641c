#include "tests/lib/test.h"
#include "crypto/hash.h"
#include "crypto/password_hash.h"

static void test_both_ways(void **state)
{
    (void)state;
    const uint8_t salt[CRYPTO_PHC_SALT_LEN] = "sixteen octets!";
    char phc[CRYPTO_PHC_MAX];
    assert_ok(crypto_password_hash(CX_BYTES("hunter2", 7), salt, phc));
    /* The costs that the header names, and the salt. */
    assert_memory_equal(phc, "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBvY3RldHMhAA$", 54);
    assert_ok(crypto_password_verify(phc, CX_BYTES("hunter2", 7)));
    assert_err(crypto_password_verify(phc, CX_BYTES("hunter3", 7)), AUTH);
    assert_err(crypto_password_verify(phc, CX_BYTES("", 0)), AUTH);
}

static void test_costs_are_ours(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "$argon2id$v=19$m=19456,t=2,p=1$",
                                      "$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AA",
                                      "$argon2id$v=19$m=4194304,t=9,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                      "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(crypto_password_verify(bad[i], CX_BYTES("x", 1)), PARSE);
}

/* RFC 2202 §3. */
static void test_hmac_sha1(void **state)
{
    (void)state;
    uint8_t mac[CRYPTO_SHA1_LEN], key[20], long_key[65] = {0};
    memset(key, 0x0b, sizeof(key));
    assert_ok(crypto_hmac_sha1(CX_BYTES(key, 20), CX_BYTES("Hi There", 8), mac));
    assert_memory_equal(mac,
                        "\xb6\x17\x31\x86\x55\x05\x72\x64\xe2\x8b\xc0\xb6\xfb\x37\x8c\x8e\xf1\x46"
                        "\xbe\x00",
                        20);
    assert_ok(
        crypto_hmac_sha1(CX_BYTES("Jefe", 4), CX_BYTES("what do ya want for nothing?", 28), mac));
    assert_memory_equal(mac,
                        "\xef\xfc\xdf\x6a\xe5\xeb\x2f\xa2\xd2\x74\x16\xd5\xf1\x84\xdf\x9c\x25\x9a"
                        "\x7c\x79",
                        20);
    assert_err(crypto_hmac_sha1(CX_BYTES(long_key, 65), CX_BYTES("x", 1), mac), USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_ways),
                                       cmocka_unit_test(test_costs_are_ours),
                                       cmocka_unit_test(test_hmac_sha1)};
    return cmocka_run_group_tests_name("crypto/password_hash", tests, NULL, NULL);
}
