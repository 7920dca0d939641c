#include "core/incident/worker.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/core.h"
#include "core/tenant/tenant_store.h"

#include <pthread.h>

enum { PASS_PAUSE_S = 2, WORKER_ARENA_MAX = 1024 * 1024 };

struct incident_worker {
    struct core *core;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static cx_err pass(struct incident_worker *worker)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(WORKER_ARENA_MAX);
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    CX_TRY(tenant_each(worker->core, &arena, &tenants, &count));
    for (size_t i = 0; i < count; i++) {
        cx_err err = incident_clocks_pass(worker->core, tenants[i]);
        if (cx_failed(err))
            cx_log_err(CX_LOG_WARN, err, "incident-clocks-failed", NULL);
    }
    return CX_OK;
}

/* False when it is time to end. */
static bool pause_between(struct incident_worker *worker)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PASS_PAUSE_S;
    pthread_mutex_lock(&worker->lock);
    while (!worker->stop && pthread_cond_timedwait(&worker->wake, &worker->lock, &until) == 0)
        ;
    bool go_on = !worker->stop;
    pthread_mutex_unlock(&worker->lock);
    return go_on;
}

static void *run(void *arg)
{
    struct incident_worker *worker = arg;
    do {
        cx_err err = pass(worker);
        if (cx_failed(err))
            cx_log_err(CX_LOG_WARN, err, "incident-pass-failed", NULL);
    } while (pause_between(worker));
    return NULL;
}

static void worker_free(struct incident_worker *worker)
{
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

cx_err incident_worker_start(struct core *core, struct incident_worker **ret_worker)
{
    struct incident_worker *worker = calloc(1, sizeof(*worker));
    pthread_condattr_t monotonic;
    if (!worker)
        return CX_ERR(NOMEM);
    worker->core = core;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&worker->thread, NULL, run, worker)) {
        worker_free(worker);
        return CX_ERR(NOMEM);
    }
    *ret_worker = worker;
    return CX_OK;
}

void incident_worker_stop(struct incident_worker *worker)
{
    if (!worker)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->stop = true;
    pthread_cond_broadcast(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    worker_free(worker);
}
