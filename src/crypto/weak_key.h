/*
 * Keys that must not be certified: too small or malformed, known to be broken by construction (ROCA, close primes,
 * small factors), or known to others (Debian's 2008 keys, published and compromised ones).
 *
 * CA/B Forum TLS BR 2.2.6 §6.1.1.3; ROCA: Nemec, Sys, Svenda, Klinec, Matyas, "The Return of Coppersmith's
 * Attack", CCS 2017 §4.1; close primes: Fermat's method, 100 rounds, as the BR require; exponents: NIST SP 800-89 §5.3.3.
 */
#pragma once
#include "base/diag.h"

struct crypto_key_lists; /* those that an operator added: crypto/key_lists.h */

/* Refuses (CX_E_POLICY) a weak public key; rule names the reason: "key-unsupported", "key-point", "key-rsa-exponent",
 * "key-rsa-small-factor", "key-rsa-roca", "key-rsa-close-primes", "key-debian", "key-compromised". What the program carries
 * (data/compromised-keys.txt, data/debian-keys.bin) always counts; lists may be NULL. CX_E_BUSY (rule
 * "key-list-unreadable"): a list of the operator cannot be read, so nothing can be said. About 3 us for P-256,
 * 0.2 ms for RSA-2048. */
cx_err crypto_key_strong(struct cx_bytes spki, struct crypto_key_lists *lists, const char *field,
                         struct cx_diag *diag);
