#include "core/authentication/password_pool.h"

#include "base/clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICE = 10, PATIENCE_US = 3 * 1000000 };

struct job {
    struct job *next;
    int64_t since_us; /* monotonic */
    struct cx_bytes password;
    const char *phc;     /* to verify; NULL: to hash */
    const uint8_t *salt; /* to hash with */
    char *made;
    cx_err err;
    bool done;
};

/*
 * The first thread runs when nobody else wants the processor (SCHED_IDLE): whatever wakes up for a request takes it from the hash at
 * once, while a thread that is merely nice keeps it for its slice, some milliseconds, which others' requests then wait. On a
 * machine that is never idle nobody would get in, so what has waited for PATIENCE_US is taken by the second, nice one.
 */
enum { THREADS = 2 };

struct password_pool {
    pthread_t threads[THREADS];
    unsigned thread_count;
    pthread_mutex_t lock;
    pthread_cond_t wanted, overdue, finished;
    struct job *first, **last;
    unsigned inside;
    bool stopping;
};

static void run_job(struct job *job)
{
    job->err = job->phc ? crypto_password_verify(job->phc, job->password)
                        : crypto_password_hash(job->password, job->salt, job->made);
}

static struct job *take_job(struct password_pool *pool)
{
    struct job *job = pool->first;
    if (!job)
        return NULL;
    pool->first = job->next;
    if (!pool->first)
        pool->last = &pool->first;
    return job;
}

static struct job *next_job(struct password_pool *pool)
{
    while (!pool->first && !pool->stopping)
        pthread_cond_wait(&pool->wanted, &pool->lock);
    return take_job(pool);
}

/* One that has waited for too long, the queue being in the order of arrival. */
static struct job *next_overdue(struct password_pool *pool)
{
    while (!pool->stopping) {
        int64_t wait_us = PATIENCE_US;
        if (pool->first) {
            wait_us = pool->first->since_us + PATIENCE_US - cx_monotonic_us();
            if (wait_us <= 0)
                return take_job(pool);
        }
        int64_t until_us = cx_monotonic_us() + wait_us;
        struct timespec until = {.tv_sec = (time_t)(until_us / CX_US_PER_S),
                                 .tv_nsec = (long)(until_us % CX_US_PER_S * 1000)};
        pthread_cond_timedwait(&pool->overdue, &pool->lock, &until);
    }
    return take_job(pool);
}

static void work(struct password_pool *pool, struct job *(*next)(struct password_pool *))
{
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct job *job = next(pool);
        if (!job)
            break;
        pthread_mutex_unlock(&pool->lock);
        run_job(job);
        pthread_mutex_lock(&pool->lock);
        job->done = true;
        pthread_cond_broadcast(&pool->finished);
    }
    pthread_mutex_unlock(&pool->lock);
}

/* On Linux a thread has a priority of its own. When it may not be lowered, the bound of the queue is left. */
static void *work_patiently(void *arg)
{
    const struct sched_param none = {0};
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    (void)sched_setscheduler(gettid(), SCHED_IDLE, &none);
    work(arg, next_job);
    return NULL;
}

static void *work_as_relief(void *arg)
{
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    work(arg, next_overdue);
    return NULL;
}

/* overdue waits by the clock that cx_monotonic_us reads. */
static void init_conditions(struct password_pool *pool)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->overdue, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&pool->wanted, NULL);
    pthread_cond_init(&pool->finished, NULL);
}

cx_err password_pool_new(struct password_pool **ret_pool)
{
    struct password_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return CX_ERR(NOMEM);
    pthread_mutex_init(&pool->lock, NULL);
    init_conditions(pool);
    pool->last = &pool->first;
    static void *(*const begin[THREADS])(void *) = {work_patiently, work_as_relief};
    while (pool->thread_count < THREADS) {
        if (pthread_create(&pool->threads[pool->thread_count], NULL, begin[pool->thread_count],
                           pool) != 0) {
            password_pool_free(pool);
            return CX_ERR(NOMEM);
        }
        pool->thread_count++;
    }
    *ret_pool = pool;
    return CX_OK;
}

void password_pool_free(struct password_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->wanted);
    pthread_cond_broadcast(&pool->overdue);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->wanted);
    pthread_cond_destroy(&pool->overdue);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

cx_err password_pool_enter(struct password_pool *pool, struct cx_diag *diag)
{
    pthread_mutex_lock(&pool->lock);
    bool entered = pool->inside < PASSWORD_THREADS + PASSWORD_QUEUE_MAX;
    if (entered)
        pool->inside++;
    pthread_mutex_unlock(&pool->lock);
    if (entered)
        return CX_OK;
    return cx_refuse(diag, CX_ERR(BUSY), "", "login-busy",
                     "Many people are logging in; try again in a few seconds.");
}

void password_pool_leave(struct password_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->inside--;
    pthread_mutex_unlock(&pool->lock);
}

static cx_err wait_for(struct password_pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    job->since_us = cx_monotonic_us();
    *pool->last = job;
    pool->last = &job->next;
    pthread_cond_signal(&pool->wanted);
    while (!job->done)
        pthread_cond_wait(&pool->finished, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    return job->err;
}

cx_err password_pool_verify(struct password_pool *pool, const char *phc, struct cx_bytes password)
{
    struct job job = {.password = password, .phc = phc};
    return wait_for(pool, &job);
}

cx_err password_pool_hash(struct password_pool *pool, struct cx_bytes password,
                          const uint8_t salt[static CRYPTO_PHC_SALT_LEN],
                          char ret_phc[static CRYPTO_PHC_MAX])
{
    struct job job = {.password = password, .salt = salt, .made = ret_phc};
    return wait_for(pool, &job);
}
