/* The key object itself, for the files of src/crypto that hand keys to OpenSSL. */
#pragma once
#include "crypto/key.h"
#include "crypto/openssl_internal.h"

struct crypto_key {
    EVP_PKEY *pkey;
    enum crypto_key_type type;
    bool is_private;
    size_t spki_len;
    uint8_t spki[CRYPTO_SPKI_MAX];
};

/* Takes pkey in every case. Finds the type and the canonical SPKI; CX_E_POLICY for a kind not
 * listed. */
cx_err crypto_key_wrap(EVP_PKEY *pkey, bool is_private, struct crypto_key **ret_key);

/* Whether the point lies on P-256 (uncompressed form, so never infinity); CX_E_CRYPTO when not. */
cx_err crypto_p256_point_ok(const uint8_t point[static CRYPTO_P256_POINT_LEN]);
