#include "tests/lib/test.h"

#include "core/protocol/acme/validate_wait.h"

#include <time.h>

static struct cx_id id_of(uint8_t last)
{
    return (struct cx_id){{[15] = last}};
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

enum { LONG_MS = 60000 }; /* a test that has to wait it out has failed */

static void an_end_between_begin_and_until_is_not_missed(void **state)
{
    (void)state;
    struct acme_waits waits;
    struct acme_wait wait;
    acme_waits_init(&waits);
    assert_true(acme_wait_begin(&waits, &wait, id_of(1)));
    acme_waits_tell(&waits, id_of(1));
    int64_t began = now_ms();
    acme_wait_until(&waits, &wait, LONG_MS);
    assert_true(wait.ended && now_ms() - began < LONG_MS);
    acme_wait_end(&waits, &wait);
    acme_waits_clear(&waits);
}

static void *tell_third(void *arg)
{
    acme_waits_tell(arg, id_of(2)); /* somebody else's */
    acme_waits_tell(arg, id_of(3));
    return NULL;
}

static void a_call_that_waits_is_told_by_another_thread(void **state)
{
    (void)state;
    struct acme_waits waits;
    struct acme_wait one, other;
    pthread_t teller;
    acme_waits_init(&waits);
    assert_true(acme_wait_begin(&waits, &one, id_of(3)));
    assert_true(acme_wait_begin(&waits, &other, id_of(4)));
    assert_int_equal(pthread_create(&teller, NULL, tell_third, &waits), 0);
    acme_wait_until(&waits, &one, LONG_MS);
    pthread_join(teller, NULL);
    assert_true(one.ended && !other.ended);
    acme_wait_end(&waits, &one);
    acme_wait_end(&waits, &other);
    assert_null(waits.first);
    acme_waits_clear(&waits);
}

static void who_is_not_told_waits_no_longer_than_it_may(void **state)
{
    (void)state;
    struct acme_waits waits;
    struct acme_wait wait;
    acme_waits_init(&waits);
    assert_true(acme_wait_begin(&waits, &wait, id_of(1)));
    int64_t began = now_ms();
    acme_wait_until(&waits, &wait, 20);
    assert_true(!wait.ended && now_ms() - began >= 19);
    acme_wait_end(&waits, &wait);
    acme_waits_clear(&waits);
}

static void so_many_wait_and_no_more(void **state)
{
    (void)state;
    static struct acme_wait many[ACME_WAITS_MAX];
    struct acme_waits waits;
    struct acme_wait late;
    acme_waits_init(&waits);
    for (uint8_t i = 0; i < ACME_WAITS_MAX; i++)
        assert_true(acme_wait_begin(&waits, &many[i], id_of(i)));
    assert_false(acme_wait_begin(&waits, &late, id_of(99)));
    acme_wait_end(&waits, &many[7]);
    assert_true(acme_wait_begin(&waits, &late, id_of(99)));
    acme_wait_end(&waits, &late);
    for (uint8_t i = 0; i < ACME_WAITS_MAX; i++)
        acme_wait_end(&waits, &many[i]); /* one of them twice, which is nothing */
    assert_int_equal(waits.count, 0);
    acme_waits_clear(&waits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_between_begin_and_until_is_not_missed),
        cmocka_unit_test(a_call_that_waits_is_told_by_another_thread),
        cmocka_unit_test(who_is_not_told_waits_no_longer_than_it_may),
        cmocka_unit_test(so_many_wait_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
