#include "tests/lib/test.h"

#include "core/protocol/acme/nonce_set.h"

#include <pthread.h>

#define MINUTE_US (60 * CX_US_PER_S)

static void a_nonce_is_taken_once(void **state)
{
    (void)state;
    struct nonce_set *set = NULL;
    assert_ok(nonce_set_new(&set));
    for (uint64_t n = 0; n < 20000; n++)
        assert_true(nonce_set_add(set, MINUTE_US, n * 0x9E3779B97F4A7C15u + 2));
    for (uint64_t n = 0; n < 20000; n++)
        assert_false(nonce_set_add(set, MINUTE_US, n * 0x9E3779B97F4A7C15u + 2));
    assert_true(nonce_set_add(set, 2 * MINUTE_US, 2)); /* another minute is another nonce */
    assert_true(nonce_set_add(set, MINUTE_US, 0));
    assert_false(nonce_set_add(set, MINUTE_US, 0));
    assert_false(nonce_set_add(set, -MINUTE_US, 5));
    nonce_set_free(set);
}

static void old_minutes_make_room(void **state)
{
    (void)state;
    struct nonce_set *set = NULL;
    assert_ok(nonce_set_new(&set));
    for (int64_t minute = 0; minute < 3 * NONCE_SET_MINUTES; minute++) {
        assert_true(nonce_set_add(set, minute * MINUTE_US, 7));
        assert_false(nonce_set_add(set, minute * MINUTE_US + 1, 7));
    }
    nonce_set_free(set);
}

struct racer {
    struct nonce_set *set;
    int taken;
};

static void *race(void *arg)
{
    struct racer *racer = arg;
    for (uint64_t n = 1; n <= 10000; n++)
        racer->taken += nonce_set_add(racer->set, MINUTE_US, n);
    return NULL;
}

static void of_two_threads_one_takes_it(void **state)
{
    (void)state;
    struct racer racers[2] = {{0}};
    pthread_t threads[2];
    assert_ok(nonce_set_new(&racers[0].set));
    racers[1].set = racers[0].set;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(racers[0].taken + racers[1].taken, 10000);
    nonce_set_free(racers[0].set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_taken_once),
        cmocka_unit_test(old_minutes_make_room),
        cmocka_unit_test(of_two_threads_one_takes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
