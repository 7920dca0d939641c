/* One entry a person, an operation and ten minutes; what came between is counted and told with the next. */
#include "tests/lib/test.h"

#include "core/api/denials.h"

static const struct cx_id TENANT = {{1}}, OTHER_TENANT = {{2}}, ADA = {{3}}, BOB = {{4}};
static const char get_one[] = "request_get", approve_one[] = "request_approve";

static void test_the_first_is_told_and_the_next_are_counted(void **state)
{
    (void)state;
    struct denial_log *log = NULL;
    const cx_time start_us = 1000 * CX_US_PER_S, window_us = DENIAL_WINDOW_S * CX_US_PER_S;
    int64_t earlier = -1;
    assert_true(cx_is_ok(denial_log_new(&log)));
    assert_true(denial_log_note(log, TENANT, ADA, get_one, start_us, &earlier));
    assert_int_equal(earlier, 0);
    assert_false(denial_log_note(log, TENANT, ADA, get_one, start_us, &earlier));
    assert_false(denial_log_note(log, TENANT, ADA, get_one, start_us + window_us - 1, &earlier));
    assert_true(denial_log_note(log, TENANT, ADA, get_one, start_us + window_us, &earlier));
    assert_int_equal(earlier, 2);
    assert_true(denial_log_note(log, TENANT, ADA, get_one, start_us + 2 * window_us, &earlier));
    assert_int_equal(earlier, 0);
    denial_log_free(log);
}

static void test_persons_and_operations_are_apart(void **state)
{
    (void)state;
    struct denial_log *log = NULL;
    int64_t earlier = -1;
    assert_true(cx_is_ok(denial_log_new(&log)));
    assert_true(denial_log_note(log, TENANT, ADA, get_one, 0, &earlier));
    assert_true(denial_log_note(log, TENANT, ADA, approve_one, 0, &earlier));
    assert_true(denial_log_note(log, TENANT, BOB, get_one, 0, &earlier));
    assert_true(denial_log_note(log, OTHER_TENANT, ADA, get_one, 0, &earlier));
    denial_log_free(log);
}

/* A clock set back, and no log at all: rather an entry too many than one too few. */
static void test_in_doubt_it_is_told(void **state)
{
    (void)state;
    struct denial_log *log = NULL;
    int64_t earlier = -1;
    assert_true(cx_is_ok(denial_log_new(&log)));
    assert_true(denial_log_note(log, TENANT, ADA, get_one, 5 * CX_US_PER_S, &earlier));
    assert_true(denial_log_note(log, TENANT, ADA, get_one, 4 * CX_US_PER_S, &earlier));
    assert_true(denial_log_note(NULL, TENANT, ADA, get_one, 0, &earlier));
    assert_true(denial_log_note(NULL, TENANT, ADA, get_one, 0, &earlier));
    assert_int_equal(earlier, 0);
    denial_log_free(log);
    denial_log_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_is_told_and_the_next_are_counted),
        cmocka_unit_test(test_persons_and_operations_are_apart),
        cmocka_unit_test(test_in_doubt_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
