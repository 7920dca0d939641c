/* What an administrator hands to a directory and takes back: groups and users that were here before it. */
#include "api_routes.h"
#include "core/access/group_store.h"
#include "core/access/view.h"
#include "core/change/change.h"
#include "core/field.h"
#include "core/provisioning/directory.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "group_id", "group-unknown",
                     "There is no such group, or it is no directory's.");
}

/* The directory in this transaction; a revoked one gets nothing. */
static cx_err check_client(struct store_tx *tx, struct api_request *request, struct cx_id client_id)
{
    struct scim_client client;
    cx_err err = scim_client_find(tx, request->principal.tenant_id, client_id, &client);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && client.revoked_us))
        return cx_refuse(request->diag, CX_ERR(POLICY), "client_id", "scim-client-unknown",
                         "There is no such SCIM client.");
    return err;
}

/* ---- groups ---- */

static struct api_scim_group_view view_of(const struct scim_group *row)
{
    return (struct api_scim_group_view){.group_id = row->group_id,
                                        .name = row->name,
                                        .display_name = row->display_name,
                                        .client_id = row->client_id,
                                        .made_here = row->made_here,
                                        .privileged_allowed = row->privileged_allowed,
                                        .marked_by_id = row->marked_by_id,
                                        .created = row->created_us};
}

struct listing {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct scim_group *rows;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct listing *l = arg;
    return scim_group_page(tx, l->request->principal.tenant_id, &l->after, l->limit,
                           l->request->arena, l->rows, &l->count);
}

cx_err handle_scim_group_list(struct api_request *request, const struct api_scim_group_list_in *in,
                              struct api_scim_group_list_out *ret_out)
{
    struct listing l = {.request = request, .limit = (size_t)in->limit};
    struct api_scim_group_view *items = NULL;
    CX_TRY(page_cursor_parse("scim-group", in->cursor, request->diag, &l.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.limit, &l.rows));
    CX_TRY(store_read(request->core->store, read_page, &l));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.count, &items));
    for (size_t i = 0; i < l.count; i++)
        items[i] = view_of(&l.rows[i]);
    struct api_scim_group_page page = {.items = items, .items_count = l.count};
    page.has_next_cursor = l.count == l.limit;
    if (page.has_next_cursor) {
        struct page_key key = {l.rows[l.count - 1].created_us, l.rows[l.count - 1].group_id};
        CX_TRY(page_cursor_write(request->arena, "scim-group", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct marking {
    struct api_request *request;
    struct cx_id group_id, client_id;
    bool privileged_allowed;
    struct scim_group row; /* after */
};

static cx_err insert_mark(struct store_tx *tx, struct marking *m, const struct group_row *group)
{
    const struct row_scim_group row = {.tenant_id = m->request->principal.tenant_id,
                                       .group_id = m->group_id,
                                       .client_id = m->client_id,
                                       .display_name = group->name,
                                       .external_id = CX_STR(""),
                                       .privileged_allowed = m->privileged_allowed,
                                       .marked_by_id = m->request->principal.user_id,
                                       .created_us = m->request->now_us,
                                       .changed_us = m->request->now_us};
    CX_TRY(row_scim_group_insert(tx, &row));
    return change_note_id(tx, row.tenant_id, CHANGE_SCIM_GROUP, row.group_id);
}

static cx_err write_mark(struct store_tx *tx, void *arg)
{
    struct marking *m = arg;
    struct api_request *request = m->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    const struct cx_id anybody = {{0}};
    struct group_row group;
    CX_TRY(check_client(tx, request, m->client_id));
    cx_err err = group_find(tx, tenant_id, m->group_id, request->arena, &group);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    err = scim_group_find(tx, tenant_id, anybody, m->group_id, request->arena, &m->row);
    if (err.code == CX_E_NOTFOUND) {
        CX_TRY(insert_mark(tx, m, &group));
    } else {
        CX_TRY(err);
        m->row.client_id = m->client_id;
        m->row.privileged_allowed = m->privileged_allowed;
        m->row.marked_by_id = request->principal.user_id;
        m->row.changed_us = request->now_us;
        m->row.removed_us = 0;
        CX_TRY(scim_group_update(tx, tenant_id, &m->row));
    }
    return scim_group_find(tx, tenant_id, anybody, m->group_id, request->arena, &m->row);
}

cx_err handle_scim_group_set(struct api_request *request, const struct api_scim_group_set_in *in,
                             struct api_scim_group_set_out *ret_out)
{
    struct marking m = {.request = request,
                        .group_id = in->group_id,
                        .client_id = in->client_id,
                        .privileged_allowed = in->privileged_allowed};
    struct cx_str client = CX_STR_NONE;
    /* Letting a directory add to a privileged group is giving what the group has to whomever it names. */
    if (in->privileged_allowed && !access_may(&request->principal, PERMISSION_BINDING_CREATE, NULL))
        return cx_refuse(request->diag, CX_ERR(DENIED), "privileged_allowed", "group-privileged",
                         "Only who may create bindings everywhere allows privileged roles.");
    CX_TRY(field_id_text(request->arena, CX_ID_USER, in->client_id, &client));
    struct field_detail details[] = {
        {"client", client},
        {"privileged_allowed", in->privileged_allowed ? CX_STR("true") : CX_STR("false")}};
    struct audit_event event = {.object_type = CX_ID_GROUP, .object_id = in->group_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_mark, &m));
    ret_out->body = view_of(&m.row);
    return CX_OK;
}

static cx_err write_release(struct store_tx *tx, void *arg)
{
    struct marking *m = arg;
    struct api_request *request = m->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err =
        scim_group_find(tx, tenant_id, (struct cx_id){{0}}, m->group_id, request->arena, &m->row);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && m->row.removed_us))
        return refuse_unknown(request->diag);
    CX_TRY(err);
    struct scim_group released = m->row;
    released.removed_us = released.changed_us = request->now_us;
    released.privileged_allowed = false;
    return scim_group_update(tx, tenant_id, &released);
}

