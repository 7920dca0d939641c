#include "core/federation/oidc_redeem.h"

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/http.h"
#include "core/field.h"
#include "outbound/client.h"

enum { CREDENTIALS_MAX = 6144 };

static void wipe_buf(struct cx_buf *buf)
{
    cx_wipe(buf->ptr, buf->len);
    cx_buf_clear(buf);
}

/* What another server sent is not the caller's malformed input: the login failed. */
static cx_err blame_provider(cx_err err, struct cx_diag *diag)
{
    switch (err.code) {
    case CX_E_PARSE:
    case CX_E_POLICY:
    case CX_E_LIMIT:
    case CX_E_NOTFOUND:
        if (diag->rule[0] == '\0')
            return cx_refuse(diag, CX_ERR(AUTH), "", "oidc-malformed",
                             "The identity provider's answer is malformed.");
        return CX_ERR(AUTH);
    default:
        return err;
    }
}

cx_err oidc_redirect_uri(const struct core *core, struct arena *arena, struct cx_str *ret_uri)
{
    return arena_printf(arena, ret_uri, "%.*s/v1/login/oidc/callback",
                        CX_STR_ARG(core->options.public_url));
}

static cx_err add_parameter(struct cx_buf *form, const char *name, struct cx_str value)
{
    CX_TRY(cx_buf_addf(form, "%s%s=", form->len ? "&" : "", name));
    return http_percent_encode(value, form);
}

static cx_err open_secret(struct api_request *request, const struct oidc_provider *provider,
                          struct cx_str *ret_secret)
{
    struct field_place place = {provider->tenant_id, "oidc_provider", "client_secret",
                                provider->provider_id};
    return field_open_text(request->core, place, provider->client_secret, request->arena,
                           ret_secret);
}

/* RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
static cx_err write_basic(const struct oidc_provider *provider, struct cx_str secret,
                          struct cx_buf *out)
{
    CX_CLEANUP(wipe_buf) struct cx_buf pair = CX_BUF_INIT(CREDENTIALS_MAX);
    CX_TRY(http_percent_encode(provider->client_id, &pair));
    CX_TRY(cx_buf_add_str(&pair, CX_STR(":")));
    CX_TRY(http_percent_encode(secret, &pair));
    CX_TRY(cx_buf_add_str(out, CX_STR("Basic ")));
    return base64_encode(cx_buf_view(&pair), out);
}

static cx_err write_form(struct api_request *request, const struct oidc_provider *provider,
                         const struct oidc_discovery *discovery, const struct oidc_state *state,
                         struct cx_str code, struct cx_buf *form, struct cx_buf *authorization)
{
    struct cx_str redirect = CX_STR_NONE, secret = CX_STR_NONE;
    CX_TRY(oidc_redirect_uri(request->core, request->arena, &redirect));
    CX_TRY(add_parameter(form, "grant_type", CX_STR("authorization_code")));
    CX_TRY(add_parameter(form, "code", code));
    CX_TRY(add_parameter(form, "redirect_uri", redirect));
    CX_TRY(add_parameter(form, "code_verifier", cx_str_from(state->verifier)));
    if (provider->has_secret)
        CX_TRY(open_secret(request, provider, &secret));
    if (provider->has_secret && !discovery->secret_in_body)
        return write_basic(provider, secret, authorization);
    CX_TRY(add_parameter(form, "client_id", provider->client_id));
    return provider->has_secret ? add_parameter(form, "client_secret", secret) : CX_OK;
}

static cx_err ask(struct api_request *request, const struct outbound_exchange *exchange,
                  uint16_t *ret_status, struct cx_buf *body)
{
    struct cx_diag why = CX_DIAG_INIT;
    cx_err err = outbound_exchange(request->core->outbound, exchange, &why, ret_status, body);
    if (cx_is_ok(err) || err.code == CX_E_NOMEM)
        return err;
    return cx_refuse(request->diag, CX_ERR(BUSY), "", "oidc-provider-unreachable",
                     "The identity provider does not answer as it should: %s.", why.text);
}

static cx_err redeem_code(struct api_request *request, const struct oidc_provider *provider,
                          const struct oidc_discovery *discovery, const struct oidc_state *state,
                          struct cx_str code, struct oidc_answer *ret_answer)
{
    CX_CLEANUP(wipe_buf) struct cx_buf form = CX_BUF_INIT(OUTBOUND_FORM_MAX);
    CX_CLEANUP(wipe_buf) struct cx_buf authorization = CX_BUF_INIT(2 * CREDENTIALS_MAX);
    CX_CLEANUP(wipe_buf) struct cx_buf body = CX_BUF_INIT(0);
    uint16_t status = 0;
    CX_TRY(write_form(request, provider, discovery, state, code, &form, &authorization));
    const struct outbound_exchange exchange = {
        .url = discovery->token_endpoint,
        .post = true,
        .form = cx_buf_view(&form),
        .authorization = {(const char *)authorization.ptr, authorization.len},
        .ca_pem = cx_str_bytes(provider->ca_pem),
        .body_max = OIDC_DOCUMENT_MAX,
        .timeout_ms = OIDC_TIMEOUT_MS};
    CX_TRY(ask(request, &exchange, &status, &body));
    if (status != 200)
        return cx_refuse(request->diag, CX_ERR(AUTH), "code", "oidc-code",
                         "The identity provider does not take the code (%u).", status);
    return oidc_answer_parse(cx_buf_view(&body), request->arena, request->diag, ret_answer);
}

/* A key that is not there may be new. */
static cx_err verify(struct api_request *request, const struct oidc_provider *provider,
                     const struct oidc_discovery *discovery, const struct jws *token)
{
    struct oidc_keys keys;
    CX_TRY(oidc_cache_keys(request->core, provider, discovery, false, request->now_us,
                           request->arena, request->diag, &keys));
    cx_err err = oidc_verify(token, &keys, request->diag);
    if (err.code != CX_E_NOTFOUND)
        return err;
    CX_TRY(oidc_cache_keys(request->core, provider, discovery, true, request->now_us,
                           request->arena, request->diag, &keys));
    return oidc_verify(token, &keys, request->diag);
}

