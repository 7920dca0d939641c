/*
 * The administrator's side of directories: making one, giving it another token, ending it. A directory is a user of its own
 * with the role provisioner for as long as its token lives, so that reviews, the log and the explainers see it as what it
 * is. Its token is hashed and shown once, like every token.
 */
#include "api_routes.h"
#include "core/access/binding_store.h"
#include "core/access/credential.h"
#include "core/change/change.h"
#include "core/field.h"
#include "core/provisioning/scim_store.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "user_id", "scim-client-unknown",
                     "There is no such SCIM client.");
}

/* ---- views ---- */

struct showing {
    struct api_request *request;
    struct cx_id user_id;
    struct scim_client *clients;
    struct user_row *users;
    size_t count;
};

static cx_err read_clients(struct store_tx *tx, void *arg)
{
    struct showing *s = arg;
    struct cx_id tenant_id = s->request->principal.tenant_id;
    if (cx_id_is_zero(s->user_id)) {
        CX_TRY(scim_client_list(tx, tenant_id, s->clients, &s->count));
    } else {
        CX_TRY(scim_client_find(tx, tenant_id, s->user_id, &s->clients[0]));
        s->count = 1;
    }
    for (size_t i = 0; i < s->count; i++)
        CX_TRY(user_find(tx, tenant_id, s->clients[i].user_id, s->request->arena, &s->users[i]));
    return CX_OK;
}

static cx_err view_of(struct api_request *request, const struct scim_client *client,
                      const struct user_row *user, struct api_scim_client_view *ret_view)
{
    struct field_place name = {request->principal.tenant_id, "tenant_user", "display_name",
                               user->user_id};
    struct api_scim_client_view view = {.user_id = client->user_id,
                                        .token_id = client->token_id,
                                        .expires = client->expires_us,
                                        .created = client->created_us,
                                        .changed = client->changed_us,
                                        .changed_by_id = client->changed_by_id};
    view.state = API_SCIM_CLIENT_STATE_ACTIVE;
    if (request->now_us >= client->expires_us)
        view.state = API_SCIM_CLIENT_STATE_EXPIRED;
    if (client->revoked_us || user->state != USER_ACTIVE)
        view.state = API_SCIM_CLIENT_STATE_REVOKED;
    CX_TRY(field_open_text(request->core, name, user->display_name, request->arena,
                           &view.display_name));
    *ret_view = view;
    return CX_OK;
}

static cx_err load(struct showing *s)
{
    CX_TRY(ARENA_NEW_ARRAY(s->request->arena, SCIM_CLIENTS_MAX, &s->clients));
    CX_TRY(ARENA_NEW_ARRAY(s->request->arena, SCIM_CLIENTS_MAX, &s->users));
    cx_err err = store_read(s->request->core->store, read_clients, s);
    return err.code == CX_E_NOTFOUND ? refuse_unknown(s->request->diag) : err;
}

static cx_err show(struct api_request *request, struct cx_id user_id,
                   struct api_scim_client_view *ret_view)
{
    struct showing s = {.request = request, .user_id = user_id};
    CX_TRY(load(&s));
    return view_of(request, &s.clients[0], &s.users[0], ret_view);
}

cx_err handle_scim_client_list(struct api_request *request,
                               const struct api_scim_client_list_in *in,
                               struct api_scim_client_list_out *ret_out)
{
    (void)in;
    struct showing s = {.request = request};
    struct api_scim_client_view *items = NULL;
    CX_TRY(load(&s));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, s.count, &items));
    for (size_t i = 0; i < s.count; i++)
        CX_TRY(view_of(request, &s.clients[i], &s.users[i], &items[i]));
    ret_out->body.items = items;
    ret_out->body.items_count = s.count;
    return CX_OK;
}

/* ---- a token, and the right for as long as it lives ---- */

struct issuing {
    struct api_request *request;
    struct cx_id user_id;
    struct row_tenant_user user; /* of a new client */
    struct row_api_token token;
    struct access_grant_row grant;
    cx_time expires_us;
    bool is_new;
};

static cx_err prepare(struct issuing *i, int64_t days, struct cx_str *ret_secret)
{
    struct api_request *request = i->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    i->expires_us = request->now_us + days * CX_US_PER_DAY;
    struct access_token_order order = {.tenant_id = tenant_id,
                                       .user_id = i->user_id,
                                       .label = CX_STR("SCIM"),
                                       .now_us = request->now_us,
                                       .expires_us = i->expires_us};
    struct access_grant grant = {.subject = ACCESS_USER,
                                 .subject_id = i->user_id,
                                 .role = ACCESS_PROVISIONER,
                                 .everywhere = true,
                                 .start_us = request->now_us,
                                 .expires_us = i->expires_us,
                                 .reason = CX_STR("SCIM client"),
                                 .by = request->principal.user_id,
                                 .now_us = request->now_us};
    CX_TRY(access_token_make(request->core, &order, request->arena, &i->token, ret_secret));
    return access_grant_prepare(request->core, tenant_id, &grant, request->arena, request->diag,
                                &i->grant);
}

