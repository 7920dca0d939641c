/*
 * A channel end that survives its peer: one reader thread reads it, any thread sends on it, and a
 * fresh socket can take the place of a dead one. Shared by ipc/client.c and ipc/server.c; not for
 * others.
 *
 * Each socket has a generation. What belongs to an earlier generation is never sent on a later one.
 */
#pragma once
#include "ipc/frame.h"

#include <pthread.h>

struct ipc_link {
    pthread_mutex_t lock; /* guards the fields below */
    pthread_cond_t fresh; /* a socket is pending, was taken, or stopping */
    int fd;
    int pending_fd; /* takes the place of fd once the reader has let go of it */
    uint64_t generation;
    bool claimed; /* the reader knows fd */
    bool over;    /* fd is of no more use */
    bool stopping;
    pthread_mutex_t send_lock; /* one frame at a time; also held while fd is closed */
};

/* Takes ownership of fd; -1 when the first socket comes later. */
cx_err ipc_link_init(struct ipc_link *link, int fd);
void ipc_link_clear(struct ipc_link *link); /* after the reader has been joined */
/* Takes ownership of fd; whoever used the old socket sees it fail. */
void ipc_link_replace(struct ipc_link *link, int fd);
/* The reader returns false from its next ipc_link_next. */
void ipc_link_stop(struct ipc_link *link);

/* Reader only: the socket is of no more use; sends on its generation fail from here on. */
void ipc_link_end(struct ipc_link *link);
/* Reader only: closes the socket read so far and waits for the next. False when stopping. */
bool ipc_link_next(struct ipc_link *link, int *ret_fd, uint64_t *ret_generation);
/* 0 when there is no live socket. */
uint64_t ipc_link_generation(struct ipc_link *link);
/* The same, once the reader has let go of a socket that is being replaced: a caller that comes just
 * after ipc_link_replace gets the new socket. Never from the reader or under a lock it takes. */
uint64_t ipc_link_settled(struct ipc_link *link);
/* CX_E_IO when the generation is over; a failed send ends the generation. CX_E_LIMIT: payload too
 * big. */
cx_err ipc_link_send(struct ipc_link *link, uint64_t generation, uint16_t number,
                     uint64_t request_id, struct cx_bytes payload);
