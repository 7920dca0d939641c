/* OpenID Connect Core §3.1.3.7: one rule broken at a time, and the limits of each time to the second. */
#include "tests/lib/test.h"

#include "codec/base64.h"
#include "core/federation/oidc_check.h"
#include "crypto/hash.h"
#include "crypto/jose.h"

enum { NOW_S = 1800000000 };

static struct cx_str audiences[] = {CX_STR("us"), CX_STR("them")};
static const struct oidc_expected expected = {.issuer = CX_STR("https://op.example"),
                                              .client_id = CX_STR("us"),
                                              .nonce = CX_STR("nonce-of-this-login"),
                                              .access_token = CX_STR("access"),
                                              .now_us = NOW_S * CX_US_PER_S};
static const struct jws es256 = {.algorithm = JWS_ES256};

static struct oidc_claims good(void)
{
    return (struct oidc_claims){.issuer = CX_STR("https://op.example"),
                                .subject = CX_STR("alice"),
                                .nonce = CX_STR("nonce-of-this-login"),
                                .audiences = {audiences, 1},
                                .expires_s = NOW_S + 300,
                                .issued_s = NOW_S};
}

static void refused(const struct oidc_claims *claims, const char *rule)
{
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(oidc_check(&es256, claims, &expected, &diag), AUTH);
    assert_string_equal(diag.rule, rule);
}

static void accepted(const struct oidc_claims *claims)
{
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(oidc_check(&es256, claims, &expected, &diag));
}

static void who_it_is_of_and_for(void **state)
{
    (void)state;
    struct oidc_claims claims = good();
    accepted(&claims);
    claims.issuer = CX_STR("https://op.example/");
    refused(&claims, "id-token-issuer");
    claims = good();
    claims.audiences = (struct oidc_words){audiences + 1, 1};
    refused(&claims, "id-token-audience");
    claims.audiences.count = 0;
    refused(&claims, "id-token-audience");
    claims.audiences = (struct oidc_words){audiences, 2};
    refused(&claims, "id-token-azp");
    claims.authorized_party = CX_STR("us");
    accepted(&claims);
    claims.authorized_party = CX_STR("them");
    refused(&claims, "id-token-azp");
    claims = good();
    claims.nonce = CX_STR("");
    refused(&claims, "id-token-nonce");
    claims.nonce = CX_STR("nonce-of-that-login");
    refused(&claims, "id-token-nonce");
}

static void times(void **state)
{
    (void)state;
    struct oidc_claims claims = good();
    claims.expires_s = NOW_S - OIDC_SKEW_S + 1;
    accepted(&claims);
    claims.expires_s--;
    refused(&claims, "id-token-expired");
    claims = good();
    claims.issued_s = NOW_S + OIDC_SKEW_S;
    accepted(&claims);
    claims.issued_s++;
    refused(&claims, "id-token-issued");
    claims.issued_s = NOW_S - OIDC_ISSUED_MAX_S - OIDC_SKEW_S;
    accepted(&claims);
    claims.issued_s--;
    refused(&claims, "id-token-issued");
    claims = good();
    claims.auth_s = NOW_S + OIDC_SKEW_S + 1;
    refused(&claims, "id-token-auth-time");
}

static void somebody_asked_again(void **state)
{
    (void)state;
    struct oidc_expected fresh = expected;
    struct oidc_claims claims = good();
    struct cx_diag diag = CX_DIAG_INIT;
    fresh.fresh = true;
    assert_err(oidc_check(&es256, &claims, &fresh, &diag), AUTH);
    assert_string_equal(diag.rule, "id-token-auth-time");
    claims.auth_s = NOW_S - OIDC_ISSUED_MAX_S - OIDC_SKEW_S;
    assert_ok(oidc_check(&es256, &claims, &fresh, &diag));
    claims.auth_s--;
    assert_err(oidc_check(&es256, &claims, &fresh, &diag), AUTH);
}

static void hash_of_the_access_token(void **state)
{
    (void)state;
    uint8_t digest[CRYPTO_SHA256_LEN];
    struct cx_bytes piece = cx_str_bytes(expected.access_token);
    struct cx_buf text = CX_BUF_INIT(64);
    struct oidc_claims claims = good();
    assert_ok(crypto_digest(CRYPTO_SHA256, &piece, 1, digest));
    assert_ok(base64url_encode(CX_BYTES(digest, sizeof(digest) / 2), &text));
    claims.at_hash = (struct cx_str){(const char *)text.ptr, text.len};
    accepted(&claims);
    claims.at_hash.len--;
    refused(&claims, "id-token-at-hash");
    cx_buf_clear(&text);
}

struct signer {
    struct crypto_key *key;
    struct oidc_key published;
};

static struct signer make_signer(enum crypto_key_type type, enum jwk_kind kind, const char *kid)
{
    struct signer signer = {NULL, {cx_str_from(kid), kind, CX_BYTES_NONE}};
    assert_ok(crypto_key_generate(type, &signer.key));
    signer.published.spki = crypto_key_spki(signer.key);
    return signer;
}

static void sign(const struct signer *signer, struct cx_buf *out, struct jws *token)
{
    cx_buf_reset(out);
    token->signing_input = CX_BYTES("header.claims", 13);
    assert_ok(crypto_jose_sign(signer->key, token->signing_input, out));
    token->signature = cx_buf_view(out);
}

static void verify(const struct jws *token, const struct oidc_key *keys, size_t count,
                   const char *rule)
{
    struct oidc_key items[4];
    struct cx_diag diag = CX_DIAG_INIT;
    memcpy(items, keys, count * sizeof(*keys));
    cx_err err = oidc_verify(token, &(struct oidc_keys){items, count}, &diag);
    if (rule) {
        assert_int_equal(err.code, strcmp(rule, "id-token-kid") == 0 ? CX_E_NOTFOUND : CX_E_AUTH);
        assert_string_equal(diag.rule, rule);
    } else {
        assert_ok(err);
    }
}

static void signatures(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(512);
    struct signer one = make_signer(CRYPTO_KEY_P256, JWK_P256, "one"),
                  two = make_signer(CRYPTO_KEY_P256, JWK_P256, "two"),
                  third = make_signer(CRYPTO_KEY_P384, JWK_P384, "one");
    struct oidc_key keys[] = {one.published, third.published, two.published};
    struct jws token = {.algorithm = JWS_ES256, .has_kid = true, .kid = CX_STR("one")};
    sign(&one, &out, &token);
    verify(&token, keys, 3, NULL);
    token.kid = CX_STR("two"); /* another key of the provider did not sign it */
    verify(&token, keys, 3, "id-token-signature");
    token.kid = CX_STR("old");
    verify(&token, keys, 3, "id-token-kid");
    token.has_kid = false; /* which of two it is nobody can say; of one there is no doubt */
    verify(&token, keys, 3, "id-token-kid-missing");
    verify(&token, keys, 2, NULL);
    verify(&token, keys, 0, "id-token-kid");
    token.algorithm = JWS_ES384; /* a key signs with its own algorithm only */
    verify(&token, keys, 2, "id-token-signature");
    token.algorithm = JWS_HS256;
    verify(&token, keys, 2, "id-token-alg");
    token.algorithm = JWS_ES256;
    token.signature.len--;
    verify(&token, keys, 2, "id-token-signature");
    crypto_key_free(one.key);
    crypto_key_free(two.key);
    crypto_key_free(third.key);
    cx_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_it_is_of_and_for), cmocka_unit_test(times),
        cmocka_unit_test(somebody_asked_again), cmocka_unit_test(hash_of_the_access_token),
        cmocka_unit_test(signatures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
