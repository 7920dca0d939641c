/* Signing and verifying. Hash-then-sign algorithms hash with the thread's digest context and hand
 * OpenSSL the digest, which is measurably cheaper than EVP_DigestSign on short messages; Ed25519
 * takes the message. */
#include "crypto/key_internal.h"

#include <openssl/rsa.h>

enum family { EC, RSA_PKCS1, ED25519 };

static const struct {
    enum family family;
    enum crypto_hash hash;
    bool hashed;
} algorithms[CRYPTO_SIGNATURE_COUNT] = {
    [CRYPTO_SIGNATURE_ECDSA_SHA256] = {EC, CRYPTO_SHA256, true},
    [CRYPTO_SIGNATURE_ECDSA_SHA384] = {EC, CRYPTO_SHA384, true},
    [CRYPTO_SIGNATURE_ECDSA_SHA512] = {EC, CRYPTO_SHA512, true},
    [CRYPTO_SIGNATURE_RSA_SHA256] = {RSA_PKCS1, CRYPTO_SHA256, true},
    [CRYPTO_SIGNATURE_RSA_SHA384] = {RSA_PKCS1, CRYPTO_SHA384, true},
    [CRYPTO_SIGNATURE_RSA_SHA512] = {RSA_PKCS1, CRYPTO_SHA512, true},
    [CRYPTO_SIGNATURE_ED25519] = {ED25519, CRYPTO_SHA512, false},
};

enum crypto_signature crypto_key_signature(enum crypto_key_type type)
{
    static const enum crypto_signature of[CRYPTO_KEY_COUNT] = {
        [CRYPTO_KEY_P256] = CRYPTO_SIGNATURE_ECDSA_SHA256,
        [CRYPTO_KEY_P384] = CRYPTO_SIGNATURE_ECDSA_SHA384,
        [CRYPTO_KEY_RSA2048] = CRYPTO_SIGNATURE_RSA_SHA256,
        [CRYPTO_KEY_RSA3072] = CRYPTO_SIGNATURE_RSA_SHA256,
        [CRYPTO_KEY_RSA4096] = CRYPTO_SIGNATURE_RSA_SHA256,
        [CRYPTO_KEY_ED25519] = CRYPTO_SIGNATURE_ED25519,
    };
    return of[type];
}

static bool fits(const struct crypto_key *key, enum crypto_signature algorithm)
{
    static const enum family of[CRYPTO_KEY_COUNT] = {EC,        EC,        RSA_PKCS1,
                                                     RSA_PKCS1, RSA_PKCS1, ED25519};
    return algorithm < CRYPTO_SIGNATURE_COUNT && algorithms[algorithm].family == of[key->type];
}

static bool set_rsa(EVP_PKEY_CTX *ctx, enum crypto_signature algorithm)
{
    return algorithms[algorithm].family != RSA_PKCS1 ||
           (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
            EVP_PKEY_CTX_set_signature_md(
                ctx, crypto_algorithms()->md[algorithms[algorithm].hash]) == 1);
}

static cx_err sign_digest(const struct crypto_key *key, enum crypto_signature algorithm,
                          struct cx_bytes digest, uint8_t *signature, size_t *len)
{
    EVP_PKEY_CTX *made = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    CX_CLEANUP(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *ctx = made;
    if (!ctx || EVP_PKEY_sign_init(ctx) != 1 || !set_rsa(ctx, algorithm) ||
        EVP_PKEY_sign(ctx, signature, len, digest.ptr, digest.len) != 1)
        return crypto_fail(CX_ERR(CRYPTO));
    return CX_OK;
}

static cx_err sign_message(const struct crypto_key *key, struct cx_bytes message,
                           uint8_t *signature, size_t *len)
{
    CX_CLEANUP(EVP_MD_CTX_free_p) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) != 1 ||
        EVP_DigestSign(ctx, signature, len, message.ptr, message.len) != 1)
        return crypto_fail(CX_ERR(CRYPTO));
    return CX_OK;
}

