#include "core/review/worker.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/core.h"
#include "core/tenant/tenant_store.h"
#include "os/worker.h"

enum { PASS_PAUSE_MS = 2000, WORKER_ARENA_MAX = 1024 * 1024 };

struct review_worker {
    struct core *core;
    struct os_worker thread;
};

static cx_err pass(struct review_worker *worker)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(WORKER_ARENA_MAX);
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    CX_TRY(tenant_each(worker->core, &arena, &tenants, &count));
    for (size_t i = 0; i < count; i++) {
        cx_err err = review_pass(worker->core, tenants[i]);
        if (cx_failed(err))
            cx_log_err(CX_LOG_WARN, err, "review-pass-failed", NULL);
    }
    return CX_OK;
}

static void run(struct os_worker *thread, void *arg)
{
    (void)thread;
    cx_err err = pass(arg);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "review-pass-failed", NULL);
}

cx_err review_worker_start(struct core *core, struct review_worker **ret_worker)
{
    struct review_worker *worker = calloc(1, sizeof(*worker));
    if (!worker)
        return CX_ERR(NOMEM);
    worker->core = core;
    const struct os_worker_options options = {run, worker, PASS_PAUSE_MS, false};
    cx_err err = os_worker_start(&worker->thread, &options);
    if (cx_failed(err)) {
        free(worker);
        return err;
    }
    *ret_worker = worker;
    return CX_OK;
}

void review_worker_stop(struct review_worker *worker)
{
    if (!worker)
        return;
    os_worker_stop(&worker->thread);
    free(worker);
}
