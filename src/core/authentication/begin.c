#include "core/authentication/begin.h"

#include "base/cleanup.h"
#include "core/authentication/session.h"
#include "core/field.h"
#include "core/setting/setting.h"

static cx_err secret_make(struct api_request *request, struct session_grant *grant,
                          enum access_secret_kind kind, struct cx_id keep_id, struct cx_id *ret_id,
                          struct cx_bytes *ret_hash, struct cx_str *ret_text)
{
    CX_CLEANUP(access_secret_clear) struct access_secret secret = {0};
    uint8_t hash[ACCESS_HASH_LEN];
    char text[ACCESS_SECRET_TEXT_LEN + 1];
    CX_TRY(access_secret_new(request->core->rng, grant->tenant_id, &secret));
    if (!cx_id_is_zero(keep_id))
        secret.id = keep_id;
    CX_TRY(access_secret_hash(&secret, hash));
    CX_TRY(arena_copy(request->arena, CX_BYTES(hash, sizeof(hash)), ret_hash));
    access_secret_format(kind, &secret, text);
    cx_err err =
        arena_copy_str(request->arena, (struct cx_str){text, ACCESS_SECRET_TEXT_LEN}, ret_text);
    cx_wipe(text, sizeof(text));
    *ret_id = secret.id;
    return err;
}

cx_err session_grant_prepare(struct api_request *request, struct session_grant *grant)
{
    struct row_login_session *row = &grant->session;
    cx_time now_us = request->now_us;
    struct setting_values limits;
    CX_TRY(setting_values_load(request->core->store, grant->tenant_id, &limits));
    *row = (struct row_login_session){
        .tenant_id = grant->tenant_id,
        .user_id = grant->user_id,
        .began_by = cx_str_from(api_enum_name(&api_enum_login_method, (int)grant->method)),
        .bearer = grant->bearer,
        .created_us = now_us,
        .last_used_us = now_us,
        .factor_us = grant->elsewhere ? grant->factor_us : now_us,
        .has_provider_id = !cx_id_is_zero(grant->provider_id),
        .provider_id = grant->provider_id,
        .has_client_binding_id = !cx_id_is_zero(grant->client_binding_id),
        .client_binding_id = grant->client_binding_id,
        .has_client_sha256 = grant->client_sha256.len != 0,
        .client_sha256 = grant->client_sha256,
        .expires_us = now_us + setting_us_at(&limits, SETTING_SESSION_LIFE, now_us),
    };
    CX_TRY(secret_make(request, grant, ACCESS_SECRET_SESSION, grant->session_id, &row->session_id,
                       &row->secret_hash, &grant->text));
    struct field_place place = {grant->tenant_id, "login_session", "source_address",
                                row->session_id};
    CX_TRY(field_seal_text(request->core, place, request->source_address, request->arena,
                           &row->source_address));
    if (!grant->device)
        return CX_OK;
    grant->remembered = (struct row_login_device){
        .tenant_id = grant->tenant_id,
        .user_id = grant->user_id,
        .created_us = now_us,
        .expires_us = now_us + SESSION_DEVICE_LIFE_DAYS * CX_US_PER_DAY,
    };
    return secret_make(request, grant, ACCESS_SECRET_DEVICE, (struct cx_id){{0}},
                       &grant->remembered.device_id, &grant->remembered.secret_hash,
                       &grant->device_text);
}

cx_err session_grant_write(struct store_tx *tx, const struct session_grant *grant)
{
    if (!cx_id_is_zero(grant->session_id))
        return session_rotate(tx, &grant->session);
    CX_TRY(session_insert(tx, &grant->session));
    if (!grant->device)
        return CX_OK;
    CX_TRY(device_forget_old(tx, grant->tenant_id, grant->session.created_us));
    return row_login_device_insert(tx, &grant->remembered);
}

static cx_err add_cookie(struct api_request *request, const char *name, struct cx_str value,
                         int64_t max_age_s)
{
    if (request->set_cookie_count == API_SET_COOKIES_MAX)
        return CX_ERR(INTERNAL);
    struct cx_str *cookie = &request->set_cookies[request->set_cookie_count];
    /* Without Max-Age it ends with the browser; the server has its own limits. __Host- and Path: RFC 6265bis §4.1.3.2 */
    const char *attributes = "Path=/; Secure; HttpOnly; SameSite=Strict";
    CX_TRY(max_age_s >= 0 ? arena_printf(request->arena, cookie, "%s=%.*s; Max-Age=%lld; %s", name,
                                         CX_STR_ARG(value), (long long)max_age_s, attributes)
                          : arena_printf(request->arena, cookie, "%s=%.*s; %s", name,
                                         CX_STR_ARG(value), attributes));
    request->set_cookie_count++;
    return CX_OK;
}

cx_err session_clear_cookie(struct api_request *request)
{
    return add_cookie(request, SESSION_COOKIE, CX_STR("x"), 0);
}

cx_err session_grant_answer(struct api_request *request, const struct session_grant *grant,
                            struct api_login_view *ret_view)
{
    const struct row_login_session *row = &grant->session;
    struct session_row session = {.session_id = row->session_id,
                                  .method = row->began_by,
                                  .source_address = row->source_address,
                                  .created_us = row->created_us,
                                  .last_used_us = row->last_used_us,
                                  .factor_us = row->factor_us,
                                  .expires_us = row->expires_us};
    CX_TRY(session_view(request->core, grant->tenant_id, &session, row->session_id, request->arena,
                        &ret_view->session));
    ret_view->has_secret = grant->bearer;
    if (grant->bearer)
        ret_view->secret = grant->text;
    else
        CX_TRY(add_cookie(request, SESSION_COOKIE, grant->text, -1));
    if (!grant->device || grant->bearer)
        return CX_OK;
    return add_cookie(request, SESSION_DEVICE_COOKIE, grant->device_text,
                      SESSION_DEVICE_LIFE_DAYS * (CX_US_PER_DAY / CX_US_PER_S));
}

