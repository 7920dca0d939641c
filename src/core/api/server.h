/*
 * Core's HTTP servers on unix sockets (libmicrohttpd, a thread a connection): run/core.sock for the gate and
 * run/local.sock for the command line on this host.
 *
 * A connection is served only when the peer's user id (SO_PEERCRED) is one of those allowed. Identity headers
 * (X-CX-Address, X-CX-Client-Cert) are believed on the gate's socket and refused with 400 on the other. Bodies are
 * capped by the operation's own maximum before they are read; an upload must complete within
 * API_UPLOAD_S seconds and a connection may idle API_IDLE_S.
 *
 * The socket is opened before the sandbox (os_unix_listen), the threads are started after it.
 */
#pragma once
#include "core/api/exchange.h"
#include "ipc/role.h"

#include <sys/types.h>

enum {
    API_IDLE_S = 60,
    API_UPLOAD_S = 30,
    API_DRAIN_S = ROLE_DRAIN_S,
    API_PEERS_MAX = 4,
    API_CONNECTIONS_DEFAULT = 64
};

struct api_server;

struct api_server_options {
    struct core *core;
    const struct api_table *table;
    int listen_fd; /* ownership passes when the start succeeds */
    bool gate;     /* identity headers are believed */
    uid_t peers[API_PEERS_MAX];
    size_t peer_count;
    unsigned connection_max; /* 0 = default */
};

cx_err api_server_start(const struct api_server_options *options, struct cx_diag *diag,
                        struct api_server **ret_server);
/* Stops accepting, waits up to API_DRAIN_S for calls in progress, then closes. NULL-safe. */
void api_server_stop(struct api_server *server);
