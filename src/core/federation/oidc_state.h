/*
 * What ties a login at a provider to the browser that began it. One cookie holds a challenge (authentication/challenge.h);
 * state, nonce and the PKCE verifier are derived from it, so that whoever lacks the cookie can make none of them, and nothing
 * is stored until the login is finished. Not inside a store closure, save oidc_state_use.
 */
#pragma once
#include "core/api/api.h"
#include "core/authentication/challenge.h"

#define OIDC_COOKIE "__Host-cx-oidc"

enum { OIDC_SECRET_LEN = 32, OIDC_SECRET_TEXT_LEN = 43 };

struct oidc_state {
    struct cx_id tenant_id, provider_id;
    bool fresh; /* the provider has to ask the person again */
    struct challenge challenge;
    char state[OIDC_SECRET_TEXT_LEN + 1], nonce[OIDC_SECRET_TEXT_LEN + 1],
        verifier[OIDC_SECRET_TEXT_LEN + 1];
    char code_challenge[OIDC_SECRET_TEXT_LEN + 1]; /* RFC 7636 §4.2, S256 */
};

/* A new one, with its cookie set in the request. tenant_id, provider_id and fresh are the caller's. */
cx_err oidc_state_begin(struct api_request *request, struct oidc_state *state,
                        cx_time *ret_expires_us);
/* From the cookie. CX_E_AUTH "oidc-state": none, over, altered, or of another browser. */
cx_err oidc_state_read(struct api_request *request, struct oidc_state *ret_state);
/* It counts once: CX_E_CONFLICT. */
cx_err oidc_state_use(struct store_tx *tx, const struct oidc_state *state, cx_time now_us);
/* The cookie ends. */
cx_err oidc_state_forget(struct api_request *request);
