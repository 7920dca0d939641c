/* PostgreSQL only: lost connections, serialization failures, binary numbers. */
#include "tests/lib/test.h"
#include "tests/lib/database.h"
#include "store/postgres_value.h"
#include "store/rows.h"

#include <pthread.h>

static struct test_databases databases;

static int setup(void **state)
{
    (void)state;
    return test_databases_start(&databases);
}

static int teardown(void **state)
{
    (void)state;
    test_databases_stop(&databases);
    return 0;
}

static cx_err one(struct store_tx *tx, void *arg)
{
    (void)arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT 1 + $1", &q));
    store_bind_int(q, 1, 41);
    bool row = false;
    CX_TRY(store_step(q, &row));
    return row && store_col_int(q, 0) == 42 ? CX_OK : CX_ERR(INTERNAL);
}

static cx_err end_sessions(struct store_tx *tx, void *arg)
{
    (void)arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                         "WHERE datname = current_database() AND pid <> pg_backend_pid()",
                         &q));
    bool row = true;
    while (row)
        CX_TRY(store_step(q, &row));
    return CX_OK;
}

static cx_err end_own_session(struct store_tx *tx, void *arg)
{
    CX_TRY(one(tx, arg));
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT pg_terminate_backend(pg_backend_pid())", &q));
    bool row = false;
    cx_err ended = store_step(q, &row);
    return cx_is_ok(ended) ? one(tx, arg) : ended;
}

static void test_lost_connection(void **state)
{
    (void)state;
    if (!test_engine_available(&databases, STORE_POSTGRES))
        skip();
    char url[TEST_URL_MAX];
    struct store *other = test_store_open(&databases, STORE_POSTGRES, url);
    struct store *store = NULL;
    struct store_options options = {.url = cx_str_from(url), .read_count = 1, .write_count = 1};
    assert_ok(store_open(&options, NULL, &store));
    assert_ok(store_read(store, one, NULL));
    assert_ok(store_read(other, end_sessions, NULL));
    assert_ok(store_read(store, one, NULL)); /* idle connection lost: nobody notices */
    assert_ok(store_write(store, one, NULL));

    assert_err(store_write(store, end_own_session, NULL), STORE); /* lost inside: that one fails */
    char failure[STORE_FAILURE_MAX];
    store_failure(store, failure);
    assert_non_null(strstr(failure, "PostgreSQL"));
    assert_ok(store_write(store, one, NULL));
    store_close(store);
    store_close(other);
}

/* Write skew: each reads what the other writes. Run one after the other, the first wins. */
struct skew {
    struct store *store;
    pthread_barrier_t *both_read;
    unsigned runs;
    uint8_t me;
    cx_err result;
};

static cx_err add_if_alone(struct store_tx *tx, void *arg)
{
    struct skew *skew = arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT COUNT(*) FROM tenant WHERE name = $1", &q));
    store_bind_text(q, 1, CX_STR("alone"));
    bool row = false;
    CX_TRY(store_step(q, &row));
    int64_t count = store_col_int(q, 0);
    if (skew->runs++ == 0)
        pthread_barrier_wait(skew->both_read);
    if (count > 0)
        return CX_ERR(POLICY);
    struct row_tenant tenant = {
        .tenant_id = {{skew->me}}, .name = CX_STR("alone"), .state = CX_STR("active")};
    return row_tenant_insert(tx, &tenant);
}

static void *skew_thread(void *arg)
{
    struct skew *skew = arg;
    skew->result = store_write(skew->store, add_if_alone, skew);
    return NULL;
}

static void test_serialization_failure_is_repeated(void **state)
{
    (void)state;
    if (!test_engine_available(&databases, STORE_POSTGRES))
        skip();
    struct store *store = test_store_open(&databases, STORE_POSTGRES, NULL);
    pthread_barrier_t both_read;
    pthread_barrier_init(&both_read, NULL, 2);
    struct skew skew[2];
    pthread_t threads[2];
    for (uint8_t i = 0; i < 2; i++) {
        skew[i] = (struct skew){.store = store, .both_read = &both_read, .me = (uint8_t)(i + 1)};
        assert_int_equal(pthread_create(&threads[i], NULL, skew_thread, &skew[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&both_read);
    /* Exactly one was added; the other ran again and saw it. */
    int ok = cx_is_ok(skew[0].result) + cx_is_ok(skew[1].result);
    int refused = (skew[0].result.code == CX_E_POLICY) + (skew[1].result.code == CX_E_POLICY);
    assert_int_equal(ok, 1);
    assert_int_equal(refused, 1);
    assert_in_range(skew[0].runs + skew[1].runs, 3, 16); /* more than once on a slow machine */
    store_close(store);
}

static void test_binary_numbers(void **state)
{
    (void)state;
    const int64_t values[] = {0, 1, -1, 255, -256, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        uint8_t bytes[8];
        postgres_write_int8(values[i], bytes);
        assert_true(postgres_read_int(PG_INT8, CX_BYTES(bytes, 8)) == values[i]);
    }
    assert_int_equal(postgres_read_int(PG_INT2, CX_BYTES("\xff\xfe", 2)), -2);
    assert_int_equal(postgres_read_int(PG_INT4, CX_BYTES("\0\0\1\0", 4)), 256);
    assert_int_equal(postgres_read_int(PG_BOOL, CX_BYTES("\1", 1)), 1);
    /* 12,345,678 = digits 1234, 5678 with weight 1; 10,000 = digit 1 with weight 1, zeros cut. */
    assert_int_equal(
        postgres_read_int(PG_NUMERIC, CX_BYTES("\0\2\0\1\0\0\0\0\x04\xd2\x16\x2e", 12)), 12345678);
    assert_int_equal(postgres_read_int(PG_NUMERIC, CX_BYTES("\0\1\0\1\x40\0\0\0\0\1", 10)), -10000);
    assert_int_equal(postgres_read_int(PG_NUMERIC, CX_BYTES("\0\0\0\0\0\0\0\0", 8)), 0);
    assert_int_equal(postgres_read_int(PG_NUMERIC, CX_BYTES("\0\1\0\5\0\0\0\0\0\1", 10)),
                     0); /* over 64 bits */
    assert_int_equal(postgres_read_int(PG_NUMERIC, CX_BYTES("\0\2\0\1", 4)), 0);
    assert_int_equal(postgres_read_int(PG_TEXT, CX_BYTES("12", 2)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_connection),
        cmocka_unit_test(test_serialization_failure_is_repeated),
        cmocka_unit_test(test_binary_numbers),
    };
    return cmocka_run_group_tests_name("store/postgres", tests, setup, teardown);
}
