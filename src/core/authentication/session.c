#include "core/authentication/session.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "codec/http.h"
#include "core/access/access_store.h"
#include "core/authentication/session_store.h"
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
    const struct access_secret *secret;
    struct arena *arena;
    bool found;
    struct session_row session;
    struct user_row user;
};

static cx_err look_up(struct store_tx *tx, void *arg)
{
    struct lookup *lookup = arg;
    cx_err err = session_find(tx, lookup->secret->tenant_id, lookup->secret->id, lookup->arena,
                              &lookup->session);
    lookup->found = cx_is_ok(err);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    return user_find(tx, lookup->secret->tenant_id, lookup->session.user_id, lookup->arena,
                     &lookup->user);
}

static bool is_valid(const struct lookup *lookup, bool bearer, cx_time now_us)
{
    uint8_t hash[ACCESS_HASH_LEN];
    if (!lookup->found || cx_failed(access_secret_hash(lookup->secret, hash)))
        return false;
    const struct session_row *session = &lookup->session;
    if (!crypto_ct_equal(CX_BYTES(hash, sizeof(hash)),
                         CX_BYTES(session->secret_hash, sizeof(session->secret_hash))))
        return false;
    return session->bearer == bearer && session_is_open(session, now_us) &&
           lookup->user.state == USER_ACTIVE;
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
    struct lookup lookup = {.secret = &secret, .arena = &arena};
    bool bearer = false;
    if (cx_failed(read_secret(head, &secret, &bearer)))
        return refuse_invalid(diag);
    if (!bearer && head->mutating &&
        !session_origin_is_ours(core->options.public_url, head->origin))
        return cx_refuse(diag, CX_ERR(DENIED), "Origin", "origin",
                         "A change by cookie comes from a page of this server only.");
    CX_TRY(store_read(core->store, look_up, &lookup));
    if (!is_valid(&lookup, bearer, now_us))
        return refuse_invalid(diag);
    note_use(core, secret.tenant_id, &lookup.session, now_us);
    *ret_principal = (struct principal){
        .tenant_id = secret.tenant_id,
        .user_id = lookup.session.user_id,
        .session_id = lookup.session.session_id,
        .factor_us = lookup.session.factor_us,
        .roles = lookup.session.roles & lookup.user.roles,
        .authenticated = true,
    };
    return CX_OK;
}

cx_err session_check_step_up(const struct principal *principal,
                             const struct api_operation *operation, cx_time now_us,
                             struct cx_diag *diag)
{
    if (!operation->step_up || cx_id_is_zero(principal->session_id) ||
        now_us < principal->factor_us + SESSION_FRESH_S * CX_US_PER_S)
        return CX_OK;
    return cx_refuse(diag, CX_ERR(DENIED), "", "step-up-required",
                     "This needs a second factor at most five minutes old: prove it again.");
}
