/*
 * Proof that a private key is in other hands: a CSR signed by it whose subject is the common name KEY_PROOF_NAME and nothing
 * else. An ordinary CSR of the key proves nothing, since those are no secret; nobody who keeps a key well signs this
 * name. TLS BR 4.9.12 asks a CA to say how compromise is shown; docs/incidents.md does.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "crypto/hash.h"

#define KEY_PROOF_NAME "The private key of this request is compromised"

/* CX_E_PARSE or CX_E_POLICY with the reason in diag (signature included). */
cx_err key_proof_verify(struct cx_str csr_text, struct arena *arena, struct cx_diag *diag,
                        uint8_t ret_spki_sha256[static CRYPTO_SHA256_LEN]);
