#include "tests/lib/test.h"
#include "core/authentication/password_pool.h"

#include <pthread.h>

static void the_queue_has_an_end(void **state)
{
    (void)state;
    struct password_pool *pool = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(password_pool_new(&pool));
    for (int i = 0; i < PASSWORD_THREADS + PASSWORD_QUEUE_MAX; i++)
        assert_ok(password_pool_enter(pool, &diag));
    assert_err(password_pool_enter(pool, &diag), BUSY);
    assert_string_equal(diag.rule, "login-busy");
    password_pool_leave(pool);
    assert_ok(password_pool_enter(pool, NULL));
    password_pool_free(pool);
    password_pool_free(NULL);
}

struct caller {
    struct password_pool *pool;
    char phc[CRYPTO_PHC_MAX];
    cx_err right, wrong;
};

static void *call(void *arg)
{
    struct caller *caller = arg;
    caller->right = password_pool_verify(caller->pool, caller->phc, CX_BYTES("right", 5));
    caller->wrong = password_pool_verify(caller->pool, caller->phc, CX_BYTES("wrong", 5));
    return NULL;
}

static void each_gets_their_own_answer(void **state)
{
    (void)state;
    enum { COUNT = 6 };
    struct password_pool *pool = NULL;
    struct caller callers[COUNT];
    pthread_t threads[COUNT];
    const uint8_t salt[CRYPTO_PHC_SALT_LEN] = {1};
    assert_ok(password_pool_new(&pool));
    for (int i = 0; i < COUNT; i++) {
        callers[i].pool = pool;
        assert_ok(password_pool_hash(pool, CX_BYTES("right", 5), salt, callers[i].phc));
        assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
    }
    for (int i = 0; i < COUNT; i++) {
        pthread_join(threads[i], NULL);
        assert_ok(callers[i].right);
        assert_err(callers[i].wrong, AUTH);
    }
    password_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_queue_has_an_end),
                                       cmocka_unit_test(each_gets_their_own_answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
