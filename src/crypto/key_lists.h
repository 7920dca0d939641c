/*
 * The lists of keys that an operator added on the host: every file *.keys of one directory (DIR/key-lists), each as
 * crypto/key_list.h describes. They are looked at whenever a key is: a changed directory is read again before the
 * question is answered, so a list counts from the moment it is there, and no process has to be told.
 *
 * Fail closed: while one list cannot be read there is no answer, and so nothing is certified (CRLs and OCSP go on). "certinext key-list add" never writes such a list, and
 * gives the directory a new modification time with each change. Thread-safe.
 */
#pragma once
#include "base/diag.h"

enum { CRYPTO_KEY_LISTS_MAX = 64 };
#define CRYPTO_KEY_LIST_SUFFIX ".keys"

struct crypto_key_lists;

/* Reads nothing yet. A directory that does not exist holds no list. */
cx_err crypto_key_lists_new(const char *dir, struct crypto_key_lists **ret_lists);
void crypto_key_lists_free(struct crypto_key_lists *lists);
/* CX_E_BUSY (rule "key-list-unreadable") with the list named in diag: it cannot be read, is damaged, or there are more than CRYPTO_KEY_LISTS_MAX. */
cx_err crypto_key_lists_has(struct crypto_key_lists *lists, struct cx_bytes spki,
                            struct cx_diag *diag, bool *ret_has);
/* The same refusal, or how many keys all lists name. */
cx_err crypto_key_lists_count(struct crypto_key_lists *lists, struct cx_diag *diag,
                              size_t *ret_count);
