/* Tokens of a service account: its owner makes them, nobody else. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/rights_cache.h"
#include "core/access/service_store.h"
#include "core/access/token_make.h"

struct service_token {
    struct api_request *request;
    struct cx_id user_id;
    bool owned, usable;
    struct principal account; /* its rights */
    struct token_made *made;
};

static void service_token_clear(struct service_token *token)
{
    access_principal_clear(&token->account);
}

static cx_err read_account(struct store_tx *tx, void *arg)
{
    struct service_token *token = arg;
    const struct principal *me = &token->request->principal;
    struct user_row user;
    access_principal_clear(&token->account); /* a closure may run again */
    CX_TRY(service_is_owned_by(tx, me->tenant_id, token->user_id, me->user_id, &token->owned));
    if (!token->owned)
        return CX_OK;
    CX_TRY(user_find(tx, me->tenant_id, token->user_id, token->request->arena, &user));
    CX_TRY(user_is_usable(tx, me->tenant_id, &user, &token->usable));
    token->account.tenant_id = me->tenant_id;
    token->account.user_id = token->user_id;
    return access_principal_load(token->request->core, tx, token->request->now_us, &token->account);
}

/* That it is not one's own is no reason to say that it is there. */
static cx_err check(const struct service_token *token)
{
    struct cx_diag *diag = token->request->diag;
    if (!token->owned)
        return cx_refuse(diag, CX_ERR(NOTFOUND), "user_id", "service-account-unknown",
                         "You own no such service account.");
    if (!token->usable)
        return cx_refuse(diag, CX_ERR(CONFLICT), "user_id", "user-disabled",
                         "The service account is disabled.");
    return CX_OK;
}

static cx_err write_token(struct store_tx *tx, void *arg)
{
    struct service_token *token = arg;
    CX_TRY(read_account(tx, token));
    CX_TRY(check(token));
    return token_write(tx, token->made);
}

cx_err handle_service_account_token_create(struct api_request *request,
                                           const struct api_service_account_token_create_in *in,
                                           struct api_service_account_token_create_out *ret_out)
{
    CX_CLEANUP(service_token_clear)
    struct service_token token = {.request = request, .user_id = in->user_id};
    struct api_token_secret_view view = {0};
    CX_TRY(store_read(request->core->store, read_account, &token));
    CX_TRY(check(&token));
    const struct token_wish wish = {.user_id = in->user_id,
                                    .held = token.account.rights,
                                    .label = in->label,
                                    .expires_in_days = in->expires_in_days,
                                    .has_roles = in->has_roles,
                                    .roles = in->roles,
                                    .role_count = in->roles_count,
                                    .groups = in->groups,
                                    .group_count = in->groups_count,
                                    .has_tags = in->has_tags,
                                    .tags = in->tags};
    CX_TRY(token_prepare(request, &wish, &token.made));
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    CX_TRY(token_details(request, &wish, token.made->row.token_id, &event.details));
    CX_TRY(api_commit(request, &event, write_token, &token));
    CX_TRY(token_show(request, token.made->row.token_id, &view.token));
    view.secret = token.made->secret;
    ret_out->body = view;
    return CX_OK;
}
