/* Operations on users. Each prepares (seals) first, then reads, decides and writes in one transaction. */
#include "api_routes.h"
#include "core/access/conflict.h"
#include "core/access/credential.h"
#include "core/access/person.h"
#include "core/access/view.h"
#include "core/authentication/factor_rights.h"
#include "core/authentication/session_store.h"
#include "core/change/change.h"
#include "core/client_certificate/view.h"
#include "core/field.h"
#include "core/tenant/tenant_store.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "user_id", "user-unknown", "There is no such user.");
}

struct user_read {
    struct cx_id tenant_id, user_id;
    cx_time now_us;
    struct arena *arena;
    struct user_row user;
    struct role_names roles;
    struct cx_id *groups;
    size_t group_count;
    struct client_binding_row bound[CLIENT_CERTIFICATES_PER_USER_MAX];
    size_t bound_count;
};

static cx_err read_user(struct store_tx *tx, void *arg)
{
    struct user_read *read = arg;
    CX_TRY(user_find(tx, read->tenant_id, read->user_id, read->arena, &read->user));
    CX_TRY(access_groups_of(tx, read->tenant_id, read->user_id, ACCESS_NOW, read->arena,
                            &read->groups, &read->group_count));
    CX_TRY(client_binding_list(tx, read->tenant_id, read->user_id, read->arena, read->bound,
                               &read->bound_count));
    return binding_roles(tx, read->tenant_id, read->user_id, read->now_us, read->arena,
                         &read->roles);
}

/* The user as stored now. */
static cx_err show_user(struct api_request *request, struct cx_id user_id,
                        struct api_user_view *ret_view)
{
    const struct principal *me = &request->principal;
    struct user_read read = {.tenant_id = me->tenant_id,
                             .user_id = user_id,
                             .now_us = request->now_us,
                             .arena = request->arena};
    cx_err err = store_read(request->core->store, read_user, &read);
    struct access_place place = {.groups = read.groups, .group_count = read.group_count};
    bool hidden = !cx_id_eq(user_id, me->user_id) && !access_may(me, PERMISSION_USER_READ, &place);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && hidden))
        return refuse_unknown(request->diag);
    CX_TRY(err);
    struct api_client_certificate_view *bound = NULL;
    CX_TRY(access_user_view(request->core, read.tenant_id, &read.user, &read.roles, request->arena,
                            ret_view));
    CX_TRY(client_certificate_views(request->core, read.tenant_id, read.bound, read.bound_count,
                                    request->arena, &bound));
    ret_view->has_client_certificates = true;
    ret_view->client_certificates = bound;
    ret_view->client_certificates_count = read.bound_count;
    return CX_OK;
}

struct user_list {
    struct api_request *request;
    struct access_scope scope;
    struct page_key after;
    size_t limit, count;
    struct user_row *rows;
    struct role_names *roles;
};

static cx_err read_users(struct store_tx *tx, void *arg)
{
    struct user_list *list = arg;
    const struct principal *me = &list->request->principal;
    struct arena *arena = list->request->arena;
    CX_TRY(user_page(tx, me->tenant_id, &list->scope, me->user_id, &list->after, list->limit, arena,
                     list->rows, &list->count));
    for (size_t i = 0; i < list->count; i++)
        CX_TRY(binding_roles(tx, me->tenant_id, list->rows[i].user_id, list->request->now_us, arena,
                             &list->roles[i]));
    return CX_OK;
}

