#include "core/authentication/session.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "codec/http.h"
#include "core/access/access_store.h"
#include "core/access/freeze.h"
#include "core/access/rights_cache.h"
#include "core/authentication/session_store.h"
#include "core/client_certificate/client_certificate.h"
#include "core/core.h"
#include "crypto/hash.h"

enum { SESSION_ARENA_MAX = 16 * 1024 };

static bool is_session_bearer(struct cx_str authorization)
{
    struct cx_str text;
    return cx_is_ok(http_bearer(authorization, &text)) && cx_str_starts(text, CX_STR("cxs_"));
}

bool session_claimed(const struct session_head *head)
{
    struct cx_str value;
    if (head->authorization.len)
        return is_session_bearer(head->authorization);
    /* Two of that name are a claim too: it is refused as one. */
    return http_cookie(head->cookies, CX_STR(SESSION_COOKIE), &value).code != CX_E_NOTFOUND;
}

bool session_origin_is_ours(struct cx_str public_url, struct cx_str origin)
{
    if (cx_str_ends(public_url, CX_STR(":443"))) /* RFC 6454 §6.2: a browser leaves it out */
        public_url.len -= sizeof(":443") - 1;
    return origin.len != 0 && cx_str_eq(public_url, origin);
}

struct lookup {
    struct core *core;
    cx_time now_us;
    const struct access_secret *secret;
    bool bearer; /* how the secret came */
    struct arena *arena;
    bool found;
    struct session_row session;
    struct setting_values limits;
    struct user_row user;
    struct principal principal;
};

static void lookup_clear(struct lookup *lookup)
{
    access_principal_clear(&lookup->principal);
}

static bool is_valid(const struct lookup *lookup)
{
    uint8_t hash[ACCESS_HASH_LEN];
    if (!lookup->found || cx_failed(access_secret_hash(lookup->secret, hash)))
        return false;
    const struct session_row *session = &lookup->session;
    if (!crypto_ct_equal(CX_BYTES(hash, sizeof(hash)),
                         CX_BYTES(session->secret_hash, sizeof(session->secret_hash))))
        return false;
    return session->bearer == lookup->bearer &&
           session_is_open(session, &lookup->limits, lookup->now_us) &&
           lookup->user.state == USER_ACTIVE;
}

/* A session that began with a client certificate is over when that is revoked, or bound no longer. */
static cx_err certificate_holds(struct store_tx *tx, const struct lookup *lookup, bool *ret_holds)
{
    const struct session_row *session = &lookup->session;
    struct cx_id tenant_id = lookup->secret->tenant_id;
    struct client_binding_row binding;
    bool revoked = false;
    *ret_holds = true;
    if (cx_id_is_zero(session->client_binding_id))
        return CX_OK;
    cx_err err =
        client_binding_find(tx, tenant_id, session->client_binding_id, lookup->arena, &binding);
    *ret_holds = cx_is_ok(err);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(client_certificate_is_revoked(tx, tenant_id, session->client_sha256, lookup->arena,
                                         &revoked));
    *ret_holds = !revoked;
    return CX_OK;
}

/* The session itself, or who has it. */
static cx_err is_frozen(struct store_tx *tx, const struct lookup *lookup, bool *ret_frozen)
{
    struct cx_id tenant_id = lookup->secret->tenant_id;
    CX_TRY(access_is_frozen(tx, tenant_id, lookup->session.session_id, ret_frozen));
    return *ret_frozen ? CX_OK
                       : access_is_frozen(tx, tenant_id, lookup->session.user_id, ret_frozen);
}

static cx_err look_up(struct store_tx *tx, void *arg)
{
    struct lookup *lookup = arg;
    struct cx_id tenant_id = lookup->secret->tenant_id;
    bool holds = false, frozen = false;
    access_principal_clear(&lookup->principal); /* a closure may run again */
    cx_err err = session_find(tx, tenant_id, lookup->secret->id, lookup->arena, &lookup->session);
    lookup->found = cx_is_ok(err);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(setting_values_read(tx, tenant_id, &lookup->limits));
    CX_TRY(user_find(tx, tenant_id, lookup->session.user_id, lookup->arena, &lookup->user));
    if (!is_valid(lookup))
        return CX_OK;
    CX_TRY(is_frozen(tx, lookup, &frozen));
    if (frozen)
        return CX_OK;
    CX_TRY(certificate_holds(tx, lookup, &holds));
    if (!holds)
        return CX_OK;
    struct principal *principal = &lookup->principal;
    principal->tenant_id = tenant_id;
    principal->user_id = lookup->session.user_id;
    principal->session_id = lookup->session.session_id;
    principal->factor_us = lookup->session.factor_us;
    principal->factor_life_us =
        setting_us_at(&lookup->limits, SETTING_SESSION_FACTOR_AGE, lookup->now_us);
    CX_TRY(access_principal_load(lookup->core, tx, lookup->now_us, principal));
    principal->authenticated = true;
    return CX_OK;
}

