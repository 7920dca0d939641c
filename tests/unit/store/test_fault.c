/* Injected failures (builds with -Dfaults=true): whichever statement or commit fails, all or
 * nothing. */
#include "tests/lib/test.h"
#include "tests/lib/database.h"
#include "store/fault.h"
#include "store/rows.h"

static struct test_databases databases;

static int setup(void **state)
{
    (void)state;
    return test_databases_start(&databases);
}

static int teardown(void **state)
{
    (void)state;
    store_fault_set(0, 0);
    test_databases_stop(&databases);
    return 0;
}

static cx_err add_two(struct store_tx *tx, void *arg)
{
    struct cx_id id = {{*(uint8_t *)arg}};
    struct row_tenant tenant = {.tenant_id = id, .name = CX_STR("n"), .state = CX_STR("active")};
    CX_TRY(row_tenant_insert(tx, &tenant));
    struct row_data_key key = {
        .tenant_id = id, .version = 1, .wrapped = CX_BYTES("w", 1), .state = CX_STR("active")};
    return row_data_key_insert(tx, &key);
}

static cx_err count_both(struct store_tx *tx, void *arg)
{
    int64_t *counts = arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "SELECT (SELECT COUNT(*) FROM tenant), (SELECT COUNT(*) FROM data_key)", &q));
    bool row = false;
    CX_TRY(store_step(q, &row));
    counts[0] = store_col_int(q, 0);
    counts[1] = store_col_int(q, 1);
    return CX_OK;
}

static void fail_each(enum store_engine engine)
{
    if (!test_engine_available(&databases, engine))
        skip();
    struct store *store = test_store_open(&databases, engine, NULL);
    int64_t stored = 0;
    uint8_t number = 0;
    struct {
        int64_t statement, commit;
    } const faults[] = {{1, 0}, {2, 0}, {0, 1}, {3, 2}};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        store_fault_set(faults[i].statement, faults[i].commit);
        number++;
        cx_err result = store_write(store, add_two, &number);
        bool injected = i < 3; /* the last row names faults that this write does not reach */
        assert_int_equal(result.code, injected ? CX_E_STORE : CX_E_OK);
        stored += !injected;
        store_fault_set(0, 0);
        int64_t counts[2] = {-1, -1};
        assert_ok(store_read(store, count_both, counts));
        assert_int_equal(counts[0], stored);
        assert_int_equal(counts[1], stored);
        char failure[STORE_FAILURE_MAX];
        store_failure(store, failure);
        assert_non_null(strstr(failure, "injected"));
    }
    store_close(store);
}

static void test_sqlite(void **state)
{
    (void)state;
    fail_each(STORE_SQLITE);
}

static void test_postgres(void **state)
{
    (void)state;
    fail_each(STORE_POSTGRES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite),
                                       cmocka_unit_test(test_postgres)};
    return cmocka_run_group_tests_name("store/fault", tests, setup, teardown);
}
