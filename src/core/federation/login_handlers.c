/*
 * Logging in through an OpenID Connect provider: begin, the page that the provider leads back to, finish. Whatever the
 * provider says of an address, it is issuer and subject that say who somebody is (docs/design/076-federation.md).
 */
#include "api_routes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "codec/base64.h"
#include "codec/http.h"
#include "core/access/access_store.h"
#include "core/access/credential.h"
#include "core/authentication/begin.h"
#include "core/authentication/session.h"
#include "core/change/change.h"
#include "core/federation/grants.h"
#include "core/federation/identity.h"
#include "core/federation/oidc_redeem.h"
#include "core/field.h"
#include "core/setting/setting.h"
#include "crypto/hash.h"

enum { NAME_MAX = 100 };

/* The script is the whole page's purpose; its hash is in the policy, so that nothing else runs there. */
static const char page_script[] =
    "const q=new URLSearchParams(location.search),d={};"
    "for(const k of['code','state','iss','error'])if(q.has(k))d[k]=q.get(k);"
    "const say=t=>{document.getElementById('say').textContent=t};"
    "fetch('/v1/login/oidc',{method:'POST',headers:{'Content-Type':'application/json'},"
    "body:JSON.stringify(d)}).then(async r=>{if(r.ok)location.replace('/');"
    "else say((await r.json()).detail||'The login failed.')})"
    ".catch(()=>say('The server did not answer.'));";

/* ---- begin ---- */

struct starting {
    struct api_request *request;
    const struct api_login_oidc_start_in *in;
    struct cx_id tenant_id;
    struct oidc_provider provider;
};

static cx_err read_by_name(struct store_tx *tx, void *arg)
{
    struct starting *s = arg;
    return oidc_provider_by_name(tx, s->tenant_id, s->in->provider, s->request->arena,
                                 &s->provider);
}

static cx_err refuse_provider(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(AUTH), "provider", "oidc-provider-unknown",
                     "There is no such identity provider here.");
}

static cx_err add_parameter(struct cx_buf *url, const char *name, struct cx_str value)
{
    CX_TRY(cx_buf_addf(url, "&%s=", name));
    return http_percent_encode(value, url);
}

static cx_err write_url(struct api_request *request, const struct oidc_provider *provider,
                        const struct oidc_discovery *discovery, const struct oidc_state *state,
                        struct cx_str *ret_url)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf url = CX_BUF_INIT(8192);
    struct cx_str redirect = CX_STR_NONE, scope = CX_STR_NONE;
    struct cx_str endpoint = discovery->authorization_endpoint;
    bool has_query = memchr(endpoint.ptr, '?', endpoint.len) != NULL;
    CX_TRY(oidc_redirect_uri(request->core, request->arena, &redirect));
    CX_TRY(arena_printf(request->arena, &scope, "openid%s%.*s", provider->scopes.len ? " " : "",
                        CX_STR_ARG(provider->scopes)));
    CX_TRY(
        cx_buf_addf(&url, "%.*s%sresponse_type=code", CX_STR_ARG(endpoint), has_query ? "&" : "?"));
    CX_TRY(add_parameter(&url, "client_id", provider->client_id));
    CX_TRY(add_parameter(&url, "redirect_uri", redirect));
    CX_TRY(add_parameter(&url, "scope", scope));
    CX_TRY(add_parameter(&url, "state", cx_str_from(state->state)));
    CX_TRY(add_parameter(&url, "nonce", cx_str_from(state->nonce)));
    CX_TRY(add_parameter(&url, "code_challenge", cx_str_from(state->code_challenge)));
    CX_TRY(add_parameter(&url, "code_challenge_method", CX_STR("S256")));
    if (provider->factor_acr.len)
        CX_TRY(add_parameter(&url, "acr_values", provider->factor_acr));
    if (state->fresh)
        CX_TRY(cx_buf_add_str(&url, CX_STR("&prompt=login&max_age=0")));
    return arena_copy_str(request->arena, (struct cx_str){(const char *)url.ptr, url.len}, ret_url);
}

cx_err handle_login_oidc_start(struct api_request *request,
                               const struct api_login_oidc_start_in *in,
                               struct api_login_oidc_start_out *ret_out)
{
    struct starting s = {.request = request, .in = in};
    struct oidc_discovery discovery;
    struct api_login_oidc_start_view view = {.expires = 0};
    CX_TRY(login_check_origin(request, false));
    CX_TRY(login_tenant(request, in->has_tenant_id, in->tenant_id, &s.tenant_id));
    cx_err err = store_read(request->core->store, read_by_name, &s);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && !s.provider.active))
        return refuse_provider(request->diag);
    CX_TRY(err);
    err = oidc_cache_discovery(request->core, &s.provider, request->now_us, request->arena,
                               request->diag, &discovery);
    if (err.code == CX_E_PARSE || err.code == CX_E_POLICY || err.code == CX_E_LIMIT)
        return CX_ERR(AUTH); /* the provider's fault; the diagnostic says what it is */
    CX_TRY(err);
    struct oidc_state state = {
        .tenant_id = s.tenant_id, .provider_id = s.provider.provider_id, .fresh = in->fresh};
    CX_TRY(oidc_state_begin(request, &state, &view.expires));
    CX_TRY(write_url(request, &s.provider, &discovery, &state, &view.authorization_url));
    ret_out->body = view;
    return CX_OK;
}