struct touch {
    struct cx_id tenant_id, session_id;
    cx_time now_us;
};

static cx_err write_touch(struct store_tx *tx, void *arg)
{
    const struct touch *touch = arg;
    return session_touch(tx, touch->tenant_id, touch->session_id, touch->now_us);
}

/* The request is answered even when this fails: the session then ends a little early. */
static void note_use(struct core *core, struct cx_id tenant_id, const struct session_row *session,
                     cx_time now_us)
{
    struct touch touch = {tenant_id, session->session_id, now_us};
    if (now_us < session->last_used_us + SESSION_TOUCH_S * CX_US_PER_S)
        return;
    cx_err err = store_write(core->store, write_touch, &touch);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "use of a session not noted", NULL);
}

static cx_err refuse_invalid(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(AUTH), "", "session-invalid",
                     "The session is over. Log in again.");
}

static cx_err read_secret(const struct session_head *head, struct access_secret *ret_secret,
                          bool *ret_bearer)
{
    struct cx_str text;
    *ret_bearer = head->authorization.len != 0;
    CX_TRY(*ret_bearer ? http_bearer(head->authorization, &text)
                       : http_cookie(head->cookies, CX_STR(SESSION_COOKIE), &text));
    return access_secret_parse(ACCESS_SECRET_SESSION, text, ret_secret);
}

cx_err session_authenticate(struct core *core, const struct session_head *head, cx_time now_us,
                            struct cx_diag *diag, struct principal *ret_principal)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(SESSION_ARENA_MAX);
    CX_CLEANUP(access_secret_clear) struct access_secret secret = {0};
    CX_CLEANUP(lookup_clear)
    struct lookup lookup = {.core = core, .now_us = now_us, .secret = &secret, .arena = &arena};
    if (cx_failed(read_secret(head, &secret, &lookup.bearer)))
        return refuse_invalid(diag);
    if (!lookup.bearer && head->mutating &&
        !session_origin_is_ours(core->options.public_url, head->origin))
        return cx_refuse(diag, CX_ERR(DENIED), "Origin", "origin",
                         "A change by cookie comes from a page of this server only.");
    CX_TRY(store_read(core->store, look_up, &lookup));
    if (!lookup.principal.authenticated)
        return refuse_invalid(diag);
    note_use(core, secret.tenant_id, &lookup.session, now_us);
    *ret_principal = lookup.principal;
    lookup.principal = (struct principal){0};
    return CX_OK;
}

/* What a session without a second factor may do for whoever is privileged: see itself, end, and prove one. */
static bool needs_no_factor(enum permission permission)
{
    return permission == PERMISSION_ME_READ || permission == PERMISSION_SESSION_READ ||
           permission == PERMISSION_SESSION_REVOKE || permission == PERMISSION_SESSION_STEP_UP ||
           permission == PERMISSION_FACTOR_READ;
}

static bool is_privileged(const struct principal *principal)
{
    const struct access_held *held = NULL;
    size_t count = access_rights_held(principal->rights, &held);
    for (size_t i = 0; i < count; i++)
        if (access_is_privileged(&held[i].binding->permissions))
            return true;
    return false;
}

cx_err session_check_step_up(const struct principal *principal,
                             const struct api_operation *operation, cx_time now_us,
                             struct cx_diag *diag)
{
    if (cx_id_is_zero(principal->session_id))
        return CX_OK;
    if (principal->factor_us == 0 && !needs_no_factor(operation->permission) &&
        is_privileged(principal))
        return cx_refuse(diag, CX_ERR(DENIED), "", "second-factor-required",
                         "You have a privileged role, and this session began without a second "
                         "factor: prove one.");
    if (!operation->step_up || now_us < principal->factor_us + principal->factor_life_us)
        return CX_OK;
    return cx_refuse(diag, CX_ERR(DENIED), "", "step-up-required",
                     "This needs a fresh second factor: prove it again.");
}
