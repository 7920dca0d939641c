/* Operations on groups. Who comes into a group comes into its bindings, so each addition asks separation of duties. */
#include "api_routes.h"
#include "core/access/access_store.h"
#include "core/access/conflict.h"
#include "core/access/group_store.h"
#include "core/access/person.h"
#include "core/change/change.h"
#include "core/field.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "group_id", "group-unknown",
                     "There is no such group.");
}

static struct api_group_view view_of(const struct group_row *row)
{
    return (struct api_group_view){
        .id = row->group_id, .name = row->name, .created = row->created_us};
}

static bool may(const struct principal *me, enum permission permission, struct cx_id group_id)
{
    struct access_place place = {.groups = &group_id, .group_count = 1};
    return access_may(me, permission, &place);
}

struct group_show {
    struct api_request *request;
    struct cx_id group_id;
    struct group_row row;
    struct cx_id *members, *nested;
    size_t member_count, nested_count;
};

static cx_err read_group(struct store_tx *tx, void *arg)
{
    struct group_show *show = arg;
    struct cx_id tenant_id = show->request->principal.tenant_id;
    struct arena *arena = show->request->arena;
    CX_TRY(group_find(tx, tenant_id, show->group_id, arena, &show->row));
    CX_TRY(
        group_members(tx, tenant_id, show->group_id, arena, &show->members, &show->member_count));
    return group_nested(tx, tenant_id, show->group_id, arena, &show->nested, &show->nested_count);
}

static cx_err show_group(struct api_request *request, struct cx_id group_id,
                         struct api_group_view *ret_view)
{
    struct group_show show = {.request = request, .group_id = group_id};
    cx_err err = store_read(request->core->store, read_group, &show);
    if (err.code == CX_E_NOTFOUND ||
        (cx_is_ok(err) && !may(&request->principal, PERMISSION_GROUP_READ, group_id)))
        return refuse_unknown(request->diag);
    CX_TRY(err);
    struct api_group_view view = view_of(&show.row);
    view.has_members = view.has_nested = true;
    view.members = show.members;
    view.members_count = show.member_count;
    view.nested = show.nested;
    view.nested_count = show.nested_count;
    *ret_view = view;
    return CX_OK;
}

struct group_list {
    struct cx_id tenant_id;
    struct access_scope scope;
    struct page_key after;
    size_t limit, count;
    struct arena *arena;
    struct group_row *rows;
};

static cx_err read_groups(struct store_tx *tx, void *arg)
{
    struct group_list *list = arg;
    return group_page(tx, list->tenant_id, &list->scope, &list->after, list->limit, list->arena,
                      list->rows, &list->count);
}

