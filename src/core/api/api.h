/*
 * What a handler sees of a request. Routes, typed inputs and outputs, permissions and audit names are
 * generated from api/openapi.yaml into api_types.h and api_routes.c; the dispatcher (dispatch.c) does
 * decode → authenticate → authorise → handler → encode, and a handler cannot be reached another way.
 *
 * A handler is `cx_err handle_<operation_id>(struct api_request *request, const struct api_<op>_in *in,
 * struct api_<op>_out *ret_out)`. It writes only through api_commit, which appends the audit entry that the
 * contract names in the same transaction.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "core/access/access.h"
#include "core/audit/audit.h"
#include "core/core.h"

struct api_operation; /* generated: method, path, permission, audit name, codecs */
struct policy_agreed;

enum { API_SET_COOKIES_MAX = 2 };

struct api_request {
    struct core *core;
    struct arena *arena; /* released when the answer is sent */
    struct cx_diag *diag;
    const struct api_operation *operation;
    struct principal principal;
    /* What was asked of the principal: the operation's, or what an x-anonymous operation's handler asks itself. */
    enum permission permission;
    struct cx_id request_id; /* also sent as the X-Request-Id header */
    cx_time now_us;          /* one time for the whole request */
    struct cx_str
        source_address; /* from the gate; "" on the local socket. Personal data: seal it */
    struct cx_bytes client_certificate; /* DER, verified by the gate; empty when none */
    struct cx_str cookies, origin;      /* headers as sent; "" when absent */
    struct cx_str signature;            /* header CertiNext-Signature, likewise */
    bool from_gate;
    struct cx_str reason; /* X-Reason, decoded: personal data; api_commit records it */
    bool head_only;       /* HEAD, which is routed as GET */
    struct cx_str target; /* path and query as sent: what a signed URL is compared with */
    struct cx_bytes body; /* as sent */
    const void *in;       /* decoded: what the handler is called with */
    /* Set where the call is one that others agreed on (approval/policy_change.h). */
    struct policy_agreed *agreed;
    /* Set by api_commit where the change waits for others: the answer is 202 with this proposal. */
    struct cx_id proposal_id;
    /* What the handler has to say beside its answer. */
    struct cx_str set_cookies[API_SET_COOKIES_MAX];
    size_t set_cookie_count;
    uint16_t refuse_status; /* of its refusal; 0: that of the category */
    uint32_t retry_after_s; /* of its refusal; 0: that of the category */
};

/* audit_commit with the operation's audit name, the principal and the request id filled in. details is
 * a JSON object, to which the X-Reason header adds; object may be set by fn through event (pass it in arg).
 * A change of policy that waits for others is stored as a proposal; CX_E_BUSY then, for the handler to unwind. */
cx_err api_commit(struct api_request *request, struct audit_event *event, store_fn fn, void *arg);
