/*
 * The login factors of the caller. Who may change them: a session whose factor is fresh; or, while there is no way to
 * log in yet, the token that redeeming the enrolment link gave. Any other token could make more of itself than it is.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/base32.h"
#include "codec/base64.h"
#include "core/access/view.h"
#include "core/authentication/challenge.h"
#include "core/authentication/factor_rights.h"
#include "core/authentication/passkey.h"
#include "core/authentication/password_pool.h"
#include "core/authentication/password_rules.h"
#include "core/authentication/totp.h"
#include "core/client_certificate/view.h"
#include "core/field.h"

struct my_factors {
    struct api_request *request;
    struct factors factors;
    struct user_row user;
};

static cx_err read_mine(struct store_tx *tx, void *arg)
{
    struct my_factors *mine = arg;
    const struct principal *me = &mine->request->principal;
    CX_TRY(user_find(tx, me->tenant_id, me->user_id, mine->request->arena, &mine->user));
    return factors_read(tx, me->tenant_id, me->user_id, mine->request->arena, &mine->factors);
}

static cx_err view_passkeys(struct api_request *request, const struct factors *factors,
                            struct api_factors_view *view)
{
    struct api_passkey_view *items = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, factors->passkey_count, &items));
    for (size_t i = 0; i < factors->passkey_count; i++) {
        const struct passkey_row *row = &factors->passkeys[i];
        struct field_place place = {request->principal.tenant_id, "login_passkey", "label",
                                    row->passkey_id};
        items[i] = (struct api_passkey_view){.id = row->passkey_id,
                                             .created = row->created_us,
                                             .has_last_used = row->last_used_us != 0,
                                             .last_used = row->last_used_us};
        CX_TRY(field_open_text(request->core, place, row->label, request->arena, &items[i].label));
    }
    view->passkeys = items;
    view->passkeys_count = factors->passkey_count;
    return CX_OK;
}

static cx_err show(struct api_request *request, struct api_factors_view *ret_view)
{
    struct my_factors mine = {.request = request};
    struct api_factors_view view = {0};
    CX_TRY(store_read(request->core->store, read_mine, &mine));
    view.password = mine.factors.has_password;
    view.totp = mine.factors.has_totp;
    view.can_log_in = factors_can_log_in(&mine.factors);
    CX_TRY(view_passkeys(request, &mine.factors, &view));
    struct api_client_certificate_view *bound = NULL;
    CX_TRY(client_certificate_views(request->core, request->principal.tenant_id,
                                    mine.factors.certificates, mine.factors.certificate_count,
                                    request->arena, &bound));
    view.client_certificates = bound;
    view.client_certificates_count = mine.factors.certificate_count;
    *ret_view = view;
    return CX_OK;
}

cx_err handle_factor_list(struct api_request *request, const struct api_factor_list_in *in,
                          struct api_factor_list_out *ret_out)
{
    (void)in;
    return show(request, &ret_out->body);
}

/* ---- password ---- */

struct password_set {
    struct api_request *request;
    struct row_login_password row;
};

static cx_err write_password(struct store_tx *tx, void *arg)
{
    const struct password_set *set = arg;
    CX_TRY(factor_check_rights(tx, set->request));
    CX_TRY(factor_end_others(tx, set->request));
    return factor_password_put(tx, &set->row);
}

/* The address, or the name where there is none: what a password must not be made of. */
static cx_err account_of(struct api_request *request, struct cx_str *ret_account)
{
    struct my_factors mine = {.request = request};
    const struct role_names no_roles = {0}; /* they are not shown */
    struct api_user_view user = {0};
    CX_TRY(store_read(request->core->store, read_mine, &mine));
    CX_TRY(access_user_view(request->core, request->principal.tenant_id, &mine.user, &no_roles,
                            request->arena, &user));
    *ret_account = user.has_email ? user.email : user.display_name;
    return CX_OK;
}

static cx_err hash(struct api_request *request, struct cx_bytes password, struct cx_str *ret_phc)
{
    uint8_t salt[CRYPTO_PHC_SALT_LEN];
    char phc[CRYPTO_PHC_MAX];
    CX_TRY(cx_rng_fill(request->core->rng, salt, sizeof(salt)));
    CX_TRY(password_pool_enter(request->core->passwords, request->diag));
    cx_err err = password_pool_hash(request->core->passwords, password, salt, phc);
    password_pool_leave(request->core->passwords);
    CX_TRY(err);
    return arena_copy_str(request->arena, cx_str_from(phc), ret_phc);
}

cx_err handle_factor_password_set(struct api_request *request,
                                  const struct api_factor_password_set_in *in,
                                  struct api_factor_password_set_out *ret_out)
{
    const struct principal *me = &request->principal;
    CX_CLEANUP(cx_buf_clear) struct cx_buf password = CX_BUF_INIT(PASSWORD_BYTES_MAX);
    struct password_set set = {
        .request = request,
        .row = {.tenant_id = me->tenant_id, .user_id = me->user_id, .changed_us = request->now_us}};
    struct field_place place = {me->tenant_id, "login_password", "verifier", me->user_id};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = me->user_id};
    struct cx_str account, phc;
    CX_TRY(account_of(request, &account));
    CX_TRY(password_normalise(in->password, request->diag, &password));
    CX_TRY(password_check(cx_buf_view(&password), account, request->diag));
    CX_TRY(hash(request, cx_buf_view(&password), &phc));
    CX_TRY(field_seal_text(request->core, place, phc, request->arena, &set.row.verifier));
    CX_TRY(api_commit(request, &event, write_password, &set));
    return show(request, &ret_out->body);
}

