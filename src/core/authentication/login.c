/*
 * Logging in with a password and a second factor, a one-time code or the connection's client certificate, in one call, so
 * that there is no half-open state to steal and no answer that tells which of the two was right. An account that does not exist costs what one that does: a
 * hash over a verifier that nothing matches.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/http.h"
#include "core/access/access_store.h"
#include "core/access/credential.h"
#include "core/authentication/begin.h"
#include "core/authentication/factor_store.h"
#include "core/authentication/password_pool.h"
#include "core/authentication/password_rules.h"
#include "core/authentication/session.h"
#include "core/authentication/throttle.h"
#include "core/authentication/totp.h"
#include "core/client_certificate/client_certificate.h"
#include "core/field.h"
#include "crypto/hash.h"

/* A verifier of the right form whose password nobody knows: the hash is all zeros. */
static const char no_verifier[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

struct login {
    struct api_request *request;
    const struct api_login_password_in *in;
    struct cx_id tenant_id;
    struct cx_bytes email_index;
    struct cx_id account_id; /* when the account is a user id */
    struct access_secret device;
    bool has_device;
    /* read */
    bool found, device_valid;
    struct user_row user;
    struct factors factors;
    bool certified; /* the second factor is a certificate; else a code */
    struct client_certificate certificate;
    bool bound;
    struct client_binding_row binding;
    /* decided */
    struct throttle_keys keys;
    int64_t step;
    struct session_grant grant;
};

static void login_clear(struct login *login)
{
    access_secret_clear(&login->device);
}

static cx_err find_by_email(struct store_tx *tx, struct login *login, struct cx_id *ret_user_id)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT user_id FROM tenant_user WHERE tenant_id = $1 AND email_index = $2", &q));
    store_bind_id(q, 1, login->tenant_id);
    store_bind_bytes(q, 2, login->email_index);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    *ret_user_id = store_col_id(q, 0);
    return CX_OK;
}

static cx_err read_device(struct store_tx *tx, struct login *login)
{
    struct device_row device;
    uint8_t hash[ACCESS_HASH_LEN];
    cx_err err = device_find(tx, login->tenant_id, login->device.id, &device);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(access_secret_hash(&login->device, hash));
    login->device_valid = cx_id_eq(device.user_id, login->user.user_id) &&
                          login->request->now_us < device.expires_us &&
                          crypto_ct_equal(CX_BYTES(hash, sizeof(hash)),
                                          CX_BYTES(device.secret_hash, sizeof(device.secret_hash)));
    return CX_OK;
}

static cx_err read_binding(struct store_tx *tx, struct login *login)
{
    if (!login->certified)
        return CX_OK;
    cx_err err = client_certificate_binding(tx, login->tenant_id, &login->certificate,
                                            login->request->arena, &login->binding);
    login->bound = cx_is_ok(err) && cx_id_eq(login->binding.user_id, login->user.user_id);
    return err.code == CX_E_NOTFOUND ? CX_OK : err;
}

/* What is wrong with a certificate is said: it tells nothing of an account. Whose it is, is not. */
static cx_err read_certificate(struct login *login)
{
    struct api_request *request = login->request;
    if (login->in->has_code)
        return CX_OK;
    login->certified = true;
    if (request->client_certificate.len == 0)
        return cx_refuse(request->diag, CX_ERR(PARSE), "/code", "one-of",
                         "Give a code, or come with a client certificate to the listener that "
                         "asks for one.");
    CX_TRY(
        client_certificate_read(request->client_certificate, request->diag, &login->certificate));
    return client_certificate_verify(request->core, login->tenant_id, &login->certificate,
                                     request->arena, request->now_us, request->diag);
}

static cx_err read_account(struct store_tx *tx, void *arg)
{
    struct login *login = arg;
    struct cx_id user_id = login->account_id;
    login->found = login->device_valid = login->bound = false;
    cx_err err = login->email_index.len ? find_by_email(tx, login, &user_id) : CX_OK;
    if (cx_is_ok(err))
        err = user_find(tx, login->tenant_id, user_id, login->request->arena, &login->user);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    login->found = login->user.state == USER_ACTIVE;
    CX_TRY(factors_read(tx, login->tenant_id, user_id, login->request->arena, &login->factors));
    CX_TRY(read_binding(tx, login));
    return login->has_device ? read_device(tx, login) : CX_OK;
}

