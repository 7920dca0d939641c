#include "tests/lib/test.h"

#include "core/access/secret.h"

static void text_reads_back(void **state)
{
    (void)state;
    struct cx_rng rng;
    struct access_secret made = {0}, read = {0};
    char text[ACCESS_SECRET_TEXT_LEN + 1];
    uint8_t hash_made[ACCESS_HASH_LEN], hash_read[ACCESS_HASH_LEN];
    cx_rng_seeded(&rng, 7);
    assert_ok(access_secret_new(&rng, (struct cx_id){{1, 2, 3}}, &made));
    access_secret_format(ACCESS_SECRET_TOKEN, &made, text);
    assert_int_equal(strlen(text), ACCESS_SECRET_TEXT_LEN);
    assert_memory_equal(text, "cxt_", 4);
    assert_ok(access_secret_parse(ACCESS_SECRET_TOKEN, cx_str_from(text), &read));
    assert_memory_equal(&made, &read, sizeof(made));
    assert_ok(access_secret_hash(&made, hash_made));
    read.secret[31] ^= 1;
    assert_ok(access_secret_hash(&read, hash_read));
    assert_memory_not_equal(hash_made, hash_read, ACCESS_HASH_LEN);
}

static void a_token_is_not_a_link(void **state)
{
    (void)state;
    struct access_secret secret = {0}, read = {0};
    char text[ACCESS_SECRET_TEXT_LEN + 1];
    access_secret_format(ACCESS_SECRET_LINK, &secret, text);
    assert_memory_equal(text, "cxl_", 4);
    assert_err(access_secret_parse(ACCESS_SECRET_TOKEN, cx_str_from(text), &read), PARSE);
    assert_ok(access_secret_parse(ACCESS_SECRET_LINK, cx_str_from(text), &read));
}

static void every_other_text_is_refused(void **state)
{
    (void)state;
    struct cx_rng rng;
    struct access_secret secret = {0}, read = {0};
    char text[ACCESS_SECRET_TEXT_LEN + 1], bad[ACCESS_SECRET_TEXT_LEN + 2];
    cx_rng_seeded(&rng, 8);
    assert_ok(access_secret_new(&rng, (struct cx_id){{0xff}}, &secret));
    access_secret_format(ACCESS_SECRET_TOKEN, &secret, text);
    for (size_t len = 0; len < ACCESS_SECRET_TEXT_LEN; len++)
        assert_err(access_secret_parse(ACCESS_SECRET_TOKEN, (struct cx_str){text, len}, &read),
                   PARSE);
    memcpy(bad, text, sizeof(text));
    bad[ACCESS_SECRET_TEXT_LEN] = '0';
    assert_err(access_secret_parse(ACCESS_SECRET_TOKEN, (struct cx_str){bad, sizeof(text)}, &read),
               PARSE);
    /* upper case, letters outside the alphabet and a moved separator: one spelling only */
    for (size_t i = 4; i < ACCESS_SECRET_TEXT_LEN; i++) {
        static const char wrong[] = "UILO-= \xff";
        for (size_t j = 0; j < sizeof(wrong); j++) {
            memcpy(bad, text, sizeof(text));
            bad[i] = wrong[j];
            assert_err(access_secret_parse(ACCESS_SECRET_TOKEN,
                                           (struct cx_str){bad, ACCESS_SECRET_TEXT_LEN}, &read),
                       PARSE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_reads_back),
        cmocka_unit_test(a_token_is_not_a_link),
        cmocka_unit_test(every_other_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
