/* Operations on API tokens. A token belongs to a person and never carries more than they have now. */
#include "api_routes.h"
#include "core/access/credential.h"
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

static cx_err read_tokens(struct store_tx *tx, void *arg)
{
    struct token_list *list = arg;
    const struct principal *me = &list->request->principal;
    struct arena *arena = list->request->arena;
    CX_TRY(token_page(tx, me->tenant_id, list->user_id, &list->scope, me->user_id, &list->after,
                      list->limit, arena, list->rows, &list->count));
    for (size_t i = 0; i < list->count; i++)
        CX_TRY(token_roles(tx, me->tenant_id, &list->rows[i], list->request->now_us, arena,
                           &list->roles[i]));
    return CX_OK;
}

/* Whose tokens are one's business: one's own, and those of the users whom one may read. */
cx_err handle_token_list(struct api_request *request, const struct api_token_list_in *in,
                         struct api_token_list_out *ret_out)
{
    const struct principal *me = &request->principal;
    struct token_list list = {.request = request,
                              .user_id = in->has_user_id ? &in->user_id : NULL,
                              .limit = (size_t)in->limit};
    struct api_token_view *items = NULL;
    if (!access_may_anywhere(me, PERMISSION_USER_READ)) {
        if (in->has_user_id && !cx_id_eq(in->user_id, me->user_id))
            return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "permission-missing",
                             "Only who may read users sees other people's tokens.");
        list.user_id = &me->user_id;
    }
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

static cx_err show_token(struct api_request *request, struct cx_id token_id,
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

struct token_create {
    struct api_request *request;
    const struct row_api_token *token;
    struct access_grant_row grants[ACCESS_GRANTS_MAX];
    size_t grant_count;
};

static cx_err write_token(struct store_tx *tx, void *arg)
{
    const struct token_create *create = arg;
    CX_TRY(row_api_token_insert(tx, create->token));
    for (size_t i = 0; i < create->grant_count; i++)
        CX_TRY(access_grant_write(tx, &create->grants[i], create->request->diag));
    return CX_OK;
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

/* A token's bindings leave something of what its person may do, and never add to it. */
static cx_err narrow(struct token_create *create, const struct api_token_create_in *in)
{
    struct api_request *request = create->request;
    const struct principal *me = &request->principal;
    for (size_t i = 0; i < in->roles_count; i++) {
        if (!has_role(me->rights, in->roles[i]) ||
            (me->narrowed && !has_role(me->narrowed, in->roles[i])))
            return cx_refuse(request->diag, CX_ERR(DENIED), "roles", "role-not-held",
                             "A token cannot have a role that the token it is made with lacks.");
        struct access_grant grant = {.subject = ACCESS_TOKEN,
                                     .subject_id = create->token->token_id,
                                     .role = in->roles[i],
                                     .everywhere = in->groups_count == 0 && !in->has_tags,
                                     .groups = in->groups,
                                     .group_count = in->groups_count,
                                     .tags = in->tags,
                                     .start_us = request->now_us,
                                     .expires_us = create->token->expires_us,
                                     .reason = in->label,
                                     .by = me->user_id,
                                     .now_us = request->now_us};
        CX_TRY(access_grant_prepare(request->core, me->tenant_id, &grant, request->arena,
                                    request->diag, &create->grants[create->grant_count++]));
    }
    return CX_OK;
}

static cx_err check_narrowing(struct api_request *request, const struct api_token_create_in *in)
{
    if ((in->groups_count || in->has_tags) && !in->has_roles)
        return cx_refuse(request->diag, CX_ERR(POLICY), "roles", "narrowing-needs-roles",
                         "Groups and tags narrow roles: name them.");
    /* What a narrowed token makes is narrowed at least alike: it names roles, and their places it cannot widen. */
    if (request->principal.narrowed && !in->has_roles)
        return cx_refuse(request->diag, CX_ERR(DENIED), "roles", "narrowing-needs-roles",
                         "This token is narrowed: name the roles that the new one keeps.");
    if (request->principal.narrowed &&
        !access_may(&request->principal, PERMISSION_TOKEN_CREATE, NULL))
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "scope-all-needed",
                         "A token that is narrowed to a scope makes no tokens.");
    return CX_OK;
}

cx_err handle_token_create(struct api_request *request, const struct api_token_create_in *in,
                           struct api_token_create_out *ret_out)
{
    const struct principal *me = &request->principal;
    struct access_token_order order = {
        .tenant_id = me->tenant_id,
        .user_id = me->user_id,
        .label = in->label,
        .narrowed = in->has_roles,
        .now_us = request->now_us,
        .expires_us = request->now_us + in->expires_in_days * CX_US_PER_DAY,
    };
    struct row_api_token row = {0};
    struct api_token_secret_view view = {0};
    struct cx_str roles_text = CX_STR_NONE;
    struct token_create *create = NULL;
    CX_TRY(check_narrowing(request, in));
    CX_TRY(ARENA_NEW(request->arena, &create));
    create->request = request;
    create->token = &row;
    CX_TRY(access_token_make(request->core, &order, request->arena, &row, &view.secret));
    CX_TRY(narrow(create, in));
    CX_TRY(access_roles_text(in->roles, in->roles_count, request->arena, &roles_text));
    struct field_detail details[] = {
        {"label", in->label}, {"roles", roles_text}, {"tags", in->tags}};
    struct audit_event event = {.object_type = CX_ID_TOKEN, .object_id = row.token_id};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    CX_TRY(api_commit(request, &event, write_token, create));
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
    if (!cx_id_eq(token.user_id, me->user_id) && !access_may(me, PERMISSION_USER_DISABLE, NULL))
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
