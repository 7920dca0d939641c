/*
 * Challenges of WebAuthn, and of logins at a provider, that need no row while nobody answers them: end, nonce, and a keyed token over both, the purpose and
 * the user. Who answers one stores its nonce in the transaction of the answer (challenge_use), so it counts once.
 * Not inside a store closure, save challenge_use.
 */
#pragma once
#include "core/core.h"

enum {
    CHALLENGE_LIFE_S = 180,
    CHALLENGE_OIDC_LIFE_S = 600, /* a person logs in elsewhere meanwhile */
    CHALLENGE_NONCE_LEN = 16,
    CHALLENGE_LEN = 8 + CHALLENGE_NONCE_LEN + 16
};

enum challenge_purpose {
    CHALLENGE_REGISTER,
    CHALLENGE_LOGIN,
    CHALLENGE_OIDC,       /* a login at a provider, which user_id then names */
    CHALLENGE_OIDC_FRESH, /* the same, where the provider has to ask the person again */
};

struct challenge_scope {
    struct cx_id tenant_id;
    enum challenge_purpose purpose;
    struct cx_id user_id; /* zero: not known yet */
};

struct challenge {
    cx_time expires_us;
    uint8_t nonce[CHALLENGE_NONCE_LEN];
};

/* *ret_text: base64url, in arena. */
cx_err challenge_make(struct core *core, const struct challenge_scope *scope, cx_time now_us,
                      struct arena *arena, struct cx_str *ret_text, cx_time *ret_expires_us);
/* CX_E_AUTH with rule "passkey-challenge": not one of ours, for something else, or over. */
cx_err challenge_check(struct core *core, const struct challenge_scope *scope,
                       struct cx_bytes bytes, cx_time now_us, struct cx_diag *diag,
                       struct challenge *ret_challenge);
/* CX_E_CONFLICT when it was used before. Also forgets those that are over. */
cx_err challenge_use(struct store_tx *tx, struct cx_id tenant_id, const struct challenge *challenge,
                     cx_time now_us);
