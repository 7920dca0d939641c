/* Durable writes and reads of a 1 KB row through store_write and store_read, on both engines. */
#include "tests/lib/test.h"
#include "tests/bench/bench.h"
#include "store/rows.h"
#include "tests/lib/database.h"

#include <pthread.h>

enum { THREADS_MAX = 64, RUN_US = 2000000, ROW_LEN = 1024 };

struct worker {
    struct store *store;
    unsigned number;
    uint64_t done;
    int64_t until_us;
    bool reads;
    pthread_t thread;
    int64_t version;
};

static const struct cx_id tenant = {{1}};

static cx_err add_tenant(struct store_tx *tx, void *arg)
{
    (void)arg;
    struct row_tenant row = {
        .tenant_id = tenant, .name = CX_STR("bench"), .state = CX_STR("active")};
    return row_tenant_insert(tx, &row);
}

static cx_err add_row(struct store_tx *tx, void *arg)
{
    const struct worker *worker = arg;
    static const uint8_t content[ROW_LEN];
    struct row_data_key row = {.tenant_id = tenant,
                               .version = worker->version,
                               .wrapped = CX_BYTES(content, sizeof(content)),
                               .state = CX_STR("active")};
    return row_data_key_insert(tx, &row);
}

static cx_err read_row(struct store_tx *tx, void *arg)
{
    (void)arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT wrapped FROM data_key WHERE tenant_id = $1 AND version = $2",
                         &q));
    store_bind_id(q, 1, tenant);
    store_bind_int(q, 2, 1);
    bool row = false;
    CX_TRY(store_step(q, &row));
    return row && store_col_bytes(q, 0).len == ROW_LEN ? CX_OK : CX_ERR(INTERNAL);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    while (cx_monotonic_us() < worker->until_us) {
        worker->version = ((int64_t)worker->number << 40) + (int64_t)worker->done + 1;
        cx_err err = worker->reads ? store_read(worker->store, read_row, worker)
                                   : store_write(worker->store, add_row, worker);
        if (err.code != CX_E_BUSY)
            assert_ok(err);
        worker->done += cx_is_ok(err);
    }
    return NULL;
}

static double run(struct store *store, unsigned threads, bool reads)
{
    static struct worker workers[THREADS_MAX];
    static unsigned next = 0;
    uint64_t done = 0;
    int64_t start_us = cx_monotonic_us();
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){
            .store = store, .number = next++, .until_us = start_us + RUN_US, .reads = reads};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
    }
    return (double)done * 1e6 / (double)(cx_monotonic_us() - start_us);
}

int main(void)
{
    static const char *const names[] = {"sqlite", "postgres"};
    static const unsigned threads[] = {1, 8, 64};
    struct test_databases databases;
    if (test_databases_start(&databases) != 0)
        return 1;
    double sync = bench_limit_fdatasync(databases.folder);
    for (int engine = STORE_SQLITE; engine <= STORE_POSTGRES; engine++) {
        if (!test_engine_available(&databases, (enum store_engine)engine))
            continue;
        struct store *store = test_store_open(&databases, (enum store_engine)engine, NULL);
        assert_ok(store_write(store, add_tenant, NULL));
        for (int i = 0; i < 3; i++) {
            char name[64], conditions[160];
            snprintf(name, sizeof(name), "store_%s_write_%u", names[engine], threads[i]);
            snprintf(conditions, sizeof(conditions),
                     "1 KB row a transaction, %u threads, durable; limit: fdatasync of a "
                     "preallocated file",
                     threads[i]);
            bench_line(name, run(store, threads[i], false), "commits/s", sync, conditions);
        }
        struct worker first = {.version = 1};
        assert_ok(store_write(store, add_row, &first));
        char name[64];
        snprintf(name, sizeof(name), "store_%s_read_1", names[engine]);
        bench_line(name, run(store, 1, true), "reads/s", bench_limit_sha256(ROW_LEN),
                   "1 KB row by key, one thread; limit: bare SHA-256 of the row");
        store_close(store);
    }
    test_databases_stop(&databases);
    return 0;
}