static cx_err find_account(struct login *login)
{
    struct api_request *request = login->request;
    struct cx_str cookie, account = login->in->account;
    CX_TRY(
        login_tenant(request, login->in->has_tenant_id, login->in->tenant_id, &login->tenant_id));
    CX_TRY(read_certificate(login));
    if (cx_failed(cx_id_parse(CX_ID_USER, account, &login->account_id)))
        CX_TRY(access_email_index(request->core, login->tenant_id, account, request->arena,
                                  &login->email_index));
    login->has_device =
        cx_is_ok(http_cookie(request->cookies, CX_STR(SESSION_DEVICE_COOKIE), &cookie)) &&
        cx_is_ok(access_secret_parse(ACCESS_SECRET_DEVICE, cookie, &login->device)) &&
        cx_id_eq(login->device.tenant_id, login->tenant_id);
    return store_read(request->core->store, read_account, login);
}

/* Who is known is counted under their id, so that address and id are one account. */
static cx_err make_keys(struct login *login)
{
    struct api_request *request = login->request;
    struct cx_id none = {{0}};
    struct cx_str account = login->in->account;
    if (login->found)
        CX_TRY(field_id_text(request->arena, CX_ID_USER, login->user.user_id, &account));
    return throttle_keys_make(request->core, login->tenant_id, account, request->source_address,
                              login->device_valid ? login->device.id : none, &login->keys);
}

static cx_err refuse_throttled(struct api_request *request, const struct throttle_verdict *verdict)
{
    request->refuse_status = 429;
    request->retry_after_s = (uint32_t)verdict->wait_s;
    return cx_refuse(request->diag, CX_ERR(LIMIT), "", "login-throttled",
                     "Too many attempts failed. Wait %lld s, or use a passkey.",
                     (long long)verdict->wait_s);
}

static cx_err check_password(struct login *login)
{
    struct api_request *request = login->request;
    CX_CLEANUP(cx_buf_clear) struct cx_buf password = CX_BUF_INIT(PASSWORD_BYTES_MAX);
    const char *verifier = no_verifier;
    char phc[CRYPTO_PHC_MAX];
    struct cx_bytes opened;
    struct field_place place = {login->tenant_id, "login_password", "verifier",
                                login->user.user_id};
    if (login->found && login->factors.has_password) {
        CX_TRY(field_open(request->core, place, login->factors.verifier, request->arena, &opened));
        if (opened.len >= sizeof(phc))
            return CX_ERR(STORE);
        memcpy(phc, opened.ptr, opened.len);
        phc[opened.len] = '\0';
        verifier = phc;
    }
    /* What could not have been set is not it; the time it takes is the same. */
    bool possible = cx_is_ok(password_normalise(login->in->password, NULL, &password));
    cx_err err = password_pool_verify(request->core->passwords, verifier, cx_buf_view(&password));
    return possible ? err : CX_ERR(AUTH);
}

static cx_err check_second(struct login *login)
{
    struct api_request *request = login->request;
    struct cx_bytes secret;
    if (login->certified)
        return login->found && login->bound ? CX_OK : CX_ERR(AUTH);
    struct field_place place = {login->tenant_id, "login_totp", "secret", login->user.user_id};
    if (!login->found || !login->factors.has_totp)
        return CX_ERR(AUTH);
    CX_TRY(field_open(request->core, place, login->factors.totp, request->arena, &secret));
    if (secret.len != TOTP_SECRET_LEN)
        return CX_ERR(STORE);
    return totp_match(secret.ptr, login->in->code, login->factors.last_step, request->now_us,
                      &login->step);
}

/* As it is now: a code that nobody used, a certificate that nobody revoked. */
static cx_err use_second(struct store_tx *tx, const struct login *login)
{
    const struct client_certificate *certificate = &login->certificate;
    bool revoked = false;
    if (!login->certified)
        return factor_totp_use(tx, login->tenant_id, login->user.user_id, login->step);
    CX_TRY(client_certificate_is_revoked(tx, login->tenant_id,
                                         CX_BYTES(certificate->sha256, sizeof(certificate->sha256)),
                                         login->request->arena, &revoked));
    return revoked ? CX_ERR(CONFLICT)
                   : client_binding_use(tx, login->tenant_id, login->binding.binding_id,
                                        login->request->now_us);
}

