/*
 * What the gate says about the client: address and certificate. Only the gate's socket may carry these
 * headers; the gate strips them from what it receives. Errors: CX_E_PARSE. Pure, thread-safe.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"

#define API_HEADER_ADDRESS "X-CX-Address"
#define API_HEADER_CLIENT_CERT "X-CX-Client-Cert"

enum { API_CLIENT_CERT_MAX = 24 * 1024 };

/* A numeric IPv4 or IPv6 address, as nginx's $remote_addr. "unix:" (a local client of the gate) gives "". */
cx_err api_identity_address(struct cx_str header, struct cx_diag *diag, struct cx_str *ret_address);
/* nginx's $ssl_client_escaped_cert: percent-encoded PEM of one certificate; "" gives none. DER in arena. */
cx_err api_identity_certificate(struct cx_str header, struct arena *arena, struct cx_diag *diag,
                                struct cx_bytes *ret_der);
