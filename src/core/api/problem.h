/*
 * The one table from error category to HTTP status, and the problem document (RFC 9457) that carries it.
 *
 * Detail, field and rule come from the request's diagnostic and are sent only for categories that are about the
 * caller's input or rights. For IO, STORE, CRYPTO, NOMEM and INTERNAL a fixed sentence is sent; what happened is in
 * the server's log under the request id. Pure, thread-safe.
 */
#pragma once
#include "base/diag.h"
#include "base/id.h"

struct api_problem_kind {
    uint16_t status;
    const char *title;
    bool detailed;          /* the diagnostic may be sent */
    uint16_t retry_after_s; /* 0: no Retry-After header */
};

/* Never NULL; err must be a failure. */
const struct api_problem_kind *api_problem_kind(cx_err err);

/* What the types of problems are named by: ours; RFC 8555 §6.7, which clients of ACME expect under its URLs; or none, in the
 * error messages of SCIM, RFC 7644 §3.12. */
enum api_problem_types { API_PROBLEM_OWN, API_PROBLEM_ACME, API_PROBLEM_SCIM };
const char *api_problem_content_type(enum api_problem_types types);
/* status 0: that of the category. SCIM knows 400 where ours is 422. */
uint16_t api_problem_status(cx_err err, uint16_t status, enum api_problem_types types);
/* status 0: that of the category; else a refusal that HTTP itself names (405, 413, 415 …). */
cx_err api_problem_write(cx_err err, uint16_t status, enum api_problem_types types,
                         const struct cx_diag *diag, struct cx_id call_id, struct cx_buf *out);
