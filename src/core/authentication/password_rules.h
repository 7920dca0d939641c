/*
 * What may be a password, after NIST SP 800-63B-4 §3.1.1: a length, a list of those that everybody tries, and no rule
 * about kinds of characters. Pure functions, thread-safe; the caller wipes what it got.
 */
#pragma once
#include "base/diag.h"

enum {
    PASSWORD_CHARS_MIN = 8, /* with a second factor, which login always asks for */
    PASSWORD_CHARS_MAX = 128,
    PASSWORD_BYTES_MAX = 4096 /* after normalisation */
};

/* Appends NFKC of text, so that the same password typed on another keyboard is the same bytes. Unassigned code points
 * (whose normal form may change) and control characters: CX_E_PARSE. */
cx_err password_normalise(struct cx_str text, struct cx_diag *diag, struct cx_buf *out);
/* Refuses, with field "password" and a rule: password-too-short, password-too-long, password-common,
 * password-pattern (one character or one run), password-context (account or product name).
 * password is normalised; account is the user's address or name. */
cx_err password_check(struct cx_bytes password, struct cx_str account, struct cx_diag *diag);
