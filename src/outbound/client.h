/*
 * Core's side of the outbound process: what leaves the house, one function a request.
 * Thread-safe. CX_E_BUSY: outbound is restarting or full, nothing was done. CX_E_IO: no answer came.
 */
#pragma once
#include "base/diag.h"

struct outbound_client;

/* Takes ownership of fd (-1: connected later). Make it inside the sandbox: it starts a thread. */
cx_err outbound_client_new(int fd, struct outbound_client **ret_client);
/* The supervisor passed a fresh channel, because outbound was started again. Takes ownership of fd. */
void outbound_client_reconnect(struct outbound_client *client, int fd);
void outbound_client_free(struct outbound_client *client);

cx_err outbound_ping(struct outbound_client *client);

enum { OUTBOUND_URL_MAX = 2048, OUTBOUND_BODY_MAX = 1048576, OUTBOUND_TIMEOUT_MAX_MS = 60000 };
/* GET of one URL under the rules of outbound/fetch.h. The body replaces the content of ret_body. */
cx_err outbound_fetch(struct outbound_client *client, struct cx_str url, uint32_t body_max,
                      uint32_t timeout_ms, struct cx_diag *diag, uint16_t *ret_status,
                      struct cx_buf *ret_body);
