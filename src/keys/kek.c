/* File "kek": magic[8] | salt[32] | check[16] | ciphertext[32] | tag[16]. The check tells a wrong
 * unlock secret from a damaged file. */
#include "keys/kek.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "os/file.h"

#include <stdlib.h>

enum {
    SALT_LEN = 32,
    CHECK_LEN = 16,
    MAGIC_LEN = 8,
    FILE_LEN = MAGIC_LEN + SALT_LEN + CHECK_LEN + KEK_LEN + CRYPTO_GCM_TAG_LEN,
    ENVELOPE_VERSION = 1,
    ENVELOPE_SALT_LEN = 24,
    COMMIT_LEN = 32,
    PIECES_MAX = 8,
};

static const uint8_t kek_magic[MAGIC_LEN] = {'C', 'X', 'K', 'E', 'K', '1', '\n', 0};
/* A key is used for one message only: its nonce is fixed. */
static const uint8_t zero_nonce[CRYPTO_GCM_NONCE_LEN] = {0};

static const char *const purpose_text[KEK_PURPOSE_COUNT] = {
    [KEK_JOURNAL] = "certinext/1 journal snapshot",
    [KEK_ISSUER_MAC] = "certinext/1 issuer files",
    [KEK_ISSUER_KEY] = "certinext/1 issuer key",
    [KEK_PROFILE_MAC] = "certinext/1 profile files",
    [KEK_LOG_KEY] = "certinext/1 log key",
    [KEK_TENANT] = "certinext/1 tenant key-encryption key",
};

struct kek {
    struct cx_secret root;
    struct cx_rng rng;
};

void kek_free(struct kek *kek)
{
    if (kek == NULL)
        return;
    cx_secret_clear(&kek->root);
    free(kek);
}
CX_DEFINE_CLEANUP_PTR(struct kek, kek_free)

/* *ret_keys: KEK_LEN bytes to seal with, then CHECK_LEN to compare. */
static cx_err unlock_keys(const struct cx_secret *unlock, const uint8_t *salt,
                          struct cx_secret *ret_keys)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret keys = CX_SECRET_INIT;
    CX_TRY(cx_secret_new(KEK_LEN + CHECK_LEN, &keys));
    CX_TRY(crypto_hkdf_sha256(cx_secret_view(unlock), CX_BYTES(salt, SALT_LEN),
                              cx_str_bytes(CX_STR("certinext/1 unlock")), keys.ptr, keys.len));
    *ret_keys = keys;
    keys = CX_SECRET_INIT;
    return CX_OK;
}

static const uint8_t hex_digits[] = "0123456789abcdef";

static cx_err write_unlock(const char *path, struct cx_rng *rng, struct cx_diag *diag,
                           struct cx_secret *ret_unlock)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret unlock = CX_SECRET_INIT, text = CX_SECRET_INIT;
    CX_TRY(cx_secret_new(KEK_LEN, &unlock));
    CX_TRY(cx_secret_new(KEK_UNLOCK_TEXT_LEN + 1, &text));
    CX_TRY(cx_rng_fill(rng, unlock.ptr, unlock.len));
    for (size_t i = 0; i < KEK_LEN; i++) {
        text.ptr[2 * i] = hex_digits[unlock.ptr[i] >> 4];
        text.ptr[2 * i + 1] = hex_digits[unlock.ptr[i] & 15];
    }
    text.ptr[KEK_UNLOCK_TEXT_LEN] = '\n';
    cx_err err = os_file_create(path, cx_secret_view(&text), 0400);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(diag, err, "unlock_file", "kek-unlock-exists",
                         "the unlock secret file exists already");
    if (cx_failed(err))
        return cx_refuse(diag, err, "unlock_file", "", "the unlock secret file cannot be made");
    *ret_unlock = unlock;
    unlock = CX_SECRET_INIT;
    return CX_OK;
}