static cx_err write_new(struct store_tx *tx, struct issuing *i)
{
    const struct row_scim_client row = {.tenant_id = i->user.tenant_id,
                                        .user_id = i->user_id,
                                        .token_id = i->token.token_id,
                                        .binding_id = i->grant.row.binding_id,
                                        .expires_us = i->expires_us,
                                        .created_us = i->request->now_us,
                                        .changed_us = i->request->now_us,
                                        .changed_by_id = i->request->principal.user_id};
    struct scim_client *others = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(i->request->arena, SCIM_CLIENTS_MAX, &others));
    CX_TRY(scim_client_list(tx, row.tenant_id, others, &count));
    if (count == SCIM_CLIENTS_MAX)
        return cx_refuse(i->request->diag, CX_ERR(POLICY), "", "scim-client-limit",
                         "There are %d SCIM clients: rotate one of them.", SCIM_CLIENTS_MAX);
    CX_TRY(row_tenant_user_insert(tx, &i->user));
    CX_TRY(change_note_id(tx, row.tenant_id, CHANGE_USER, i->user_id));
    CX_TRY(access_token_check_life(tx, &i->token, i->request->diag));
    CX_TRY(row_api_token_insert(tx, &i->token));
    CX_TRY(access_grant_write(tx, &i->grant, i->request->diag));
    CX_TRY(row_scim_client_insert(tx, &row));
    return change_note_id(tx, row.tenant_id, CHANGE_SCIM_CLIENT, row.user_id);
}

/* What the client had, its user's other tokens too. */
static cx_err end_all(struct store_tx *tx, const struct api_request *request,
                      const struct scim_client *client)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(token_revoke_all(tx, tenant_id, client->user_id, request->now_us));
    cx_err err =
        binding_end(tx, tenant_id, client->binding_id, request->principal.user_id, request->now_us);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* it had ended */
}

static cx_err write_again(struct store_tx *tx, struct issuing *i)
{
    struct api_request *request = i->request;
    struct scim_client client;
    cx_err err = scim_client_find(tx, request->principal.tenant_id, i->user_id, &client);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    if (client.revoked_us)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "user_id", "scim-client-revoked",
                         "The SCIM client was revoked: make another.");
    CX_TRY(end_all(tx, request, &client));
    CX_TRY(access_token_check_life(tx, &i->token, request->diag));
    CX_TRY(row_api_token_insert(tx, &i->token));
    CX_TRY(access_grant_write(tx, &i->grant, request->diag));
    client.token_id = i->token.token_id;
    client.binding_id = i->grant.row.binding_id;
    client.expires_us = i->expires_us;
    client.changed_us = request->now_us;
    client.changed_by_id = request->principal.user_id;
    return scim_client_rotate(tx, request->principal.tenant_id, &client);
}

static cx_err write_issuing(struct store_tx *tx, void *arg)
{
    struct issuing *i = arg;
    return i->is_new ? write_new(tx, i) : write_again(tx, i);
}

static cx_err issue(struct issuing *i, int64_t days, struct cx_str name,
                    struct api_scim_client_secret_view *ret_view)
{
    struct api_request *request = i->request;
    struct api_scim_client_secret_view view = {0};
    CX_TRY(prepare(i, days, &view.secret));
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = i->user_id};
    struct field_detail details[] = {{"display_name", name}, {"token", CX_STR_NONE}};
    CX_TRY(field_id_text(request->arena, CX_ID_TOKEN, i->token.token_id, &details[1].value));
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_issuing, i));
    CX_TRY(arena_printf(request->arena, &view.base_url, "%.*s/scim/v2",
                        CX_STR_ARG(request->core->options.public_url)));
    CX_TRY(show(request, i->user_id, &view.client));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_scim_client_create(struct api_request *request,
                                 const struct api_scim_client_create_in *in,
                                 struct api_scim_client_create_out *ret_out)
{
    struct issuing i = {.request = request, .is_new = true};
    CX_TRY(access_user_make(request->core, request->principal.tenant_id, in->display_name,
                            CX_STR_NONE, request->now_us, request->arena, &i.user));
    i.user.state = cx_str_from(user_state_name(USER_ACTIVE));
    i.user_id = i.user.user_id;
    return issue(&i, in->expires_in_days, in->display_name, &ret_out->body);
}

cx_err handle_scim_client_rotate(struct api_request *request,
                                 const struct api_scim_client_rotate_in *in,
                                 struct api_scim_client_rotate_out *ret_out)
{
    struct issuing i = {.request = request, .user_id = in->user_id};
    return issue(&i, in->expires_in_days, CX_STR_NONE, &ret_out->body);
}

static cx_err write_revocation(struct store_tx *tx, void *arg)
{
    const struct issuing *i = arg;
    struct api_request *request = i->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct scim_client client;
    struct user_row user;
    cx_err err = scim_client_find(tx, tenant_id, i->user_id, &client);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(end_all(tx, request, &client));
    CX_TRY(user_find(tx, tenant_id, i->user_id, request->arena, &user));
    if (user.state != USER_DISABLED)
        CX_TRY(
            user_set_state(tx, tenant_id, i->user_id, user.state, USER_DISABLED, request->now_us));
    return scim_client_revoke(tx, tenant_id, i->user_id, request->now_us);
}

cx_err handle_scim_client_revoke(struct api_request *request,
                                 const struct api_scim_client_revoke_in *in,
                                 struct api_scim_client_revoke_out *ret_out)
{
    struct issuing i = {.request = request, .user_id = in->user_id};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    CX_TRY(api_commit(request, &event, write_revocation, &i));
    return show(request, in->user_id, &ret_out->body);
}
