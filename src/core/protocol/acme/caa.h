/* CAA (RFC 8659, RFC 8657) where the directory names the CA's own domain: asked of the outbound process. */
#pragma once
#include "core/protocol/acme/order.h"
#include "outbound/client.h"

/* An answer is good for eight hours (CA/B Forum TLS BR §3.2.2.8). */
enum { ACME_CAA_LIFE_S = 8 * 3600, ACME_CAA_TIMEOUT_MS = 10000 };

/* Valid at once for an ip, and for a directory without caa_identity. Not inside a closure. */
cx_err acme_caa_check(struct acme_call *call, const struct acme_authorization *authorization,
                      struct outbound_verdict *ret_verdict);
