/*
 * HTTP to a server: TLS 1.2 or later, verified against the context's own root only (never the system's store), or the
 * unix socket of an instance on this host. Redirects are not followed. Errors: CX_E_IO (not reached, not trusted),
 * CX_E_LIMIT (answer too large).
 */
#pragma once
#include "cli/context.h"

enum { HTTP_ANSWER_MAX = 64 * 1024 * 1024, HTTP_CONNECT_S = 10, HTTP_TOTAL_S = 300 };

struct http_call {
    const char *method;
    struct cx_str path; /* with query, encoded */
    const char *content_type;
    struct cx_bytes body;
    bool certified; /* goes to context->client_url, with the context's client certificate */
    FILE *out;      /* successful answers are written here as they come; NULL: into the answer */
};

struct http_answer {
    long status;
    struct cx_str content_type; /* in the arena */
    struct cx_bytes body;       /* in the arena */
};

/* context->url "unix:DIR" and cli->local mean the socket of an instance here. An empty token sends none. */
cx_err http_send(struct cli *cli, const struct cli_context *context, const struct http_call *call,
                 struct http_answer *ret_answer);
/* Turns a problem document into the category it came from, its detail, field and rule. */
cx_err http_problem(struct cli *cli, const struct http_answer *answer);

/* The certificate among those that the server at url shows whose SHA-256 is pin, as PEM; nothing is sent but the
 * TLS handshake. CX_E_NOTFOUND when none is. */
cx_err http_pinned_root(struct cli *cli, struct cx_str url, struct cx_bytes pin,
                        struct cx_str *ret_pem);
