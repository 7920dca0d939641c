/*
 * Where private keys live and sign. Two back ends: sealed files (keys/backend_file.c) and PKCS#11
 * (keys/backend_pkcs11.c). An issuer names its back end in its description; the code above knows
 * only these structs. There is no "list" and no "export".
 *
 * A struct backend outlives its keys. A struct backend_key may sign in several threads at once.
 * Errors: CX_E_NOTFOUND (no such key), CX_E_CONFLICT (there is one already), CX_E_POLICY (the back
 * end has no such kind of key), CX_E_CRYPTO, CX_E_IO, CX_E_BUSY (a token whose sessions are all in
 * use or which was removed).
 */
#pragma once
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/id.h"
#include "crypto/key.h"
#include "keys/kek.h"

enum { BACKEND_LABEL_MAX = 64 };

struct backend_key;

/* Which key: a file in the issuer's directory, or a token object with this label and the issuer's
 * id. */
struct backend_place {
    const char *dir; /* the issuer's directory, absolute */
    struct cx_id issuer_id;
    const char *name;    /* "key" or "responder.key" */
    struct cx_str label; /* PKCS#11 object label; empty for files */
};

struct backend {
    const char *name; /* "file", "pkcs11" */
    void *self;
    cx_err (*create)(void *self, const struct backend_place *place, enum crypto_key_type type,
                     struct cx_diag *diag, struct backend_key **ret_key);
    /* NULL when the back end takes no keys from outside. */
    cx_err (*import)(void *self, const struct backend_place *place, struct cx_bytes pkcs8,
                     struct cx_diag *diag, struct backend_key **ret_key);
    cx_err (*load)(void *self, const struct backend_place *place, struct cx_diag *diag,
                   struct backend_key **ret_key);
};

struct backend_key {
    enum crypto_key_type type;
    struct cx_bytes spki; /* valid as long as the key */
    /* Appends the signature over message with crypto_key_signature(type). */
    cx_err (*sign)(const struct backend_key *key, struct cx_bytes message, struct cx_buf *out);
    void (*free)(struct backend_key *key);
};

static inline void backend_key_free(struct backend_key *key)
{
    if (key != NULL)
        key->free(key);
}
CX_DEFINE_CLEANUP_PTR(struct backend_key, backend_key_free)

/* Sealed files: PKCS#8 under a key derived for the issuer, bound to issuer and file name. kek
 * outlives it. */
cx_err backend_file_new(struct kek *kek, struct cx_rng *rng, struct backend *ret_backend);
void backend_file_free(struct backend *backend);

struct backend_pkcs11_options {
    const char *module;  /* absolute path of the vendor's shared object */
    struct cx_str token; /* CKA_LABEL of the token; empty = the only token present */
    struct cx_bytes pin;
    unsigned session_count; /* 0 = 8 */
};
/* Loads the module and logs in. Done before the sandbox: it runs the vendor's initialisation. */
cx_err backend_pkcs11_new(const struct backend_pkcs11_options *options, struct cx_diag *diag,
                          struct backend *ret_backend);
void backend_pkcs11_free(struct backend *backend);
