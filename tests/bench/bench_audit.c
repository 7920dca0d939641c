/* Audited events end to end (sealed, committed, sequenced, signed) and offline verification. */
#include "tests/lib/test.h"
#include "tests/bench/bench.h"
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/audit/export.h"
#include "core/audit/verify.h"
#include "tests/lib/core_local.h"

#include <pthread.h>

enum { THREADS = 64, RUN_US = 3000000, EXPORT_MAX = 1 << 30 };

struct worker {
    struct core *core;
    struct cx_id tenant_id;
    int64_t until_us;
    uint64_t done;
    pthread_t thread;
};

static void *commit_events(void *arg)
{
    struct worker *worker = arg;
    while (cx_monotonic_us() < worker->until_us) {
        struct audit_event event = {
            .action = "bench.event",
            .tenant_id = worker->tenant_id,
            .request_id = {{1, 2, 3}},
            .object_type = CX_ID_CERTIFICATE,
            .object_id = {{4, 5, 6}},
            .details = CX_STR("{\"name\":\"host.example.org\",\"profile\":\"server-tls\"}")};
        cx_err err = audit_commit(worker->core, &event, NULL, NULL);
        if (err.code != CX_E_BUSY)
            assert_ok(err);
        worker->done += cx_is_ok(err);
    }
    return NULL;
}

static double append(struct core_local *local)
{
    static struct worker workers[THREADS];
    uint64_t done = 0;
    int64_t start_us = cx_monotonic_us();
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){
            .core = &local->core, .tenant_id = local->tenant_id, .until_us = start_us + RUN_US};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, commit_events, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
    }
    assert_ok(
        audit_flush(local->core.audit)); /* the time includes sequencing and signing all of it */
    return (double)done * 1e6 / (double)(cx_monotonic_us() - start_us);
}

static void export_all(struct core_local *local, struct cx_buf *out)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    struct audit_export *it = NULL;
    assert_ok(audit_export_start(&local->core, local->tenant_id, 0, INT64_MAX, &arena, NULL, &it));
    for (bool done = false; !done;)
        assert_ok(audit_export_next(it, out, &done));
}

static void verify_export(const struct cx_buf *file)
{
    struct audit_verify_result result;
    struct audit_verify_options options = {0};
    struct cx_diag diag = CX_DIAG_INIT;
    int64_t start_us = cx_monotonic_us();
    assert_ok(audit_verify(cx_buf_view(file), &options, &diag, &result));
    double rate = (double)result.size * 1e6 / (double)(cx_monotonic_us() - start_us);
    size_t line_len = file->len / result.size;
    bench_line("audit_verify", rate, "leaves/s", bench_limit_sha256(line_len),
               "whole export in memory, one thread; limit: bare SHA-256 of one line");
}

int main(void)
{
    static const char *const names[] = {"audit_append_sqlite", "audit_append_postgres"};
    struct test_databases databases;
    if (test_databases_start(&databases) != 0)
        return 1;
    double sync = bench_limit_fdatasync(databases.folder);
    for (int engine = STORE_SQLITE; engine <= STORE_POSTGRES; engine++) {
        if (!test_engine_available(&databases, (enum store_engine)engine))
            continue;
        static struct core_local local;
        core_local_start(&local, &databases, (enum store_engine)engine);
        assert_ok(audit_start(&local.core, &local.core.audit));
        bench_line(
            names[engine], append(&local), "events/s", sync,
            "64 threads, sealed details, until the checkpoint of the last event; limit: fdatasync");
        CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(EXPORT_MAX);
        if (engine == STORE_SQLITE) {
            export_all(&local, &file);
            verify_export(&file);
        }
        audit_stop(local.core.audit);
        core_local_stop(&local);
    }
    test_databases_stop(&databases);
    return 0;
}
