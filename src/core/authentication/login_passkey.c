/* Logging in with a passkey alone: it is possession and, by user verification, knowledge or inherence (AAL2). */
#include "api_routes.h"
#include "core/access/access_store.h"
#include "core/authentication/begin.h"
#include "core/authentication/passkey.h"
#include "core/authentication/session.h"
#include "core/field.h"

cx_err handle_login_passkey_options(struct api_request *request,
                                    const struct api_login_passkey_options_in *in,
                                    struct api_login_passkey_options_out *ret_out)
{
    struct challenge_scope scope = {.purpose = CHALLENGE_LOGIN};
    struct webauthn_party party;
    CX_TRY(login_tenant(request, in->has_tenant_id, in->tenant_id, &scope.tenant_id));
    CX_TRY(webauthn_party_of(request->core->options.public_url, request->arena, &party));
    CX_TRY(challenge_make(request->core, &scope, request->now_us, request->arena,
                          &ret_out->body.challenge, &ret_out->body.expires));
    ret_out->body.rp_id = party.rp_id;
    return CX_OK;
}

struct login {
    struct api_request *request;
    struct passkey_proof proof;
    struct session_grant grant;
};

static cx_err write_login(struct store_tx *tx, void *arg)
{
    struct login *login = arg;
    struct user_row user;
    bool usable = false;
    CX_TRY(user_find(tx, login->proof.tenant_id, login->proof.passkey.user_id,
                     login->request->arena, &user));
    CX_TRY(user_is_usable(tx, login->proof.tenant_id, &user, &usable));
    if (!usable)
        return CX_ERR(CONFLICT);
    CX_TRY(passkey_proof_use(tx, &login->proof, login->request->now_us));
    return session_grant_write(tx, &login->grant);
}

static cx_err let_in(struct login *login, bool bearer, struct api_login_view *ret_view)
{
    struct api_request *request = login->request;
    struct cx_id user_id = login->proof.passkey.user_id;
    struct cx_str session_text = CX_STR_NONE, passkey_text = CX_STR_NONE, details = CX_STR_NONE;
    login->grant = (struct session_grant){.tenant_id = login->proof.tenant_id,
                                          .user_id = user_id,
                                          .method = API_LOGIN_METHOD_PASSKEY,
                                          .bearer = bearer,
                                          .device = !bearer};
    CX_TRY(session_grant_prepare(request, &login->grant));
    CX_TRY(field_id_text(request->arena, CX_ID_SESSION, login->grant.session.session_id,
                         &session_text));
    CX_TRY(field_id_text(request->arena, CX_ID_PASSKEY, login->proof.passkey.passkey_id,
                         &passkey_text));
    struct field_detail list[] = {{"session", session_text},
                                  {"passkey", passkey_text},
                                  {"source_address", request->source_address}};
    CX_TRY(field_details(request->arena, list, 3, &details));
    cx_err err =
        login_commit(request, login->proof.tenant_id, user_id, details, write_login, login);
    if (err.code == CX_E_CONFLICT) /* the challenge was answered before, or the user is disabled */
        return login_refuse(request->diag);
    CX_TRY(err);
    return session_grant_answer(request, &login->grant, ret_view);
}

cx_err handle_login_passkey(struct api_request *request, const struct api_login_passkey_in *in,
                            struct api_login_passkey_out *ret_out)
{
    struct login login = {.request = request};
    struct cx_id tenant_id;
    CX_TRY(login_check_origin(request, in->bearer));
    CX_TRY(login_tenant(request, in->has_tenant_id, in->tenant_id, &tenant_id));
    cx_err err =
        passkey_verify(request, tenant_id, (struct cx_id){{0}}, &in->passkey, &login.proof);
    if (cx_is_ok(err))
        return let_in(&login, in->bearer, &ret_out->body);
    /* A stranger's noise is not worth an entry; somebody's own passkey that does not hold is. */
    if (err.code == CX_E_AUTH && login.proof.found)
        CX_TRY(login_record_failure(request, tenant_id, login.proof.passkey.user_id,
                                    request->diag->rule, NULL));
    return err;
}