cx_err kek_create(const char *dir, const char *unlock_path, struct cx_rng *rng,
                  struct cx_diag *diag)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%s/kek", dir));
    if (os_file_exists(path))
        return cx_refuse(diag, CX_ERR(CONFLICT), "", "kek-exists",
                         "this key directory has a key-encryption key already");
    CX_CLEANUP(cx_secret_clear)
    struct cx_secret unlock = CX_SECRET_INIT, keys = CX_SECRET_INIT, root = CX_SECRET_INIT;
    CX_TRY(write_unlock(unlock_path, rng, diag, &unlock));
    uint8_t salt[SALT_LEN];
    CX_TRY(cx_rng_fill(rng, salt, sizeof(salt)));
    CX_TRY(cx_secret_new(KEK_LEN, &root));
    CX_TRY(cx_rng_fill(rng, root.ptr, root.len));
    CX_TRY(unlock_keys(&unlock, salt, &keys));
    CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(FILE_LEN);
    CX_TRY(cx_buf_add(&file, CX_BYTES(kek_magic, sizeof(kek_magic))));
    CX_TRY(cx_buf_add(&file, CX_BYTES(salt, sizeof(salt))));
    CX_TRY(cx_buf_add(&file, CX_BYTES(keys.ptr + KEK_LEN, CHECK_LEN)));
    CX_TRY(crypto_gcm_seal(CX_BYTES(keys.ptr, KEK_LEN), CX_BYTES(zero_nonce, sizeof(zero_nonce)),
                           CX_BYTES(kek_magic, sizeof(kek_magic)), cx_secret_view(&root), &file));
    return os_file_create(path, cx_buf_view(&file), 0400);
}

static int unhex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

cx_err kek_read_unlock(const char *unlock_path, struct cx_diag *diag, struct cx_secret *ret_unlock)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret unlock = CX_SECRET_INIT, text = CX_SECRET_INIT;
    cx_err err = os_file_read_secret(unlock_path, KEK_UNLOCK_TEXT_LEN + 1, &text);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(
            diag, err, "unlock_file", "kek-unlock-missing",
            "the unlock secret file is not there: put it back, or name its place with unlock_file");
    if (cx_failed(err) && err.code != CX_E_PARSE && err.code != CX_E_LIMIT)
        return cx_refuse(diag, err, "unlock_file", "kek-unlock-unreadable",
                         "the unlock secret file cannot be read");
    CX_TRY(cx_secret_new(KEK_LEN, &unlock));
    bool is_valid = text.len >= KEK_UNLOCK_TEXT_LEN &&
                    (text.len == KEK_UNLOCK_TEXT_LEN || text.ptr[KEK_UNLOCK_TEXT_LEN] == '\n');
    for (size_t i = 0; is_valid && i < KEK_LEN; i++) {
        int high = unhex(text.ptr[2 * i]), low = unhex(text.ptr[2 * i + 1]);
        is_valid = high >= 0 && low >= 0;
        unlock.ptr[i] = (uint8_t)(high << 4 | (low & 15));
    }
    if (!is_valid)
        return cx_refuse(diag, CX_ERR(PARSE), "unlock_file", "kek-unlock-malformed",
                         "the unlock secret file must hold 64 hexadecimal digits");
    *ret_unlock = unlock;
    unlock = CX_SECRET_INIT;
    return CX_OK;
}

static cx_err open_root(struct cx_bytes file, const struct cx_secret *unlock, struct cx_diag *diag,
                        struct cx_secret *ret_root)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret keys = CX_SECRET_INIT;
    CX_TRY(unlock_keys(unlock, file.ptr + MAGIC_LEN, &keys));
    if (!crypto_ct_equal(CX_BYTES(keys.ptr + KEK_LEN, CHECK_LEN),
                         CX_BYTES(file.ptr + MAGIC_LEN + SALT_LEN, CHECK_LEN)))
        return cx_refuse(diag, CX_ERR(AUTH), "unlock_file", "kek-unlock-wrong",
                         "the unlock secret is not the one this key directory was made with: "
                         "nothing can be opened");
    struct cx_bytes sealed =
        CX_BYTES(file.ptr + MAGIC_LEN + SALT_LEN + CHECK_LEN, KEK_LEN + CRYPTO_GCM_TAG_LEN);
    CX_CLEANUP(cx_buf_clear) struct cx_buf root = CX_BUF_INIT(KEK_LEN + CRYPTO_GCM_TAG_LEN);
    cx_err err =
        crypto_gcm_open(CX_BYTES(keys.ptr, KEK_LEN), CX_BYTES(zero_nonce, sizeof(zero_nonce)),
                        CX_BYTES(kek_magic, sizeof(kek_magic)), sealed, &root);
    if (cx_failed(err))
        return cx_refuse(diag, err, "", "kek-damaged",
                         "the key-encryption key file is damaged: restore keys/kek from a backup");
    return cx_secret_copy(cx_buf_view(&root), ret_root);
}

