/* Operations on service accounts. Rights come by bindings, as everybody's; tokens are in service_token.c. */
#include "api_routes.h"
#include "core/access/conflict.h"
#include "core/access/credential.h"
#include "core/access/service_store.h"
#include "core/access/view.h"
#include "core/change/change.h"
#include "core/field.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "user_id", "service-account-unknown",
                     "There is no such service account.");
}

/* One account with what its view needs. */
struct account {
    struct service_row service;
    struct user_row user;
    struct role_names roles;
    bool usable;
};

static cx_err complete(struct store_tx *tx, struct api_request *request, struct account *account)
{
    struct cx_id tenant_id = request->principal.tenant_id, user_id = account->service.user_id;
    CX_TRY(user_find(tx, tenant_id, user_id, request->arena, &account->user));
    CX_TRY(user_is_usable(tx, tenant_id, &account->user, &account->usable));
    return binding_roles(tx, tenant_id, user_id, request->now_us, request->arena, &account->roles);
}

static cx_err view_of(struct api_request *request, const struct account *account,
                      struct api_service_account_view *ret_view)
{
    const struct service_row *service = &account->service;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct field_place purpose = {tenant_id, "service_account", "purpose", service->user_id};
    struct api_user_view user = {0};
    CX_TRY(access_user_view(request->core, tenant_id, &account->user, &account->roles,
                            request->arena, &user));
    struct api_service_account_view view = {
        .id = service->user_id,
        .display_name = user.display_name,
        .state = user.state,
        .usable = account->usable,
        .roles = user.roles,
        .roles_count = user.roles_count,
        .has_owner_id = !cx_id_is_zero(service->owner_id),
        .owner_id = service->owner_id,
        .has_group_id = !cx_id_is_zero(service->group_id),
        .group_id = service->group_id,
        .owned_since = service->since_us,
        .has_last_used = service->last_used_us != 0,
        .last_used = service->last_used_us,
        .created = service->created_us,
    };
    CX_TRY(
        field_open_text(request->core, purpose, service->purpose, request->arena, &view.purpose));
    *ret_view = view;
    return CX_OK;
}

/* Whoever reads users everywhere reads these; others those that are theirs. */
static bool sees_all(const struct principal *me)
{
    return access_may(me, PERMISSION_USER_READ, NULL);
}

struct service_read {
    struct api_request *request;
    struct cx_id user_id;
    bool seen;
    struct account account;
};

static cx_err read_account(struct store_tx *tx, void *arg)
{
    struct service_read *read = arg;
    const struct principal *me = &read->request->principal;
    CX_TRY(service_find(tx, me->tenant_id, read->user_id, read->request->arena,
                        &read->account.service));
    read->seen = sees_all(me) || cx_id_eq(me->user_id, read->user_id);
    if (!read->seen)
        CX_TRY(service_is_owned_by(tx, me->tenant_id, read->user_id, me->user_id, &read->seen));
    return complete(tx, read->request, &read->account);
}

static cx_err show(struct api_request *request, struct cx_id user_id,
                   struct api_service_account_view *ret_view)
{
    struct service_read read = {.request = request, .user_id = user_id};
    cx_err err = store_read(request->core->store, read_account, &read);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && !read.seen))
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return view_of(request, &read.account, ret_view);
}

cx_err handle_service_account_get(struct api_request *request,
                                  const struct api_service_account_get_in *in,
                                  struct api_service_account_get_out *ret_out)
{
    return show(request, in->user_id, &ret_out->body);
}

struct service_list {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct service_row *rows;
    struct account *accounts;
};

static cx_err read_accounts(struct store_tx *tx, void *arg)
{
    struct service_list *list = arg;
    const struct principal *me = &list->request->principal;
    struct cx_id person_id = sees_all(me) ? (struct cx_id){{0}} : me->user_id;
    CX_TRY(service_page(tx, me->tenant_id, person_id, &list->after, list->limit,
                        list->request->arena, list->rows, &list->count));
    for (size_t i = 0; i < list->count; i++) {
        list->accounts[i] = (struct account){.service = list->rows[i]};
        CX_TRY(complete(tx, list->request, &list->accounts[i]));
    }
    return CX_OK;
}

