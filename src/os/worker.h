/*
 * A thread that does the same again and again: a pass, a pause, a pass. A poke ends the pause, stopping waits for the pass that
 * runs. The pause is of the monotonic clock, so that a simulated clock that jumps neither hurries nor stops anybody.
 *
 * The struct lies in its owner and may not move while it runs. All functions but start and stop may be called from any
 * thread while it is started; os_worker_stopping from the pass itself too.
 */
#pragma once
#include "base/err.h"

#include <pthread.h>

struct os_worker;

struct os_worker_options {
    void (*pass)(struct os_worker *worker, void *arg); /* fails for itself: logs, tries again */
    void *arg;
    int64_t pause_ms; /* between the end of a pass and the next; > 0 */
    bool pause_first; /* the owner has made the first pass, or there is nothing to do so early */
};

/* Zero before it is started: such a one is stopped. */
struct os_worker {
    struct os_worker_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* guards poked, and the wait for it */
    pthread_cond_t wake;
    bool poked, started;
    _Atomic bool stop;
};

/* CX_E_NOMEM when there can be no further thread; then it is as before. */
cx_err os_worker_start(struct os_worker *worker, const struct os_worker_options *options);
/* A pass soon; pokes during a pass become one pass after it. */
void os_worker_poke(struct os_worker *worker);
/* Is it time to end? A long pass asks between its parts. */
bool os_worker_stopping(const struct os_worker *worker);
/* Joins. Nothing happens when it was not started. */
void os_worker_stop(struct os_worker *worker);