cx_err kek_open(const char *dir, const struct cx_secret *unlock, struct cx_diag *diag,
                struct kek **ret_kek)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(FILE_LEN);
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%s/kek", dir));
    cx_err err = os_file_read(path, FILE_LEN, &file);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(diag, err, "", "kek-missing",
                         "this key directory has no key-encryption key: run certinext init");
    if (cx_failed(err) && err.code != CX_E_LIMIT)
        return cx_refuse(diag, err, "", "", "the key-encryption key file cannot be read");
    if (cx_failed(err) || file.len != FILE_LEN || memcmp(file.ptr, kek_magic, MAGIC_LEN) != 0)
        return cx_refuse(diag, CX_ERR(CRYPTO), "", "kek-damaged",
                         "the key-encryption key file is damaged: restore keys/kek from a backup");
    CX_CLEANUP(kek_freep) struct kek *kek = calloc(1, sizeof(*kek));
    if (kek == NULL)
        return CX_ERR(NOMEM);
    cx_rng_system(&kek->rng);
    CX_TRY(open_root(cx_buf_view(&file), unlock, diag, &kek->root));
    *ret_kek = CX_TAKE(kek);
    return CX_OK;
}

cx_err kek_derive(const struct kek *kek, enum kek_purpose purpose, struct cx_id scope,
                  struct cx_secret *ret_key)
{
    /* Text, NUL, 16 octets: no two (purpose, scope) give the same info. */
    uint8_t info[64 + 1 + sizeof(scope.b)];
    size_t text_len = strlen(purpose_text[purpose]);
    memcpy(info, purpose_text[purpose], text_len);
    info[text_len] = 0;
    memcpy(info + text_len + 1, scope.b, sizeof(scope.b));
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    CX_TRY(cx_secret_new(KEK_LEN, &key));
    CX_TRY(crypto_hkdf_sha256(cx_secret_view(&kek->root), CX_BYTES_NONE,
                              CX_BYTES(info, text_len + 1 + sizeof(scope.b)), key.ptr, key.len));
    *ret_key = key;
    key = CX_SECRET_INIT;
    return CX_OK;
}

/* KEK_LEN to encrypt with, COMMIT_LEN to commit. */
static cx_err message_keys(struct cx_bytes key, const uint8_t *salt, struct cx_secret *ret_keys)
{
    CX_TRY(cx_secret_new(KEK_LEN + COMMIT_LEN, ret_keys));
    return crypto_hkdf_sha256(key, CX_BYTES(salt, ENVELOPE_SALT_LEN),
                              cx_str_bytes(CX_STR("certinext/1 envelope")), ret_keys->ptr,
                              ret_keys->len);
}

cx_err kek_seal(struct cx_bytes key, struct cx_bytes aad, struct cx_bytes plaintext,
                struct cx_rng *rng, struct cx_buf *out)
{
    uint8_t head[1 + ENVELOPE_SALT_LEN] = {ENVELOPE_VERSION};
    CX_TRY(cx_rng_fill(rng, head + 1, ENVELOPE_SALT_LEN));
    CX_CLEANUP(cx_secret_clear) struct cx_secret keys = CX_SECRET_INIT;
    CX_TRY(message_keys(key, head + 1, &keys));
    CX_TRY(cx_buf_reserve(out, plaintext.len + KEK_ENVELOPE_EXTRA));
    CX_TRY(cx_buf_add(out, CX_BYTES(head, sizeof(head))));
    CX_TRY(cx_buf_add(out, CX_BYTES(keys.ptr + KEK_LEN, COMMIT_LEN)));
    return crypto_gcm_seal(CX_BYTES(keys.ptr, KEK_LEN), CX_BYTES(zero_nonce, sizeof(zero_nonce)),
                           aad, plaintext, out);
}

