/* Verifying a signature against a key in its X.509 encoding. */
#pragma once
#include "pki/profile.h"

/* algorithm is an AlgorithmIdentifier. ECDSA P-256 with SHA-256 takes the fast path (crypto_verify_p256). CX_E_CRYPTO when
 * the signature does not verify, CX_E_POLICY for an algorithm or key that is not supported or does not fit. */
cx_err pki_signature_verify(struct cx_bytes spki, struct cx_bytes algorithm,
                            struct cx_bytes message, struct cx_bytes signature);
