/*
 * Group commit. SQLite has one writer at a time and a commit costs one fsync, so one thread does all the writing: it
 * takes what is queued, runs each closure in one transaction, commits once and only then wakes the callers. While it
 * waits for the disk the next batch gathers by itself.
 *
 * Closures seldom fail, and a savepoint costs a copy of every page that a closure changes after another has. So a
 * batch runs without savepoints first. When a closure of it fails, all is rolled back and the batch runs again, each
 * closure in a savepoint of its own, so that one that fails undoes itself only. When SQLite itself abandons the whole
 * transaction (disk full, I/O error), the closures run once more, each alone. When the commit fails, nothing of the
 * batch happened and all of it fails.
 */
#include "store/store_internal.h"

#include <errno.h>
#include <semaphore.h>

enum {
    WRITER_BATCH_MAX = 128,
    GATHER_US = 1000 /* the longest that a batch waits for company */
};

struct job {
    struct job *next;
    store_fn fn;
    void *arg;
    cx_err result;
    char *error; /* the caller's buffer for what SQLite said */
    sem_t done;
};

struct store_writer {
    struct store_conn *conn;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t queued;
    struct job *first, **last;
    size_t count;    /* of jobs queued */
    size_t expected; /* as many were there at once lately */
    bool stopping;
};

/* Runs one closure between SAVEPOINT and RELEASE. False when the transaction around it is gone. */
static bool run_job(struct store_writer *writer, struct job *job)
{
    struct store_conn *conn = writer->conn;
    job->result = conn->ops->script(conn, "SAVEPOINT job");
    if (cx_failed(job->result)) {
        memcpy(job->error, conn->error, STORE_ERROR_MAX);
        return false;
    }
    job->result = store_run(conn, job->fn, job->arg);
    if (cx_is_ok(job->result))
        job->result = conn->ops->script(conn, "RELEASE job");
    if (cx_is_ok(job->result))
        return true;
    memcpy(job->error, conn->error, STORE_ERROR_MAX);
    /* Fails only when the whole transaction has been rolled back. */
    return cx_is_ok(conn->ops->script(conn, "ROLLBACK TO job")) &&
           cx_is_ok(conn->ops->script(conn, "RELEASE job"));
}

static void fail_all(struct store_writer *writer, struct job **jobs, size_t count, cx_err err)
{
    for (size_t i = 0; i < count; i++) {
        if (cx_failed(jobs[i]->result))
            continue;
        jobs[i]->result = err;
        memcpy(jobs[i]->error, writer->conn->error, STORE_ERROR_MAX);
    }
}

/* Runs one closure as it is: one that fails takes the transaction with it. */
static bool run_bare(struct store_writer *writer, struct job *job)
{
    job->result = store_run(writer->conn, job->fn, job->arg);
    if (cx_failed(job->result))
        memcpy(job->error, writer->conn->error, STORE_ERROR_MAX);
    return cx_is_ok(job->result);
}

/* One transaction for the jobs. False when it was lost before the commit: results are then void. */
static bool run_together(struct store_writer *writer, struct job **jobs, size_t count,
                         bool (*run)(struct store_writer *writer, struct job *job))
{
    struct store_conn *conn = writer->conn;
    for (size_t i = 0; i < count; i++)
        jobs[i]->result = CX_OK;
    cx_err begun = conn->ops->begin(conn, STORE_MODE_WRITE);
    if (cx_failed(begun)) {
        fail_all(writer, jobs, count, begun);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!run(writer, jobs[i])) {
            conn->ops->rollback(conn);
            return false;
        }
    }
    cx_err committed = conn->ops->commit(conn);
    if (cx_failed(committed))
        fail_all(writer, jobs, count, committed);
    return true;
}

static void run_batch(struct store_writer *writer, struct job **jobs, size_t count)
{
    bool done = run_together(writer, jobs, count, run_bare) || count == 1; /* its result stands */
    done = done || run_together(writer, jobs, count, run_job);
    for (size_t i = 0; i < count && !done; i++)
        (void)run_together(writer, &jobs[i], 1, run_bare); /* results stand either way */
    for (size_t i = 0; i < count; i++)
        sem_post(&jobs[i]->done); /* the job is on the caller's stack: not ours from here on */
}

/* A commit writes whole pages, and jobs that come together share most of them: under load it pays to wait until as
 * many are there as lately came at once. Whoever writes alone never waits. The lock is held. */
static void gather(struct store_writer *writer)
{
    const int64_t until_us = cx_monotonic_us() + GATHER_US;
    const struct timespec until = {.tv_sec = until_us / CX_US_PER_S,
                                   .tv_nsec = until_us % CX_US_PER_S * 1000};
    int waited = 0;
    while (writer->count < writer->expected && !writer->stopping && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&writer->queued, &writer->lock, &until);
}

static void *writer_main(void *arg)
{
    struct store_writer *writer = arg;
    struct job *jobs[WRITER_BATCH_MAX];
    for (;;) {
        size_t count = 0;
        pthread_mutex_lock(&writer->lock);
        while (!writer->first && !writer->stopping)
            pthread_cond_wait(&writer->queued, &writer->lock);
        gather(writer);
        while (writer->first && count < WRITER_BATCH_MAX) {
            jobs[count++] = writer->first;
            writer->first = writer->first->next;
        }
        if (!writer->first)
            writer->last = &writer->first;
        writer->count -= count;
        writer->expected = count > 1 ? count + 1 : 1;
        pthread_mutex_unlock(&writer->lock);
        if (count == 0)
            return NULL;
        run_batch(writer, jobs, count);
    }
}

cx_err store_writer_start(struct store_conn *conn, struct store_writer **ret_writer)
{
    struct store_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return CX_ERR(NOMEM);
    writer->conn = conn;
    writer->last = &writer->first;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->queued, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&writer->thread, NULL, writer_main, writer) != 0) {
        free(writer);
        return CX_ERR(NOMEM);
    }
    *ret_writer = writer;
    return CX_OK;
}

void store_writer_stop(struct store_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_signal(&writer->queued);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->queued);
    pthread_mutex_destroy(&writer->lock);
    store_conn_forget(writer->conn);
    writer->conn->ops->disconnect(writer->conn);
    free(writer);
}

cx_err store_writer_run(struct store_writer *writer, store_fn fn, void *arg,
                        char ret_error[static STORE_ERROR_MAX])
{
    struct job job = {.fn = fn, .arg = arg, .result = CX_OK, .error = ret_error};
    if (sem_init(&job.done, 0, 0) != 0)
        return CX_ERR(NOMEM);
    pthread_mutex_lock(&writer->lock);
    *writer->last = &job;
    writer->last = &job.next;
    writer->count++;
    if (writer->count == 1 || writer->count >= writer->expected)
        pthread_cond_signal(&writer->queued);
    pthread_mutex_unlock(&writer->lock);
    while (sem_wait(&job.done) != 0)
        continue; /* EINTR */
    sem_destroy(&job.done);
    return job.result;
}