cx_err handle_group_list(struct api_request *request, const struct api_group_list_in *in,
                         struct api_group_list_out *ret_out)
{
    struct group_list list = {.tenant_id = request->principal.tenant_id,
                              .limit = (size_t)in->limit,
                              .arena = request->arena};
    struct api_group_view *items = NULL;
    CX_TRY(page_cursor_parse("group", in->cursor, request->diag, &list.after));
    CX_TRY(
        access_scope_of(&request->principal, PERMISSION_GROUP_READ, request->arena, &list.scope));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_groups, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        items[i] = view_of(&list.rows[i]);
    struct api_group_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct group_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->group_id};
        CX_TRY(page_cursor_write(request->arena, "group", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_group_get(struct api_request *request, const struct api_group_get_in *in,
                        struct api_group_get_out *ret_out)
{
    return show_group(request, in->group_id, &ret_out->body);
}

static cx_err write_group(struct store_tx *tx, void *arg)
{
    const struct row_access_group *row = arg;
    CX_TRY(row_access_group_insert(tx, row));
    return change_note_id(tx, row->tenant_id, CHANGE_GROUP, row->group_id);
}

cx_err handle_group_create(struct api_request *request, const struct api_group_create_in *in,
                           struct api_group_create_out *ret_out)
{
    struct row_access_group row = {.tenant_id = request->principal.tenant_id,
                                   .name = in->name,
                                   .created_us = request->now_us,
                                   .has_created_by_id = true,
                                   .created_by_id = request->principal.user_id};
    struct field_detail details[] = {{"name", in->name}};
    CX_TRY(cx_id_new(request->core->rng, &row.group_id));
    struct audit_event event = {.object_type = CX_ID_GROUP, .object_id = row.group_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    cx_err err = api_commit(request, &event, write_group, &row);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "name", "group-name-taken",
                         "Another group has this name.");
    CX_TRY(err);
    return show_group(request, row.group_id, &ret_out->body);
}

struct group_change {
    struct api_request *request;
    struct cx_id group_id;
    struct cx_id other_id; /* user or nested group */
    cx_err (*write)(struct store_tx *tx, const struct group_change *change);
    enum permission permission;
};

/* The group is there and the right reaches it, in this transaction. */
static cx_err check_group(struct store_tx *tx, const struct group_change *change)
{
    struct api_request *request = change->request;
    struct group_row row;
    struct access_object object = {.place = {.groups = &change->group_id, .group_count = 1}};
    cx_err err =
        group_find(tx, request->principal.tenant_id, change->group_id, request->arena, &row);
    if (cx_is_ok(err))
        err = authorise(&request->principal, change->permission, &object, request->diag);
    return err.code == CX_E_NOTFOUND ? refuse_unknown(request->diag) : err;
}

static cx_err write_change(struct store_tx *tx, void *arg)
{
    const struct group_change *change = arg;
    CX_TRY(check_group(tx, change));
    return change->write(tx, change);
}

static cx_err commit_change(struct group_change *change, const char *key, enum cx_id_type type,
                            struct api_group_view *ret_view)
{
    struct api_request *request = change->request;
    struct cx_str other = CX_STR_NONE;
    struct audit_event event = {.object_type = CX_ID_GROUP, .object_id = change->group_id};
    CX_TRY(field_id_text(request->arena, type, change->other_id, &other));
    struct field_detail details[] = {{key, other}};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_change, change));
    return show_group(request, change->group_id, ret_view);
}

/* Who may not give a privileged role may not give it by way of a group that has one either. */
static cx_err refuse_privileged(struct store_tx *tx, const struct group_change *change)
{
    struct api_request *request = change->request;
    const struct principal *me = &request->principal;
    struct access_subject_ids who = {.user_id = change->other_id};
    const struct access_held *held = NULL;
    struct access_rights *rights = NULL;
    struct access_state state;
    bool privileged = false;
    if (access_may(me, PERMISSION_BINDING_CREATE, NULL))
        return CX_OK;
    CX_TRY(access_state_of(tx, me->tenant_id, who, ACCESS_NOW, request->arena, &state));
    CX_TRY(access_rights_compile(&state, who, request->now_us, &rights));
    size_t count = access_rights_held(rights, &held);
    for (size_t i = 0; i < count; i++)
        privileged =
            privileged || (held[i].path_count && cx_id_eq(held[i].path[0], change->group_id) &&
                           access_is_privileged(&held[i].binding->permissions));
    access_rights_release(rights);
    if (!privileged)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(DENIED), "group_id", "group-privileged",
                     "The group has a privileged role: who may create bindings has to add to it.");
}

static cx_err write_add(struct store_tx *tx, const struct group_change *change)
{
    struct api_request *request = change->request;
    const struct principal *me = &request->principal;
    struct user_row user;
    cx_err err = user_find(tx, me->tenant_id, change->other_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "user-unknown",
                         "There is no such user.");
    CX_TRY(err);
    bool mine = false;
    CX_TRY(access_same_person(tx, me->tenant_id, me->user_id, change->other_id, &mine));
    if (mine)
        return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "granter-is-receiver",
                         "You and this service account are one person here; another person has "
                         "to.");
    CX_TRY(group_add_member(tx, me->tenant_id, change->group_id, change->other_id, me->user_id,
                            request->now_us, request->diag));
    CX_TRY(refuse_privileged(tx, change));
    return access_conflict_check(tx, me->tenant_id, change->other_id, request->now_us,
                                 request->diag);
}

