#include "core/federation/oidc_state.h"

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/http.h"
#include "crypto/hash.h"

enum { COOKIE_LEN = 2 * sizeof(struct cx_id) + 1 + CHALLENGE_LEN, COOKIE_TEXT_MAX = 128 };

static cx_err refuse(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(AUTH), "state", "oidc-state",
                     "This browser began no such login, or it is over. Begin again.");
}

static cx_err to_text(struct cx_bytes bytes, char ret_text[static OIDC_SECRET_TEXT_LEN + 1])
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(OIDC_SECRET_TEXT_LEN);
    CX_TRY(base64url_encode(bytes, &text));
    memcpy(ret_text, text.ptr, text.len);
    ret_text[text.len] = '\0';
    return CX_OK;
}

static cx_err derive(struct cx_bytes key, struct cx_str info,
                     char ret_text[static OIDC_SECRET_TEXT_LEN + 1])
{
    uint8_t secret[OIDC_SECRET_LEN];
    CX_TRY(crypto_hkdf_sha256(key, CX_BYTES_NONE, cx_str_bytes(info), secret, sizeof(secret)));
    cx_err err = to_text(CX_BYTES(secret, sizeof(secret)), ret_text);
    cx_wipe(secret, sizeof(secret));
    return err;
}

static cx_err derive_all(struct cx_bytes key, struct oidc_state *state)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(derive(key, CX_STR("certinext oidc state"), state->state));
    CX_TRY(derive(key, CX_STR("certinext oidc nonce"), state->nonce));
    CX_TRY(derive(key, CX_STR("certinext oidc verifier"), state->verifier));
    CX_TRY(crypto_sha256(CX_BYTES(state->verifier, OIDC_SECRET_TEXT_LEN), digest));
    return to_text(CX_BYTES(digest, sizeof(digest)), state->code_challenge);
}

static struct challenge_scope scope_of(const struct oidc_state *state)
{
    return (struct challenge_scope){.tenant_id = state->tenant_id,
                                    .purpose = state->fresh ? CHALLENGE_OIDC_FRESH : CHALLENGE_OIDC,
                                    .user_id = state->provider_id};
}

/* SameSite=Strict, as the session's: the page that the provider leads back to is ours, and posts. */
static cx_err set_cookie(struct api_request *request, struct cx_str value, int life_s)
{
    if (request->set_cookie_count == API_SET_COOKIES_MAX)
        return CX_ERR(INTERNAL);
    return arena_printf(request->arena, &request->set_cookies[request->set_cookie_count++],
                        OIDC_COOKIE "=%.*s; Max-Age=%d; Path=/; Secure; HttpOnly; SameSite=Strict",
                        CX_STR_ARG(value), life_s);
}

cx_err oidc_state_forget(struct api_request *request)
{
    return set_cookie(request, CX_STR("x"), 0);
}

cx_err oidc_state_begin(struct api_request *request, struct oidc_state *state,
                        cx_time *ret_expires_us)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(COOKIE_LEN);
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(COOKIE_TEXT_MAX);
    struct challenge_scope scope = scope_of(state);
    struct cx_str challenge = CX_STR_NONE;
    uint8_t fresh = state->fresh ? 1 : 0;
    CX_TRY(challenge_make(request->core, &scope, request->now_us, request->arena, &challenge,
                          ret_expires_us));
    CX_TRY(cx_buf_add(&bytes, cx_id_bytes(&state->tenant_id)));
    CX_TRY(cx_buf_add(&bytes, cx_id_bytes(&state->provider_id)));
    CX_TRY(cx_buf_add(&bytes, CX_BYTES(&fresh, 1)));
    CX_TRY(base64url_decode(challenge, &bytes));
    CX_TRY(derive_all(cx_buf_view(&bytes), state));
    CX_TRY(base64url_encode(cx_buf_view(&bytes), &text));
    return set_cookie(request, (struct cx_str){(const char *)text.ptr, text.len},
                      CHALLENGE_OIDC_LIFE_S);
}

cx_err oidc_state_read(struct api_request *request, struct oidc_state *ret_state)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(COOKIE_LEN);
    struct oidc_state state = {.fresh = false};
    struct cx_str text = CX_STR_NONE;
    if (cx_failed(http_cookie(request->cookies, CX_STR(OIDC_COOKIE), &text)) ||
        cx_failed(base64url_decode(text, &bytes)) || bytes.len != COOKIE_LEN)
        return refuse(request->diag);
    memcpy(state.tenant_id.b, bytes.ptr, sizeof(state.tenant_id.b));
    memcpy(state.provider_id.b, bytes.ptr + sizeof(state.tenant_id.b), sizeof(state.provider_id.b));
    state.fresh = bytes.ptr[COOKIE_LEN - CHALLENGE_LEN - 1] != 0;
    struct challenge_scope scope = scope_of(&state);
    cx_err err = challenge_check(request->core, &scope,
                                 CX_BYTES(bytes.ptr + COOKIE_LEN - CHALLENGE_LEN, CHALLENGE_LEN),
                                 request->now_us, NULL, &state.challenge);
    if (err.code == CX_E_AUTH || err.code == CX_E_NOTFOUND)
        return refuse(request->diag); /* altered, or of a tenant that there is not */
    CX_TRY(err);
    CX_TRY(derive_all(cx_buf_view(&bytes), &state));
    *ret_state = state;
    return CX_OK;
}

cx_err oidc_state_use(struct store_tx *tx, const struct oidc_state *state, cx_time now_us)
{
    return challenge_use(tx, state->tenant_id, &state->challenge, now_us);
}
