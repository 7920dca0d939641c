/* Operations on roles: those that every tenant has are read only; a tenant's own are sets of permissions with history. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/conflict.h"
#include "core/access/view.h"
#include "core/change/change.h"
#include "core/change/rollback.h"
#include "core/field.h"

enum { ROLES_SHOWN_MAX = 400 };

static cx_err view_of(struct cx_str name, bool builtin, const struct permission_set *permissions,
                      struct arena *arena, struct api_role_view *ret_view)
{
    struct api_role_view view = {
        .name = name, .builtin = builtin, .privileged = access_is_privileged(permissions)};
    struct cx_str *list = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, PERMISSION_COUNT, &list));
    for (int i = 0; i < PERMISSION_COUNT; i++)
        if (permission_set_has(permissions, (enum permission)i))
            list[view.permissions_count++] = cx_str_from(permission_name((enum permission)i));
    view.permissions = list;
    *ret_view = view;
    return CX_OK;
}

struct role_list {
    struct api_request *request;
    struct cx_str *names;
    struct permission_set *permissions;
    size_t count;
};

static cx_err read_roles(struct store_tx *tx, void *arg)
{
    struct role_list *list = arg;
    struct cx_id tenant_id = list->request->principal.tenant_id;
    struct store_stmt *q = NULL;
    list->count = 0;
    CX_TRY(store_prepare(
        tx, "SELECT name FROM custom_role WHERE tenant_id = $1 ORDER BY name LIMIT $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, ROLES_SHOWN_MAX);
    while (list->count < ROLES_SHOWN_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(arena_copy_str(list->request->arena, store_col_text(q, 0),
                              &list->names[list->count++]));
    }
    for (size_t i = 0; i < list->count; i++)
        CX_TRY(access_role_permissions(tx, tenant_id, list->names[i], ACCESS_NOW,
                                       &list->permissions[i], NULL));
    return CX_OK;
}

cx_err handle_role_list(struct api_request *request, const struct api_role_list_in *in,
                        struct api_role_list_out *ret_out)
{
    (void)in;
    struct role_list list = {.request = request};
    struct api_role_view *items = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ROLES_SHOWN_MAX, &list.names));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ROLES_SHOWN_MAX, &list.permissions));
    CX_TRY(store_read(request->core->store, read_roles, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ACCESS_BUILTIN_COUNT + list.count, &items));
    for (size_t i = 0; i < ACCESS_BUILTIN_COUNT; i++) {
        struct permission_set permissions;
        access_builtin_permissions(i, &permissions);
        CX_TRY(view_of(cx_str_from(access_builtin_name(i)), true, &permissions, request->arena,
                       &items[i]));
    }
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_of(list.names[i], false, &list.permissions[i], request->arena,
                       &items[ACCESS_BUILTIN_COUNT + i]));
    ret_out->body =
        (struct api_role_page){.items = items, .items_count = ACCESS_BUILTIN_COUNT + list.count};
    return CX_OK;
}

struct role_set {
    struct api_request *request;
    struct cx_str name;
    struct permission_set permissions;
};

/* Only rights to a custom role that somebody has without an end would become privileged unseen. */
static cx_err check_ends(struct store_tx *tx, const struct role_set *set)
{
    struct api_request *request = set->request;
    struct store_stmt *q = NULL;
    bool lasting = false;
    if (!access_is_privileged(&set->permissions))
        return CX_OK;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM role_binding WHERE tenant_id = $1 AND role = $2 "
                         "AND ended_us IS NULL AND expires_us IS NULL LIMIT 1",
                         &q));
    store_bind_id(q, 1, request->principal.tenant_id);
    store_bind_text(q, 2, set->name);
    CX_TRY(store_step(q, &lasting));
    if (!lasting)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(POLICY), "permissions", "binding-needs-end",
                     "The role would become privileged, and a binding to it has no end: end that "
                     "binding first.");
}