cx_err handle_group_add(struct api_request *request, const struct api_group_add_in *in,
                        struct api_group_add_out *ret_out)
{
    struct group_change change = {request, in->group_id, in->user_id, write_add,
                                  PERMISSION_GROUP_MEMBER_SET};
    if (cx_id_eq(in->user_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "granter-is-receiver",
                         "Nobody adds themselves to a group; another person has to.");
    return commit_change(&change, "user", CX_ID_USER, &ret_out->body);
}

static cx_err write_remove(struct store_tx *tx, const struct group_change *change)
{
    struct api_request *request = change->request;
    cx_err err = group_end_member(tx, request->principal.tenant_id, change->group_id,
                                  change->other_id, request->now_us);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "member-unknown",
                         "The user is not a member of the group.");
    return err;
}

cx_err handle_group_remove(struct api_request *request, const struct api_group_remove_in *in,
                           struct api_group_remove_out *ret_out)
{
    struct group_change change = {request, in->group_id, in->user_id, write_remove,
                                  PERMISSION_GROUP_MEMBER_SET};
    return commit_change(&change, "user", CX_ID_USER, &ret_out->body);
}

/* Everybody below the child comes into the bindings of the parent: nobody nests what they are in themselves. */
static cx_err refuse_own(struct store_tx *tx, const struct group_change *change)
{
    struct api_request *request = change->request;
    struct cx_id *people = NULL;
    size_t count = 0;
    CX_TRY(access_people_of(tx, request->principal.tenant_id, change->other_id, request->arena,
                            &people, &count));
    bool mine = false;
    CX_TRY(access_is_among(tx, request->principal.tenant_id, request->principal.user_id, people,
                           count, request->arena, &mine));
    if (!mine)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(DENIED), "child_id", "granter-is-receiver",
                     "You are a member of that group; another person has to nest it.");
}

static cx_err write_nest(struct store_tx *tx, const struct group_change *change)
{
    struct api_request *request = change->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct group_row child;
    cx_err err = group_find(tx, tenant_id, change->other_id, request->arena, &child);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "child_id", "group-unknown",
                         "There is no such group.");
    CX_TRY(err);
    CX_TRY(refuse_own(tx, change));
    CX_TRY(group_add_nesting(tx, tenant_id, change->group_id, change->other_id,
                             request->principal.user_id, request->now_us, request->diag));
    return access_conflict_check_group(tx, tenant_id, change->other_id, request->now_us,
                                       request->arena, request->diag);
}

cx_err handle_group_nest(struct api_request *request, const struct api_group_nest_in *in,
                         struct api_group_nest_out *ret_out)
{
    struct group_change change = {request, in->group_id, in->child_id, write_nest,
                                  PERMISSION_GROUP_NEST};
    return commit_change(&change, "nested", CX_ID_GROUP, &ret_out->body);
}

static cx_err write_unnest(struct store_tx *tx, const struct group_change *change)
{
    struct api_request *request = change->request;
    cx_err err = group_end_nesting(tx, request->principal.tenant_id, change->group_id,
                                   change->other_id, request->now_us);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "child_id", "nesting-unknown",
                         "That group is not nested in this one.");
    return err;
}

cx_err handle_group_unnest(struct api_request *request, const struct api_group_unnest_in *in,
                           struct api_group_unnest_out *ret_out)
{
    struct group_change change = {request, in->group_id, in->child_id, write_unnest,
                                  PERMISSION_GROUP_NEST};
    return commit_change(&change, "nested", CX_ID_GROUP, &ret_out->body);
}