cx_err handle_scim_group_release(struct api_request *request,
                                 const struct api_scim_group_release_in *in,
                                 struct api_scim_group_release_out *ret_out)
{
    struct marking m = {.request = request, .group_id = in->group_id};
    struct audit_event event = {.object_type = CX_ID_GROUP, .object_id = in->group_id};
    CX_TRY(api_commit(request, &event, write_release, &m));
    ret_out->body = view_of(&m.row);
    return CX_OK;
}

/* ---- users ---- */

struct adoption {
    struct api_request *request;
    struct row_scim_user row;
    struct user_row user; /* after */
    struct role_names roles;
};

static cx_err write_adoption(struct store_tx *tx, void *arg)
{
    struct adoption *a = arg;
    struct api_request *request = a->request;
    struct scim_client other;
    bool taken = false;
    CX_TRY(check_client(tx, request, a->row.client_id));
    cx_err err = user_find(tx, a->row.tenant_id, a->row.user_id, request->arena, &a->user);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "user_id", "user-unknown", "There is no such user.");
    CX_TRY(err);
    if (a->user.service)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "user-is-a-service",
                         "A service account is its owner's, not a directory's.");
    err = scim_client_find(tx, a->row.tenant_id, a->row.user_id, &other);
    if (cx_is_ok(err))
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "user-is-a-directory",
                         "A SCIM client is nobody's user.");
    if (err.code != CX_E_NOTFOUND)
        return err;
    CX_TRY(scim_user_name_taken(tx, a->row.tenant_id, a->row.client_id, a->row.user_name_index,
                                (struct cx_id){{0}}, &taken));
    if (taken)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "user_name", "user-name-taken",
                         "Another user of this directory has this name.");
    CX_TRY(scim_user_forget_removed(tx, a->row.tenant_id, a->row.user_id));
    CX_TRY(row_scim_user_insert(tx, &a->row));
    return binding_roles(tx, a->row.tenant_id, a->row.user_id, request->now_us, request->arena,
                         &a->roles);
}

cx_err handle_scim_user_set(struct api_request *request, const struct api_scim_user_set_in *in,
                            struct api_scim_user_set_out *ret_out)
{
    struct adoption a = {.request = request};
    struct scim_attributes attributes = {.text = {[SCIM_USER_NAME] = in->user_name}};
    struct cx_str client = CX_STR_NONE;
    a.row = (struct row_scim_user){.tenant_id = request->principal.tenant_id,
                                   .user_id = in->user_id,
                                   .client_id = in->client_id,
                                   .created_us = request->now_us,
                                   .changed_us = request->now_us};
    CX_TRY(scim_user_name_index(request, in->user_name, &a.row.user_name_index));
    CX_TRY(scim_attributes_seal(request, in->user_id, &attributes, &a.row.attributes));
    CX_TRY(field_id_text(request->arena, CX_ID_USER, in->client_id, &client));
    struct field_detail details[] = {{"client", client}, {"user_name", in->user_name}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    cx_err err = api_commit(request, &event, write_adoption, &a);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "user_id", "user-has-a-directory",
                         "The user is a directory's already.");
    CX_TRY(err);
    return access_user_view(request->core, a.row.tenant_id, &a.user, &a.roles, request->arena,
                            &ret_out->body);
}