static cx_err write_permission(struct store_tx *tx, const struct role_set *set,
                               enum permission permission, bool wanted)
{
    struct api_request *request = set->request;
    struct cx_str name = cx_str_from(permission_name(permission));
    struct row_custom_role_permission row = {.tenant_id = request->principal.tenant_id,
                                             .role = set->name,
                                             .permission = name,
                                             .added_us = request->now_us,
                                             .has_added_by_id = true,
                                             .added_by_id = request->principal.user_id};
    struct store_stmt *q = NULL;
    if (wanted)
        return row_custom_role_permission_insert(tx, &row);
    CX_TRY(store_prepare(tx,
                         "UPDATE custom_role_permission SET ended_us = $4 WHERE tenant_id = $1 "
                         "AND role = $2 AND permission = $3 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, row.tenant_id);
    store_bind_text(q, 2, row.role);
    store_bind_text(q, 3, name);
    store_bind_int(q, 4, request->now_us);
    return store_exec(q);
}

/* Nobody gives themselves a right by editing a role that they have. */
static cx_err refuse_own(const struct role_set *set, const struct permission_set *before)
{
    struct api_request *request = set->request;
    const struct access_held *held = NULL;
    size_t count = access_rights_held(request->principal.rights, &held);
    bool grows = false;
    for (int i = 0; i < PERMISSION_COUNT; i++)
        grows = grows || (permission_set_has(&set->permissions, (enum permission)i) &&
                          !permission_set_has(before, (enum permission)i));
    for (size_t i = 0; grows && i < count; i++)
        if (cx_str_eq(held[i].binding->role, set->name))
            return cx_refuse(request->diag, CX_ERR(DENIED), "name", "granter-is-receiver",
                             "You have this role; another person has to widen it.");
    return CX_OK;
}

static cx_err write_role(struct store_tx *tx, void *arg)
{
    const struct role_set *set = arg;
    struct api_request *request = set->request;
    struct row_custom_role row = {.tenant_id = request->principal.tenant_id,
                                  .name = set->name,
                                  .created_us = request->now_us,
                                  .has_created_by_id = true,
                                  .created_by_id = request->principal.user_id};
    struct permission_set before;
    bool known = false;
    CX_TRY(access_role_permissions(tx, row.tenant_id, set->name, ACCESS_NOW, &before, &known));
    CX_TRY(refuse_own(set, &before));
    CX_TRY(check_ends(tx, set));
    if (!known)
        CX_TRY(row_custom_role_insert(tx, &row));
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        bool wanted = permission_set_has(&set->permissions, (enum permission)i);
        if (wanted != permission_set_has(&before, (enum permission)i))
            CX_TRY(write_permission(tx, set, (enum permission)i, wanted));
    }
    CX_TRY(change_note_text(tx, row.tenant_id, CHANGE_ROLE, set->name));
    CX_TRY(access_changed(tx, row.tenant_id));
    return access_conflict_check_role(tx, row.tenant_id, set->name, request->now_us, request->arena,
                                      request->diag);
}

static cx_err read_set(struct api_request *request, const struct api_role_set_in *in,
                       struct role_set *set)
{
    struct permission_set builtin;
    if (access_builtin_find(in->name, &builtin))
        return cx_refuse(request->diag, CX_ERR(POLICY), "name", "role-builtin",
                         "Every tenant has this role as it is; make one of another name.");
    for (size_t i = 0; i < in->permissions_count; i++) {
        enum permission permission = PERMISSION_COUNT;
        if (cx_failed(access_permission_from_name(in->permissions[i], &permission)))
            return cx_refuse(request->diag, CX_ERR(POLICY), "permissions", "permission-unknown",
                             "There is no permission %.*s.", CX_STR_ARG(in->permissions[i]));
        permission_set_add(&set->permissions, permission);
    }
    return CX_OK;
}

/* The permissions of a version that was recorded: what the edit of then asked for. */
static cx_err read_version(struct api_request *request, const struct api_role_rollback_in *in,
                           struct api_role_set_in *ret_in)
{
    json_auto_t *root = NULL;
    struct cx_str *list = NULL;
    CX_TRY(change_rollback_read(request->core, request->principal.tenant_id, CHANGE_ROLE, in->name,
                                in->version, request->arena, request->diag, &root));
    const json_t *permissions = json_object_get(root, "permissions");
    CX_TRY(ARENA_NEW_ARRAY(request->arena, json_array_size(permissions), &list));
    for (size_t i = 0; i < json_array_size(permissions); i++) {
        const char *name = json_string_value(json_array_get(permissions, i));
        if (!name)
            return CX_ERR(STORE);
        CX_TRY(arena_copy_str(request->arena, cx_str_from(name), &list[i]));
    }
    *ret_in = (struct api_role_set_in){
        .name = in->name, .permissions = list, .permissions_count = json_array_size(permissions)};
    return CX_OK;
}

/* A rollback is an edit, through the same checks, that says where its permissions come from. */
static cx_err set_role(struct api_request *request, const struct api_role_set_in *in,
                       struct cx_str from_version, struct api_role_view *ret_view)
{
    struct role_set set = {.request = request, .name = in->name};
    struct cx_str text = CX_STR_NONE;
    struct audit_event event = {0};
    CX_TRY(read_set(request, in, &set));
    CX_TRY(access_roles_text(in->permissions, in->permissions_count, request->arena, &text));
    struct field_detail details[] = {
        {"role", in->name}, {"permissions", text}, {"from_version", from_version}};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    CX_TRY(api_commit(request, &event, write_role, &set));
    return view_of(in->name, false, &set.permissions, request->arena, ret_view);
}

cx_err handle_role_rollback(struct api_request *request, const struct api_role_rollback_in *in,
                            struct api_role_rollback_out *ret_out)
{
    struct api_role_set_in set = {.name = in->name};
    struct cx_str version = CX_STR_NONE;
    CX_TRY(read_version(request, in, &set));
    CX_TRY(arena_printf(request->arena, &version, "%lld", (long long)in->version));
    return set_role(request, &set, version, &ret_out->body);
}

cx_err handle_role_set(struct api_request *request, const struct api_role_set_in *in,
                       struct api_role_set_out *ret_out)
{
    return set_role(request, in, CX_STR_NONE, &ret_out->body);
}
