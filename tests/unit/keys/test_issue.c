/* What keys refuses to certify, whatever core found about it. */
#include "tests/lib/test.h"

#include "stand.h"
#include "tests/lib/hex.h"

static int setup(void **state)
{
    struct stand *stand = calloc(1, sizeof(*stand));
    assert_non_null(stand);
    stand_make(stand);
    *state = stand;
    return 0;
}

static int teardown(void **state)
{
    stand_clear(*state);
    free(*state);
    return 0;
}

/* RFC 9500 §2.3: everybody has the private half. */
#define PUBLISHED_KEY                                                                              \
    HEX("3059301306072a8648ce3d020106082a8648ce3d03010703420004422548f88fb782ffb5eca3744452c72a"   \
        "1e558fbd6f73be5e48e93232cc45c5b16c4cd10c4cb8d5b8a17139e94882c8992572993425f41419ab7e90"   \
        "a42a494272")

static void published_keys_are_not_certified(void **state)
{
    struct stand *stand = *state;
    struct pki_template tmpl = stand_template(stand, "www.example.org");
    struct cx_bytes der;
    tmpl.spki = PUBLISHED_KEY;
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), POLICY);
    assert_string_equal(stand->diag.rule, "key-compromised");
}

static void nothing_is_certified_for_later(void **state)
{
    struct stand *stand = *state;
    struct pki_template tmpl = stand_template(stand, "www.example.org");
    struct cx_bytes der;
    tmpl.not_before_us += 365 * CX_US_PER_DAY;
    tmpl.not_after_us += 365 * CX_US_PER_DAY;
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), POLICY);
    assert_string_equal(stand->diag.rule, "validity-ahead");
    tmpl.not_before_us -= 365 * CX_US_PER_DAY;
    tmpl.not_after_us -= 365 * CX_US_PER_DAY;
    assert_ok(stand_issue(stand, &tmpl, stand_id(stand), &der));
}

/* An issuer signs the kinds that its ceremony gave it, whatever profile core names. */
static void an_issuer_keeps_to_its_kinds(void **state)
{
    struct stand *stand = *state;
    struct pki_template tmpl = stand_template(stand, "www.example.org");
    struct cx_id issuing = stand->issuer;
    struct cx_bytes der;
    stand->issuer = stand->root; /* which signs sub-CAs only */
    assert_err(stand_issue(stand, &tmpl, stand_id(stand), &der), POLICY);
    assert_string_equal(stand->diag.rule, "issuer-kind");
    stand->issuer = issuing;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(published_keys_are_not_certified),
        TEST(nothing_is_certified_for_later),
        TEST(an_issuer_keeps_to_its_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
