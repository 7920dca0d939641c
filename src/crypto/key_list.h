/*
 * A list of keys by the SHA-256 of their SubjectPublicKeyInfo: the file is the magic "CXKEYS1\n", then digests of 32
 * octets in strictly ascending order. tools/gen-key-list and "certinext key-list add" write one from text. Immutable.
 * Format: docs/formats/key-lists.md.
 */
#pragma once
#include "base/bytes.h"
#include "base/err.h"

enum { CRYPTO_KEY_LIST_MAGIC_LEN = 8 };
extern const char crypto_key_list_magic[CRYPTO_KEY_LIST_MAGIC_LEN];

struct crypto_key_list;

/* CX_E_IO: cannot be read; CX_E_PARSE: not such a file, or not in order. Mapped read-only; a link is not followed. */
cx_err crypto_key_list_open(const char *path, struct crypto_key_list **ret_list);
/* The same over octets that outlive the list. */
cx_err crypto_key_list_parse(struct cx_bytes file, struct crypto_key_list **ret_list);
/* The list in data/compromised-keys.txt, part of the program. Never NULL; not to be freed. */
const struct crypto_key_list *crypto_key_list_builtin(void);
void crypto_key_list_free(struct crypto_key_list *list);
size_t crypto_key_list_count(const struct crypto_key_list *list);
bool crypto_key_list_has(const struct crypto_key_list *list, struct cx_bytes spki);

/*
 * The keys that Debian's OpenSSL of 2006-2008 made (CVE-2008-0166): data/debian-keys.bin, part of the program, by the first
 * 8 octets of the SHA-256 of the modulus. Which of them it holds, and the odds that it hits another key, the head of
 * that file says.
 */
size_t crypto_debian_key_count(void);
/* modulus: big-endian, no leading zero. */
bool crypto_debian_key(struct cx_bytes modulus);
