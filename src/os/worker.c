#include "os/worker.h"
#include "base/clock.h"

#include <string.h>
#include <time.h>

/* Waits for a poke, the end or the pause. */
static void pause_between(struct os_worker *worker)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nsec = until.tv_nsec + worker->options.pause_ms % 1000 * 1000000;
    until.tv_sec += worker->options.pause_ms / 1000 + nsec / 1000000000;
    until.tv_nsec = nsec % 1000000000;
    pthread_mutex_lock(&worker->lock);
    while (!worker->stop && !worker->poked &&
           pthread_cond_timedwait(&worker->wake, &worker->lock, &until) == 0)
        ;
    worker->poked = false; /* what comes from here on is after what the pass will see */
    pthread_mutex_unlock(&worker->lock);
}

static void *run(void *arg)
{
    struct os_worker *worker = arg;
    if (worker->options.pause_first)
        pause_between(worker);
    while (!worker->stop) {
        worker->options.pass(worker, worker->options.arg);
        pause_between(worker);
    }
    return NULL;
}

static void clear(struct os_worker *worker)
{
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    worker->started = false;
}

cx_err os_worker_start(struct os_worker *worker, const struct os_worker_options *options)
{
    pthread_condattr_t monotonic;
    *worker = (struct os_worker){.options = *options, .started = true};
    pthread_mutex_init(&worker->lock, NULL); /* default attributes do not fail on Linux */
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&worker->thread, NULL, run, worker)) {
        clear(worker);
        return CX_ERR(NOMEM);
    }
    return CX_OK;
}

void os_worker_poke(struct os_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->poked = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

bool os_worker_stopping(const struct os_worker *worker)
{
    return worker->stop;
}

void os_worker_stop(struct os_worker *worker)
{
    if (!worker->started)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->stop = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    clear(worker);
}
