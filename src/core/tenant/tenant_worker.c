#include "core/tenant/tenant_worker.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/tenant/tenant_store.h"

enum { WORKER_ARENA_MAX = 1024 * 1024 };

struct tenant_worker {
    struct core *core;
    const struct tenant_pass *passes;
    size_t count;
    struct os_worker thread;
};

static void make_passes(struct tenant_worker *worker, struct cx_id tenant_id)
{
    for (size_t i = 0; i < worker->count; i++) {
        const struct tenant_pass *pass = &worker->passes[i];
        cx_err err = pass->pass(worker->core, tenant_id, &worker->thread);
        if (cx_failed(err))
            cx_log_err(CX_LOG_WARN, err, pass->failed, NULL);
    }
}

static void run(struct os_worker *thread, void *arg)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(WORKER_ARENA_MAX);
    struct tenant_worker *worker = arg;
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    (void)thread;
    cx_err err = tenant_each(worker->core, &arena, &tenants, &count);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "tenants-unread", "work", worker->passes[0].failed, NULL);
    for (size_t i = 0; i < count; i++)
        make_passes(worker, tenants[i]);
}

cx_err tenant_worker_start(struct core *core, const struct tenant_pass *passes, size_t count,
                           int64_t pause_ms, struct tenant_worker **ret_worker)
{
    CX_AUTO_FREE struct tenant_worker *worker = calloc(1, sizeof(*worker));
    if (!worker)
        return CX_ERR(NOMEM);
    worker->core = core;
    worker->passes = passes;
    worker->count = count;
    const struct os_worker_options options = {run, worker, pause_ms, false};
    CX_TRY(os_worker_start(&worker->thread, &options));
    *ret_worker = CX_TAKE(worker);
    return CX_OK;
}

void tenant_worker_stop(struct tenant_worker *worker)
{
    if (!worker)
        return;
    os_worker_stop(&worker->thread);
    free(worker);
}
