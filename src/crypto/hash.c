#include "crypto/hash.h"
#include "crypto/openssl_internal.h"

#include <openssl/crypto.h>

enum { HKDF_BLOCKS_MAX = 255, HMAC_PIECES_MAX = 8 };

size_t crypto_hash_len(enum crypto_hash hash)
{
    static const size_t lens[] = {CRYPTO_SHA1_LEN, CRYPTO_SHA256_LEN, CRYPTO_SHA384_LEN,
                                  CRYPTO_SHA512_LEN};
    return lens[hash];
}

cx_err crypto_digest(enum crypto_hash hash, const struct cx_bytes *pieces, size_t piece_count,
                     uint8_t *ret_digest)
{
    struct crypto_thread *thread = crypto_thread();
    if (!thread)
        return CX_ERR(NOMEM);
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (EVP_DigestInit_ex2(thread->md, crypto_algorithms()->md[hash], NULL) != 1)
        return crypto_fail(CX_ERR(CRYPTO));
    for (size_t i = 0; i < piece_count; i++)
        if (EVP_DigestUpdate(thread->md, pieces[i].ptr, pieces[i].len) != 1)
            return crypto_fail(CX_ERR(CRYPTO));
    if (EVP_DigestFinal_ex(thread->md, digest, NULL) != 1)
        return crypto_fail(CX_ERR(CRYPTO));
    memcpy(ret_digest, digest, crypto_hash_len(hash));
    return CX_OK;
}

cx_err crypto_sha256(struct cx_bytes bytes, uint8_t ret_digest[static CRYPTO_SHA256_LEN])
{
    return crypto_digest(CRYPTO_SHA256, &bytes, 1, ret_digest);
}

/* Freeing the context wipes the key schedule; a context kept for reuse would keep the last key. */
cx_err crypto_hmac_sha256(struct cx_bytes key, const struct cx_bytes *pieces, size_t piece_count,
                          uint8_t ret_mac[static CRYPTO_SHA256_LEN])
{
    const struct crypto_algorithms *algorithms = crypto_algorithms();
    EVP_MAC_CTX *copy = algorithms ? EVP_MAC_CTX_dup(algorithms->hmac_sha256) : NULL;
    CX_CLEANUP(EVP_MAC_CTX_free_p) EVP_MAC_CTX *ctx = copy;
    if (!ctx)
        return crypto_fail(CX_ERR(NOMEM));
    static const uint8_t empty[1] = {0}; /* a NULL key would mean "keep the old one" */
    if (EVP_MAC_init(ctx, key.len ? key.ptr : empty, key.len, NULL) != 1)
        return crypto_fail(CX_ERR(CRYPTO));
    for (size_t i = 0; i < piece_count; i++)
        if (EVP_MAC_update(ctx, pieces[i].ptr, pieces[i].len) != 1)
            return crypto_fail(CX_ERR(CRYPTO));
    uint8_t mac[CRYPTO_SHA256_LEN];
    size_t len = 0;
    if (EVP_MAC_final(ctx, mac, &len, sizeof(mac)) != 1 || len != sizeof(mac))
        return crypto_fail(CX_ERR(CRYPTO));
    memcpy(ret_mac, mac, sizeof(mac));
    return CX_OK;
}

cx_err crypto_hmac_sha1(struct cx_bytes key, struct cx_bytes message,
                        uint8_t ret_mac[static CRYPTO_SHA1_LEN])
{
    struct crypto_hmac_key padded;
    uint8_t digest[CRYPTO_SHA1_LEN];
    if (key.len > sizeof(padded.inner)) /* such a key would be hashed, by SHA-1, first */
        return CX_ERR(USAGE);
    CX_TRY(crypto_hmac_key_init(key, &padded));
    const struct cx_bytes inner[] = {CX_BYTES(padded.inner, sizeof(padded.inner)), message};
    const struct cx_bytes outer[] = {CX_BYTES(padded.outer, sizeof(padded.outer)),
                                     CX_BYTES(digest, sizeof(digest))};
    cx_err err = crypto_digest(CRYPTO_SHA1, inner, 2, digest);
    if (cx_is_ok(err))
        err = crypto_digest(CRYPTO_SHA1, outer, 2, ret_mac);
    cx_wipe(&padded, sizeof(padded));
    return err;
}

