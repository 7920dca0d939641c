/* Operations on API tokens. A token belongs to an account and never carries more than that has now. */
#include "api_routes.h"
#include "core/access/service_store.h"
#include "core/access/token_make.h"
#include "core/access/view.h"
#include "core/field.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "token_id", "token-unknown",
                     "There is no such token.");
}

/* What a token may really use: the roles of its user, and of a narrowed one those that it left. */
static cx_err token_roles(struct store_tx *tx, struct cx_id tenant_id,
                          const struct token_row *token, cx_time now_us, struct arena *arena,
                          struct role_names *ret_roles)
{
    struct role_names held, left, roles = {0};
    CX_TRY(binding_roles(tx, tenant_id, token->user_id, now_us, arena, &held));
    if (!token->narrowed) {
        *ret_roles = held;
        return CX_OK;
    }
    CX_TRY(binding_roles(tx, tenant_id, token->token_id, now_us, arena, &left));
    CX_TRY(ARENA_NEW_ARRAY(arena, left.count, &roles.names));
    for (size_t i = 0; i < left.count; i++)
        for (size_t j = 0; j < held.count; j++)
            if (cx_str_eq(left.names[i], held.names[j]))
                roles.names[roles.count++] = left.names[i];
    *ret_roles = roles;
    return CX_OK;
}

struct token_list {
    struct api_request *request;
    const struct cx_id *user_id; /* NULL: of all whom the scope shows */
    struct access_scope scope;
    struct page_key after;
    size_t limit, count;
    struct token_row *rows;
    struct role_names *roles;
};

/* Whose tokens are one's business: one's own, those of service accounts that one owns, and those of the users whom one may
 * read. */
static cx_err read_tokens(struct store_tx *tx, void *arg)
{
    struct token_list *list = arg;
    const struct principal *me = &list->request->principal;
    struct arena *arena = list->request->arena;
    struct cx_id self_id = me->user_id;
    bool owned = false;
    if (list->user_id)
        CX_TRY(service_is_owned_by(tx, me->tenant_id, *list->user_id, me->user_id, &owned));
    if (owned)
        self_id = *list->user_id;
    else if (list->user_id && !access_may_anywhere(me, PERMISSION_USER_READ) &&
             !cx_id_eq(*list->user_id, me->user_id))
        return cx_refuse(list->request->diag, CX_ERR(DENIED), "user_id", "permission-missing",
                         "Only who may read users sees other people's tokens.");
    CX_TRY(token_page(tx, me->tenant_id, list->user_id, &list->scope, self_id, &list->after,
                      list->limit, arena, list->rows, &list->count));
    for (size_t i = 0; i < list->count; i++)
        CX_TRY(token_roles(tx, me->tenant_id, &list->rows[i], list->request->now_us, arena,
                           &list->roles[i]));
    return CX_OK;
}

cx_err handle_token_list(struct api_request *request, const struct api_token_list_in *in,
                         struct api_token_list_out *ret_out)
{
    const struct principal *me = &request->principal;
    struct token_list list = {.request = request,
                              .user_id = in->has_user_id ? &in->user_id : NULL,
                              .limit = (size_t)in->limit};
    struct api_token_view *items = NULL;
    if (!in->has_user_id && !access_may_anywhere(me, PERMISSION_USER_READ))
        list.user_id = &me->user_id;
    CX_TRY(access_scope_of(me, PERMISSION_USER_READ, request->arena, &list.scope));
    CX_TRY(page_cursor_parse("token", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.roles));
    CX_TRY(store_read(request->core->store, read_tokens, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(access_token_view(request->core, me->tenant_id, &list.rows[i], &list.roles[i],
                                 request->now_us, request->arena, &items[i]));
    struct api_token_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct token_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->token_id};
        CX_TRY(page_cursor_write(request->arena, "token", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct token_read {
    struct cx_id tenant_id, token_id;
    cx_time now_us;
    struct arena *arena;
    struct token_row token;
    struct role_names roles;
};

static cx_err read_token(struct store_tx *tx, void *arg)
{
    struct token_read *read = arg;
    CX_TRY(token_find(tx, read->tenant_id, read->token_id, read->arena, &read->token));
    return token_roles(tx, read->tenant_id, &read->token, read->now_us, read->arena, &read->roles);
}

cx_err token_show(struct api_request *request, struct cx_id token_id,
                  struct api_token_view *ret_view)
{
    struct token_read read = {.tenant_id = request->principal.tenant_id,
                              .token_id = token_id,
                              .now_us = request->now_us,
                              .arena = request->arena};
    cx_err err = store_read(request->core->store, read_token, &read);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return access_token_view(request->core, read.tenant_id, &read.token, &read.roles,
                             request->now_us, request->arena, ret_view);
}

static cx_err write_token(struct store_tx *tx, void *arg)
{
    return token_write(tx, arg);
}

cx_err handle_token_create(struct api_request *request, const struct api_token_create_in *in,
                           struct api_token_create_out *ret_out)
{
    const struct principal *me = &request->principal;
    const struct token_wish wish = {.user_id = me->user_id,
                                    .held = me->rights,
                                    .label = in->label,
                                    .expires_in_days = in->expires_in_days,
                                    .has_roles = in->has_roles,
                                    .roles = in->roles,
                                    .role_count = in->roles_count,
                                    .groups = in->groups,
                                    .group_count = in->groups_count,
                                    .has_tags = in->has_tags,
                                    .tags = in->tags};
    struct api_token_secret_view view = {0};
    struct token_made *made = NULL;
    CX_TRY(token_prepare(request, &wish, &made));
    struct audit_event event = {.object_type = CX_ID_TOKEN, .object_id = made->row.token_id};
    CX_TRY(token_details(request, &wish, made->row.token_id, &event.details));
    CX_TRY(api_commit(request, &event, write_token, made));
    CX_TRY(token_show(request, made->row.token_id, &view.token));
    view.secret = made->secret;
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
    bool owned = false;
    CX_TRY(service_is_owned_by(tx, me->tenant_id, token.user_id, me->user_id, &owned));
    if (!owned && !cx_id_eq(token.user_id, me->user_id) &&
        !access_may(me, PERMISSION_USER_DISABLE, NULL))
        return refuse_unknown(request->diag);
    return token_revoke(tx, me->tenant_id, revocation->token_id, request->now_us);
}

cx_err handle_token_revoke(struct api_request *request, const struct api_token_revoke_in *in,
                           struct api_token_revoke_out *ret_out)
{
    struct token_revocation revocation = {request, in->token_id};
    struct audit_event event = {.object_type = CX_ID_TOKEN, .object_id = in->token_id};
    CX_TRY(api_commit(request, &event, write_revocation, &revocation));
    return token_show(request, in->token_id, &ret_out->body);
}
