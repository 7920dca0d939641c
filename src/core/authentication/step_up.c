/*
 * Proving a factor again inside a session. The session gets a new secret with it, so that who copied the old one has
 * nothing. A guessed code counts like a guessed login.
 */
#include "api_routes.h"
#include "core/access/access_store.h"
#include "core/authentication/begin.h"
#include "core/authentication/passkey.h"
#include "core/authentication/throttle.h"
#include "core/authentication/totp.h"
#include "core/field.h"

struct step_up {
    struct api_request *request;
    const struct api_session_step_up_in *in;
    struct session_row session;
    struct factors factors;
    struct throttle_keys keys;
    struct passkey_proof proof;
    int64_t step;
    struct session_grant grant;
};

static cx_err read_state(struct store_tx *tx, void *arg)
{
    struct step_up *up = arg;
    const struct principal *me = &up->request->principal;
    CX_TRY(session_find(tx, me->tenant_id, me->session_id, up->request->arena, &up->session));
    return factors_read(tx, me->tenant_id, me->user_id, up->request->arena, &up->factors);
}

static cx_err check_code(struct step_up *up)
{
    struct api_request *request = up->request;
    const struct principal *me = &request->principal;
    struct field_place place = {me->tenant_id, "login_totp", "secret", me->user_id};
    struct throttle_verdict verdict;
    struct cx_bytes secret;
    struct cx_str account = CX_STR_NONE;
    CX_TRY(field_id_text(request->arena, CX_ID_USER, me->user_id, &account));
    CX_TRY(throttle_keys_make(request->core, me->tenant_id, account, request->source_address,
                              me->session_id, &up->keys));
    CX_TRY(throttle_attempt(request->core, &up->keys, request->now_us, &verdict));
    if (!verdict.allowed) {
        request->refuse_status = 429;
        request->retry_after_s = (uint32_t)verdict.wait_s;
        return cx_refuse(request->diag, CX_ERR(LIMIT), "/code", "login-throttled",
                         "Too many codes were wrong. Wait %lld s, or use a passkey.",
                         (long long)verdict.wait_s);
    }
    cx_err err = CX_ERR(AUTH);
    if (up->factors.has_totp) {
        CX_TRY(field_open(request->core, place, up->factors.totp, request->arena, &secret));
        if (secret.len != TOTP_SECRET_LEN)
            return CX_ERR(STORE);
        err =
            totp_match(secret.ptr, up->in->code, up->factors.last_step, request->now_us, &up->step);
    }
    if (err.code != CX_E_AUTH)
        return err;
    CX_TRY(login_record_failure(request, me->tenant_id, me->user_id, "code",
                                verdict.blocks ? throttle_kind_name(verdict.kind) : NULL));
    return login_refuse(request->diag);
}

static cx_err check_passkey(struct step_up *up)
{
    struct api_request *request = up->request;
    const struct principal *me = &request->principal;
    cx_err err = passkey_verify(request, me->tenant_id, me->user_id, &up->in->passkey, &up->proof);
    if (err.code == CX_E_AUTH && up->proof.found)
        CX_TRY(
            login_record_failure(request, me->tenant_id, me->user_id, request->diag->rule, NULL));
    return err;
}

static cx_err write_step_up(struct store_tx *tx, void *arg)
{
    struct step_up *up = arg;
    const struct principal *me = &up->request->principal;
    if (up->in->has_passkey)
        CX_TRY(passkey_proof_use(tx, &up->proof, up->request->now_us));
    else
        CX_TRY(factor_totp_use(tx, me->tenant_id, me->user_id, up->step));
    CX_TRY(throttle_forgive(tx, &up->keys));
    return session_grant_write(tx, &up->grant);
}

cx_err handle_session_step_up(struct api_request *request, const struct api_session_step_up_in *in,
                              struct api_session_step_up_out *ret_out)
{
    const struct principal *me = &request->principal;
    struct step_up up = {.request = request, .in = in};
    if (cx_id_is_zero(me->session_id))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "", "session-needed",
                         "A token has no session to step up: log in.");
    if (in->has_code == in->has_passkey)
        return cx_refuse(request->diag, CX_ERR(PARSE), "/code", "one-of",
                         "Give either code or passkey.");
    CX_TRY(store_read(request->core->store, read_state, &up));
    CX_TRY(in->has_passkey ? check_passkey(&up) : check_code(&up));
    up.grant = (struct session_grant){.tenant_id = me->tenant_id,
                                      .user_id = me->user_id,
                                      .method = in->has_passkey ? API_LOGIN_METHOD_PASSKEY
                                                                : API_LOGIN_METHOD_PASSWORD_TOTP,
                                      .bearer = up.session.bearer,
                                      .session_id = me->session_id};
    CX_TRY(session_grant_prepare(request, &up.grant));
    struct audit_event event = {.object_type = CX_ID_SESSION, .object_id = me->session_id};
    cx_err err = api_commit(request, &event, write_step_up, &up);
    if (err.code == CX_E_CONFLICT) /* the code or the challenge counted a moment ago */
        return login_refuse(request->diag);
    CX_TRY(err);
    up.grant.session.created_us = up.session.created_us;
    up.grant.session.expires_us = up.session.expires_us;
    return session_grant_answer(request, &up.grant, &ret_out->body);
}