/* RFC 2104 §2: a key longer than a block is hashed first. */
cx_err crypto_hmac_key_init(struct cx_bytes key, struct crypto_hmac_key *ret_key)
{
    uint8_t block[sizeof(ret_key->inner)] = {0};
    if (key.len > sizeof(block))
        CX_TRY(crypto_sha256(key, block));
    else if (key.len)
        memcpy(block, key.ptr, key.len);
    for (size_t i = 0; i < sizeof(block); i++) {
        ret_key->inner[i] = block[i] ^ 0x36;
        ret_key->outer[i] = block[i] ^ 0x5c;
    }
    cx_wipe(block, sizeof(block));
    return CX_OK;
}

cx_err crypto_hmac_key_mac(const struct crypto_hmac_key *key, const struct cx_bytes *pieces,
                           size_t piece_count, uint8_t ret_mac[static CRYPTO_SHA256_LEN])
{
    struct cx_bytes inner[HMAC_PIECES_MAX + 1];
    if (piece_count > HMAC_PIECES_MAX)
        return CX_ERR(USAGE);
    inner[0] = CX_BYTES(key->inner, sizeof(key->inner));
    for (size_t i = 0; i < piece_count; i++)
        inner[i + 1] = pieces[i];
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_digest(CRYPTO_SHA256, inner, piece_count + 1, digest));
    const struct cx_bytes outer[] = {CX_BYTES(key->outer, sizeof(key->outer)),
                                     CX_BYTES(digest, sizeof(digest))};
    return crypto_digest(CRYPTO_SHA256, outer, 2, ret_mac);
}

cx_err crypto_hkdf_expand_sha256(const struct crypto_hmac_key *key, struct cx_bytes info,
                                 uint8_t *ret_key, size_t key_len)
{
    if (key_len == 0 || key_len > HKDF_BLOCKS_MAX * CRYPTO_SHA256_LEN)
        return CX_ERR(USAGE);
    uint8_t block[CRYPTO_SHA256_LEN];
    cx_err err = CX_OK;
    size_t done = 0;
    for (unsigned i = 1; cx_is_ok(err) && done < key_len; i++) {
        uint8_t counter = (uint8_t)i;
        const struct cx_bytes pieces[] = {CX_BYTES(block, i == 1 ? 0 : sizeof(block)), info,
                                          CX_BYTES(&counter, 1)};
        err = crypto_hmac_key_mac(key, pieces, 3, block);
        size_t take = key_len - done < sizeof(block) ? key_len - done : sizeof(block);
        if (cx_is_ok(err))
            memcpy(ret_key + done, block, take);
        done += take;
    }
    if (cx_failed(err))
        cx_wipe(ret_key, key_len);
    cx_wipe(block, sizeof(block));
    return err;
}

/* RFC 5869 §2.2, §2.3. */
cx_err crypto_hkdf_sha256(struct cx_bytes key, struct cx_bytes salt, struct cx_bytes info,
                          uint8_t *ret_key, size_t key_len)
{
    static const uint8_t zeros[CRYPTO_SHA256_LEN];
    if (key_len == 0 || key_len > HKDF_BLOCKS_MAX * CRYPTO_SHA256_LEN)
        return CX_ERR(USAGE);
    uint8_t prk[CRYPTO_SHA256_LEN];
    struct crypto_hmac_key expand;
    if (salt.len == 0)
        salt = CX_BYTES(zeros, sizeof(zeros));
    CX_TRY(crypto_hmac_sha256(salt, &key, 1, prk));
    cx_err err = crypto_hmac_key_init(CX_BYTES(prk, sizeof(prk)), &expand);
    if (cx_is_ok(err))
        err = crypto_hkdf_expand_sha256(&expand, info, ret_key, key_len);
    cx_wipe(prk, sizeof(prk));
    cx_wipe(&expand, sizeof(expand));
    return err;
}

bool crypto_ct_equal(struct cx_bytes a, struct cx_bytes b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
