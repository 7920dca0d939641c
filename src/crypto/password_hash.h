/*
 * Password verifiers: argon2id (RFC 9106) by libargon2, as PHC strings. m = 19 MiB, t = 2, p = 1: the OWASP minimum,
 * about 25 ms here. Each call takes that memory and time: callers bound how many run at once. Thread-safe.
 */
#pragma once
#include "base/bytes.h"

enum { CRYPTO_PHC_MAX = 128, CRYPTO_PHC_SALT_LEN = 16 };

/* ret_phc is NUL-terminated. CX_E_NOMEM, CX_E_CRYPTO. */
cx_err crypto_password_hash(struct cx_bytes password,
                            const uint8_t salt[static CRYPTO_PHC_SALT_LEN],
                            char ret_phc[static CRYPTO_PHC_MAX]);
/* CX_E_AUTH: another password. CX_E_PARSE: not a verifier with the costs above. */
cx_err crypto_password_verify(const char *phc, struct cx_bytes password);
