/* Registering and removing passkeys, and removing all factors of somebody who lost theirs. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "core/access/view.h"
#include "core/authentication/factor_rights.h"
#include "core/authentication/passkey.h"
#include "core/authentication/session_store.h"
#include "core/field.h"
#include "crypto/hash.h"

struct mine {
    struct api_request *request;
    struct factors factors;
    struct user_row user;
};

static cx_err read_mine(struct store_tx *tx, void *arg)
{
    struct mine *mine = arg;
    const struct principal *me = &mine->request->principal;
    CX_TRY(user_find(tx, me->tenant_id, me->user_id, mine->request->arena, &mine->user));
    return factors_read(tx, me->tenant_id, me->user_id, mine->request->arena, &mine->factors);
}

static cx_err encode(struct api_request *request, struct cx_bytes bytes, struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(base64url_len(bytes.len));
    CX_TRY(base64url_encode(bytes, &out));
    return arena_copy_str(request->arena, (struct cx_str){(const char *)out.ptr, out.len},
                          ret_text);
}

static cx_err show_factors(struct api_request *request, struct api_factors_view *ret_view)
{
    struct api_factor_list_in in = {0};
    struct api_factor_list_out out = {0};
    CX_TRY(handle_factor_list(request, &in, &out));
    *ret_view = out.body;
    return CX_OK;
}

cx_err handle_factor_passkey_options(struct api_request *request,
                                     const struct api_factor_passkey_options_in *in,
                                     struct api_factor_passkey_options_out *ret_out)
{
    static const int64_t algorithms[] = {CRYPTO_FIDO_ES256, CRYPTO_FIDO_EDDSA, CRYPTO_FIDO_RS256};
    const struct principal *me = &request->principal;
    struct api_passkey_options_view *view = &ret_out->body;
    struct challenge_scope scope = {me->tenant_id, CHALLENGE_REGISTER, me->user_id};
    struct mine mine = {.request = request};
    struct webauthn_party party;
    const struct role_names no_roles = {0}; /* they are not shown */
    struct api_user_view user = {0};
    struct cx_str *exclude = NULL;
    uint8_t handle[PASSKEY_HANDLE_LEN];
    (void)in;
    CX_TRY(store_read(request->core->store, read_mine, &mine));
    CX_TRY(access_user_view(request->core, me->tenant_id, &mine.user, &no_roles, request->arena,
                            &user));
    CX_TRY(webauthn_party_of(request->core->options.public_url, request->arena, &party));
    CX_TRY(challenge_make(request->core, &scope, request->now_us, request->arena, &view->challenge,
                          &view->expires));
    passkey_handle(me->tenant_id, me->user_id, handle);
    CX_TRY(encode(request, CX_BYTES(handle, sizeof(handle)), &view->user_handle));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, mine.factors.passkey_count, &exclude));
    for (size_t i = 0; i < mine.factors.passkey_count; i++)
        CX_TRY(encode(request, mine.factors.passkeys[i].credential, &exclude[i]));
    view->rp_id = party.rp_id;
    view->user_name = user.has_email ? user.email : user.display_name;
    view->algorithms = algorithms;
    view->algorithms_count = sizeof(algorithms) / sizeof(algorithms[0]);
    view->exclude = exclude;
    view->exclude_count = mine.factors.passkey_count;
    return CX_OK;
}

struct registration {
    struct api_request *request;
    struct challenge challenge;
    struct row_login_passkey row;
};

static cx_err write_passkey(struct store_tx *tx, void *arg)
{
    const struct registration *made = arg;
    struct mine mine = {.request = made->request};
    CX_TRY(factor_check_rights(tx, made->request));
    CX_TRY(read_mine(tx, &mine));
    if (mine.factors.passkey_count >= PASSKEYS_PER_USER_MAX)
        return cx_refuse(made->request->diag, CX_ERR(LIMIT), "", "passkeys-too-many",
                         "Remove a passkey first.");
    CX_TRY(challenge_use(tx, made->row.tenant_id, &made->challenge, made->request->now_us));
    return row_login_passkey_insert(tx, &made->row);
}

/* §7.1: everything but storing it. */
static cx_err verify(struct registration *made, const struct api_factor_passkey_create_in *in,
                     struct crypto_fido_credential *ret_credential)
{
    struct api_request *request = made->request;
    const struct principal *me = &request->principal;
    struct challenge_scope scope = {me->tenant_id, CHALLENGE_REGISTER, me->user_id};
    struct webauthn_party party;
    struct cx_bytes id, client_data, attestation, challenge;
    CX_TRY(webauthn_party_of(request->core->options.public_url, request->arena, &party));
    CX_TRY(passkey_decode(request, "/credential_id", in->credential_id, &id));
    CX_TRY(passkey_decode(request, "/client_data", in->client_data, &client_data));
    CX_TRY(passkey_decode(request, "/attestation_object", in->attestation_object, &attestation));
    CX_TRY(webauthn_client_data(client_data, "webauthn.create", &party, request->arena,
                                request->diag, &challenge));
    CX_TRY(challenge_check(request->core, &scope, challenge, request->now_us, request->diag,
                           &made->challenge));
    return webauthn_register(client_data, attestation, id, &party, request->diag, ret_credential);
}

