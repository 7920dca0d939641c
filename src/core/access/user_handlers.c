/* Operations on users. Each prepares (seals) first, then reads, decides and writes in one transaction. */
#include "api_routes.h"
#include "core/access/credential.h"
#include "core/access/view.h"
#include "core/authentication/factor_rights.h"
#include "core/authentication/session_store.h"
#include "core/field.h"
#include "core/tenant/tenant_store.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "user_id", "user-unknown", "There is no such user.");
}

struct user_read {
    struct cx_id tenant_id, user_id;
    struct arena *arena;
    struct user_row user;
};

static cx_err read_user(struct store_tx *tx, void *arg)
{
    struct user_read *read = arg;
    return user_find(tx, read->tenant_id, read->user_id, read->arena, &read->user);
}

/* The user as stored now. */
static cx_err show_user(struct api_request *request, struct cx_id user_id,
                        struct api_user_view *ret_view)
{
    struct user_read read = {
        .tenant_id = request->principal.tenant_id, .user_id = user_id, .arena = request->arena};
    cx_err err = store_read(request->core->store, read_user, &read);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return access_user_view(request->core, read.tenant_id, &read.user, request->arena, ret_view);
}

struct user_list {
    struct cx_id tenant_id;
    struct page_key after;
    size_t limit, count;
    struct arena *arena;
    struct user_row *rows;
};

static cx_err read_users(struct store_tx *tx, void *arg)
{
    struct user_list *list = arg;
    return user_page(tx, list->tenant_id, &list->after, list->limit, list->arena, list->rows,
                     &list->count);
}

cx_err handle_user_list(struct api_request *request, const struct api_user_list_in *in,
                        struct api_user_list_out *ret_out)
{
    struct user_list list = {.tenant_id = request->principal.tenant_id,
                             .limit = (size_t)in->limit,
                             .arena = request->arena};
    struct api_user_view *items = NULL;
    CX_TRY(page_cursor_parse(in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_users, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(access_user_view(request->core, list.tenant_id, &list.rows[i], request->arena,
                                &items[i]));
    struct api_user_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct user_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->user_id};
        CX_TRY(page_cursor_write(request->arena, &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_user_get(struct api_request *request, const struct api_user_get_in *in,
                       struct api_user_get_out *ret_out)
{
    return show_user(request, in->user_id, &ret_out->body);
}

cx_err handle_me_get(struct api_request *request, const struct api_me_get_in *in,
                     struct api_me_get_out *ret_out)
{
    (void)in;
    const struct principal *me = &request->principal;
    struct api_me_view view = {.user_id = me->user_id,
                               .tenant_id = me->tenant_id,
                               .has_token_id = !cx_id_is_zero(me->token_id),
                               .token_id = me->token_id,
                               .has_session_id = !cx_id_is_zero(me->session_id),
                               .session_id = me->session_id};
    struct api_user_view user = {0};
    struct cx_str *permissions = NULL;
    CX_TRY(show_user(request, me->user_id, &user));
    CX_TRY(tenant_name(request->core, me->tenant_id, request->arena, &view.tenant_name));
    CX_TRY(access_roles_view(me->roles, request->arena, &view.roles, &view.roles_count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PERMISSION_COUNT, &permissions));
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        if (access_permission_holders((enum permission)i) & me->roles)
            permissions[view.permissions_count++] =
                cx_str_from(permission_name((enum permission)i));
    }
    view.permissions = permissions;
    view.display_name = user.display_name;
    view.has_email = user.has_email;
    view.email = user.email;
    ret_out->body = view;
    return CX_OK;
}

struct user_create {
    const struct row_tenant_user *user;
    const struct row_enrolment_link *link;
    struct cx_id by;
    uint32_t roles;
};

static cx_err write_user(struct store_tx *tx, void *arg)
{
    const struct user_create *create = arg;
    const struct row_tenant_user *user = create->user;
    CX_TRY(row_tenant_user_insert(tx, user));
    CX_TRY(user_set_roles(tx, user->tenant_id, user->user_id, create->roles, create->by,
                          user->created_us));
    return row_enrolment_link_insert(tx, create->link);
}

cx_err handle_user_create(struct api_request *request, const struct api_user_create_in *in,
                          struct api_user_create_out *ret_out)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct row_tenant_user user = {0};
    struct row_enrolment_link link = {0};
    struct api_user_link_view view = {0};
    struct cx_str roles_text = CX_STR_NONE;
    uint32_t roles = access_roles_bits(in->roles, in->roles_count);
    CX_TRY(access_user_make(request->core, tenant_id, in->display_name, in->email, request->now_us,
                            request->arena, &user));
    CX_TRY(access_link_make(request->core, tenant_id, user.user_id, request->principal.user_id,
                            request->now_us, request->arena, &link, &view.link));
    CX_TRY(access_roles_text(roles, request->arena, &roles_text));
    struct field_detail details[] = {
        {"display_name", in->display_name}, {"email", in->email}, {"roles", roles_text}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = user.user_id};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    struct user_create create = {&user, &link, request->principal.user_id, roles};
    cx_err err = api_commit(request, &event, write_user, &create);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "email", "email-taken",
                         "Another user has this address.");
    CX_TRY(err);
    CX_TRY(show_user(request, user.user_id, &view.user));
    view.expires = link.expires_us;
    ret_out->body = view;
    return CX_OK;
}

struct user_change {
    struct api_request *request;
    struct cx_id user_id;
    uint32_t roles;
    enum user_state to;
    const struct row_enrolment_link *link;
};

/* A tenant without an active administrator could never be repaired through the API. */
static cx_err check_administrator_left(struct store_tx *tx, struct api_request *request)
{
    int64_t count = 0;
    CX_TRY(user_count_active(tx, request->principal.tenant_id, ROLE_ADMINISTRATOR, &count));
    if (count > 0)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "user_id", "last-administrator",
                     "At least one active administrator has to remain.");
}

