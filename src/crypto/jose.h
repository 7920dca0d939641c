/*
 * Signatures as JOSE writes them (RFC 7518 §3.3, §3.4; RFC 8037 §3.1). The algorithm is bound to the kind of key: ES256
 * to P-256, ES384 to P-384, EdDSA to Ed25519, RS256 to RSA; every other pair is CX_E_USAGE. Thread-safe.
 */
#pragma once
#include "crypto/key.h"

/* ECDSA signatures are R ‖ S, each of the curve's length. CX_E_CRYPTO: does not verify; CX_E_PARSE, CX_E_POLICY: the key
 * is none of ours. P-256 runs without making a key object. */
cx_err crypto_jose_verify(struct cx_bytes spki, enum crypto_signature algorithm,
                          struct cx_bytes message, struct cx_bytes signature);
/* Appends the signature; for tests, the load generator and clients. */
cx_err crypto_jose_sign(const struct crypto_key *key, struct cx_bytes message, struct cx_buf *out);
