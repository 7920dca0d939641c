#include "core/access/view.h"
#include "base/cleanup.h"
#include "core/field.h"

_Static_assert((int)API_USER_STATE_INVITED == (int)USER_INVITED &&
                   (int)API_USER_STATE_ACTIVE == (int)USER_ACTIVE &&
                   (int)API_USER_STATE_DISABLED == (int)USER_DISABLED,
               "the contract lists the states in the order of enum user_state");

enum { ROLES_TEXT_MAX = 8192 };

cx_err access_roles_text(const struct cx_str *roles, size_t count, struct arena *arena,
                         struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ROLES_TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        if (i)
            CX_TRY(cx_buf_add_u8(&out, ','));
        CX_TRY(cx_buf_add_str(&out, roles[i]));
    }
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_text);
}

cx_err access_user_view(struct core *core, struct cx_id tenant_id, const struct user_row *user,
                        const struct role_names *roles, struct arena *arena,
                        struct api_user_view *ret_view)
{
    struct api_user_view view = {
        .id = user->user_id,
        .kind = user->service ? API_USER_KIND_SERVICE : API_USER_KIND_PERSON,
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
    view.roles = roles->names;
    view.roles_count = roles->count;
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
                         const struct role_names *roles, cx_time now_us, struct arena *arena,
                         struct api_token_view *ret_view)
{
    struct api_token_view view = {
        .id = token->token_id,
        .user_id = token->user_id,
        .has_parent_id = !cx_id_is_zero(token->parent_id),
        .parent_id = token->parent_id,
        .state = token_state(token, now_us),
        .created = token->created_us,
        .expires = token->expires_us,
        .has_revoked = token->revoked_us != 0,
        .revoked = token->revoked_us,
    };
    struct field_place label = {tenant_id, "api_token", "label", token->token_id};
    CX_TRY(field_open_text(core, label, token->label, arena, &view.label));
    view.roles = roles->names;
    view.roles_count = roles->count;
    *ret_view = view;
    return CX_OK;
}