static cx_err fill_row(struct registration *made, struct cx_str label,
                       const struct crypto_fido_credential *credential)
{
    struct api_request *request = made->request;
    const struct principal *me = &request->principal;
    struct row_login_passkey *row = &made->row;
    struct cx_bytes id = CX_BYTES(credential->id, credential->id_len);
    uint8_t hash[CRYPTO_SHA256_LEN];
    *row = (struct row_login_passkey){
        .tenant_id = me->tenant_id,
        .user_id = me->user_id,
        .credential = id,
        .public_key = CX_BYTES(credential->key, credential->key_len),
        .algorithm = credential->algorithm,
        .sign_count = credential->sign_count,
        .backup_eligible = (credential->flags & CRYPTO_FIDO_BACKUP_ELIGIBLE) != 0,
        .created_us = request->now_us,
    };
    CX_TRY(cx_id_new(request->core->rng, &row->passkey_id));
    CX_TRY(crypto_sha256(id, hash));
    CX_TRY(arena_copy(request->arena, CX_BYTES(hash, sizeof(hash)), &row->credential_hash));
    struct field_place place = {me->tenant_id, "login_passkey", "label", row->passkey_id};
    return field_seal_text(request->core, place, label, request->arena, &row->label);
}

cx_err handle_factor_passkey_create(struct api_request *request,
                                    const struct api_factor_passkey_create_in *in,
                                    struct api_factor_passkey_create_out *ret_out)
{
    struct registration made = {.request = request};
    struct crypto_fido_credential credential;
    CX_TRY(verify(&made, in, &credential));
    CX_TRY(fill_row(&made, in->label, &credential));
    struct audit_event event = {.object_type = CX_ID_PASSKEY, .object_id = made.row.passkey_id};
    struct field_detail details[] = {{"label", in->label}};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    cx_err err = api_commit(request, &event, write_passkey, &made);
    if (err.code == CX_E_CONFLICT) /* §7.1 step 22: an id is one user's */
        return cx_refuse(request->diag, err, "/credential_id", "passkey-taken",
                         "This passkey is registered already, or the challenge was used.");
    CX_TRY(err);
    return show_factors(request, &ret_out->body);
}

struct removal {
    struct api_request *request;
    struct cx_id passkey_id;
};

static cx_err write_removal(struct store_tx *tx, void *arg)
{
    const struct removal *removal = arg;
    struct api_request *request = removal->request;
    const struct principal *me = &request->principal;
    bool left = false;
    CX_TRY(factor_check_rights(tx, request));
    cx_err err = passkey_remove(tx, me->tenant_id, me->user_id, removal->passkey_id);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "passkey_id", "passkey-unknown",
                         "You have no such passkey.");
    CX_TRY(err);
    CX_TRY(factors_exist(tx, me->tenant_id, me->user_id, &left));
    if (!left)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "passkey_id", "last-factor",
                         "This is your last way to log in: register another one first.");
    return factor_end_others(tx, request);
}

cx_err handle_factor_passkey_remove(struct api_request *request,
                                    const struct api_factor_passkey_remove_in *in,
                                    struct api_factor_passkey_remove_out *ret_out)
{
    struct removal removal = {request, in->passkey_id};
    struct audit_event event = {.object_type = CX_ID_PASSKEY, .object_id = in->passkey_id};
    CX_TRY(api_commit(request, &event, write_removal, &removal));
    return show_factors(request, &ret_out->body);
}

/* ---- recovery ---- */

struct reset {
    struct api_request *request;
    struct row_login_reset row;
};

static cx_err write_reset(struct store_tx *tx, void *arg)
{
    const struct reset *reset = arg;
    struct api_request *request = reset->request;
    const struct row_login_reset *row = &reset->row;
    struct user_row user;
    cx_err err = user_find(tx, row->tenant_id, row->user_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "user_id", "user-unknown", "There is no such user.");
    CX_TRY(err);
    CX_TRY(
        session_end_others(tx, row->tenant_id, row->user_id, (struct cx_id){{0}}, row->reset_us));
    CX_TRY(device_forget_all(tx, row->tenant_id, row->user_id));
    CX_TRY(token_revoke_all(tx, row->tenant_id, row->user_id, row->reset_us));
    /* A link made before must not become the way in without another person's act. */
    CX_TRY(link_expire_all(tx, row->tenant_id, row->user_id, row->reset_us));
    return factors_reset(tx, row);
}

cx_err handle_user_factor_reset(struct api_request *request,
                                const struct api_user_factor_reset_in *in,
                                struct api_user_factor_reset_out *ret_out)
{
    const struct principal *me = &request->principal;
    struct reset reset = {.request = request,
                          .row = {.tenant_id = me->tenant_id,
                                  .user_id = in->user_id,
                                  .reset_by_id = me->user_id,
                                  .reset_us = request->now_us}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    struct api_user_get_in get = {.user_id = in->user_id};
    struct api_user_get_out out = {0};
    if (cx_id_eq(in->user_id, me->user_id))
        return cx_refuse(
            request->diag, CX_ERR(DENIED), "user_id", "granter-is-receiver",
            "Nobody removes their own factors this way; another administrator has to.");
    CX_TRY(api_commit(request, &event, write_reset, &reset));
    CX_TRY(handle_user_get(request, &get, &out));
    ret_out->body = out.body;
    return CX_OK;
}