cx_err kek_unseal(struct cx_bytes key, struct cx_bytes aad, struct cx_bytes envelope,
                  struct cx_buf *out)
{
    if (envelope.len < KEK_ENVELOPE_EXTRA || envelope.ptr[0] != ENVELOPE_VERSION)
        return CX_ERR(CRYPTO);
    CX_CLEANUP(cx_secret_clear) struct cx_secret keys = CX_SECRET_INIT;
    CX_TRY(message_keys(key, envelope.ptr + 1, &keys));
    const size_t head_len = 1 + ENVELOPE_SALT_LEN + COMMIT_LEN;
    if (!crypto_ct_equal(CX_BYTES(keys.ptr + KEK_LEN, COMMIT_LEN),
                         CX_BYTES(envelope.ptr + 1 + ENVELOPE_SALT_LEN, COMMIT_LEN)))
        return CX_ERR(CRYPTO);
    return crypto_gcm_open(CX_BYTES(keys.ptr, KEK_LEN), CX_BYTES(zero_nonce, sizeof(zero_nonce)),
                           aad, CX_BYTES(envelope.ptr + head_len, envelope.len - head_len), out);
}

cx_err kek_mac(const struct kek *kek, enum kek_purpose purpose, struct cx_id scope,
               const struct cx_bytes *pieces, size_t piece_count, uint8_t ret_mac[static KEK_LEN])
{
    if (piece_count > PIECES_MAX)
        return CX_ERR(LIMIT);
    uint8_t lengths[PIECES_MAX][8];
    struct cx_bytes all[2 * PIECES_MAX];
    for (size_t i = 0; i < piece_count; i++) {
        for (size_t j = 0; j < sizeof(lengths[i]); j++)
            lengths[i][j] = (uint8_t)((uint64_t)pieces[i].len >> (8 * j));
        all[2 * i] = CX_BYTES(lengths[i], sizeof(lengths[i]));
        all[2 * i + 1] = pieces[i];
    }
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    CX_TRY(kek_derive(kek, purpose, scope, &key));
    return crypto_hmac_sha256(cx_secret_view(&key), all, 2 * piece_count, ret_mac);
}

static cx_err sealed_file_wrap(void *self, struct cx_id tenant_id, struct cx_bytes aad,
                               struct cx_bytes key, struct cx_buf *out)
{
    struct kek *kek = self;
    CX_CLEANUP(cx_secret_clear) struct cx_secret tenant_key = CX_SECRET_INIT;
    CX_TRY(kek_derive(kek, KEK_TENANT, tenant_id, &tenant_key));
    return kek_seal(cx_secret_view(&tenant_key), aad, key, &kek->rng, out);
}

static cx_err sealed_file_unwrap(void *self, struct cx_id tenant_id, struct cx_bytes aad,
                                 struct cx_bytes wrapped, struct cx_secret *ret_key)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret tenant_key = CX_SECRET_INIT;
    CX_TRY(kek_derive(self, KEK_TENANT, tenant_id, &tenant_key));
    CX_CLEANUP(cx_buf_clear) struct cx_buf key = CX_BUF_INIT(256);
    CX_TRY(kek_unseal(cx_secret_view(&tenant_key), aad, wrapped, &key));
    return cx_secret_copy(cx_buf_view(&key), ret_key);
}

struct kek_provider kek_sealed_file_provider(struct kek *kek)
{
    return (struct kek_provider){"sealed-file", kek, sealed_file_wrap, sealed_file_unwrap};
}
