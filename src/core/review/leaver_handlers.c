/* Operations on leavers. */
#include "api_routes.h"
#include "core/access/access_store.h"
#include "core/field.h"
#include "core/review/review.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "user_id", "user-unknown", "There is no such user.");
}

static cx_err view_of(struct api_request *request, const struct leaver_row *row,
                      struct api_leaver_view *ret_view)
{
    struct field_place place = {request->principal.tenant_id, "leaver", "reason", row->leaver_id};
    struct api_leaver_view view = {
        .user_id = row->user_id,
        .state = row->done_us        ? API_LEAVER_STATE_DONE
                 : row->withdrawn_us ? API_LEAVER_STATE_WITHDRAWN
                                     : API_LEAVER_STATE_WAITING,
        .source = row->by_directory ? API_LEAVER_SOURCE_DIRECTORY : API_LEAVER_SOURCE_PERSON,
        .marked = row->marked_us,
        .left = row->left_us,
        .due = row->due_us,
        .has_marked_by_id = !cx_id_is_zero(row->marked_by_id),
        .marked_by_id = row->marked_by_id,
        .has_done = row->done_us != 0,
        .done = row->done_us,
        .has_withdrawn = row->withdrawn_us != 0,
        .withdrawn = row->withdrawn_us,
    };
    CX_TRY(field_open_text(request->core, place, row->reason, request->arena, &view.reason));
    *ret_view = view;
    return CX_OK;
}

struct leaver_change {
    struct api_request *request;
    struct cx_id user_id;
    struct row_leaver row;
    struct leaver_row waiting; /* afterwards; of a withdrawal: before */
};

static cx_err write_mark(struct store_tx *tx, void *arg)
{
    struct leaver_change *change = arg;
    struct api_request *request = change->request;
    struct user_row user;
    cx_err err = user_find(tx, change->row.tenant_id, change->user_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(leaver_mark(tx, &change->row, request->arena));
    return leaver_waiting(tx, change->row.tenant_id, change->user_id, request->arena,
                          &change->waiting);
}

cx_err handle_user_leave(struct api_request *request, const struct api_user_leave_in *in,
                         struct api_user_leave_out *ret_out)
{
    struct leaver_change change = {.request = request, .user_id = in->user_id};
    const struct leaver_draft draft = {.tenant_id = request->principal.tenant_id,
                                       .user_id = in->user_id,
                                       .by = request->principal.user_id,
                                       .reason = in->reason,
                                       .left_us = in->has_left ? in->left : request->now_us,
                                       .has_due = in->has_due,
                                       .due_us = in->due,
                                       .now_us = request->now_us};
    struct field_detail details[] = {{"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    CX_TRY(leaver_prepare(request->core, request->arena, &draft, request->diag, &change.row));
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_mark, &change));
    return view_of(request, &change.waiting, &ret_out->body);
}

static cx_err write_withdrawal(struct store_tx *tx, void *arg)
{
    struct leaver_change *change = arg;
    struct api_request *request = change->request;
    const struct principal *me = &request->principal;
    cx_err err =
        leaver_waiting(tx, me->tenant_id, change->user_id, request->arena, &change->waiting);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "user_id", "leaver-unknown",
                         "The user is not marked as leaving.");
    CX_TRY(err);
    return leaver_withdraw(tx, me->tenant_id, change->waiting.leaver_id, me->user_id,
                           request->now_us);
}

cx_err handle_user_stay(struct api_request *request, const struct api_user_stay_in *in,
                        struct api_user_stay_out *ret_out)
{
    struct leaver_change change = {.request = request, .user_id = in->user_id};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    if (cx_id_eq(in->user_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "reviewer-is-subject",
                         "Nobody decides about their own access; another person has to.");
    CX_TRY(api_commit(request, &event, write_withdrawal, &change));
    change.waiting.withdrawn_us = request->now_us;
    return view_of(request, &change.waiting, &ret_out->body);
}

struct leaver_list {
    struct cx_id tenant_id;
    struct page_key after;
    size_t limit, count;
    struct arena *arena;
    struct leaver_row *rows;
};

static cx_err read_leavers(struct store_tx *tx, void *arg)
{
    struct leaver_list *list = arg;
    return leaver_page(tx, list->tenant_id, &list->after, list->limit, list->arena, list->rows,
                       &list->count);
}

cx_err handle_leaver_list(struct api_request *request, const struct api_leaver_list_in *in,
                          struct api_leaver_list_out *ret_out)
{
    struct leaver_list list = {.tenant_id = request->principal.tenant_id,
                               .limit = (size_t)in->limit,
                               .arena = request->arena};
    struct api_leaver_view *items = NULL;
    CX_TRY(page_cursor_parse("leaver", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_leavers, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_of(request, &list.rows[i], &items[i]));
    struct api_leaver_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct leaver_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->marked_us, last->leaver_id};
        CX_TRY(page_cursor_write(request->arena, "leaver", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}