/* ---- the page ---- */

cx_err handle_login_oidc_callback(struct api_request *request,
                                  const struct api_login_oidc_callback_in *in,
                                  struct api_login_oidc_callback_out *ret_out)
{
    struct api_raw raw = {.content_type = "text/html; charset=utf-8"};
    CX_CLEANUP(cx_buf_clear) struct cx_buf hash = CX_BUF_INIT(64);
    struct cx_str page = CX_STR_NONE, policy = CX_STR_NONE;
    uint8_t digest[CRYPTO_SHA256_LEN];
    (void)in; /* it stays in the browser */
    CX_TRY(crypto_sha256(cx_str_bytes(cx_str_from(page_script)), digest));
    CX_TRY(base64_encode(CX_BYTES(digest, sizeof(digest)), &hash));
    CX_TRY(arena_printf(request->arena, &policy,
                        "default-src 'none'; connect-src 'self'; base-uri 'none'; "
                        "frame-ancestors 'none'; script-src 'sha256-%.*s'",
                        (int)hash.len, (const char *)hash.ptr));
    CX_TRY(arena_printf(request->arena, &page,
                        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                        "<title>Logging in</title><p id=\"say\">Logging in …</p>"
                        "<script>%s</script></html>\n",
                        page_script));
    raw.body = cx_str_bytes(page);
    raw.headers[raw.header_count++] = (struct api_header){"Content-Security-Policy", policy};
    raw.headers[raw.header_count++] = (struct api_header){"Referrer-Policy", CX_STR("no-referrer")};
    ret_out->raw = raw;
    return CX_OK;
}

/* ---- finish ---- */

struct finishing {
    struct api_request *request;
    const struct api_login_oidc_in *in;
    struct oidc_state state;
    struct oidc_provider provider;
    struct oidc_claims claims;
    struct cx_bytes subject_index;
    bool known;
    struct oidc_identity identity;
    struct user_row user;
    struct cx_id user_id;
    struct row_tenant_user made_user;
    struct row_oidc_identity made_identity;
    struct oidc_grants grants;
    struct session_grant session;
};

static cx_err read_provider(struct store_tx *tx, void *arg)
{
    struct finishing *f = arg;
    return oidc_provider_find(tx, f->state.tenant_id, f->state.provider_id, f->request->arena,
                              &f->provider);
}

static cx_err use_state(struct store_tx *tx, void *arg)
{
    struct finishing *f = arg;
    return oidc_state_use(tx, &f->state, f->request->now_us);
}

/* The state is used up before anything is asked of the provider, whatever comes of it. */
static cx_err take_state(struct finishing *f)
{
    struct api_request *request = f->request;
    cx_err err = store_write(request->core->store, use_state, f);
    return err.code == CX_E_CONFLICT
               ? cx_refuse(request->diag, CX_ERR(AUTH), "state", "oidc-state",
                           "This login was finished, or tried, before. Begin again.")
               : err;
}

static cx_err check_answer(struct finishing *f, const struct oidc_discovery *discovery)
{
    struct api_request *request = f->request;
    bool wrong =
        f->in->has_iss ? !cx_str_eq(f->in->iss, f->provider.issuer) : discovery->issuer_parameter;
    if (wrong) /* RFC 9207 §2.4 */
        return cx_refuse(request->diag, CX_ERR(AUTH), "iss", "oidc-iss",
                         "The answer is another identity provider's.");
    if (f->in->has_error || !f->in->has_code)
        return cx_refuse(request->diag, CX_ERR(AUTH), "error", "oidc-provider-error",
                         "The identity provider let nobody in.");
    return CX_OK;
}

static cx_err ask_provider(struct finishing *f)
{
    struct api_request *request = f->request;
    struct oidc_discovery discovery;
    cx_err err = store_read(request->core->store, read_provider, f);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && !f->provider.active))
        return refuse_provider(request->diag);
    CX_TRY(err);
    CX_TRY(take_state(f));
    err = oidc_cache_discovery(request->core, &f->provider, request->now_us, request->arena,
                               request->diag, &discovery);
    if (err.code == CX_E_PARSE || err.code == CX_E_POLICY || err.code == CX_E_LIMIT)
        return CX_ERR(AUTH);
    CX_TRY(err);
    CX_TRY(check_answer(f, &discovery));
    return oidc_redeem(request, &f->provider, &discovery, &f->state, f->in->code, &f->claims);
}

