#include "keys/backend.h"
#include "os/file.h"

#include <stdlib.h>

enum { FILE_MAX = CRYPTO_PKCS8_MAX + KEK_ENVELOPE_EXTRA, AAD_MAX = 64 };

struct file_backend {
    struct kek *kek;
    struct cx_rng *rng;
};

struct file_key {
    struct backend_key base; /* first */
    struct crypto_key *key;
};

static cx_err file_sign(const struct backend_key *key, struct cx_bytes message, struct cx_buf *out)
{
    const struct file_key *file = (const struct file_key *)(const void *)key;
    return crypto_sign(file->key, crypto_key_signature(key->type), message, out);
}

static void file_free(struct backend_key *key)
{
    struct file_key *file = (struct file_key *)(void *)key;
    crypto_key_free(file->key);
    free(file);
}

/* Takes key on success. */
static cx_err wrap_key(struct crypto_key **key, struct backend_key **ret_key)
{
    struct file_key *file = calloc(1, sizeof(*file));
    if (file == NULL)
        return CX_ERR(NOMEM);
    file->key = CX_TAKE(*key);
    file->base = (struct backend_key){.type = crypto_key_type(file->key),
                                      .spki = crypto_key_spki(file->key),
                                      .sign = file_sign,
                                      .free = file_free};
    *ret_key = &file->base;
    return CX_OK;
}

/* "issuer-key", NUL, issuer id, file name: a sealed key that is moved to another issuer or name
 * does not open. */
static cx_err write_aad(const struct backend_place *place, struct cx_buf *out)
{
    CX_TRY(cx_buf_add(out, CX_BYTES("issuer-key", sizeof("issuer-key"))));
    CX_TRY(cx_buf_add(out, cx_id_bytes(&place->issuer_id)));
    return cx_buf_add_str(out, cx_str_from(place->name));
}

static cx_err store_key(const struct file_backend *self, const struct backend_place *place,
                        const struct crypto_key *key)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret pkcs8 = CX_SECRET_INIT, seal_key = CX_SECRET_INIT;
    CX_TRY(crypto_key_to_pkcs8(key, &pkcs8));
    CX_TRY(kek_derive(self->kek, KEK_ISSUER_KEY, place->issuer_id, &seal_key));
    CX_CLEANUP(cx_buf_clear) struct cx_buf aad = CX_BUF_INIT(AAD_MAX), file = CX_BUF_INIT(FILE_MAX);
    CX_TRY(write_aad(place, &aad));
    CX_TRY(kek_seal(cx_secret_view(&seal_key), cx_buf_view(&aad), cx_secret_view(&pkcs8), self->rng,
                    &file));
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%s/%s", place->dir, place->name));
    return os_file_create(path, cx_buf_view(&file), 0400);
}

static cx_err add_key(const struct file_backend *self, const struct backend_place *place,
                      struct crypto_key **key, struct cx_diag *diag, struct backend_key **ret_key)
{
    cx_err err = store_key(self, place, *key);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(diag, err, "", "key-exists", "this issuer has a key already");
    CX_TRY(err);
    return wrap_key(key, ret_key);
}

static cx_err file_create(void *self, const struct backend_place *place, enum crypto_key_type type,
                          struct cx_diag *diag, struct backend_key **ret_key)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_TRY(crypto_key_generate(type, &key));
    return add_key(self, place, &key, diag, ret_key);
}

static cx_err file_import(void *self, const struct backend_place *place, struct cx_bytes pkcs8,
                          struct cx_diag *diag, struct backend_key **ret_key)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    cx_err err = crypto_key_from_pkcs8(pkcs8, &key);
    if (cx_failed(err))
        return cx_refuse(diag, err, "key", "key-unreadable",
                         "the private key is not PKCS#8 of a supported kind");
    return add_key(self, place, &key, diag, ret_key);
}

static cx_err file_load(void *self, const struct backend_place *place, struct cx_diag *diag,
                        struct backend_key **ret_key)
{
    const struct file_backend *backend = self;
    CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(FILE_MAX), aad = CX_BUF_INIT(AAD_MAX);
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%s/%s", place->dir, place->name));
    CX_TRY(os_file_read(path, FILE_MAX, &file));
    CX_CLEANUP(cx_secret_clear) struct cx_secret seal_key = CX_SECRET_INIT;
    CX_TRY(kek_derive(backend->kek, KEK_ISSUER_KEY, place->issuer_id, &seal_key));
    CX_TRY(write_aad(place, &aad));
    CX_CLEANUP(cx_buf_clear) struct cx_buf pkcs8 = CX_BUF_INIT(FILE_MAX);
    cx_err err =
        kek_unseal(cx_secret_view(&seal_key), cx_buf_view(&aad), cx_buf_view(&file), &pkcs8);
    if (cx_failed(err))
        return cx_refuse(diag, err, "", "key-damaged",
                         "the issuer's sealed key does not open: it was altered or moved");
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_TRY(crypto_key_from_pkcs8(cx_buf_view(&pkcs8), &key));
    return wrap_key(&key, ret_key);
}

cx_err backend_file_new(struct kek *kek, struct cx_rng *rng, struct backend *ret_backend)
{
    struct file_backend *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return CX_ERR(NOMEM);
    *self = (struct file_backend){kek, rng};
    *ret_backend = (struct backend){"file", self, file_create, file_import, file_load};
    return CX_OK;
}

void backend_file_free(struct backend *backend)
{
    free(backend->self);
    backend->self = NULL;
}
