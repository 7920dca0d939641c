#include "crypto/jose.h"

enum { COORDINATE_MAX = 48, P256_SPKI_LEN = 91 };

static size_t coordinate_len(enum crypto_key_type type)
{
    return type == CRYPTO_KEY_P256 ? 32 : type == CRYPTO_KEY_P384 ? 48 : 0;
}

/* INTEGER of a non-negative number. */
static size_t write_integer(const uint8_t *number, size_t len, uint8_t *out)
{
    while (len > 1 && number[0] == 0) {
        number++;
        len--;
    }
    size_t sign = number[0] & 0x80 ? 1 : 0;
    out[0] = 0x02;
    out[1] = (uint8_t)(len + sign);
    out[2] = 0;
    memcpy(out + 2 + sign, number, len);
    return 2 + sign + len;
}

/* Ecdsa-Sig-Value, RFC 3279 §2.2.3: at most 2 + 2 * (3 + 48) octets, so that one length octet does. */
static cx_err verify_ecdsa(struct cx_bytes spki, enum crypto_key_type type,
                           const struct crypto_key *key, struct cx_bytes message,
                           struct cx_bytes signature)
{
    uint8_t der[2 + 2 * (3 + COORDINATE_MAX)];
    size_t len = coordinate_len(type), at = 2;
    if (signature.len != 2 * len)
        return CX_ERR(CRYPTO);
    at += write_integer(signature.ptr, len, der + at);
    at += write_integer(signature.ptr + len, len, der + at);
    der[0] = 0x30;
    der[1] = (uint8_t)(at - 2);
    if (!key)
        return crypto_verify_p256(spki.ptr + P256_SPKI_LEN - CRYPTO_P256_POINT_LEN, message,
                                  CX_BYTES(der, at));
    return crypto_verify(key, crypto_key_signature(type), message, CX_BYTES(der, at));
}

cx_err crypto_jose_verify(struct cx_bytes spki, enum crypto_signature algorithm,
                          struct cx_bytes message, struct cx_bytes signature)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    enum crypto_key_type type = CRYPTO_KEY_P256;
    CX_TRY(crypto_spki_type(spki, &type));
    if (crypto_key_signature(type) != algorithm)
        return CX_ERR(USAGE);
    if (type == CRYPTO_KEY_P256 && spki.len == P256_SPKI_LEN)
        return verify_ecdsa(spki, type, NULL, message, signature);
    CX_TRY(crypto_key_from_spki(spki, &key));
    if (coordinate_len(type))
        return verify_ecdsa(spki, type, key, message, signature);
    return crypto_verify(key, algorithm, message, signature);
}

/* From one INTEGER to its fixed length; *at moves behind it. */
static cx_err read_integer(struct cx_bytes der, size_t *at, uint8_t *out, size_t len)
{
    if (*at + 2 > der.len || der.ptr[*at] != 0x02)
        return CX_ERR(INTERNAL);
    size_t count = der.ptr[*at + 1];
    const uint8_t *number = der.ptr + *at + 2;
    if (*at + 2 + count > der.len)
        return CX_ERR(INTERNAL);
    *at += 2 + count;
    while (count > 0 && number[0] == 0) {
        number++;
        count--;
    }
    if (count > len)
        return CX_ERR(INTERNAL);
    memset(out, 0, len - count);
    memcpy(out + len - count, number, count);
    return CX_OK;
}

cx_err crypto_jose_sign(const struct crypto_key *key, struct cx_bytes message, struct cx_buf *out)
{
    enum crypto_key_type type = crypto_key_type(key);
    size_t len = coordinate_len(type), at = 2;
    if (!len)
        return crypto_sign(key, crypto_key_signature(type), message, out);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    uint8_t raw[2 * COORDINATE_MAX];
    CX_TRY(crypto_sign(key, crypto_key_signature(type), message, &der));
    CX_TRY(read_integer(cx_buf_view(&der), &at, raw, len));
    CX_TRY(read_integer(cx_buf_view(&der), &at, raw + len, len));
    return cx_buf_add(out, CX_BYTES(raw, 2 * len));
}
