#include "core/access/token_make.h"

#include "core/access/credential.h"
#include "core/access/view.h"
#include "core/field.h"
#include "core/setting/setting.h"

static bool has_role(const struct access_rights *rights, struct cx_str role)
{
    const struct access_held *held = NULL;
    size_t count = access_rights_held(rights, &held);
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(held[i].binding->role, role))
            return true;
    return false;
}

/* A token's bindings leave something of what its account may do, and never add to it. */
static cx_err narrow(struct token_made *made, const struct token_wish *wish)
{
    struct api_request *request = made->request;
    const struct principal *me = &request->principal;
    for (size_t i = 0; i < wish->role_count; i++) {
        if (!has_role(wish->held, wish->roles[i]) ||
            (me->narrowed && !has_role(me->narrowed, wish->roles[i])))
            return cx_refuse(request->diag, CX_ERR(DENIED), "roles", "role-not-held",
                             "A token cannot have a role that its account, or the token it is "
                             "made with, lacks.");
        struct access_grant grant = {.subject = ACCESS_TOKEN,
                                     .subject_id = made->row.token_id,
                                     .role = wish->roles[i],
                                     .everywhere = wish->group_count == 0 && !wish->has_tags,
                                     .groups = wish->groups,
                                     .group_count = wish->group_count,
                                     .tags = wish->tags,
                                     .start_us = request->now_us,
                                     .expires_us = made->row.expires_us,
                                     .reason = wish->label,
                                     .by = me->user_id,
                                     .now_us = request->now_us};
        CX_TRY(access_grant_prepare(request->core, me->tenant_id, &grant, request->arena,
                                    request->diag, &made->grants[made->grant_count++]));
    }
    return CX_OK;
}

static cx_err check_narrowing(struct api_request *request, const struct token_wish *wish)
{
    if ((wish->group_count || wish->has_tags) && !wish->has_roles)
        return cx_refuse(request->diag, CX_ERR(POLICY), "roles", "narrowing-needs-roles",
                         "Groups and tags narrow roles: name them.");
    /* What a narrowed token makes names its roles, so that nobody takes it for more than it is. */
    if (request->principal.narrowed && !wish->has_roles)
        return cx_refuse(request->diag, CX_ERR(DENIED), "roles", "narrowing-needs-roles",
                         "This token is narrowed: name the roles that the new one keeps.");
    if (request->principal.narrowed &&
        !access_may(&request->principal, PERMISSION_TOKEN_CREATE, NULL))
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "scope-all-needed",
                         "A token that is narrowed to a scope makes no tokens.");
    return CX_OK;
}

cx_err token_prepare(struct api_request *request, const struct token_wish *wish,
                     struct token_made **ret_made)
{
    const struct principal *me = &request->principal;
    const struct access_token_order order = {
        .tenant_id = me->tenant_id,
        .user_id = wish->user_id,
        .parent_id = me->token_id,
        .label = wish->label,
        .narrowed = wish->has_roles,
        .now_us = request->now_us,
        .expires_us = request->now_us + wish->expires_in_days * CX_US_PER_DAY,
    };
    struct token_made *made = NULL;
    CX_TRY(check_narrowing(request, wish));
    CX_TRY(ARENA_NEW(request->arena, &made));
    made->request = request;
    CX_TRY(access_token_make(request->core, &order, request->arena, &made->row, &made->secret));
    CX_TRY(narrow(made, wish));
    *ret_made = made;
    return CX_OK;
}

static cx_err check_parent(struct store_tx *tx, const struct token_made *made)
{
    struct api_request *request = made->request;
    struct token_row parent;
    struct token_chain chain;
    if (!made->row.has_parent_id)
        return CX_OK;
    CX_TRY(token_find(tx, made->row.tenant_id, made->row.parent_id, request->arena, &parent));
    CX_TRY(token_chain_read(tx, made->row.tenant_id, &parent, request->arena, &chain));
    if (chain.broken || request->now_us >= chain.ends_us)
        return cx_refuse(request->diag, CX_ERR(AUTH), "", "token-invalid",
                         "The API token was revoked a moment ago.");
    if (chain.length == ACCESS_TOKEN_CHAIN_MAX)
        return cx_refuse(request->diag, CX_ERR(POLICY), "", "token-chain",
                         "This token was made with a token made with a token …: make the new one "
                         "with an earlier one, or in a session.");
    if (made->row.expires_us <= chain.ends_us)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(POLICY), "expires_in_days", "token-outlives-parent",
                     "A token ends with the one it is made with: at most %lld whole days from now.",
                     (long long)((chain.ends_us - request->now_us) / CX_US_PER_DAY));
}

cx_err access_token_check_life(struct store_tx *tx, const struct row_api_token *row,
                               struct cx_diag *diag)
{
    const struct setting_question question = {row->tenant_id,   SETTING_TOKEN_LIFE,
                                              "A token",        "expires_in_days",
                                              "token-too-long", row->expires_us - row->created_us,
                                              row->created_us};
    return setting_check_life(tx, &question, diag);
}

cx_err token_write(struct store_tx *tx, const struct token_made *made)
{
    CX_TRY(check_parent(tx, made));
    CX_TRY(access_token_check_life(tx, &made->row, made->request->diag));
    CX_TRY(row_api_token_insert(tx, &made->row));
    for (size_t i = 0; i < made->grant_count; i++)
        CX_TRY(access_grant_write(tx, &made->grants[i], made->request->diag));
    return CX_OK;
}

cx_err token_details(struct api_request *request, const struct token_wish *wish,
                     struct cx_id token_id, struct cx_str *ret_details)
{
    struct cx_str roles = CX_STR_NONE, token = CX_STR_NONE;
    bool own = cx_id_eq(wish->user_id, request->principal.user_id);
    CX_TRY(access_roles_text(wish->roles, wish->role_count, request->arena, &roles));
    if (!own)
        CX_TRY(field_id_text(request->arena, CX_ID_TOKEN, token_id, &token));
    const struct field_detail details[] = {
        {"label", wish->label}, {"roles", roles}, {"tags", wish->tags}, {"token", token}};
    return field_details(request->arena, details, own ? 3 : 4, ret_details);
}
