/*
 * From a host to a connected TCP socket: resolve, judge each address by the policy, connect. The address
 * that was judged is the one that is connected to; nothing resolves a second time.
 */
#pragma once
#include "outbound/observe.h"

struct reach_host {
    struct cx_str name; /* DNS name, or address in canonical text */
    bool is_ip;
    uint16_t port;
};

/* IPv6 before IPv4, at most two addresses of each. *ret_fd is a connected, non-blocking socket of the
 * caller's, or -1 with the problem in seen. CX_E_NOMEM. */
cx_err reach_connect(const struct look *look, const struct reach_host *host,
                     struct observation *seen, struct address *ret_address, int *ret_fd);