static cx_err read_userinfo(struct api_request *request, const struct oidc_provider *provider,
                            const struct oidc_discovery *discovery, struct cx_str access_token,
                            struct oidc_claims *claims)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(0);
    struct cx_str authorization = CX_STR_NONE;
    struct oidc_claims more;
    uint16_t status = 0;
    if (!provider->userinfo)
        return CX_OK;
    CX_TRY(arena_printf(request->arena, &authorization, "Bearer %.*s", CX_STR_ARG(access_token)));
    const struct outbound_exchange exchange = {.url = discovery->userinfo_endpoint,
                                               .authorization = authorization,
                                               .ca_pem = cx_str_bytes(provider->ca_pem),
                                               .body_max = OIDC_DOCUMENT_MAX,
                                               .timeout_ms = OIDC_TIMEOUT_MS};
    CX_TRY(ask(request, &exchange, &status, &body));
    if (status != 200)
        return cx_refuse(request->diag, CX_ERR(AUTH), "", "oidc-userinfo",
                         "The identity provider gives no userinfo (%u).", status);
    CX_TRY(oidc_userinfo_parse(cx_buf_view(&body), provider->groups_claim, request->arena,
                               request->diag, &more));
    /* OpenID Connect Core §5.3.2: another sub means that the answer MUST NOT be used. */
    if (!cx_str_eq(more.subject, claims->subject))
        return cx_refuse(request->diag, CX_ERR(AUTH), "", "oidc-userinfo-subject",
                         "The identity provider's userinfo is of somebody else.");
    if (more.groups.count)
        claims->groups = more.groups;
    if (more.name.len)
        claims->name = more.name;
    return CX_OK;
}

static cx_err redeem(struct api_request *request, const struct oidc_provider *provider,
                     const struct oidc_discovery *discovery, const struct oidc_state *state,
                     struct cx_str code, struct oidc_claims *ret_claims)
{
    struct oidc_answer answer = {.id_token = CX_STR_NONE};
    struct oidc_claims claims;
    struct jws token;
    CX_TRY(redeem_code(request, provider, discovery, state, code, &answer));
    CX_TRY(jws_compact_parse(answer.id_token, request->arena, request->diag, &token));
    CX_TRY(verify(request, provider, discovery, &token));
    CX_TRY(oidc_claims_parse(token.payload, provider->groups_claim, request->arena, request->diag,
                             &claims));
    const struct oidc_expected expected = {.issuer = provider->issuer,
                                           .client_id = provider->client_id,
                                           .nonce = cx_str_from(state->nonce),
                                           .access_token = answer.access_token,
                                           .now_us = request->now_us,
                                           .fresh = state->fresh};
    CX_TRY(oidc_check(&token, &claims, &expected, request->diag));
    CX_TRY(read_userinfo(request, provider, discovery, answer.access_token, &claims));
    *ret_claims = claims;
    return CX_OK;
}

cx_err oidc_redeem(struct api_request *request, const struct oidc_provider *provider,
                   const struct oidc_discovery *discovery, const struct oidc_state *state,
                   struct cx_str code, struct oidc_claims *ret_claims)
{
    return blame_provider(redeem(request, provider, discovery, state, code, ret_claims),
                          request->diag);
}
