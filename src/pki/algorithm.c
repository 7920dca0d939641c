#include "pki/algorithm.h"

/* RFC 5758 §3.2 and RFC 8410 §3: parameters absent; RFC 4055 §5: NULL. */
static const struct cx_bytes identifiers[CRYPTO_SIGNATURE_COUNT] = {
#define ALGORITHM(name, bytes)                                                                     \
    [CRYPTO_SIGNATURE_##name] = {(const uint8_t *)(bytes), sizeof(bytes) - 1}
    ALGORITHM(ECDSA_SHA256, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"),
    ALGORITHM(ECDSA_SHA384, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"),
    ALGORITHM(ECDSA_SHA512, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"),
    ALGORITHM(RSA_SHA256, "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"),
    ALGORITHM(RSA_SHA384, "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00"),
    ALGORITHM(RSA_SHA512, "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00"),
    ALGORITHM(ED25519, "\x30\x05\x06\x03\x2b\x65\x70"),
#undef ALGORITHM
};

struct cx_bytes pki_algorithm_of(enum pki_key_type issuer_key)
{
    return identifiers[crypto_key_signature((enum crypto_key_type)issuer_key)];
}

cx_err pki_algorithm_parse(struct cx_bytes identifier, enum crypto_signature *ret_algorithm)
{
    for (int i = 0; i < CRYPTO_SIGNATURE_COUNT; i++)
        if (cx_bytes_eq(identifier, identifiers[i])) {
            *ret_algorithm = (enum crypto_signature)i;
            return CX_OK;
        }
    return CX_ERR(POLICY);
}

cx_err pki_spki_key_type(struct cx_bytes spki, enum pki_key_type *ret_type)
{
    enum crypto_key_type type = CRYPTO_KEY_COUNT;
    CX_TRY(crypto_spki_type(spki, &type));
    *ret_type = (enum pki_key_type)type;
    return CX_OK;
}
