#include "tests/lib/test.h"
#include "core/authentication/throttle.h"

enum { START_S = 1000000 };

static bool charge(enum throttle_kind kind, int64_t at_s, struct throttle_state *state,
                   int64_t *ret_wait_s)
{
    bool blocks = false;
    *ret_wait_s = 0;
    return throttle_charge(kind, at_s * CX_US_PER_S, state, ret_wait_s, &blocks);
}

static void free_attempts_then_a_wait_that_doubles(void **state)
{
    (void)state;
    struct throttle_state pair = {0};
    int64_t wait_s = 0, at_s = START_S;
    for (int i = 0; i < 5; i++)
        assert_true(charge(THROTTLE_PAIR, at_s, &pair, &wait_s));
    for (int64_t expected = 30; expected < 3600; expected *= 2) {
        assert_false(charge(THROTTLE_PAIR, at_s, &pair, &wait_s));
        assert_int_equal(wait_s, expected);
        assert_false(charge(THROTTLE_PAIR, at_s + expected - 1, &pair, &wait_s));
        assert_int_equal(wait_s, 1);
        at_s += expected;
        assert_true(charge(THROTTLE_PAIR, at_s, &pair, &wait_s));
    }
    assert_false(charge(THROTTLE_PAIR, at_s, &pair, &wait_s));
    assert_int_equal(wait_s, 3600);
}

static void a_refused_attempt_changes_nothing(void **state)
{
    (void)state;
    struct throttle_state pair = {0};
    int64_t wait_s = 0;
    for (int i = 0; i < 5; i++)
        assert_true(charge(THROTTLE_PAIR, START_S, &pair, &wait_s));
    const struct throttle_state before = pair;
    for (int i = 0; i < 100; i++)
        assert_false(charge(THROTTLE_PAIR, START_S + 1, &pair, &wait_s));
    assert_memory_equal(&before, &pair, sizeof(pair));
}

static void a_day_later_it_is_forgotten(void **state)
{
    (void)state;
    struct throttle_state pair = {0};
    int64_t wait_s = 0;
    for (int i = 0; i < 4; i++)
        assert_true(charge(THROTTLE_PAIR, START_S, &pair, &wait_s));
    assert_true(charge(THROTTLE_PAIR, START_S + 86400, &pair, &wait_s));
    assert_int_equal(pair.attempt_count, 1);
}

/* NIST SP 800-63B-4 §3.2.2: at most 100 failures of an account. */
static void an_account_gets_a_hundred_a_day(void **state)
{
    (void)state;
    struct throttle_state account = {0};
    int64_t wait_s = 0, allowed = 0;
    for (int64_t at_s = START_S; at_s < START_S + 86000; at_s += 60)
        allowed += charge(THROTTLE_ACCOUNT, at_s, &account, &wait_s);
    assert_in_range(allowed, 100, 105);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(free_attempts_then_a_wait_that_doubles),
                                       cmocka_unit_test(a_refused_attempt_changes_nothing),
                                       cmocka_unit_test(a_day_later_it_is_forgotten),
                                       cmocka_unit_test(an_account_gets_a_hundred_a_day)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