static cx_err write_login(struct store_tx *tx, void *arg)
{
    struct login *login = arg;
    struct user_row user;
    bool usable = false;
    CX_TRY(use_second(tx, login));
    CX_TRY(user_find(tx, login->tenant_id, login->user.user_id, login->request->arena, &user));
    CX_TRY(user_is_usable(tx, login->tenant_id, &user, &usable));
    if (!usable)
        return CX_ERR(CONFLICT);
    CX_TRY(throttle_forgive(tx, &login->keys));
    return session_grant_write(tx, &login->grant);
}

static void take_certificate(struct login *login)
{
    const struct client_certificate *certificate = &login->certificate;
    login->grant.method = API_LOGIN_METHOD_CLIENT_CERTIFICATE;
    login->grant.client_binding_id = login->binding.binding_id;
    login->grant.client_sha256 = CX_BYTES(certificate->sha256, sizeof(certificate->sha256));
}

static cx_err let_in(struct login *login, struct api_login_view *ret_view)
{
    struct api_request *request = login->request;
    struct cx_str session_text = CX_STR_NONE, bound = CX_STR_NONE, details = CX_STR_NONE;
    login->grant = (struct session_grant){.tenant_id = login->tenant_id,
                                          .user_id = login->user.user_id,
                                          .method = API_LOGIN_METHOD_PASSWORD_TOTP,
                                          .bearer = login->in->bearer,
                                          .device = !login->in->bearer && !login->device_valid};
    if (login->certified) {
        take_certificate(login);
        CX_TRY(field_id_text(request->arena, CX_ID_CLIENT_CERTIFICATE, login->binding.binding_id,
                             &bound));
    }
    CX_TRY(session_grant_prepare(request, &login->grant));
    CX_TRY(field_id_text(request->arena, CX_ID_SESSION, login->grant.session.session_id,
                         &session_text));
    struct field_detail list[] = {{"session", session_text},
                                  {"client_certificate", bound},
                                  {"source_address", request->source_address}};
    CX_TRY(field_details(request->arena, list, 3, &details));
    cx_err err =
        login_commit(request, login->tenant_id, login->user.user_id, details, write_login, login);
    if (err.code == CX_E_CONFLICT) /* the code, a moment ago, by somebody else */
        return login_refuse(request->diag);
    CX_TRY(err);
    return session_grant_answer(request, &login->grant, ret_view);
}

static cx_err decide(struct login *login, struct api_login_view *ret_view)
{
    struct api_request *request = login->request;
    struct throttle_verdict verdict;
    CX_TRY(find_account(login));
    CX_TRY(make_keys(login));
    CX_TRY(throttle_attempt(request->core, &login->keys, request->now_us, &verdict));
    if (!verdict.allowed)
        return refuse_throttled(request, &verdict);
    cx_err password = check_password(login), code = check_second(login);
    if (cx_failed(password) && password.code != CX_E_AUTH)
        return password;
    if (cx_failed(code) && code.code != CX_E_AUTH)
        return code;
    if (cx_is_ok(password) && cx_is_ok(code))
        return let_in(login, ret_view);
    struct cx_id nobody = {{0}};
    CX_TRY(login_record_failure(request, login->tenant_id,
                                login->found ? login->user.user_id : nobody,
                                !login->found      ? "no-such-account"
                                : login->certified ? "password-or-certificate"
                                                   : "password-or-code",
                                verdict.blocks ? throttle_kind_name(verdict.kind) : NULL));
    return login_refuse(request->diag);
}

cx_err handle_login_password(struct api_request *request, const struct api_login_password_in *in,
                             struct api_login_password_out *ret_out)
{
    CX_CLEANUP(login_clear) struct login login = {.request = request, .in = in, .step = -1};
    CX_TRY(login_check_origin(request, in->bearer));
    cx_err err = password_pool_enter(request->core->passwords, request->diag);
    if (cx_failed(err)) {
        request->retry_after_s = PASSWORD_RETRY_S;
        return err;
    }
    err = decide(&login, &ret_out->body);
    password_pool_leave(request->core->passwords);
    return err;
}
