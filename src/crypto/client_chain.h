/*
 * Whether a certificate that a TLS client proved the key of is one to be let in with: RFC 5280 §6 by OpenSSL's X509_verify_cert,
 * strictly, with the purpose "TLS client". The caller's certificates are the only trust: any of them, a root or a CA below
 * one, ends a chain. Revocation is the caller's: this looks at certificates alone. Thread-safe.
 */
#pragma once
#include "base/bytes.h"
#include "base/clock.h"

enum crypto_chain_fault {
    CRYPTO_CHAIN_GOOD,
    CRYPTO_CHAIN_ISSUER, /* no chain to any of those that are trusted, or a signature does not verify */
    CRYPTO_CHAIN_NOT_YET, /* it, or a CA above it, begins later */
    CRYPTO_CHAIN_EXPIRED, /* it, or a CA above it, has ended */
    CRYPTO_CHAIN_PURPOSE, /* not made for TLS clients: no extendedKeyUsage clientAuth, or a CA's */
    CRYPTO_CHAIN_OTHER,   /* text says what */
};
struct crypto_chain_verdict {
    enum crypto_chain_fault fault;
    const char *text; /* OpenSSL's words; static */
};

enum { CRYPTO_CHAIN_TRUSTED_MAX = 64, CRYPTO_CHAIN_DEPTH_MAX = 8 };

/* DER throughout. CX_E_PARSE: the leaf, or one of those trusted, is no certificate; CX_E_LIMIT: more than
 * CRYPTO_CHAIN_TRUSTED_MAX. A certificate that is not accepted is CX_OK with a fault. */
cx_err crypto_client_chain_verify(struct cx_bytes leaf, const struct cx_bytes *trusted,
                                  size_t trusted_count, cx_time at_us,
                                  struct crypto_chain_verdict *ret_verdict);
