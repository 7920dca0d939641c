/*
 * The answering end of a work channel: a reader thread, a bounded queue and a pool of workers over
 * one table of handlers. A message that is not in the table, or that the schema does not allow now,
 * drops the peer: the channel is closed and the server waits for ipc_server_replace.
 *
 * A full queue answers reply_error busy at once. Make it after the process is inside its sandbox:
 * it starts threads.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "ipc/ipc_messages.h"

struct ipc_server;

struct ipc_request {
    uint64_t request_id;
    struct cx_bytes payload; /* wiped and freed after the handler returns */
    struct arena *arena;     /* cleared after the handler returns */
};

struct ipc_reply {
    uint16_t number;     /* IPC_REPLY_OK unless the handler sets another */
    struct cx_buf body;  /* of the maximum that number allows; wiped after sending */
    struct cx_diag diag; /* sent with the error when the handler fails */
};

/* Runs in a worker, several at once. A failure is answered with reply_error. */
typedef cx_err (*ipc_handler)(void *arg, const struct ipc_request *request,
                              struct ipc_reply *reply);

struct ipc_route {
    uint16_t number;
    ipc_handler handle;
};

struct ipc_server_options {
    int fd;                         /* taken over, on failure too; -1: connected later */
    enum ipc_direction direction;   /* of the requests */
    const struct ipc_route *routes; /* outlives the server */
    size_t route_count;
    void *arg;
    uint32_t state;        /* IPC_STATE_SERVING or IPC_STATE_CEREMONY */
    unsigned worker_count; /* 0 = 4 */
    unsigned queue_max;    /* requests waiting; 0 = 512 */
    size_t arena_max;      /* per request; 0 = 16 MiB */
};

cx_err ipc_server_new(const struct ipc_server_options *options, struct ipc_server **ret_server);
/* Takes ownership of fd. Answers still owed to the old peer are dropped. */
void ipc_server_replace(struct ipc_server *server, int fd);
/* Times a peer was dropped because it broke the rules. */
uint64_t ipc_server_violations(struct ipc_server *server);
/* Waits until the channel's peer has closed it; for a ceremony's short-lived server. */
void ipc_server_wait_closed(struct ipc_server *server);
/* Reads no more, lets the workers finish what is queued, releases everything. NULL-safe. */
void ipc_server_free(struct ipc_server *server);
