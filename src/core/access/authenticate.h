/*
 * From an Authorization header to a principal. Read from the primary database on every request, so that a revoked
 * token, a disabled user or a taken role stops working with the next request, on every node.
 * Thread-safe.
 */
#pragma once
#include "core/access/access.h"

struct core;

/* authorization: the header's value, "Bearer cxt_…" (RFC 6750 §2.1); empty: CX_E_AUTH with rule
 * "token-missing". A malformed, unknown, expired or revoked token, or one of a user who is not active, is one and
 * the same CX_E_AUTH ("token-invalid"): which it was is nobody's business. Rights are those of the user now, and of them
 * what the token leaves; the caller owns them (access_principal_clear). */
cx_err access_authenticate(struct core *core, struct cx_str authorization, cx_time now_us,
                           struct cx_diag *diag, struct principal *ret_principal);
