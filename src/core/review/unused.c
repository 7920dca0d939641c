/*
 * Which rights nobody has used lately. Nothing is written for it when a right is used: the audit log knows every action
 * that changed something, so the answer is one pass over its last days. What only reads leaves no entry; of a role that
 * only reads the answer is that it is not known. A use counts for every binding that gave the right to that person.
 */
#include "api_routes.h"
#include "core/field.h"
#include "core/review/review.h"

enum { USES_MAX = 200000 };

struct use {
    struct cx_id user_id;
    struct permission_set permissions;
    cx_time last_us;
};

struct unused_read {
    struct api_request *request;
    cx_time since_us;
    struct page_key after;
    size_t limit, count;
    struct binding_row *rows;
    struct api_unused_right_view *views;
    struct use *uses;
    size_t use_count;
};

/* What a person needs for an action that the log names. */
static struct permission_set permissions_of(struct cx_str action)
{
    struct permission_set set = {{0}};
    for (size_t i = 0; i < API_OP_COUNT; i++)
        if (api_operations[i].audit && !api_operations[i].anonymous &&
            cx_str_is(action, api_operations[i].audit))
            permission_set_add(&set, api_operations[i].permission);
    return set;
}

static bool leaves_entries(enum permission permission)
{
    for (size_t i = 0; i < API_OP_COUNT; i++)
        if (api_operations[i].audit && !api_operations[i].anonymous &&
            api_operations[i].permission == permission)
            return true;
    return false;
}

static cx_err read_uses(struct store_tx *tx, struct unused_read *read)
{
    struct store_stmt *q = NULL;
    read->use_count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT user_id, action, MAX(time_us) FROM audit_entry "
                         "WHERE tenant_id = $1 AND time_us >= $2 AND outcome = 'done' "
                         "AND user_id IS NOT NULL GROUP BY user_id, action",
                         &q));
    store_bind_id(q, 1, read->request->principal.tenant_id);
    store_bind_int(q, 2, read->since_us);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        if (read->use_count == USES_MAX)
            return CX_ERR(LIMIT);
        read->uses[read->use_count++] = (struct use){
            store_col_id(q, 0), permissions_of(store_col_text(q, 1)), store_col_int(q, 2)};
    }
}

/* When anybody of these used a right last; 0: not since then. */
static cx_time last_use(const struct unused_read *read, const struct cx_id *people, size_t count,
                        enum permission permission)
{
    cx_time last_us = 0;
    for (size_t i = 0; i < read->use_count; i++) {
        const struct use *use = &read->uses[i];
        if (use->last_us <= last_us || !permission_set_has(&use->permissions, permission))
            continue;
        for (size_t p = 0; p < count; p++)
            if (cx_id_eq(people[p], use->user_id))
                last_us = use->last_us;
    }
    return last_us;
}

static cx_err fill_rights(const struct unused_read *read, const struct permission_set *role,
                          const struct cx_id *people, size_t people_count,
                          struct api_unused_right_view *view)
{
    struct cx_str *unused = NULL;
    bool known = false;
    CX_TRY(ARENA_NEW_ARRAY(read->request->arena, PERMISSION_COUNT, &unused));
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        enum permission permission = (enum permission)i;
        if (!permission_set_has(role, permission) || !leaves_entries(permission))
            continue;
        cx_time last_us = last_use(read, people, people_count, permission);
        known = true;
        if (last_us == 0)
            unused[view->unused_count++] = cx_str_from(permission_name(permission));
        if (last_us > view->last_used)
            view->last_used = last_us;
    }
    view->unused = unused;
    view->has_last_used = view->last_used != 0;
    view->use = view->has_last_used              ? API_RIGHT_USE_USED
                : !known                         ? API_RIGHT_USE_UNKNOWN
                : view->created > read->since_us ? API_RIGHT_USE_NEW
                                                 : API_RIGHT_USE_UNUSED;
    return CX_OK;
}

static cx_err fill_view(struct store_tx *tx, const struct unused_read *read,
                        const struct binding_row *row, struct api_unused_right_view *view)
{
    struct cx_id tenant_id = read->request->principal.tenant_id;
    struct cx_id subject_id = row->subject_id, *people = &subject_id;
    struct permission_set permissions;
    size_t count = 1;
    *view = (struct api_unused_right_view){
        .binding_id = row->binding_id,
        .has_user_id = row->subject == ACCESS_USER,
        .user_id = row->subject_id,
        .has_group_id = row->subject == ACCESS_GROUP,
        .group_id = row->subject_id,
        .role = row->role,
        .created = row->created_us,
    };
    if (row->subject == ACCESS_GROUP)
        CX_TRY(access_people_of(tx, tenant_id, row->subject_id, read->request->arena, &people,
                                &count));
    CX_TRY(access_role_permissions(tx, tenant_id, row->role, ACCESS_NOW, &permissions, NULL));
    return fill_rights(read, &permissions, people, count, view);
}

static cx_err read_unused(struct store_tx *tx, void *arg)
{
    struct unused_read *read = arg;
    struct cx_id tenant_id = read->request->principal.tenant_id;
    size_t found = read->limit;
    struct page_key at = read->after;
    read->count = 0;
    CX_TRY(read_uses(tx, read));
    while (read->count < read->limit && found == read->limit) {
        CX_TRY(binding_page(tx, tenant_id, &at, read->limit, read->request->arena, read->rows,
                            &found));
        for (size_t i = 0; i < found && read->count < read->limit; i++) {
            const struct binding_row *row = &read->rows[i];
            at = (struct page_key){row->created_us, row->binding_id};
            if (row->subject != ACCESS_TOKEN && row->standing == BINDING_BOUND &&
                row->ended_us == 0 && row->expires_us > read->request->now_us)
                CX_TRY(fill_view(tx, read, row, &read->views[read->count++]));
        }
    }
    read->after = at;
    return CX_OK;
}

cx_err handle_unused_right_list(struct api_request *request,
                                const struct api_unused_right_list_in *in,
                                struct api_unused_right_list_out *ret_out)
{
    struct unused_read read = {.request = request, .limit = (size_t)in->limit};
    struct page_key after;
    CX_TRY(page_cursor_parse("unused-right", in->cursor, request->diag, &after));
    read.since_us = request->now_us - in->days * CX_US_PER_DAY;
    read.after = after;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, read.limit, &read.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, read.limit, &read.views));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, USES_MAX, &read.uses));
    CX_TRY(store_read(request->core->store, read_unused, &read));
    struct api_unused_right_page page = {
        .since = read.since_us, .items = read.views, .items_count = read.count};
    page.has_next_cursor = read.count == read.limit;
    if (page.has_next_cursor)
        CX_TRY(page_cursor_write(request->arena, "unused-right", &read.after, &page.next_cursor));
    ret_out->body = page;
    return CX_OK;
}