static cx_err write_roles(struct store_tx *tx, void *arg)
{
    const struct user_change *change = arg;
    struct api_request *request = change->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct user_row user;
    cx_err err = user_find(tx, tenant_id, change->user_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(user_set_roles(tx, tenant_id, change->user_id, change->roles, request->principal.user_id,
                          request->now_us));
    return check_administrator_left(tx, request);
}

cx_err handle_user_set_roles(struct api_request *request, const struct api_user_set_roles_in *in,
                             struct api_user_set_roles_out *ret_out)
{
    struct api_user_view before = {0};
    struct cx_str before_text = CX_STR_NONE, after_text = CX_STR_NONE;
    struct user_change change = {.request = request,
                                 .user_id = in->user_id,
                                 .roles = access_roles_bits(in->roles, in->roles_count)};
    if (cx_id_eq(in->user_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "granter-is-receiver",
                         "Nobody changes their own roles; another administrator has to.");
    CX_TRY(show_user(request, in->user_id, &before));
    CX_TRY(access_roles_text(access_roles_bits(before.roles, before.roles_count), request->arena,
                             &before_text));
    CX_TRY(access_roles_text(change.roles, request->arena, &after_text));
    struct field_detail details[] = {{"roles_before", before_text}, {"roles", after_text}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_roles, &change));
    return show_user(request, in->user_id, &ret_out->body);
}

static cx_err write_state(struct store_tx *tx, void *arg)
{
    const struct user_change *change = arg;
    struct api_request *request = change->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct user_row user;
    cx_err err = user_find(tx, tenant_id, change->user_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    if (user.state == change->to)
        return CX_OK; /* idempotent */
    if (change->to == USER_ACTIVE && user.state != USER_DISABLED)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "user_id", "user-not-disabled",
                         "Only a disabled user can be enabled.");
    CX_TRY(user_set_state(tx, tenant_id, change->user_id, user.state, change->to, request->now_us));
    if (change->to != USER_DISABLED)
        return CX_OK;
    CX_TRY(
        session_end_others(tx, tenant_id, change->user_id, (struct cx_id){{0}}, request->now_us));
    return check_administrator_left(tx, request);
}

static cx_err change_state(struct api_request *request, struct cx_id user_id, enum user_state to,
                           struct api_user_view *ret_view)
{
    struct user_change change = {.request = request, .user_id = user_id, .to = to};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = user_id};
    CX_TRY(api_commit(request, &event, write_state, &change));
    return show_user(request, user_id, ret_view);
}

cx_err handle_user_disable(struct api_request *request, const struct api_user_disable_in *in,
                           struct api_user_disable_out *ret_out)
{
    return change_state(request, in->user_id, USER_DISABLED, &ret_out->body);
}

cx_err handle_user_enable(struct api_request *request, const struct api_user_enable_in *in,
                          struct api_user_enable_out *ret_out)
{
    return change_state(request, in->user_id, USER_ACTIVE, &ret_out->body);
}

static cx_err write_link(struct store_tx *tx, void *arg)
{
    const struct user_change *change = arg;
    struct api_request *request = change->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(factor_check_link(tx, tenant_id, change->user_id, request->principal.user_id,
                             request->diag));
    CX_TRY(link_expire_all(tx, tenant_id, change->user_id, request->now_us));
    return row_enrolment_link_insert(tx, change->link);
}

cx_err handle_user_link_create(struct api_request *request,
                               const struct api_user_link_create_in *in,
                               struct api_user_link_create_out *ret_out)
{
    struct row_enrolment_link link = {0};
    struct api_user_link_view view = {0};
    struct user_change change = {.request = request, .user_id = in->user_id, .link = &link};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    /* A link is as good as the person. So redeeming it ends all their earlier tokens, and who made it does not count
     * as a second person beside them: docs/design/070-enrolled-by.md. */
    CX_TRY(show_user(request, in->user_id, &view.user));
    if (view.user.state == API_USER_STATE_DISABLED)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "user_id", "user-disabled",
                         "Enable the user first.");
    CX_TRY(access_link_make(request->core, request->principal.tenant_id, in->user_id,
                            request->principal.user_id, request->now_us, request->arena, &link,
                            &view.link));
    CX_TRY(api_commit(request, &event, write_link, &change));
    view.expires = link.expires_us;
    ret_out->body = view;
    return CX_OK;
}
