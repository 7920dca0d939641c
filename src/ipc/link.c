/* The socket is closed only by the reader and only under send_lock, so that a descriptor number is
 * never reused under a sender's feet. Everybody else ends a socket with shutdown(2), which wakes
 * the reader. */
#include "ipc/link.h"

#include "base/cleanup.h"

#include <sys/socket.h>

cx_err ipc_link_init(struct ipc_link *link, int fd)
{
    if (pthread_mutex_init(&link->lock, NULL) != 0)
        return CX_ERR(NOMEM);
    if (pthread_mutex_init(&link->send_lock, NULL) != 0) {
        pthread_mutex_destroy(&link->lock);
        return CX_ERR(NOMEM);
    }
    if (pthread_cond_init(&link->fresh, NULL) != 0) {
        pthread_mutex_destroy(&link->send_lock);
        pthread_mutex_destroy(&link->lock);
        return CX_ERR(NOMEM);
    }
    link->fd = fd;
    link->pending_fd = -1;
    link->generation = 1;
    link->claimed = false;
    link->over = false;
    link->stopping = false;
    return CX_OK;
}

void ipc_link_clear(struct ipc_link *link)
{
    cx_closep(&link->fd);
    cx_closep(&link->pending_fd);
    pthread_cond_destroy(&link->fresh);
    pthread_mutex_destroy(&link->send_lock);
    pthread_mutex_destroy(&link->lock);
}

/* lock is held, fd is closed */
static void adopt_pending(struct ipc_link *link)
{
    link->fd = CX_TAKE_FD(link->pending_fd);
    link->generation++;
    link->claimed = false;
    link->over = false;
    pthread_cond_broadcast(&link->fresh);
}

void ipc_link_replace(struct ipc_link *link, int fd)
{
    pthread_mutex_lock(&link->lock);
    cx_closep(&link->pending_fd);
    link->pending_fd = fd;
    if (link->fd >= 0)
        shutdown(link->fd, SHUT_RDWR);
    else
        adopt_pending(link);
    pthread_cond_broadcast(&link->fresh);
    pthread_mutex_unlock(&link->lock);
}

void ipc_link_stop(struct ipc_link *link)
{
    pthread_mutex_lock(&link->lock);
    link->stopping = true;
    if (link->fd >= 0)
        shutdown(link->fd, SHUT_RD);
    pthread_cond_broadcast(&link->fresh);
    pthread_mutex_unlock(&link->lock);
}

void ipc_link_end(struct ipc_link *link)
{
    pthread_mutex_lock(&link->lock);
    link->over = true;
    shutdown(link->fd, SHUT_RDWR); /* a sender waiting for room lets go of send_lock */
    pthread_mutex_unlock(&link->lock);
}

bool ipc_link_next(struct ipc_link *link, int *ret_fd, uint64_t *ret_generation)
{
    pthread_mutex_lock(&link->send_lock);
    pthread_mutex_lock(&link->lock);
    if (link->claimed && link->over) {
        cx_closep(&link->fd);
        link->claimed = false;
    }
    pthread_mutex_unlock(&link->send_lock);
    if (link->fd < 0 && link->pending_fd >= 0)
        adopt_pending(link);
    while (!link->stopping && link->fd < 0)
        pthread_cond_wait(&link->fresh, &link->lock);
    bool live = !link->stopping;
    if (live) {
        link->claimed = true;
        *ret_fd = link->fd;
        *ret_generation = link->generation;
    }
    pthread_mutex_unlock(&link->lock);
    return live;
}

uint64_t ipc_link_generation(struct ipc_link *link)
{
    pthread_mutex_lock(&link->lock);
    bool live = link->fd >= 0 && !link->over && !link->stopping;
    uint64_t generation = live ? link->generation : 0;
    pthread_mutex_unlock(&link->lock);
    return generation;
}

uint64_t ipc_link_settled(struct ipc_link *link)
{
    pthread_mutex_lock(&link->lock);
    while (!link->stopping && link->pending_fd >= 0)
        pthread_cond_wait(&link->fresh, &link->lock);
    pthread_mutex_unlock(&link->lock);
    return ipc_link_generation(link);
}

cx_err ipc_link_send(struct ipc_link *link, uint64_t generation, uint16_t number,
                     uint64_t request_id, struct cx_bytes payload)
{
    pthread_mutex_lock(&link->send_lock);
    pthread_mutex_lock(&link->lock);
    int fd = link->generation == generation && !link->over ? link->fd : -1;
    pthread_mutex_unlock(&link->lock);
    cx_err err = fd >= 0 ? ipc_frame_write(fd, number, request_id, payload, -1) : CX_ERR(BUSY);
    if (err.code == CX_E_IO) { /* a frame cut in the middle: nobody may use the channel any more */
        pthread_mutex_lock(&link->lock);
        link->over = true;
        shutdown(fd, SHUT_RDWR);
        pthread_mutex_unlock(&link->lock);
    }
    pthread_mutex_unlock(&link->send_lock);
    return err;
}
