#include "tests/lib/test.h"
#include "os/worker.h"

#include "base/clock.h"

#include <unistd.h>

enum { FAR_MS = 3600 * 1000, PATIENCE_US = 60 * 1000000 };

struct counted {
    _Atomic int passes;
    _Atomic int hold; /* the pass that waits until it is let go, or told to end */
    _Atomic bool told;
};

static void count(struct os_worker *worker, void *arg)
{
    struct counted *counted = arg;
    int n = ++counted->passes;
    while (n == counted->hold && !os_worker_stopping(worker))
        usleep(100);
    counted->told = os_worker_stopping(worker);
}

static void wait_passes(struct counted *counted, int passes)
{
    int64_t until = cx_monotonic_us() + PATIENCE_US;
    while (counted->passes < passes && cx_monotonic_us() < until)
        usleep(100);
    assert_true(counted->passes >= passes);
}

static void passes_follow_each_other(void **state)
{
    (void)state;
    struct counted counted = {0};
    struct os_worker worker = {0};
    int64_t start_us = cx_monotonic_us();
    assert_ok(os_worker_start(&worker, &(struct os_worker_options){count, &counted, 2, false}));
    wait_passes(&counted, 4);
    assert_true(cx_monotonic_us() - start_us >= 3 * 2000);
    os_worker_stop(&worker);
    int passes = counted.passes;
    usleep(10000);
    assert_int_equal(counted.passes, passes);
}

static void the_first_pass_may_wait_and_a_poke_ends_the_pause(void **state)
{
    (void)state;
    struct counted counted = {0};
    struct os_worker worker = {0};
    assert_ok(os_worker_start(&worker, &(struct os_worker_options){count, &counted, FAR_MS, true}));
    usleep(10000);
    assert_int_equal(counted.passes, 0);
    os_worker_poke(&worker);
    wait_passes(&counted, 1);
    os_worker_stop(&worker);
    assert_int_equal(counted.passes, 1);
}

static void pokes_during_a_pass_are_one_pass_after_it(void **state)
{
    (void)state;
    struct counted counted = {.hold = 1};
    struct os_worker worker = {0};
    assert_ok(
        os_worker_start(&worker, &(struct os_worker_options){count, &counted, FAR_MS, false}));
    wait_passes(&counted, 1);
    for (int i = 0; i < 5; i++)
        os_worker_poke(&worker);
    counted.hold = 0;
    wait_passes(&counted, 2);
    os_worker_stop(&worker);
    assert_int_equal(counted.passes, 2);
}

static void stopping_tells_the_pass_and_waits_for_it(void **state)
{
    (void)state;
    struct counted counted = {.hold = 1};
    struct os_worker worker = {0};
    assert_ok(os_worker_start(&worker, &(struct os_worker_options){count, &counted, 1, false}));
    wait_passes(&counted, 1);
    assert_false(counted.told);
    os_worker_stop(&worker);
    assert_true(counted.told);
    assert_int_equal(counted.passes, 1);
}

static void one_that_was_not_started_is_stopped(void **state)
{
    (void)state;
    struct counted counted = {0};
    struct os_worker worker = {0};
    os_worker_stop(&worker);
    assert_ok(os_worker_start(&worker, &(struct os_worker_options){count, &counted, FAR_MS, true}));
    os_worker_stop(&worker);
    os_worker_stop(&worker);
    assert_int_equal(counted.passes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_follow_each_other),
        cmocka_unit_test(the_first_pass_may_wait_and_a_poke_ends_the_pause),
        cmocka_unit_test(pokes_during_a_pass_are_one_pass_after_it),
        cmocka_unit_test(stopping_tells_the_pass_and_waits_for_it),
        cmocka_unit_test(one_that_was_not_started_is_stopped),
    };
    return cmocka_run_group_tests_name("os/worker", tests, NULL, NULL);
}