cx_err handle_service_account_list(struct api_request *request,
                                   const struct api_service_account_list_in *in,
                                   struct api_service_account_list_out *ret_out)
{
    struct service_list list = {.request = request, .limit = (size_t)in->limit};
    struct api_service_account_view *items = NULL;
    CX_TRY(page_cursor_parse("service-account", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.accounts));
    CX_TRY(store_read(request->core->store, read_accounts, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_of(request, &list.accounts[i], &items[i]));
    struct api_service_account_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct service_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->user_id};
        CX_TRY(page_cursor_write(request->arena, "service-account", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

static cx_err one_owner(struct cx_diag *diag, bool has_owner_id, bool has_group_id)
{
    if (has_owner_id != has_group_id)
        return CX_OK;
    return cx_refuse(diag, CX_ERR(PARSE), "/owner_id", "one-of",
                     "Give either owner_id or group_id.");
}

static cx_err owner_text(struct api_request *request, const struct service_gift *gift,
                         struct cx_str *ret_text)
{
    bool person = !cx_id_is_zero(gift->owner_id);
    return field_id_text(request->arena, person ? CX_ID_USER : CX_ID_GROUP,
                         person ? gift->owner_id : gift->group_id, ret_text);
}

struct service_create {
    struct api_request *request;
    struct row_tenant_user user;
    struct row_service_account account;
    struct service_gift gift;
};

static cx_err write_account(struct store_tx *tx, void *arg)
{
    const struct service_create *create = arg;
    struct api_request *request = create->request;
    CX_TRY(row_tenant_user_insert(tx, &create->user));
    CX_TRY(change_note_id(tx, create->user.tenant_id, CHANGE_USER, create->user.user_id));
    CX_TRY(row_service_account_insert(tx, &create->account));
    return service_give(tx, &create->gift, request->arena, request->diag);
}

static cx_err prepare(struct service_create *create, const struct api_service_account_create_in *in)
{
    struct api_request *request = create->request;
    const struct principal *me = &request->principal;
    CX_TRY(access_user_make(request->core, me->tenant_id, in->display_name, CX_STR(""),
                            request->now_us, request->arena, &create->user));
    create->user.kind = CX_STR("service");
    create->user.state = cx_str_from(user_state_name(USER_ACTIVE));
    create->account = (struct row_service_account){.tenant_id = me->tenant_id,
                                                   .user_id = create->user.user_id,
                                                   .created_us = request->now_us,
                                                   .created_by_id = me->user_id};
    create->gift = (struct service_gift){.tenant_id = me->tenant_id,
                                         .user_id = create->user.user_id,
                                         .owner_id = in->owner_id,
                                         .group_id = in->group_id,
                                         .by = me->user_id,
                                         .now_us = request->now_us};
    struct field_place purpose = {me->tenant_id, "service_account", "purpose",
                                  create->user.user_id};
    return field_seal_text(request->core, purpose, in->purpose, request->arena,
                           &create->account.purpose);
}

cx_err handle_service_account_create(struct api_request *request,
                                     const struct api_service_account_create_in *in,
                                     struct api_service_account_create_out *ret_out)
{
    struct service_create create = {.request = request};
    struct cx_str owner = CX_STR_NONE;
    CX_TRY(one_owner(request->diag, in->has_owner_id, in->has_group_id));
    CX_TRY(prepare(&create, in));
    CX_TRY(owner_text(request, &create.gift, &owner));
    const struct field_detail details[] = {
        {"display_name", in->display_name}, {"purpose", in->purpose}, {"owner", owner}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = create.user.user_id};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    CX_TRY(api_commit(request, &event, write_account, &create));
    return show(request, create.user.user_id, &ret_out->body);
}

struct service_transfer {
    struct api_request *request;
    struct service_gift gift;
};

static cx_err write_transfer(struct store_tx *tx, void *arg)
{
    const struct service_transfer *transfer = arg;
    struct api_request *request = transfer->request;
    const struct service_gift *gift = &transfer->gift;
    struct service_row before;
    cx_err err = service_find(tx, gift->tenant_id, gift->user_id, request->arena, &before);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(service_give(tx, gift, request->arena, request->diag));
    return access_conflict_check(tx, gift->tenant_id, gift->user_id, request->now_us,
                                 request->diag);
}

cx_err handle_service_account_transfer(struct api_request *request,
                                       const struct api_service_account_transfer_in *in,
                                       struct api_service_account_transfer_out *ret_out)
{
    struct service_transfer transfer = {request,
                                        {.tenant_id = request->principal.tenant_id,
                                         .user_id = in->user_id,
                                         .owner_id = in->owner_id,
                                         .group_id = in->group_id,
                                         .by = request->principal.user_id,
                                         .now_us = request->now_us}};
    struct api_service_account_view before = {0};
    struct cx_str owner = CX_STR_NONE, from = CX_STR_NONE;
    CX_TRY(one_owner(request->diag, in->has_owner_id, in->has_group_id));
    CX_TRY(show(request, in->user_id, &before));
    CX_TRY(owner_text(request, &transfer.gift, &owner));
    CX_TRY(field_id_text(request->arena, before.has_owner_id ? CX_ID_USER : CX_ID_GROUP,
                         before.has_owner_id ? before.owner_id : before.group_id, &from));
    const struct field_detail details[] = {
        {"owner_before", from}, {"owner", owner}, {"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    CX_TRY(api_commit(request, &event, write_transfer, &transfer));
    return show(request, in->user_id, &ret_out->body);
}
