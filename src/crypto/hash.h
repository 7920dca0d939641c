/* Digests, MACs and key derivation over OpenSSL, with algorithms fetched once. Thread-safe. */
#pragma once
#include "base/bytes.h"

enum {
    CRYPTO_SHA1_LEN = 20,
    CRYPTO_SHA256_LEN = 32,
    CRYPTO_SHA384_LEN = 48,
    CRYPTO_SHA512_LEN = 64
};

enum crypto_hash { CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA384, CRYPTO_SHA512 };

size_t crypto_hash_len(enum crypto_hash hash);
/* One-shot over several pieces; ret_digest has crypto_hash_len(hash) bytes. */
cx_err crypto_digest(enum crypto_hash hash, const struct cx_bytes *pieces, size_t piece_count,
                     uint8_t *ret_digest);
cx_err crypto_sha256(struct cx_bytes bytes, uint8_t ret_digest[static CRYPTO_SHA256_LEN]);

cx_err crypto_hmac_sha256(struct cx_bytes key, const struct cx_bytes *pieces, size_t piece_count,
                          uint8_t ret_mac[static CRYPTO_SHA256_LEN]);

/* For one-time codes (RFC 4226 §5.2), which are defined by it. */
cx_err crypto_hmac_sha1(struct cx_bytes key, struct cx_bytes message,
                        uint8_t ret_mac[static CRYPTO_SHA1_LEN]);

/* HKDF-SHA256, RFC 5869. salt may be empty. key_len is 1 … 8160; CX_E_USAGE otherwise. On failure
 * ret_key is wiped. */
cx_err crypto_hkdf_sha256(struct cx_bytes key, struct cx_bytes salt, struct cx_bytes info,
                          uint8_t *ret_key, size_t key_len);

/* HMAC-SHA256 with a key that is used many times, padded once (RFC 2104 §4). As secret as the key:
 * it lives in secret memory. Half the cost of crypto_hmac_sha256 on short messages. */
struct crypto_hmac_key {
    uint8_t inner[64], outer[64];
};
cx_err crypto_hmac_key_init(struct cx_bytes key, struct crypto_hmac_key *ret_key);
cx_err crypto_hmac_key_mac(const struct crypto_hmac_key *key, const struct cx_bytes *pieces,
                           size_t piece_count, uint8_t ret_mac[static CRYPTO_SHA256_LEN]);
/* HKDF-Expand alone, RFC 5869 §2.3, for a key that is uniformly random already (§3.3). Limits as
 * crypto_hkdf_sha256. */
cx_err crypto_hkdf_expand_sha256(const struct crypto_hmac_key *key, struct cx_bytes info,
                                 uint8_t *ret_key, size_t key_len);

/* Constant time in the content; different lengths are unequal at once. The only comparison for
 * secrets. */
bool crypto_ct_equal(struct cx_bytes a, struct cx_bytes b);
