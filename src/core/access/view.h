/* From rows to what the contract shows: sealed fields are opened here, outside store closures. */
#pragma once
#include "api_types.h"
#include "core/access/access_store.h"
#include "core/access/binding_store.h"

struct core;

/* roles: those bound to the user itself. */
cx_err access_user_view(struct core *core, struct cx_id tenant_id, const struct user_row *user,
                        const struct role_names *roles, struct arena *arena,
                        struct api_user_view *ret_view);
/* roles: those the token may really use (token_roles). */
cx_err access_token_view(struct core *core, struct cx_id tenant_id, const struct token_row *token,
                         const struct role_names *roles, cx_time now_us, struct arena *arena,
                         struct api_token_view *ret_view);
/* "administrator,approver": audit details. */
cx_err access_roles_text(const struct cx_str *roles, size_t count, struct arena *arena,
                         struct cx_str *ret_text);
