/* AES-256-GCM. One call seals or opens a whole message; a failed tag yields CX_E_CRYPTO and no
 * plaintext. */
#pragma once
#include "base/bytes.h"

enum { CRYPTO_GCM_KEY_LEN = 32, CRYPTO_GCM_NONCE_LEN = 12, CRYPTO_GCM_TAG_LEN = 16 };

/* Appends ciphertext ‖ tag to out. */
cx_err crypto_gcm_seal(struct cx_bytes key, struct cx_bytes nonce, struct cx_bytes aad,
                       struct cx_bytes plaintext, struct cx_buf *out);
/* Appends plaintext to out; sealed is ciphertext ‖ tag. */
cx_err crypto_gcm_open(struct cx_bytes key, struct cx_bytes nonce, struct cx_bytes aad,
                       struct cx_bytes sealed, struct cx_buf *out);
