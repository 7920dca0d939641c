/*
 * One guarded request. A GET of anybody's URL: http and https only, no credentials in the URL, no proxy, no cookies, no compression,
 * certificates verified, at most 3 redirects, each judged like the first; body and time limited.
 * With secure set, an exchange that carries a credential: https only and no redirect, so that it goes nowhere else.
 * Thread-safe after fetch_init. Errors: CX_E_PARSE (URL), CX_E_POLICY (scheme, address), CX_E_LIMIT
 * (body), CX_E_IO (not reachable, time, TLS); the diagnostic says which.
 */
#pragma once
#include "outbound/address.h"

/* Once, before threads start and before the sandbox. */
cx_err fetch_init(void);

struct fetch {
    struct cx_str url; /* at most 2048 octets */
    size_t body_max;
    unsigned timeout_ms;
    const struct address_policy *policy;
    bool secure;
    bool post;
    bool put;                    /* the POST is a PUT */
    struct cx_bytes form;        /* body of a POST, application/x-www-form-urlencoded */
    bool json;                   /* the body is JSON instead */
    struct cx_str authorization; /* at most 8192 octets; "" = no such header */
    struct cx_str signature;     /* header CertiNext-Signature, likewise */
    struct cx_str tracker_key;   /* header X-BUGZILLA-API-KEY, likewise */
    struct cx_bytes ca_pem;      /* the only roots that are trusted; empty: those of this host */
};
/* *ret_status is the final answer's; its body is appended to body (whose maximum is at least body_max). */
cx_err fetch_run(const struct fetch *fetch, struct cx_diag *diag, uint16_t *ret_status,
                 struct cx_buf *body);
