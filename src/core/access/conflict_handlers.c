/* Operations on conflicts: pairs of roles or permissions that nobody holds together. They are added, never taken away
 * through the API: what keeps people apart is not for the people to lift. */
#include "api_routes.h"
#include "core/access/conflict.h"
#include "core/change/change.h"
#include "core/field.h"
#include "store/rows.h"

struct conflict_list {
    struct api_request *request;
    struct access_conflict *list;
    size_t count;
};

static cx_err read_conflicts(struct store_tx *tx, void *arg)
{
    struct conflict_list *list = arg;
    return access_conflicts(tx, list->request->principal.tenant_id, list->request->arena,
                            &list->list, &list->count);
}

cx_err handle_conflict_list(struct api_request *request, const struct api_conflict_list_in *in,
                            struct api_conflict_list_out *ret_out)
{
    (void)in;
    struct conflict_list list = {.request = request};
    struct api_conflict_view *items = NULL;
    CX_TRY(store_read(request->core->store, read_conflicts, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        items[i] =
            (struct api_conflict_view){list.list[i].one, list.list[i].other, list.list[i].builtin};
    ret_out->body = (struct api_conflict_page){.items = items, .items_count = list.count};
    return CX_OK;
}

struct conflict_create {
    struct api_request *request;
    struct row_role_conflict row;
};

static cx_err check_term(struct store_tx *tx, struct api_request *request, const char *field,
                         struct cx_str term)
{
    enum permission permission = PERMISSION_COUNT;
    struct permission_set permissions;
    bool known = cx_is_ok(access_permission_from_name(term, &permission));
    if (!known)
        CX_TRY(access_role_permissions(tx, request->principal.tenant_id, term, ACCESS_NOW,
                                       &permissions, &known));
    if (known)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(POLICY), field, "term-unknown",
                     "There is no role and no permission %.*s.", CX_STR_ARG(term));
}

static cx_err write_conflict(struct store_tx *tx, void *arg)
{
    struct conflict_create *create = arg;
    struct api_request *request = create->request;
    CX_TRY(check_term(tx, request, "one", create->row.one));
    CX_TRY(check_term(tx, request, "other", create->row.other));
    CX_TRY(row_role_conflict_insert(tx, &create->row));
    CX_TRY(change_note_all(tx, create->row.tenant_id, CHANGE_ROLE_CONFLICT));
    return access_conflict_check_role(tx, create->row.tenant_id, CX_STR_NONE, request->now_us,
                                      request->arena, request->diag);
}

cx_err handle_conflict_create(struct api_request *request, const struct api_conflict_create_in *in,
                              struct api_conflict_create_out *ret_out)
{
    struct conflict_create create = {request,
                                     {.tenant_id = request->principal.tenant_id,
                                      .one = in->one,
                                      .other = in->other,
                                      .created_us = request->now_us,
                                      .has_created_by_id = true,
                                      .created_by_id = request->principal.user_id}};
    struct field_detail details[] = {{"one", in->one}, {"other", in->other}};
    struct audit_event event = {0};
    if (cx_str_eq(in->one, in->other))
        return cx_refuse(request->diag, CX_ERR(POLICY), "other", "conflict-with-itself",
                         "A conflict is between two different roles or permissions.");
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    cx_err err = api_commit(request, &event, write_conflict, &create);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "one", "conflict-exists", "This conflict exists.");
    CX_TRY(err);
    ret_out->body = (struct api_conflict_view){in->one, in->other, false};
    return CX_OK;
}