static cx_err read_identity(struct store_tx *tx, void *arg)
{
    struct finishing *f = arg;
    cx_err err = oidc_identity_by_subject(tx, f->state.tenant_id, f->subject_index,
                                          f->request->arena, &f->identity);
    f->known = cx_is_ok(err);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    return user_find(tx, f->state.tenant_id, f->identity.user_id, f->request->arena, &f->user);
}

/* What a provider calls somebody is text of theirs: cut, and only when it is one line. */
static struct cx_str display_name(const struct finishing *f)
{
    struct cx_str name = f->claims.name.len ? f->claims.name : f->claims.subject;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f)
            return f->provider.name;
    while (name.len > NAME_MAX || (name.len && (name.ptr[name.len - 1] & 0xc0) == 0x80))
        name.len--;
    if (name.len && (unsigned char)name.ptr[name.len - 1] >= 0xc0)
        name.len--; /* a character that was cut */
    return name.len ? name : f->provider.name;
}

static cx_err make_user(struct finishing *f)
{
    struct api_request *request = f->request;
    if (!f->provider.provision)
        return cx_refuse(request->diag, CX_ERR(AUTH), "", "oidc-user-unknown",
                         "Nobody here is known by this login. Ask an administrator.");
    CX_TRY(access_user_make(request->core, f->state.tenant_id, display_name(f), CX_STR(""),
                            request->now_us, request->arena, &f->made_user));
    f->made_user.state = cx_str_from(user_state_name(USER_ACTIVE));
    f->user_id = f->made_user.user_id;
    return oidc_identity_make(request, &f->provider, f->claims.subject, f->user_id,
                              (struct cx_id){{0}}, &f->made_identity);
}

static cx_err find_user(struct finishing *f)
{
    struct api_request *request = f->request;
    CX_TRY(oidc_subject_index(request, &f->provider, f->claims.subject, &f->subject_index));
    CX_TRY(store_read(request->core->store, read_identity, f));
    if (!f->known)
        return make_user(f);
    f->user_id = f->identity.user_id;
    return f->user.state == USER_DISABLED
               ? cx_refuse(request->diag, CX_ERR(AUTH), "", "oidc-user-disabled",
                           "This user is disabled.")
               : CX_OK;
}

static bool lists(struct cx_str words, struct cx_str word)
{
    size_t start = 0;
    for (size_t i = 0; i <= words.len; i++) {
        if (i < words.len && words.ptr[i] != ' ')
            continue;
        if (i > start && cx_str_eq((struct cx_str){words.ptr + start, i - start}, word))
            return true;
        start = i + 1;
    }
    return false;
}

/* When a second factor was proved, as the provider's settings have it; 0: it was not. A provider that does not say when
 * proved nothing fresh. */
static cx_time factor_time(const struct finishing *f)
{
    cx_time now_us = f->request->now_us, at_us = f->claims.auth_s * CX_US_PER_S;
    bool proved = f->claims.acr.len && lists(f->provider.factor_acr, f->claims.acr);
    for (size_t i = 0; i < f->claims.amr.count && !proved; i++)
        proved = lists(f->provider.factor_amr, f->claims.amr.items[i]);
    if (!proved)
        return 0;
    if (!f->claims.auth_s)
        return now_us - setting_of(SETTING_SESSION_FACTOR_AGE)->maximum * CX_US_PER_S;
    return at_us < now_us ? at_us : now_us;
}

static cx_err write_user(struct store_tx *tx, const struct finishing *f)
{
    cx_time now_us = f->request->now_us;
    struct cx_id tenant_id = f->state.tenant_id;
    struct user_row user;
    if (!f->known) {
        CX_TRY(row_tenant_user_insert(tx, &f->made_user));
        CX_TRY(change_note_id(tx, tenant_id, CHANGE_USER, f->made_user.user_id));
        CX_TRY(row_oidc_identity_insert(tx, &f->made_identity));
        return oidc_identity_note_login(tx, tenant_id, f->made_identity.identity_id, now_us);
    }
    CX_TRY(oidc_identity_note_login(tx, tenant_id, f->identity.identity_id, now_us));
    CX_TRY(user_find(tx, tenant_id, f->user_id, f->request->arena, &user));
    if (user.state == USER_INVITED)
        return user_set_state(tx, tenant_id, f->user_id, USER_INVITED, USER_ACTIVE, now_us);
    bool usable = false;
    CX_TRY(user_is_usable(tx, tenant_id, &user, &usable));
    return usable ? CX_OK : CX_ERR(CONFLICT);
}

