/* What a core that is not itself any more may not get from keys: statements on status for later or for long. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "keys/signer.h"
#include "stand.h"

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

static cx_err crl(struct stand *stand, uint64_t number, cx_time from_us, cx_time until_us,
                  uint64_t *ret_number)
{
    struct cx_bytes der;
    stand->diag = CX_DIAG_INIT;
    return keys_sign_crl(stand->client, stand->tenant, stand->issuer, 0, number, from_us, until_us,
                         NULL, 0, &stand->arena, &stand->diag, ret_number, &der);
}

static void crls_hold_from_now_and_not_for_long(void **state)
{
    struct stand *stand = *state;
    const cx_time now = cx_now(&stand->signer.clock);
    uint64_t number = 0;
    assert_err(crl(stand, 1, now + 3650 * CX_US_PER_DAY, now + 3660 * CX_US_PER_DAY, &number),
               POLICY);
    assert_string_equal(stand->diag.rule, "status-time");
    assert_err(crl(stand, 1, now - CX_US_PER_DAY, now + CX_US_PER_DAY, &number), POLICY);
    assert_string_equal(stand->diag.rule, "status-time");
    assert_err(crl(stand, 1, now, now + 11 * CX_US_PER_DAY, &number), POLICY);
    assert_string_equal(stand->diag.rule, "status-life");
    assert_err(crl(stand, 1, now, now, &number), POLICY);
    assert_string_equal(stand->diag.rule, "status-life");
    assert_err(crl(stand, INT64_MAX, now, now + CX_US_PER_DAY, &number), POLICY);
    assert_string_equal(stand->diag.rule, "crl-number-jump");
    assert_ok(crl(stand, 1, now, now + 10 * CX_US_PER_DAY, &number));
    assert_int_equal(number, 1); /* what was refused used up no number */
}

static void ocsp_answers_hold_from_now_and_not_for_long(void **state)
{
    struct stand *stand = *state;
    const uint8_t serial[] = {0x40, 1, 2};
    const cx_time now = cx_now(&stand->signer.clock), later = now + 3650 * CX_US_PER_DAY;
    const cx_time times[][3] = {{later, later, later + CX_US_PER_DAY},
                                {now, now, later},
                                {now, now, 0},
                                {now, later, later + CX_US_PER_DAY},
                                {now - CX_US_PER_DAY, now, now + CX_US_PER_DAY}};
    for (size_t i = 0; i < CX_COUNT_OF(times); i++) {
        const struct keys_ocsp_item item = {.serial = CX_BYTES(serial, 3),
                                            .status = KEYS_OCSP_GOOD,
                                            .this_update_us = times[i][0],
                                            .produced_us = times[i][1],
                                            .next_update_us = times[i][2]};
        struct cx_bytes answer;
        assert_err(keys_sign_ocsp(stand->client, stand->tenant, stand->issuer, &item, &stand->arena,
                                  &answer),
                   POLICY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(crls_hold_from_now_and_not_for_long),
        TEST(ocsp_answers_hold_from_now_and_not_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
