/*
 * The text of API tokens, enrolment links, sessions and devices: "cxt_", "cxl_", "cxs_", "cxd_", "cxn_" or "cxp_", the tenant and the credential's id (so that
 * a look-up leads with the tenant), "_", and 256 random bits. Only the SHA-256 of those bits is stored:
 * with 256 bits of entropy a slow password hash would add nothing but load.
 *
 * Exactly one spelling is accepted (Crockford base32 as in base/id.h). Pure functions, thread-safe.
 */
#pragma once
#include "base/id.h"
#include "base/rng.h"

enum {
    ACCESS_SECRET_LEN = 32,
    ACCESS_SECRET_TEXT_LEN = 4 + 26 + 26 + 1 + 52,
    ACCESS_HASH_LEN = 32
};

enum access_secret_kind {
    ACCESS_SECRET_TOKEN,
    ACCESS_SECRET_LINK,
    ACCESS_SECRET_SESSION,
    ACCESS_SECRET_DEVICE,
    ACCESS_SECRET_NOTICE, /* the link in a customer notice */
    ACCESS_SECRET_PAGE    /* the link in a page of who is on call */
};

struct access_secret {
    struct cx_id tenant_id;
    struct cx_id id; /* of the token, the link … */
    uint8_t secret[ACCESS_SECRET_LEN];
};

/* Fresh id and secret for tenant_id. The caller wipes it (access_secret_clear). */
cx_err access_secret_new(struct cx_rng *rng, struct cx_id tenant_id,
                         struct access_secret *ret_secret);
void access_secret_clear(struct access_secret *secret);
/* ret_text is NUL-terminated. */
void access_secret_format(enum access_secret_kind kind, const struct access_secret *secret,
                          char ret_text[static ACCESS_SECRET_TEXT_LEN + 1]);
/* CX_E_PARSE on anything that access_secret_format would not have written. */
cx_err access_secret_parse(enum access_secret_kind kind, struct cx_str text,
                           struct access_secret *ret_secret);
cx_err access_secret_hash(const struct access_secret *secret,
                          uint8_t ret_hash[static ACCESS_HASH_LEN]);
