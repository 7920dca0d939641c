#include "core/access/view.h"
#include "base/cleanup.h"
#include "core/field.h"

_Static_assert((int)API_ROLE_ADMINISTRATOR == (int)ROLE_ADMINISTRATOR &&
                   (int)API_ROLE_REQUESTER == (int)ROLE_REQUESTER &&
                   (int)API_ROLE_APPROVER == (int)ROLE_APPROVER &&
                   (int)API_ROLE_OPERATOR == (int)ROLE_OPERATOR &&
                   (int)API_ROLE_AUDITOR == (int)ROLE_AUDITOR &&
                   (int)API_ROLE_COUNT == (int)ACCESS_ROLE_COUNT,
               "the contract lists the roles in the order of enum access_role");
_Static_assert((int)API_USER_STATE_INVITED == (int)USER_INVITED &&
                   (int)API_USER_STATE_ACTIVE == (int)USER_ACTIVE &&
                   (int)API_USER_STATE_DISABLED == (int)USER_DISABLED,
               "the contract lists the states in the order of enum user_state");

enum { ROLES_TEXT_MAX = 128 };

cx_err access_roles_view(uint32_t roles, struct arena *arena, const enum api_role **ret_roles,
                         size_t *ret_count)
{
    enum api_role *list = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, ACCESS_ROLE_COUNT, &list));
    for (int role = 0; role < ACCESS_ROLE_COUNT; role++) {
        if (roles & (1u << role))
            list[count++] = (enum api_role)role;
    }
    *ret_roles = list;
    *ret_count = count;
    return CX_OK;
}

uint32_t access_roles_bits(const enum api_role *roles, size_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++)
        bits |= 1u << roles[i];
    return bits;
}

cx_err access_roles_text(uint32_t roles, struct arena *arena, struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ROLES_TEXT_MAX);
    for (int role = 0; role < ACCESS_ROLE_COUNT; role++) {
        if (!(roles & (1u << role)))
            continue;
        if (out.len)
            CX_TRY(cx_buf_add_u8(&out, ','));
        CX_TRY(cx_buf_add_str(&out, cx_str_from(access_role_name((enum access_role)role))));
    }
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_text);
}

cx_err access_user_view(struct core *core, struct cx_id tenant_id, const struct user_row *user,
                        struct arena *arena, struct api_user_view *ret_view)
{
    struct api_user_view view = {
        .id = user->user_id,
        .state = (enum api_user_state)user->state,
        .created = user->created_us,
        .has_disabled = user->disabled_us != 0,
        .disabled = user->disabled_us,
        .has_email = user->email.envelope.len != 0,
    };
    struct field_place name = {tenant_id, "tenant_user", "display_name", user->user_id};
    struct field_place email = {tenant_id, "tenant_user", "email", user->user_id};
    CX_TRY(field_open_text(core, name, user->display_name, arena, &view.display_name));
    if (view.has_email)
        CX_TRY(field_open_text(core, email, user->email, arena, &view.email));
    CX_TRY(access_roles_view(user->roles, arena, &view.roles, &view.roles_count));
    *ret_view = view;
    return CX_OK;
}

static enum api_token_state token_state(const struct token_row *token, cx_time now_us)
{
    if (token->revoked_us)
        return API_TOKEN_STATE_REVOKED;
    return now_us >= token->expires_us ? API_TOKEN_STATE_EXPIRED : API_TOKEN_STATE_ACTIVE;
}

cx_err access_token_view(struct core *core, struct cx_id tenant_id, const struct token_row *token,
                         uint32_t user_roles, cx_time now_us, struct arena *arena,
                         struct api_token_view *ret_view)
{
    struct api_token_view view = {
        .id = token->token_id,
        .user_id = token->user_id,
        .state = token_state(token, now_us),
        .created = token->created_us,
        .expires = token->expires_us,
        .has_revoked = token->revoked_us != 0,
        .revoked = token->revoked_us,
    };
    struct field_place label = {tenant_id, "api_token", "label", token->token_id};
    CX_TRY(field_open_text(core, label, token->label, arena, &view.label));
    CX_TRY(access_roles_view(token->roles & user_roles, arena, &view.roles, &view.roles_count));
    *ret_view = view;
    return CX_OK;
}
