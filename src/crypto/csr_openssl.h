/*
 * A PKCS#10 request as OpenSSL reads it. pki/csr.c walks the DER itself; for keys that are not on the fast path it
 * also asks OpenSSL, and refuses a request that the two read differently. RFC 2986.
 */
#pragma once
#include "base/arena.h"

struct crypto_csr {
    struct cx_bytes subject; /* Name DER, encoded again by OpenSSL */
    struct cx_bytes spki;    /* SubjectPublicKeyInfo DER, likewise */
    struct cx_bytes names;   /* value of subjectAltName; empty when absent */
};

/* Parses and verifies. CX_E_PARSE when OpenSSL cannot read it, CX_E_CRYPTO when the signature does not verify. */
cx_err crypto_csr_read(struct arena *arena, struct cx_bytes der, struct crypto_csr *ret_csr);
