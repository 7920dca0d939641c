#include "core/federation/oidc_check.h"

#include "base/cleanup.h"
#include "codec/base64.h"
#include "crypto/hash.h"
#include "crypto/jose.h"

static const struct {
    enum jwk_kind kind;
    enum crypto_signature signature;
    enum crypto_hash hash; /* of at_hash; Ed25519 hashes with SHA-512 inside */
} algorithms[] = {
    [JWS_ES256] = {JWK_P256, CRYPTO_SIGNATURE_ECDSA_SHA256, CRYPTO_SHA256},
    [JWS_ES384] = {JWK_P384, CRYPTO_SIGNATURE_ECDSA_SHA384, CRYPTO_SHA384},
    [JWS_EDDSA] = {JWK_ED25519, CRYPTO_SIGNATURE_ED25519, CRYPTO_SHA512},
    [JWS_RS256] = {JWK_RSA, CRYPTO_SIGNATURE_RSA_SHA256, CRYPTO_SHA256},
};

static cx_err refuse(struct cx_diag *diag, const char *rule, const char *text)
{
    return cx_refuse(diag, CX_ERR(AUTH), "", rule, "The provider's ID token is not accepted: %s.",
                     text);
}

static cx_err find_key(const struct jws *token, const struct oidc_keys *keys, struct cx_diag *diag,
                       const struct oidc_key **ret_key)
{
    const struct oidc_key *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < keys->count; i++) {
        const struct oidc_key *key = &keys->items[i];
        bool same = !token->has_kid || cx_str_eq(key->kid, token->kid);
        if (!same || key->kind != algorithms[token->algorithm].kind)
            continue;
        found = key;
        count++;
    }
    if (count == 0)
        return cx_refuse(diag, CX_ERR(NOTFOUND), "", "id-token-kid",
                         "The provider's ID token is signed with a key that it does not publish.");
    if (count > 1)
        return refuse(diag, "id-token-kid-missing",
                      "it does not say which of the provider's keys signed it");
    *ret_key = found;
    return CX_OK;
}

cx_err oidc_verify(const struct jws *token, const struct oidc_keys *keys, struct cx_diag *diag)
{
    const struct oidc_key *key = NULL;
    if (token->algorithm == JWS_HS256)
        return refuse(diag, "id-token-alg", "its algorithm is not allowed");
    CX_TRY(find_key(token, keys, diag, &key));
    cx_err err = crypto_jose_verify(key->spki, algorithms[token->algorithm].signature,
                                    token->signing_input, token->signature);
    if (err.code == CX_E_CRYPTO || err.code == CX_E_PARSE || err.code == CX_E_POLICY ||
        err.code == CX_E_USAGE)
        return refuse(diag, "id-token-signature", "its signature does not verify");
    return err;
}

static cx_err check_audience(const struct oidc_claims *claims, const struct oidc_expected *expected,
                             struct cx_diag *diag)
{
    bool named = false;
    for (size_t i = 0; i < claims->audiences.count; i++)
        named = named || cx_str_eq(claims->audiences.items[i], expected->client_id);
    if (!named)
        return refuse(diag, "id-token-audience", "it is for another client");
    if (claims->authorized_party.len && !cx_str_eq(claims->authorized_party, expected->client_id))
        return refuse(diag, "id-token-azp", "it was given to another client");
    if (claims->audiences.count > 1 && !claims->authorized_party.len)
        return refuse(diag, "id-token-azp",
                      "of several audiences it does not say which it was given to");
    return CX_OK;
}

static cx_err check_times(const struct oidc_claims *claims, const struct oidc_expected *expected,
                          struct cx_diag *diag)
{
    int64_t now_s = expected->now_us / CX_US_PER_S;
    if (claims->expires_s + OIDC_SKEW_S <= now_s)
        return refuse(diag, "id-token-expired", "it is over");
    if (claims->issued_s > now_s + OIDC_SKEW_S ||
        claims->issued_s < now_s - OIDC_ISSUED_MAX_S - OIDC_SKEW_S)
        return refuse(diag, "id-token-issued", "it was not made just now");
    if (claims->auth_s > now_s + OIDC_SKEW_S)
        return refuse(diag, "id-token-auth-time", "its person was asked in the future");
    if (expected->fresh &&
        (!claims->auth_s || claims->auth_s < now_s - OIDC_ISSUED_MAX_S - OIDC_SKEW_S))
        return refuse(diag, "id-token-auth-time", "its person was not asked again");
    return CX_OK;
}

/* OpenID Connect Core §3.1.3.6: the left half of the digest that the token's algorithm uses. */
static cx_err check_at_hash(const struct jws *token, const struct oidc_claims *claims,
                            const struct oidc_expected *expected, struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CRYPTO_SHA512_LEN * 2);
    enum crypto_hash hash = algorithms[token->algorithm].hash;
    struct cx_bytes piece = cx_str_bytes(expected->access_token);
    uint8_t digest[CRYPTO_SHA512_LEN];
    if (!claims->at_hash.len)
        return CX_OK;
    CX_TRY(crypto_digest(hash, &piece, 1, digest));
    CX_TRY(base64url_encode(CX_BYTES(digest, crypto_hash_len(hash) / 2), &text));
    return cx_bytes_eq(cx_buf_view(&text), cx_str_bytes(claims->at_hash))
               ? CX_OK
               : refuse(diag, "id-token-at-hash", "the access token beside it is another");
}

cx_err oidc_check(const struct jws *token, const struct oidc_claims *claims,
                  const struct oidc_expected *expected, struct cx_diag *diag)
{
    if (!cx_str_eq(claims->issuer, expected->issuer))
        return refuse(diag, "id-token-issuer", "it is another issuer's");
    CX_TRY(check_audience(claims, expected, diag));
    CX_TRY(check_times(claims, expected, diag));
    if (!crypto_ct_equal(cx_str_bytes(claims->nonce), cx_str_bytes(expected->nonce)))
        return refuse(diag, "id-token-nonce", "it is of another login");
    return check_at_hash(token, claims, expected, diag);
}
