/*
 * Keys that must not be certified: too small or malformed, known to be broken by construction (ROCA, close primes,
 * small factors), or known to others (Debian's 2008 keys, published and compromised ones).
 *
 * CA/B Forum TLS BR 2.2.6 §6.1.1.3; ROCA: Nemec, Sys, Svenda, Klinec, Matyas, "The Return of Coppersmith's
 * Attack", CCS 2017 §4.1; close primes: Fermat's method, 100 rounds, as the BR require; exponents: NIST SP 800-89 §5.3.3.
 */
#pragma once
#include "base/diag.h"

/*
 * A list of keys by the SHA-256 of their SubjectPublicKeyInfo: the file is the magic "CXKEYS1\n", then digests of 32
 * octets in strictly ascending order. tools/gen-key-list writes one from text. Mapped read-only; immutable.
 */
struct crypto_key_list;

/* CX_E_IO: cannot be read; CX_E_PARSE: not such a file, or not in order. */
cx_err crypto_key_list_open(const char *path, struct crypto_key_list **ret_list);
/* The list in data/compromised-keys.txt, part of the program. Never NULL; not to be freed. */
const struct crypto_key_list *crypto_key_list_builtin(void);
void crypto_key_list_free(struct crypto_key_list *list);
size_t crypto_key_list_count(const struct crypto_key_list *list);
bool crypto_key_list_has(const struct crypto_key_list *list, struct cx_bytes spki);

/* Refuses (CX_E_POLICY) a weak public key; rule names the reason: "key-unsupported", "key-point", "key-rsa-exponent",
 * "key-rsa-small-factor", "key-rsa-roca", "key-rsa-close-primes", "key-compromised". list may be NULL. About
 * 3 us for P-256, 0.2 ms for RSA-2048. */
cx_err crypto_key_strong(struct cx_bytes spki, const struct crypto_key_list *list,
                         const char *field, struct cx_diag *diag);
