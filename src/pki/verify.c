#include "pki/verify.h"
#include "pki/algorithm.h"

enum { P256_SPKI_LEN = 91 };

cx_err pki_signature_verify(struct cx_bytes spki, struct cx_bytes algorithm,
                            struct cx_bytes message, struct cx_bytes signature)
{
    enum crypto_signature kind = CRYPTO_SIGNATURE_COUNT;
    enum pki_key_type type = PKI_KEY_COUNT;
    CX_TRY(pki_algorithm_parse(algorithm, &kind));
    CX_TRY(pki_spki_key_type(spki, &type));
    if (type == PKI_KEY_P256 && kind == CRYPTO_SIGNATURE_ECDSA_SHA256)
        return crypto_verify_p256(spki.ptr + P256_SPKI_LEN - CRYPTO_P256_POINT_LEN, message,
                                  signature);
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_TRY(crypto_key_from_spki(spki, &key));
    cx_err err = crypto_verify(key, kind, message, signature);
    return err.code == CX_E_USAGE ? CX_ERR(POLICY) : err;
}
