/*
 * A private key with its certificate and chain as one password-protected PKCS#12 file (RFC 7292): key and
 * certificates under PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA-256, integrity by HMAC-SHA-256 (RFC 7292's own KDF, which
 * every reader knows). For keys made on the server and handed out once.
 */
#pragma once
#include "crypto/key.h"

enum {
    CRYPTO_PKCS12_ITERATIONS = 100000, /* below the 600,000 at which Windows refuses a file */
    CRYPTO_PKCS12_PASSWORD_MIN = 12,
    CRYPTO_PKCS12_PASSWORD_MAX = 256,
    CRYPTO_PKCS12_MAX = 131072,
    CRYPTO_PKCS12_CHAIN_MAX = 8
};

struct crypto_pkcs12 {
    const struct crypto_key *key;
    struct cx_bytes certificate; /* DER; CX_E_CONFLICT when it is not for this key */
    const struct cx_bytes *chain;
    size_t chain_count;
    struct cx_str name; /* friendlyName; may be empty */
};

/* Appends the file to out, which wipes itself as every cx_buf does. CX_E_USAGE for a public key, a password outside
 * its bounds or a chain that is too long; CX_E_PARSE for a certificate that OpenSSL cannot read. Takes about 0.1 s. */
cx_err crypto_pkcs12_write(const struct crypto_pkcs12 *content, struct cx_str password,
                           struct cx_buf *out);
