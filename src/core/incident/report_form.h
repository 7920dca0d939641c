/*
 * The public form for certificate problem reports: reading what a browser sends, and the pages. Plain HTML without script
 * or style, so that it works everywhere; every text is escaped. Pure. Strict: each field at most once, no others, sizes
 * capped; line ends become LF.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"

enum {
    REPORT_BODY_MAX = 48 * 1024,
    REPORT_PROBLEM_MAX = 6000, /* characters */
    REPORT_REPORTER_MAX = 100,
    REPORT_PAGE_MAX = 64 * 1024,
};

struct report_form {
    struct cx_str problem;
    struct cx_str reporter; /* empty: anonymous */
    bool may_be_named;
    struct cx_str proof; /* CSR text; empty: none */
};

/* CX_E_PARSE, CX_E_LIMIT; field of the diagnostic is the form's. Texts are in arena. */
cx_err report_form_parse(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                         struct report_form *ret_form);

/* The form; error is shown above it when not empty. */
cx_err report_page_form(struct cx_str tenant, struct cx_str action, struct cx_str error,
                        struct cx_buf *out);
cx_err report_page_receipt(struct cx_str tenant, struct cx_str tracking, struct cx_str received,
                           bool proven, size_t certificate_count, struct cx_buf *out);
