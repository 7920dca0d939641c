/*
 * Whether an ID token is the provider's, for us, of this login and of now: OpenID Connect Core §3.1.3.7, with the signature
 * checked even though the token came over TLS. Pure functions; what does not hold is CX_E_AUTH with its rule.
 */
#pragma once
#include "core/federation/oidc_document.h"

enum {
    OIDC_SKEW_S = 60,        /* how far two clocks may differ */
    OIDC_ISSUED_MAX_S = 600, /* a token is made for the login that asked for it */
};

/* The allow list is ES256, ES384, EdDSA and RS256; "none" is not even parsed, HS256 is refused, and a key signs with its own
 * algorithm only. CX_E_NOTFOUND: the token names a key that is not among these ("id-token-kid"): they may be old. Without
 * a name the key has to be the only one that fits ("id-token-kid-missing"). */
cx_err oidc_verify(const struct jws *token, const struct oidc_keys *keys, struct cx_diag *diag);

struct oidc_expected {
    struct cx_str issuer, client_id, nonce;
    struct cx_str access_token; /* at_hash is over it */
    cx_time now_us;
    bool fresh; /* the person was asked again for this login */
};
/* Rules: id-token-issuer, id-token-audience, id-token-azp, id-token-expired, id-token-issued, id-token-nonce,
 * id-token-at-hash, id-token-auth-time. */
cx_err oidc_check(const struct jws *token, const struct oidc_claims *claims,
                  const struct oidc_expected *expected, struct cx_diag *diag);