cx_err handle_user_list(struct api_request *request, const struct api_user_list_in *in,
                        struct api_user_list_out *ret_out)
{
    struct user_list list = {.request = request, .limit = (size_t)in->limit};
    struct api_user_view *items = NULL;
    CX_TRY(page_cursor_parse("user", in->cursor, request->diag, &list.after));
    CX_TRY(access_scope_of(&request->principal, PERMISSION_USER_READ, request->arena, &list.scope));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.roles));
    CX_TRY(store_read(request->core->store, read_users, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(access_user_view(request->core, request->principal.tenant_id, &list.rows[i],
                                &list.roles[i], request->arena, &items[i]));
    struct api_user_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct user_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->user_id};
        CX_TRY(page_cursor_write(request->arena, "user", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_user_get(struct api_request *request, const struct api_user_get_in *in,
                       struct api_user_get_out *ret_out)
{
    return show_user(request, in->user_id, &ret_out->body);
}

static bool has_role(const struct access_rights *rights, struct cx_str role)
{
    const struct access_held *held = NULL;
    size_t count = access_rights_held(rights, &held);
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(held[i].binding->role, role))
            return true;
    return false;
}

/* However they came, and of a narrowed token only those it left. */
static cx_err my_roles(const struct principal *me, struct arena *arena,
                       struct role_names *ret_roles)
{
    const struct access_held *held = NULL;
    struct role_names roles = {0};
    size_t count = access_rights_held(me->rights, &held);
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &roles.names));
    for (size_t i = 0; i < count; i++) {
        struct cx_str role = held[i].binding->role;
        bool listed = me->narrowed && !has_role(me->narrowed, role);
        for (size_t j = 0; j < roles.count && !listed; j++)
            listed = cx_str_eq(roles.names[j], role);
        if (!listed)
            CX_TRY(arena_copy_str(arena, role, &roles.names[roles.count++]));
    }
    *ret_roles = roles;
    return CX_OK;
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
                               .session_id = me->session_id,
                               .has_client_certificate_id = !cx_id_is_zero(me->client_binding_id),
                               .client_certificate_id = me->client_binding_id};
    struct api_user_view user = {0};
    struct role_names roles = {0};
    struct cx_str *permissions = NULL;
    CX_TRY(show_user(request, me->user_id, &user));
    CX_TRY(tenant_name(request->core, me->tenant_id, request->arena, &view.tenant_name));
    CX_TRY(my_roles(me, request->arena, &roles));
    view.roles = roles.names;
    view.roles_count = roles.count;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PERMISSION_COUNT, &permissions));
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        if (access_may_anywhere(me, (enum permission)i))
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
    struct api_request *request;
    const struct row_tenant_user *user;
    const struct row_enrolment_link *link;
    struct access_grant_row *grants;
    size_t grant_count;
};

static cx_err write_user(struct store_tx *tx, void *arg)
{
    const struct user_create *create = arg;
    struct api_request *request = create->request;
    const struct row_tenant_user *user = create->user;
    CX_TRY(row_tenant_user_insert(tx, user));
    CX_TRY(change_note_id(tx, user->tenant_id, CHANGE_USER, user->user_id));
    for (size_t i = 0; i < create->grant_count; i++)
        CX_TRY(access_grant_write(tx, &create->grants[i], request->diag));
    CX_TRY(
        access_conflict_check(tx, user->tenant_id, user->user_id, request->now_us, request->diag));
    return row_enrolment_link_insert(tx, create->link);
}

/* The shorthand: roles everywhere in the tenant, a privileged one for ACCESS_PRIVILEGED_LIFE_DAYS. */
static cx_err prepare_roles(struct api_request *request, struct cx_id user_id,
                            const struct cx_str *roles, size_t count, struct cx_str reason,
                            struct access_grant_row **ret_grants)
{
    struct access_grant_row *grants = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &grants));
    for (size_t i = 0; i < count; i++) {
        struct permission_set permissions;
        bool lasting =
            access_builtin_find(roles[i], &permissions) && !access_is_privileged(&permissions);
        struct access_grant grant = {
            .subject = ACCESS_USER,
            .subject_id = user_id,
            .role = roles[i],
            .everywhere = true,
            .start_us = request->now_us,
            .expires_us = lasting ? CX_TIME_NEVER
                                  : request->now_us + ACCESS_PRIVILEGED_LIFE_DAYS * CX_US_PER_DAY,
            .reason = reason,
            .by = request->principal.user_id,
            .now_us = request->now_us,
        };
        for (size_t j = 0; j < i; j++)
            if (cx_str_eq(roles[i], roles[j]))
                return cx_refuse(request->diag, CX_ERR(POLICY), "roles", "role-duplicate",
                                 "A role appears twice.");
        CX_TRY(access_grant_prepare(request->core, request->principal.tenant_id, &grant,
                                    request->arena, request->diag, &grants[i]));
    }
    *ret_grants = grants;
    return CX_OK;
}

