/*
 * PEM: textual encoding of PKIX structures (RFC 7468), read strictly: matching labels, no headers
 * inside a block (legacy "Proc-Type" encryption is refused), canonical base64 whose only liberty is
 * where lines break. Spaces and tabs at a line's end are refused, except after the boundary lines,
 * where mail adds them.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"

enum { PEM_LABEL_MAX = 64, PEM_BLOCKS_MAX = 64 };

struct pem_block {
    struct cx_str label; /* "CERTIFICATE"; borrowed from the text */
    struct cx_bytes der; /* in the arena; at least one octet */
};

struct pem_limits {
    size_t text_max;   /* octets of text */
    size_t blocks_max; /* 1 … PEM_BLOCKS_MAX */
    const char *label; /* the only label accepted; NULL accepts any */
    bool skip_text;    /* explanatory text outside blocks is skipped, otherwise refused */
};

/* At least one block, or CX_E_PARSE. Too long or too many: CX_E_LIMIT. */
cx_err pem_parse(struct arena *arena, struct cx_bytes text, const struct pem_limits *limits,
                 struct cx_diag *diag, struct pem_block **ret_blocks, size_t *ret_count);

/* One block in the strict form: 64 characters a line, LF. */
cx_err pem_write(const char *label, struct cx_bytes der, struct cx_buf *out);

/* True when the text has a BEGIN line: to tell PEM from DER in an upload. */
bool pem_looks_like(struct cx_bytes text);