static enum api_login_method method_of(struct cx_str text)
{
    int method = API_LOGIN_METHOD_PASSWORD_TOTP; /* the CHECK of the table lets nothing else in */
    (void)api_enum_value(&api_enum_login_method, text, &method);
    return (enum api_login_method)method;
}

cx_err session_view(struct core *core, struct cx_id tenant_id, const struct session_row *session,
                    struct cx_id current_id, struct arena *arena, struct api_session_view *ret_view)
{
    struct field_place place = {tenant_id, "login_session", "source_address", session->session_id};
    struct api_session_view view = {
        .id = session->session_id,
        .method = method_of(session->method),
        .current = cx_id_eq(session->session_id, current_id),
        .created = session->created_us,
        .last_used = session->last_used_us,
        .has_factor = session->factor_us != 0,
        .factor = session->factor_us,
        .expires = session->expires_us,
    };
    CX_TRY(field_open_text(core, place, session->source_address, arena, &view.source_address));
    view.has_source_address = view.source_address.len != 0;
    *ret_view = view;
    return CX_OK;
}

/* ---- what logins share ---- */

struct only_tenant {
    struct cx_id wanted; /* zero: whichever is the only one */
    struct cx_id tenant_id;
    unsigned count;
};

static cx_err read_tenant(struct store_tx *tx, void *arg)
{
    struct only_tenant *only = arg;
    struct store_stmt *q = NULL;
    only->count = 0;
    bool any = cx_id_is_zero(only->wanted);
    CX_TRY(store_prepare(
        tx,
        any ? "SELECT tenant_id FROM tenant WHERE state = 'active' ORDER BY tenant_id LIMIT 2"
            : "SELECT tenant_id FROM tenant WHERE state = 'active' AND tenant_id = $1",
        &q));
    if (!any)
        store_bind_id(q, 1, only->wanted);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        only->tenant_id = store_col_id(q, 0);
        only->count++;
    }
}

cx_err login_tenant(struct api_request *request, bool has_tenant_id, struct cx_id tenant_id,
                    struct cx_id *ret_tenant_id)
{
    struct only_tenant only = {.wanted = has_tenant_id ? tenant_id : (struct cx_id){{0}}};
    CX_TRY(store_read(request->core->store, read_tenant, &only));
    if (only.count == 0)
        return login_refuse(request->diag);
    if (only.count > 1)
        return cx_refuse(request->diag, CX_ERR(PARSE), "/tenant_id", "tenant-needed",
                         "There are several tenants here: name yours.");
    *ret_tenant_id = only.tenant_id;
    return CX_OK;
}

cx_err login_check_origin(const struct api_request *request, bool bearer)
{
    struct cx_str origin = request->origin;
    if ((bearer && origin.len == 0) ||
        session_origin_is_ours(request->core->options.public_url, origin))
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(AUTH), "Origin", "origin",
                     "A login that sets cookies comes from a page of this server only.");
}

cx_err login_refuse(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(AUTH), "", "login-failed",
                     "Account, password, code or passkey is not right.");
}

static cx_err record_nothing(struct store_tx *tx, void *arg)
{
    (void)tx;
    (void)arg;
    return CX_OK; /* the entry itself is the record */
}

static cx_err record(struct api_request *request, const char *action, struct cx_id tenant_id,
                     struct cx_id user_id, const char *reason)
{
    struct principal actor = {.tenant_id = tenant_id, .user_id = user_id};
    struct field_detail details[] = {{"reason", cx_str_from(reason)},
                                     {"source_address", request->source_address}};
    struct audit_event event = {.action = action,
                                .outcome = AUDIT_DENIED,
                                .tenant_id = tenant_id,
                                .actor = cx_id_is_zero(user_id) ? NULL : &actor,
                                .request_id = request->request_id};
    if (!cx_id_is_zero(user_id)) {
        event.object_type = CX_ID_USER;
        event.object_id = user_id;
    }
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    return audit_commit(request->core, &event, record_nothing, NULL);
}

cx_err login_record_failure(struct api_request *request, struct cx_id tenant_id,
                            struct cx_id user_id, const char *reason, const char *blocked_by)
{
    CX_TRY(record(request, request->operation->audit, tenant_id, user_id, reason));
    if (!blocked_by)
        return CX_OK;
    return record(request, "system.login.throttled", tenant_id, user_id, blocked_by);
}

cx_err login_commit(struct api_request *request, struct cx_id tenant_id, struct cx_id user_id,
                    struct cx_str details, store_fn fn, void *arg)
{
    struct principal actor = {.tenant_id = tenant_id, .user_id = user_id};
    struct audit_event event = {.action = request->operation->audit,
                                .outcome = AUDIT_DONE,
                                .tenant_id = tenant_id,
                                .actor = &actor,
                                .request_id = request->request_id,
                                .object_type = CX_ID_USER,
                                .object_id = user_id,
                                .details = details};
    return audit_commit(request->core, &event, fn, arg);
}