cx_err handle_user_create(struct api_request *request, const struct api_user_create_in *in,
                          struct api_user_create_out *ret_out)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct row_tenant_user user = {0};
    struct row_enrolment_link link = {0};
    struct api_user_link_view view = {0};
    struct cx_str roles_text = CX_STR_NONE;
    struct user_create create = {request, &user, &link, NULL, in->roles_count};
    CX_TRY(access_user_make(request->core, tenant_id, in->display_name, in->email, request->now_us,
                            request->arena, &user));
    CX_TRY(access_link_make(request->core, tenant_id, user.user_id, request->principal.user_id,
                            request->now_us, request->arena, &link, &view.link));
    CX_TRY(prepare_roles(request, user.user_id, in->roles, in->roles_count, CX_STR("user created"),
                         &create.grants));
    CX_TRY(access_roles_text(in->roles, in->roles_count, request->arena, &roles_text));
    struct field_detail details[] = {
        {"display_name", in->display_name}, {"email", in->email}, {"roles", roles_text}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = user.user_id};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
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
    const struct access_grant_row *grants;
    size_t grant_count;
    enum user_state to;
    const struct row_enrolment_link *link;
};

/* A tenant without an active administrator could never be repaired through the API. */
static cx_err check_administrator_left(struct store_tx *tx, struct api_request *request)
{
    int64_t count = 0;
    CX_TRY(binding_count_administrators(tx, request->principal.tenant_id, request->now_us, &count));
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
    bool mine = false;
    cx_err err = user_find(tx, tenant_id, change->user_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(access_same_person(tx, tenant_id, request->principal.user_id, change->user_id, &mine));
    if (mine)
        return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "granter-is-receiver",
                         "You and this service account are one person here; another administrator "
                         "has to.");
    CX_TRY(binding_replace(tx, tenant_id, change->user_id, change->grants, change->grant_count,
                           request->principal.user_id, request->now_us, request->diag));
    CX_TRY(access_conflict_check(tx, tenant_id, change->user_id, request->now_us, request->diag));
    return check_administrator_left(tx, request);
}

cx_err handle_user_set_roles(struct api_request *request, const struct api_user_set_roles_in *in,
                             struct api_user_set_roles_out *ret_out)
{
    struct api_user_view before = {0};
    struct cx_str before_text = CX_STR_NONE, after_text = CX_STR_NONE;
    struct access_grant_row *grants = NULL;
    if (cx_id_eq(in->user_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "granter-is-receiver",
                         "Nobody changes their own roles; another administrator has to.");
    CX_TRY(show_user(request, in->user_id, &before));
    CX_TRY(prepare_roles(request, in->user_id, in->roles, in->roles_count, CX_STR("roles set"),
                         &grants));
    CX_TRY(access_roles_text(before.roles, before.roles_count, request->arena, &before_text));
    CX_TRY(access_roles_text(in->roles, in->roles_count, request->arena, &after_text));
    struct user_change change = {.request = request,
                                 .user_id = in->user_id,
                                 .grants = grants,
                                 .grant_count = in->roles_count};
    struct field_detail details[] = {{"roles_before", before_text}, {"roles", after_text}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_roles, &change));
    return show_user(request, in->user_id, &ret_out->body);
}

/* A service account works while somebody active owns it: give it to somebody first. */
static cx_err check_owned(struct store_tx *tx, const struct user_change *change,
                          const struct user_row *before)
{
    struct api_request *request = change->request;
    struct user_row now = *before;
    bool usable = false;
    now.state = USER_ACTIVE;
    CX_TRY(user_is_usable(tx, request->principal.tenant_id, &now, &usable));
    if (usable)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "user_id", "owner-inactive",
                     "Nobody active owns this service account: transfer it first.");
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
        return check_owned(tx, change, &user);
    /* A link that nobody remembers must not open anything when the person is enabled again. */
    CX_TRY(link_expire_all(tx, tenant_id, change->user_id, request->now_us));
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
