/*
 * Why somebody does what they ask for: the X-Reason header of any call that changes something, percent-encoded UTF-8, for
 * operations whose body has no reason of its own. It goes into the details of the audit entry. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"

#define API_HEADER_REASON "X-Reason"
enum { API_REASON_MAX = 1000 }; /* octets, decoded */

/* "" stays "". CX_E_PARSE when it is too long, no UTF-8, or holds a control character. In arena. */
cx_err api_reason_read(struct cx_str header, struct arena *arena, struct cx_diag *diag,
                       struct cx_str *ret_reason);
/* details, a JSON object or "", with a member of this name, unless it has one. In arena. */
cx_err api_detail_add(struct cx_str details, const char *name, struct cx_str value,
                      struct arena *arena, struct cx_str *ret_details);
/* details, a JSON object or "", with the reason as its member; a reason that is there already stays. In arena. */
cx_err api_reason_add(struct cx_str details, struct cx_str reason, struct arena *arena,
                      struct cx_str *ret_details);
