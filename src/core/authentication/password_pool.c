#include "core/authentication/password_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICE = 10 };

struct job {
    struct job *next;
    struct cx_bytes password;
    const char *phc;     /* to verify; NULL: to hash */
    const uint8_t *salt; /* to hash with */
    char *made;
    cx_err err;
    bool done;
};

struct password_pool {
    pthread_t threads[PASSWORD_THREADS];
    unsigned thread_count;
    pthread_mutex_t lock;
    pthread_cond_t wanted, finished;
    struct job *first, **last;
    unsigned inside;
    bool stopping;
};

static void run_job(struct job *job)
{
    job->err = job->phc ? crypto_password_verify(job->phc, job->password)
                        : crypto_password_hash(job->password, job->salt, job->made);
}

static struct job *next_job(struct password_pool *pool)
{
    while (!pool->first && !pool->stopping)
        pthread_cond_wait(&pool->wanted, &pool->lock);
    struct job *job = pool->first;
    if (!job)
        return NULL;
    pool->first = job->next;
    if (!pool->first)
        pool->last = &pool->first;
    return job;
}

static void *work(void *arg)
{
    struct password_pool *pool = arg;
    /* On Linux a thread has a priority of its own. When it may not be lowered, the bound of the queue is left. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct job *job = next_job(pool);
        if (!job)
            break;
        pthread_mutex_unlock(&pool->lock);
        run_job(job);
        pthread_mutex_lock(&pool->lock);
        job->done = true;
        pthread_cond_broadcast(&pool->finished);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

cx_err password_pool_new(struct password_pool **ret_pool)
{
    struct password_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return CX_ERR(NOMEM);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wanted, NULL);
    pthread_cond_init(&pool->finished, NULL);
    pool->last = &pool->first;
    while (pool->thread_count < PASSWORD_THREADS) {
        if (pthread_create(&pool->threads[pool->thread_count], NULL, work, pool) != 0) {
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
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->wanted);
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
