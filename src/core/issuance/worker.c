#include "core/issuance/worker.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/core.h"
#include "core/issuance/reconcile.h"
#include "core/tenant/tenant_store.h"

#include <pthread.h>

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
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
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
    }
    return CX_OK;
}

/* False when it is time to end. */
static bool sleep_ms(struct issuance_worker *worker, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&worker->lock);
    while (!worker->stop && pthread_cond_timedwait(&worker->wake, &worker->lock, &until) == 0)
        ;
    bool go_on = !worker->stop;
    pthread_mutex_unlock(&worker->lock);
    return go_on;
}

/* By the monotonic clock, so that a drill's jumps do not hurry it. One that failed is due again. */
static void reconcile(struct issuance_worker *worker, int64_t *due_us)
{
    if (cx_monotonic_us() < *due_us)
        return;
    cx_err err = issuance_reconcile(worker->core);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "reconciliation-failed", NULL);
    else
        *due_us = cx_monotonic_us() + RECONCILE_PAUSE_S * CX_US_PER_S;
}

static void *run(void *arg)
{
    struct issuance_worker *worker = arg;
    int64_t reconcile_us = 0;
    while (sleep_ms(worker, PASS_PAUSE_MS)) {
        reconcile(worker, &reconcile_us);
        cx_err err = pass(worker);
        if (cx_failed(err))
            cx_log_err(CX_LOG_WARN, err, "issuance-pass-failed", NULL);
    }
    settle(worker);
    return NULL;
}

static void worker_free(struct issuance_worker *worker)
{
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

cx_err issuance_worker_start(struct core *core, struct issuance_worker **ret_worker)
{
    struct issuance_worker *worker = calloc(1, sizeof(*worker));
    pthread_condattr_t monotonic;
    if (!worker)
        return CX_ERR(NOMEM);
    worker->core = core;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    cx_err err = pass(worker);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "issuance-pass-failed", NULL); /* the thread goes on trying */
    core->issuance = worker;
    if (pthread_create(&worker->thread, NULL, run, worker)) {
        core->issuance = NULL;
        worker_free(worker);
        return CX_ERR(NOMEM);
    }
    *ret_worker = worker;
    return CX_OK;
}

void issuance_worker_stop(struct issuance_worker *worker)
{
    if (!worker)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->stop = true;
    pthread_cond_broadcast(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
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
