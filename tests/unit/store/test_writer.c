/* Many threads writing at once: nothing lost, nothing half done, and a full disk stops only what it
 * must. */
#include "tests/lib/test.h"
#include "tests/lib/database.h"
#include "store/rows.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { THREADS = 8, WRITES = 150 };

static struct test_databases databases;

static int setup(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    return test_databases_start(&databases);
}

static int teardown(void **state)
{
    (void)state;
    test_databases_stop(&databases);
    return 0;
}

struct work {
    struct store *store;
    uint8_t thread;
    int number;
    unsigned done, refused;
};

static cx_err add_one(struct store_tx *tx, void *arg)
{
    const struct work *work = arg;
    struct cx_id id = {{work->thread, (uint8_t)work->number, (uint8_t)(work->number >> 8), 1}};
    struct row_tenant row = {.tenant_id = id, .name = CX_STR("x"), .state = CX_STR("active")};
    CX_TRY(row_tenant_insert(tx, &row));
    struct store_stmt *q = NULL; /* a shared row: PostgreSQL's threads collide here and retry */
    CX_TRY(store_prepare(tx, "UPDATE tenant SET created_us = created_us + 1 WHERE name = 'counter'",
                         &q));
    CX_TRY(store_exec(q));
    return work->number % 5 == 0 ? CX_ERR(POLICY) : CX_OK;
}

static void *write_many(void *arg)
{
    struct work *work = arg;
    for (work->number = 0; work->number < WRITES; work->number++) {
        cx_err result = store_write(work->store, add_one, work);
        if (result.code == CX_E_BUSY)
            work->number--; /* retries used up: the caller's turn to repeat */
        else if (work->number % 5 == 0)
            work->refused += result.code == CX_E_POLICY;
        else
            work->done += cx_is_ok(result);
    }
    return NULL;
}

static cx_err add_counter(struct store_tx *tx, void *arg)
{
    (void)arg;
    struct row_tenant row = {.name = CX_STR("counter"), .state = CX_STR("active")};
    return row_tenant_insert(tx, &row);
}

static cx_err read_totals(struct store_tx *tx, void *arg)
{
    int64_t *totals = arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT COUNT(*), SUM(created_us) FROM tenant", &q));
    bool row = false;
    CX_TRY(store_step(q, &row));
    totals[0] = store_col_int(q, 0);
    totals[1] = store_col_int(q, 1);
    return CX_OK;
}

static void write_from_threads(enum store_engine engine)
{
    if (!test_engine_available(&databases, engine))
        skip();
    char url[TEST_URL_MAX];
    struct store *store = test_store_open(&databases, engine, url);
    assert_ok(store_write(store, add_counter, NULL));
    pthread_t threads[THREADS];
    struct work work[THREADS];
    for (int i = 0; i < THREADS; i++) {
        work[i] = (struct work){.store = store, .thread = (uint8_t)(i + 1)};
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &work[i]), 0);
    }
    unsigned done = 0, refused = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        done += work[i].done;
        refused += work[i].refused;
    }
    assert_int_equal(done, THREADS * WRITES * 4 / 5);
    assert_int_equal(refused, THREADS * WRITES / 5);
    store_close(store);

    /* Everything acknowledged is there after closing and opening again. */
    struct store_options options = {.url = cx_str_from(url)};
    assert_ok(store_open(&options, NULL, &store));
    int64_t totals[2] = {0, 0};
    assert_ok(store_read(store, read_totals, totals));
    assert_int_equal(totals[0], done + 1);
    assert_int_equal(totals[1], done);
    store_close(store);
}

static void test_sqlite_threads(void **state)
{
    (void)state;
    write_from_threads(STORE_SQLITE);
}

static void test_postgres_threads(void **state)
{
    (void)state;
    write_from_threads(STORE_POSTGRES);
}

static uint8_t filler[64 * 1024];

static cx_err add_big(struct store_tx *tx, void *arg)
{
    struct cx_id id = {{9, *(uint8_t *)arg}};
    struct row_tenant tenant = {.tenant_id = id, .name = CX_STR("big"), .state = CX_STR("active")};
    CX_TRY(row_tenant_insert(tx, &tenant));
    struct row_data_key key = {.tenant_id = id,
                               .version = 1,
                               .wrapped = CX_BYTES(filler, sizeof(filler)),
                               .state = CX_STR("active")};
    return row_data_key_insert(tx, &key);
}

/* A file size limit is what a full disk looks like to SQLite. */
static void test_full_disk(void **state)
{
    (void)state;
    struct store *store = test_store_open(&databases, STORE_SQLITE, NULL);
    struct rlimit before, small = {400 * 1024, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    uint8_t number = 0;
    cx_err result = CX_OK;
    int64_t stored = 0;
    for (; number < 100 && cx_is_ok(result); number++) {
        result = store_write(store, add_big, &number);
        stored += cx_is_ok(result);
    }
    char failure[STORE_FAILURE_MAX];
    store_failure(store, failure);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_err(result, STORE);
    assert_non_null(strstr(failure, "SQLite"));

    int64_t totals[2] = {0, 0};
    assert_ok(store_read(store, read_totals, totals));
    assert_int_equal(totals[0], stored); /* the write that failed left nothing */
    number = 200;
    assert_ok(store_write(store, add_big, &number)); /* space again: work goes on */
    store_close(store);
}

static void test_file_is_private(void **state)
{
    (void)state;
    char url[TEST_URL_MAX];
    struct store *store = test_store_open(&databases, STORE_SQLITE, url);
    assert_ok(store_write(store, add_counter, NULL));
    char path[TEST_URL_MAX + 8];
    const char *const suffixes[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        struct stat info;
        snprintf(path, sizeof(path), "%s%s", url + strlen("sqlite:"), suffixes[i]);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite_threads),
        cmocka_unit_test(test_postgres_threads),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_file_is_private),
    };
    return cmocka_run_group_tests_name("store/writer", tests, setup, teardown);
}