cx_err crypto_sign(const struct crypto_key *key, enum crypto_signature algorithm,
                   struct cx_bytes message, struct cx_buf *out)
{
    if (!key->is_private || !fits(key, algorithm))
        return CX_ERR(USAGE);
    uint8_t signature[CRYPTO_SIGNATURE_MAX];
    size_t len = sizeof(signature);
    if (algorithms[algorithm].hashed) {
        uint8_t digest[CRYPTO_SHA512_LEN];
        enum crypto_hash hash = algorithms[algorithm].hash;
        CX_TRY(crypto_digest(hash, &message, 1, digest));
        CX_TRY(
            sign_digest(key, algorithm, CX_BYTES(digest, crypto_hash_len(hash)), signature, &len));
    } else {
        CX_TRY(sign_message(key, message, signature, &len));
    }
    return cx_buf_add(out, CX_BYTES(signature, len));
}

static cx_err verify_message(const struct crypto_key *key, struct cx_bytes message,
                             struct cx_bytes signature)
{
    CX_CLEANUP(EVP_MD_CTX_free_p) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) != 1 ||
        EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) != 1)
        return crypto_fail(CX_ERR(CRYPTO));
    return CX_OK;
}

cx_err crypto_verify(const struct crypto_key *key, enum crypto_signature algorithm,
                     struct cx_bytes message, struct cx_bytes signature)
{
    if (!fits(key, algorithm))
        return CX_ERR(USAGE);
    if (!algorithms[algorithm].hashed)
        return verify_message(key, message, signature);
    uint8_t digest[CRYPTO_SHA512_LEN];
    enum crypto_hash hash = algorithms[algorithm].hash;
    CX_TRY(crypto_digest(hash, &message, 1, digest));
    EVP_PKEY_CTX *made = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    CX_CLEANUP(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *ctx = made;
    if (!ctx || EVP_PKEY_verify_init(ctx) != 1 || !set_rsa(ctx, algorithm) ||
        EVP_PKEY_verify(ctx, signature.ptr, signature.len, digest, crypto_hash_len(hash)) != 1)
        return crypto_fail(CX_ERR(CRYPTO));
    return CX_OK;
}

/* The thread's P-256 key starts with the curve's generator as its point; every use replaces it. */
static bool p256_ready(struct crypto_thread *thread)
{
    static const uint8_t spki[] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
        0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5,
        0x63, 0xA4, 0x40, 0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4,
        0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A,
        0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16, 0x2B, 0xCE, 0x33,
        0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5};
    if (thread->p256_verify)
        return true;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    if (cx_failed(crypto_key_from_spki(CX_BYTES(spki, sizeof(spki)), &key)))
        return false;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (!ctx || EVP_PKEY_verify_init(ctx) != 1) {
        EVP_PKEY_CTX_free(ctx);
        return false;
    }
    thread->p256 = CX_TAKE(key->pkey);
    thread->p256_verify = ctx;
    return true;
}

/* Sets the thread's key to the point; OpenSSL refuses one that is not on the curve. */
cx_err crypto_p256_point_ok(const uint8_t point[static CRYPTO_P256_POINT_LEN])
{
    struct crypto_thread *thread = crypto_thread();
    if (!thread || !p256_ready(thread))
        return crypto_fail(CX_ERR(NOMEM));
    if (point[0] != 0x04 ||
        EVP_PKEY_set1_encoded_public_key(thread->p256, point, CRYPTO_P256_POINT_LEN) != 1)
        return crypto_fail(CX_ERR(CRYPTO));
    return CX_OK;
}

cx_err crypto_verify_p256(const uint8_t point[static CRYPTO_P256_POINT_LEN],
                          struct cx_bytes message, struct cx_bytes signature)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_sha256(message, digest));
    CX_TRY(crypto_p256_point_ok(point));
    if (EVP_PKEY_verify(crypto_thread()->p256_verify, signature.ptr, signature.len, digest,
                        sizeof(digest)) != 1)
        return crypto_fail(CX_ERR(CRYPTO));
    return CX_OK;
}
