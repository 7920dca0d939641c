#include "core/protocol/acme/signer.h"
#include "base/cleanup.h"
#include "crypto/hash.h"
#include "crypto/jose.h"
#include "crypto/weak_key.h"

enum { KEY_TEXT_MAX = 4096 };

cx_err acme_key_of(struct acme_call *call, const struct jwk *jwk, struct acme_key *ret_key)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(KEY_TEXT_MAX);
    struct arena *arena = call->request->arena;
    struct acme_key key;
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(jwk_canonical_write(jwk, &out));
    CX_TRY(crypto_sha256(cx_buf_view(&out), digest));
    CX_TRY(arena_copy(arena, CX_BYTES(digest, sizeof(digest)), &key.thumbprint));
    cx_buf_reset(&out);
    CX_TRY(jwk_spki_write(jwk, &out));
    CX_TRY(arena_copy(arena, cx_buf_view(&out), &key.spki));
    CX_TRY(acme_refuse_as(
        call, ACME_BAD_PUBLIC_KEY,
        crypto_key_strong(key.spki, call->request->core->key_lists, "jwk", call->request->diag)));
    *ret_key = key;
    return CX_OK;
}

cx_err acme_signature_check(struct acme_call *call, const struct jws *jws, struct cx_bytes spki)
{
    static const enum crypto_signature of[JWS_ALGORITHM_COUNT] = {
        [JWS_ES256] = CRYPTO_SIGNATURE_ECDSA_SHA256, [JWS_ES384] = CRYPTO_SIGNATURE_ECDSA_SHA384,
        [JWS_EDDSA] = CRYPTO_SIGNATURE_ED25519,      [JWS_RS256] = CRYPTO_SIGNATURE_RSA_SHA256,
        [JWS_HS256] = CRYPTO_SIGNATURE_COUNT, /* fits no key pair */
    };
    cx_err err = crypto_jose_verify(spki, of[jws->algorithm], jws->signing_input, jws->signature);
    if (err.code == CX_E_USAGE)
        return acme_refuse(call, ACME_BAD_SIGNATURE_ALGORITHM, "jws-alg-key",
                           "The algorithm does not fit the key.");
    if (err.code == CX_E_PARSE || err.code == CX_E_POLICY)
        return acme_refuse(call, ACME_BAD_PUBLIC_KEY, "jws-key-unsupported",
                           "The key is of a kind or size that is not supported.");
    if (err.code == CX_E_CRYPTO)
        return acme_refuse(call, ACME_MALFORMED, "jws-signature", "The signature does not verify.");
    return err;
}
