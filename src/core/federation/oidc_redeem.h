/*
 * From a provider's code to who logged in: the code for tokens (RFC 6749 §4.1.3 with PKCE), the ID token verified and
 * checked, userinfo where the provider's settings ask for it. No database. CX_E_AUTH with its rule when anything does not
 * hold; CX_E_BUSY when the provider does not answer. Not inside a store closure.
 */
#pragma once
#include "core/api/api.h"
#include "core/federation/oidc_cache.h"
#include "core/federation/oidc_check.h"
#include "core/federation/oidc_state.h"

/* The URL that a provider sends browsers back to. In arena. */
cx_err oidc_redirect_uri(const struct core *core, struct arena *arena, struct cx_str *ret_uri);

cx_err oidc_redeem(struct api_request *request, const struct oidc_provider *provider,
                   const struct oidc_discovery *discovery, const struct oidc_state *state,
                   struct cx_str code, struct oidc_claims *ret_claims);
