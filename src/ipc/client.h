/*
 * The asking end of a work channel: many threads call, one reader thread hands each reply to its
 * caller by request id. A typed client stub (keys/client.h, outbound/client.h) wraps it.
 *
 * When the channel breaks, every call under way fails with CX_E_IO and later calls with CX_E_BUSY
 * until ipc_client_reconnect brings a new socket. A peer that answers out of turn is cut off.
 * Thread-safe. Make it after the process is inside its sandbox: it starts a thread.
 */
#pragma once
#include "base/diag.h"
#include "ipc/ipc_messages.h"

struct ipc_client;

struct ipc_client_options {
    int fd;                       /* taken over, on failure too; -1: connected later */
    enum ipc_direction direction; /* of the replies */
    unsigned in_flight_max;       /* calls at once; more get CX_E_BUSY; 0 = 256 */
};

cx_err ipc_client_new(const struct ipc_client_options *options, struct ipc_client **ret_client);
/* Takes ownership of fd. Calls under way fail with CX_E_IO. */
void ipc_client_reconnect(struct ipc_client *client, int fd);
bool ipc_client_is_connected(struct ipc_client *client);
/* No call may be under way. NULL-safe. */
void ipc_client_free(struct ipc_client *client);

struct ipc_call {
    uint16_t number;
    uint16_t reply; /* the only acceptable answer beside reply_error */
    struct cx_bytes payload;
    int64_t timeout_us; /* > 0 */
};

/*
 * Sends a request and waits for its reply. ret_payload is the caller's buffer (empty, any maximum):
 * its content is replaced by the reply's payload; clear it (it may hold a secret). reply_error
 * becomes the error it names, with field, rule and text in diag (may be NULL). CX_E_BUSY: not
 * connected or too many in flight, nothing was sent. CX_E_IO: no answer came in time or the peer
 * died; whether it was done is unknown. CX_E_LIMIT: the request is over its maximum.
 */
cx_err ipc_client_call(struct ipc_client *client, const struct ipc_call *call, struct cx_diag *diag,
                       struct cx_buf *ret_payload);
