/* From rows to what the contract shows: sealed fields are opened here, outside store closures. */
#pragma once
#include "api_types.h"
#include "core/access/access_store.h"

struct core;

cx_err access_user_view(struct core *core, struct cx_id tenant_id, const struct user_row *user,
                        struct arena *arena, struct api_user_view *ret_view);
/* user_roles: roles of the token's user now; the view shows what the token may really do. */
cx_err access_token_view(struct core *core, struct cx_id tenant_id, const struct token_row *token,
                         uint32_t user_roles, cx_time now_us, struct arena *arena,
                         struct api_token_view *ret_view);
cx_err access_roles_view(uint32_t roles, struct arena *arena, const enum api_role **ret_roles,
                         size_t *ret_count);
uint32_t access_roles_bits(const enum api_role *roles, size_t count);
/* "administrator,approver": audit details. */
cx_err access_roles_text(uint32_t roles, struct arena *arena, struct cx_str *ret_text);
