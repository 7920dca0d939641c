/* Operations on API tokens. A token belongs to a person and never carries more than they have now. */
#include "api_routes.h"
#include "core/access/credential.h"
#include "core/access/view.h"
#include "core/field.h"

/* Whose tokens are one's business: one's own, and everybody's with the right to read (disable) users. */
static bool may_see_others(const struct principal *principal)
{
    return (access_permission_holders(PERMISSION_USER_READ) & principal->roles) != 0;
}

static bool may_revoke_others(const struct principal *principal)
{
    return (access_permission_holders(PERMISSION_USER_DISABLE) & principal->roles) != 0;
}

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "token_id", "token-unknown",
                     "There is no such token.");
}

struct token_list {
    struct cx_id tenant_id, user_id;
    struct page_key after;
    size_t limit, count;
    struct arena *arena;
    struct token_row *rows;
    uint32_t *user_roles;
};

static cx_err read_tokens(struct store_tx *tx, void *arg)
{
    struct token_list *list = arg;
    CX_TRY(token_page(tx, list->tenant_id, list->user_id, &list->after, list->limit, list->arena,
                      list->rows, &list->count));
    for (size_t i = 0; i < list->count; i++) {
        struct user_row user;
        CX_TRY(user_find(tx, list->tenant_id, list->rows[i].user_id, list->arena, &user));
        list->user_roles[i] = user.roles;
    }
    return CX_OK;
}

cx_err handle_token_list(struct api_request *request, const struct api_token_list_in *in,
                         struct api_token_list_out *ret_out)
{
    const struct principal *me = &request->principal;
    struct token_list list = {.tenant_id = me->tenant_id,
                              .user_id = in->has_user_id ? in->user_id : (struct cx_id){{0}},
                              .limit = (size_t)in->limit,
                              .arena = request->arena};
    struct api_token_view *items = NULL;
    if (!may_see_others(me)) {
        if (in->has_user_id && !cx_id_eq(in->user_id, me->user_id))
            return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "permission-missing",
                             "Only administrators and auditors see other people's tokens.");
        list.user_id = me->user_id;
    }
    CX_TRY(page_cursor_parse(in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.user_roles));
    CX_TRY(store_read(request->core->store, read_tokens, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(access_token_view(request->core, list.tenant_id, &list.rows[i], list.user_roles[i],
                                 request->now_us, request->arena, &items[i]));
    struct api_token_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct token_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->token_id};
        CX_TRY(page_cursor_write(request->arena, &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct token_read {
    struct cx_id tenant_id, token_id;
    struct arena *arena;
    struct token_row token;
    struct user_row user;
};

static cx_err read_token(struct store_tx *tx, void *arg)
{
    struct token_read *read = arg;
    CX_TRY(token_find(tx, read->tenant_id, read->token_id, read->arena, &read->token));
    return user_find(tx, read->tenant_id, read->token.user_id, read->arena, &read->user);
}

static cx_err show_token(struct api_request *request, struct cx_id token_id,
                         struct api_token_view *ret_view)
{
    struct token_read read = {
        .tenant_id = request->principal.tenant_id, .token_id = token_id, .arena = request->arena};
    cx_err err = store_read(request->core->store, read_token, &read);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return access_token_view(request->core, read.tenant_id, &read.token, read.user.roles,
                             request->now_us, request->arena, ret_view);
}

static cx_err write_token(struct store_tx *tx, void *arg)
{
    return row_api_token_insert(tx, arg);
}

cx_err handle_token_create(struct api_request *request, const struct api_token_create_in *in,
                           struct api_token_create_out *ret_out)
{
    const struct principal *me = &request->principal;
    uint32_t roles = in->has_roles ? access_roles_bits(in->roles, in->roles_count) : me->roles;
    struct access_token_order order = {
        .tenant_id = me->tenant_id,
        .user_id = me->user_id,
        .label = in->label,
        .roles = roles,
        .now_us = request->now_us,
        .expires_us = request->now_us + in->expires_in_days * CX_US_PER_DAY,
    };
    struct row_api_token row = {0};
    struct api_token_secret_view view = {0};
    struct cx_str roles_text = CX_STR_NONE;
    if (roles & ~me->roles)
        return cx_refuse(request->diag, CX_ERR(DENIED), "roles", "role-not-held",
                         "A token cannot have a role that the token it is made with lacks.");
    CX_TRY(access_token_make(request->core, &order, request->arena, &row, &view.secret));
    CX_TRY(access_roles_text(roles, request->arena, &roles_text));
    struct field_detail details[] = {{"label", in->label}, {"roles", roles_text}};
    struct audit_event event = {.object_type = CX_ID_TOKEN, .object_id = row.token_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_token, &row));
    CX_TRY(show_token(request, row.token_id, &view.token));
    ret_out->body = view;
    return CX_OK;
}

struct token_revocation {
    struct api_request *request;
    struct cx_id token_id;
};

static cx_err write_revocation(struct store_tx *tx, void *arg)
{
    const struct token_revocation *revocation = arg;
    struct api_request *request = revocation->request;
    const struct principal *me = &request->principal;
    struct token_row token;
    cx_err err = token_find(tx, me->tenant_id, revocation->token_id, request->arena, &token);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    /* Somebody else's token does not exist for those who may not see it. */
    if (!cx_id_eq(token.user_id, me->user_id) && !may_revoke_others(me))
        return refuse_unknown(request->diag);
    return token_revoke(tx, me->tenant_id, revocation->token_id, request->now_us);
}

cx_err handle_token_revoke(struct api_request *request, const struct api_token_revoke_in *in,
                           struct api_token_revoke_out *ret_out)
{
    struct token_revocation revocation = {request, in->token_id};
    struct audit_event event = {.object_type = CX_ID_TOKEN, .object_id = in->token_id};
    CX_TRY(api_commit(request, &event, write_revocation, &revocation));
    return show_token(request, in->token_id, &ret_out->body);
}