/* ---- one-time codes ---- */

struct totp_change {
    struct api_request *request;
    struct row_login_totp row;
    bool confirm;
    struct cx_sealed pending; /* what was confirmed */
};

static cx_err write_totp(struct store_tx *tx, void *arg)
{
    struct totp_change *change = arg;
    struct my_factors mine = {.request = change->request};
    CX_TRY(factor_check_rights(tx, change->request));
    CX_TRY(read_mine(tx, &mine));
    struct row_login_totp row = change->row;
    if (change->confirm) {
        /* Another secret came between, or another confirmation. */
        if (!cx_bytes_eq(mine.factors.pending.envelope, change->pending.envelope) ||
            mine.factors.last_step >= row.last_step)
            return CX_ERR(CONFLICT);
        CX_TRY(factor_end_others(tx, change->request));
    } else { /* the old secret stays in force until the new one is confirmed */
        row.has_secret = mine.factors.has_totp;
        row.secret = mine.factors.totp;
        row.last_step = mine.factors.last_step;
    }
    return factor_totp_put(tx, &row);
}

static cx_err describe(struct api_request *request, const uint8_t secret[static TOTP_SECRET_LEN],
                       struct cx_str account, struct api_totp_view *ret_view)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(64);
    CX_CLEANUP(cx_buf_clear) struct cx_buf uri = CX_BUF_INIT(1024);
    CX_TRY(base32_encode(CX_BYTES(secret, TOTP_SECRET_LEN), &text));
    CX_TRY(totp_uri(secret, CX_STR("CertiNext"), account, &uri));
    CX_TRY(arena_copy_str(request->arena, (struct cx_str){(const char *)text.ptr, text.len},
                          &ret_view->secret));
    return arena_copy_str(request->arena, (struct cx_str){(const char *)uri.ptr, uri.len},
                          &ret_view->uri);
}

cx_err handle_factor_totp_begin(struct api_request *request,
                                const struct api_factor_totp_begin_in *in,
                                struct api_factor_totp_begin_out *ret_out)
{
    const struct principal *me = &request->principal;
    struct field_place place = {me->tenant_id, "login_totp", "pending", me->user_id};
    struct totp_change change = {.request = request,
                                 .row = {.tenant_id = me->tenant_id,
                                         .user_id = me->user_id,
                                         .has_pending = true,
                                         .last_step = -1,
                                         .changed_us = request->now_us}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = me->user_id};
    uint8_t secret[TOTP_SECRET_LEN];
    struct cx_str account;
    (void)in;
    CX_TRY(account_of(request, &account));
    CX_TRY(cx_rng_fill(request->core->rng, secret, sizeof(secret)));
    CX_TRY(field_seal(request->core, place, CX_BYTES(secret, sizeof(secret)), request->arena,
                      &change.row.pending));
    CX_TRY(api_commit(request, &event, write_totp, &change));
    cx_err err = describe(request, secret, account, &ret_out->body);
    cx_wipe(secret, sizeof(secret));
    return err;
}

cx_err handle_factor_totp_confirm(struct api_request *request,
                                  const struct api_factor_totp_confirm_in *in,
                                  struct api_factor_totp_confirm_out *ret_out)
{
    const struct principal *me = &request->principal;
    struct my_factors mine = {.request = request};
    struct field_place pending = {me->tenant_id, "login_totp", "pending", me->user_id};
    struct field_place place = {me->tenant_id, "login_totp", "secret", me->user_id};
    struct totp_change change = {.request = request,
                                 .confirm = true,
                                 .row = {.tenant_id = me->tenant_id,
                                         .user_id = me->user_id,
                                         .has_secret = true,
                                         .changed_us = request->now_us}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = me->user_id};
    struct cx_bytes secret;
    CX_TRY(store_read(request->core->store, read_mine, &mine));
    if (!mine.factors.has_pending)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "/code", "totp-not-begun",
                         "Begin first: there is no new secret to confirm.");
    CX_TRY(field_open(request->core, pending, mine.factors.pending, request->arena, &secret));
    if (secret.len != TOTP_SECRET_LEN)
        return CX_ERR(STORE);
    if (cx_failed(totp_match(secret.ptr, in->code, mine.factors.last_step, request->now_us,
                             &change.row.last_step)))
        return cx_refuse(request->diag, CX_ERR(POLICY), "/code", "totp-code",
                         "This is not the code of now: check the secret and the clock.");
    change.pending = mine.factors.pending;
    CX_TRY(field_seal(request->core, place, secret, request->arena, &change.row.secret));
    CX_TRY(api_commit(request, &event, write_totp, &change));
    return show(request, &ret_out->body);
}
