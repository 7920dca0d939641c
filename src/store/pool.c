/* A fixed number of connections, opened at start (before the sandbox closes) and lent to threads.
 */
#include "store/store_internal.h"

#include <errno.h>

cx_err store_pool_open(struct store_pool *pool, const struct store_ops *ops,
                       const struct store_options *options, enum store_mode mode, unsigned count,
                       struct cx_diag *diag)
{
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->returned, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pool->free = NULL;
    for (pool->count = 0; pool->count < count; pool->count++) {
        struct store_conn *conn = NULL;
        CX_TRY(ops->connect(options, mode, diag, &conn));
        conn->next_free = pool->free;
        pool->free = conn;
    }
    return CX_OK;
}

/* Every connection has been given back: store_close is the last call on a store. */
void store_pool_close(struct store_pool *pool)
{
    while (pool->free) {
        struct store_conn *conn = pool->free;
        pool->free = conn->next_free;
        store_conn_forget(conn);
        conn->ops->disconnect(conn);
    }
    pthread_cond_destroy(&pool->returned);
    pthread_mutex_destroy(&pool->lock);
}

cx_err store_pool_take(struct store_pool *pool, struct store_conn **ret_conn)
{
    const struct timespec until = {.tv_sec = cx_monotonic_us() / CX_US_PER_S + STORE_WAIT_S};
    pthread_mutex_lock(&pool->lock);
    int waited = 0;
    while (!pool->free && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&pool->returned, &pool->lock, &until);
    struct store_conn *conn = pool->free;
    if (conn)
        pool->free = conn->next_free;
    pthread_mutex_unlock(&pool->lock);
    if (!conn)
        return CX_ERR(BUSY);
    *ret_conn = conn;
    return CX_OK;
}

void store_pool_give(struct store_pool *pool, struct store_conn *conn)
{
    pthread_mutex_lock(&pool->lock);
    conn->next_free = pool->free;
    pool->free = conn;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->lock);
}
