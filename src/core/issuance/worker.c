#include "core/issuance/worker.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/approval/pass.h"
#include "core/core.h"
#include "core/issuance/reconcile.h"
#include "core/tenant/tenant_store.h"
#include "os/worker.h"

enum {
    SETTLE_BATCH = 256, /* intents told in one message */
    SETTLE_QUEUE_MAX =
        4096, /* beyond it they stay in the index of keys until the next reconciliation */
    PASS_PAUSE_MS = 1000,
    RECONCILE_PAUSE_S = 600,
    WORKER_ARENA_MAX = 1024 * 1024,
};

struct issuance_worker {
    struct core *core;
    struct os_worker thread;
    int64_t reconcile_us; /* when it is due, by the monotonic clock */
    pthread_mutex_t lock; /* guards what follows */
    struct cx_id settled[SETTLE_QUEUE_MAX];
    size_t settled_count;
};

static size_t take_settled(struct issuance_worker *worker, struct cx_id ids[static SETTLE_BATCH])
{
    pthread_mutex_lock(&worker->lock);
    size_t count = worker->settled_count < SETTLE_BATCH ? worker->settled_count : SETTLE_BATCH;
    worker->settled_count -= count;
    memcpy(ids, worker->settled + worker->settled_count, count * sizeof(ids[0]));
    pthread_mutex_unlock(&worker->lock);
    return count;
}

static void settle(struct issuance_worker *worker)
{
    struct cx_id ids[SETTLE_BATCH];
    for (;;) {
        size_t count = take_settled(worker, ids);
        if (count == 0)
            return;
        if (cx_failed(keys_settle(worker->core->keys, ids, count))) {
            for (size_t i = 0; i < count; i++)
                issuance_settled(worker->core, ids[i]);
            return;
        }
    }
}

static cx_err pass(struct issuance_worker *worker)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(WORKER_ARENA_MAX);
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    settle(worker);
    CX_TRY(tenant_each(worker->core, &arena, &tenants, &count));
    for (size_t i = 0; i < count; i++) {
        cx_err err = issuance_recover_tenant(worker->core, tenants[i]);
        if (cx_failed(err))
            cx_log_err(CX_LOG_WARN, err, "recovery-pass-failed", NULL);
        err = approval_pass(worker->core, tenants[i]);
        if (cx_failed(err))
            cx_log_err(CX_LOG_WARN, err, "approval-pass-failed", NULL);
    }
    return CX_OK;
}

/* By the monotonic clock, so that a drill's jumps do not hurry it. One that failed is due again. */
static void reconcile(struct issuance_worker *worker)
{
    if (cx_monotonic_us() < worker->reconcile_us)
        return;
    cx_err err = issuance_reconcile(worker->core);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "reconciliation-failed", NULL);
    else
        worker->reconcile_us = cx_monotonic_us() + RECONCILE_PAUSE_S * CX_US_PER_S;
}

static void run(struct os_worker *thread, void *arg)
{
    struct issuance_worker *worker = arg;
    (void)thread;
    reconcile(worker);
    cx_err err = pass(worker);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "issuance-pass-failed", NULL);
}

static void worker_free(struct issuance_worker *worker)
{
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

cx_err issuance_worker_start(struct core *core, struct issuance_worker **ret_worker)
{
    struct issuance_worker *worker = calloc(1, sizeof(*worker));
    if (!worker)
        return CX_ERR(NOMEM);
    worker->core = core;
    pthread_mutex_init(&worker->lock, NULL);
    cx_err err = pass(worker);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "issuance-pass-failed", NULL); /* the thread goes on trying */
    core->issuance = worker;
    const struct os_worker_options options = {run, worker, PASS_PAUSE_MS, true};
    err = os_worker_start(&worker->thread, &options);
    if (cx_failed(err)) {
        core->issuance = NULL;
        worker_free(worker);
        return err;
    }
    *ret_worker = worker;
    return CX_OK;
}

void issuance_worker_stop(struct issuance_worker *worker)
{
    if (!worker)
        return;
    os_worker_stop(&worker->thread);
    settle(worker); /* what came after its last pass */
    worker->core->issuance = NULL;
    worker_free(worker);
}

void issuance_settled(struct core *core, struct cx_id intent_id)
{
    struct issuance_worker *worker = core->issuance;
    if (!worker)
        return;
    pthread_mutex_lock(&worker->lock);
    if (worker->settled_count < SETTLE_QUEUE_MAX)
        worker->settled[worker->settled_count++] = intent_id;
    pthread_mutex_unlock(&worker->lock);
}
