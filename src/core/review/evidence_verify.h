/*
 * Verifying the evidence of an access review offline. Pure. See evidence.h.
 */
#pragma once
#include "base/bytes.h"
#include "base/diag.h"

enum { REVIEW_EVIDENCE_MAX = 64 * 1024 * 1024 };

struct review_verified {
    uint64_t index, size;    /* of the closing entry, in a log of that many */
    uint64_t items, revoked; /* revoked or lapsed */
    bool trusted_key;        /* the key was given, not taken from the file */
};
/* vkey "": the one in the file. CX_E_PARSE "evidence-format"; CX_E_CRYPTO "document-altered" and those of
 * audit_proof_verify. */
cx_err review_evidence_verify(struct cx_bytes file, struct cx_str vkey, struct cx_diag *diag,
                              struct review_verified *ret_verified);