static cx_err write_login(struct store_tx *tx, void *arg)
{
    struct finishing *f = arg;
    CX_TRY(write_user(tx, f));
    CX_TRY(oidc_grants_write(tx, f->request, &f->grants));
    return session_grant_write(tx, &f->session);
}

/* The login stands, whatever becomes of the alert. */
static cx_err say_kept(const struct finishing *f)
{
    if (!f->grants.kept_last)
        return CX_OK;
    cx_err err = oidc_grants_say_kept(f->request, f->state.tenant_id, f->provider.provider_id);
    if (cx_failed(err))
        cx_log_err(CX_LOG_ERROR, err, "the last administrator's role was kept, and nobody was told",
                   NULL);
    return CX_OK;
}

static cx_err write_taking(struct store_tx *tx, void *arg)
{
    struct finishing *f = arg;
    return oidc_grants_write(tx, f->request, &f->grants);
}

/* The login is refused, and nothing is given; what the provider took away is taken all the same. */
static cx_err take_only(struct finishing *f)
{
    struct api_request *request = f->request;
    struct principal actor = {.tenant_id = f->state.tenant_id, .user_id = f->user_id};
    struct field_detail details[] = {{"reason", cx_str_from(request->diag->rule)},
                                     {"source_address", request->source_address}};
    struct audit_event event = {.action = request->operation->audit,
                                .outcome = AUDIT_DENIED,
                                .tenant_id = f->state.tenant_id,
                                .actor = &actor,
                                .request_id = request->request_id,
                                .object_type = CX_ID_USER,
                                .object_id = f->user_id};
    f->grants.only_take = true;
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    if (!f->known)
        return CX_OK;
    CX_TRY(audit_commit(request->core, &event, write_taking, f));
    return say_kept(f);
}

static cx_err let_in(struct finishing *f, struct api_login_view *ret_view)
{
    struct api_request *request = f->request;
    struct cx_str session = CX_STR_NONE, given = CX_STR_NONE, details = CX_STR_NONE;
    struct cx_str withheld = CX_STR_NONE;
    f->session = (struct session_grant){.tenant_id = f->state.tenant_id,
                                        .user_id = f->user_id,
                                        .method = API_LOGIN_METHOD_OIDC,
                                        .elsewhere = true,
                                        .factor_us = factor_time(f),
                                        .provider_id = f->provider.provider_id};
    CX_TRY(session_grant_prepare(request, &f->session));
    CX_TRY(oidc_grants_prepare(request, &f->provider, f->user_id, &f->claims.groups, &f->grants));
    CX_TRY(oidc_grants_text(&f->grants, false, request->arena, &given));
    CX_TRY(oidc_grants_text(&f->grants, true, request->arena, &withheld));
    CX_TRY(field_id_text(request->arena, CX_ID_SESSION, f->session.session.session_id, &session));
    struct field_detail list[] = {{"session", session},
                                  {"provider", f->provider.name},
                                  {"rules_give", given},
                                  {"withheld", withheld},
                                  {"source_address", request->source_address}};
    CX_TRY(field_details(request->arena, list, CX_COUNT_OF(list), &details));
    cx_err err = login_commit(request, f->state.tenant_id, f->user_id, details, write_login, f);
    if (err.code == CX_E_POLICY)
        CX_TRY(take_only(f));
    if (err.code == CX_E_CONFLICT) /* disabled, or made, by somebody else a moment ago */
        return cx_refuse(request->diag, CX_ERR(AUTH), "", "oidc-state", "Begin again.");
    CX_TRY(err);
    CX_TRY(say_kept(f));
    CX_TRY(oidc_state_forget(request));
    return session_grant_answer(request, &f->session, ret_view);
}

cx_err handle_login_oidc(struct api_request *request, const struct api_login_oidc_in *in,
                         struct api_login_oidc_out *ret_out)
{
    struct finishing f = {.request = request, .in = in};
    struct cx_id nobody = {{0}};
    CX_TRY(login_check_origin(request, false));
    CX_TRY(oidc_state_read(request, &f.state));
    cx_err err = CX_OK;
    if (!crypto_ct_equal(cx_str_bytes(in->state), CX_BYTES(f.state.state, OIDC_SECRET_TEXT_LEN)))
        err = cx_refuse(request->diag, CX_ERR(AUTH), "state", "oidc-state",
                        "This browser began no such login. Begin again.");
    if (cx_is_ok(err))
        err = ask_provider(&f);
    if (cx_is_ok(err))
        err = find_user(&f);
    if (err.code == CX_E_AUTH)
        CX_TRY(login_record_failure(request, f.state.tenant_id, f.known ? f.user_id : nobody,
                                    request->diag->rule, NULL));
    CX_TRY(err);
    return let_in(&f, &ret_out->body);
}
