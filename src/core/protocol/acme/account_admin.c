/*
 * Operations on accounts for who looks after them. An account lies in the group that it acts for a member of, else where its
 * user lies; a right in a scope reaches the accounts there. Ending one is RFC 8555 §7.1.2's "revoked": the client cannot
 * undo it, and can have another account with another key.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/json.h"
#include "core/access/state_store.h"
#include "core/field.h"
#include "core/protocol/acme/account_store.h"
#include "core/protocol/acme/admin.h"

enum { CONTACTS_TEXT_MAX = 8192 };

_Static_assert((int)API_ACME_ACCOUNT_STATE_VALID == (int)ACME_ACCOUNT_VALID &&
                   (int)API_ACME_ACCOUNT_STATE_DEACTIVATED == (int)ACME_ACCOUNT_DEACTIVATED &&
                   (int)API_ACME_ACCOUNT_STATE_REVOKED == (int)ACME_ACCOUNT_REVOKED,
               "states of accounts are those of the contract");

static struct api_acme_account_view view_of(const struct acme_account *row)
{
    const struct acme_scope *scope = &row->scope;
    return (struct api_acme_account_view){
        .id = row->account_id,
        .directory_id = row->directory_id,
        .user_id = row->user_id,
        .has_group_id = !cx_id_is_zero(scope->group_id),
        .group_id = scope->group_id,
        .has_eab_id = !cx_id_is_zero(scope->eab_id),
        .eab_id = scope->eab_id,
        .state = (enum api_acme_account_state)row->state,
        .has_terms_agreed = row->terms_us != 0,
        .terms_agreed = row->terms_us,
        .created = row->created_us,
    };
}

/* ---- list ---- */

struct listing {
    struct acme_admin_page page;
    struct acme_account_filter filter;
    struct acme_account *rows;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct listing *l = arg;
    return acme_account_page(tx, l->page.request->principal.tenant_id, &l->filter, &l->page.after,
                             l->page.limit, l->page.request->arena, l->rows, &l->page.count);
}

cx_err handle_acme_account_list(struct api_request *request,
                                const struct api_acme_account_list_in *in,
                                struct api_acme_account_list_out *ret_out)
{
    struct listing l = {.filter = {.state = ACME_ACCOUNT_STATE_COUNT}};
    struct api_acme_account_view *items = NULL;
    struct page_key last = PAGE_START;
    CX_TRY(acme_admin_page_open(&l.page, request, in->cursor, in->limit, sizeof(*l.rows),
                                (void **)&l.rows));
    l.filter.has_directory_id = in->has_directory_id;
    l.filter.directory_id = in->directory_id;
    l.filter.has_user_id = in->has_user_id;
    l.filter.user_id = in->user_id;
    if (in->has_state)
        l.filter.state = (enum acme_account_state)in->state;
    CX_TRY(access_scope_of(&request->principal, PERMISSION_ACME_ACCOUNT_READ, request->arena,
                           &l.filter.scope));
    CX_TRY(store_read(request->core->store, read_page, &l));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.page.count, &items));
    for (size_t i = 0; i < l.page.count; i++) {
        items[i] = view_of(&l.rows[i]);
        last = (struct page_key){l.rows[i].created_us, l.rows[i].account_id};
    }
    ret_out->body.items = items;
    ret_out->body.items_count = l.page.count;
    return acme_admin_page_next(&l.page, last, &ret_out->body.has_next_cursor,
                                &ret_out->body.next_cursor);
}

/* ---- one ---- */

struct showing {
    struct api_request *request;
    struct cx_id account_id;
    enum permission permission; /* that reaches it */
    struct acme_account row;
    bool may_see_contact;
};

/* The account, with the right asked where it lies in this transaction. */
static cx_err find(struct store_tx *tx, void *arg)
{
    struct showing *s = arg;
    struct api_request *request = s->request;
    const struct principal *me = &request->principal;
    struct cx_id *groups = NULL;
    struct access_object object = {{.groups = NULL}};
    CX_TRY(acme_account_find_any(tx, me->tenant_id, s->account_id, request->arena, &s->row));
    object.place = (struct access_place){.groups = &s->row.scope.group_id, .group_count = 1};
    if (cx_id_is_zero(s->row.scope.group_id)) {
        CX_TRY(access_groups_of(tx, me->tenant_id, s->row.user_id, ACCESS_NOW, request->arena,
                                &groups, &object.place.group_count));
        object.place.groups = groups;
    }
    s->may_see_contact = access_may(me, PERMISSION_USER_READ, &object.place);
    return authorise(me, s->permission, &object, request->diag);
}

static cx_err read_contact(const struct showing *s, struct api_acme_account_view *view)
{
    struct api_request *request = s->request;
    struct field_place place = {request->principal.tenant_id, "acme_account", "contact",
                                s->account_id};
    struct cx_str text = CX_STR_NONE, *urls = NULL;
    struct json_node list;
    json_auto_t *root = NULL;
    size_t count = 0;
    CX_TRY(field_open_text(request->core, place, s->row.contact, request->arena, &text));
    CX_TRY(json_parse(cx_str_bytes(text), CONTACTS_TEXT_MAX, request->diag, &root));
    list = json_top(root);
    count = json_array_size(root);
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &urls));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        struct cx_str url = CX_STR_NONE;
        CX_TRY(json_as_str(&item, CONTACTS_TEXT_MAX, request->diag, &url));
        CX_TRY(arena_copy_str(request->arena, url, &urls[i]));
    }
    view->has_contact = true;
    view->contact = urls;
    view->contact_count = count;
    return CX_OK;
}

/* Contacts are personal: for who may read the user. */
static cx_err show(const struct showing *s, struct api_acme_account_view *ret_view)
{
    struct api_acme_account_view view = view_of(&s->row);
    if (s->may_see_contact)
        CX_TRY(read_contact(s, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_acme_account_get(struct api_request *request,
                               const struct api_acme_account_get_in *in,
                               struct api_acme_account_get_out *ret_out)
{
    struct showing s = {.request = request,
                        .account_id = in->account_id,
                        .permission = PERMISSION_ACME_ACCOUNT_READ};
    CX_TRY(
        acme_admin_known(request, CX_ID_ACME_ACCOUNT, store_read(request->core->store, find, &s)));
    return show(&s, &ret_out->body);
}

static cx_err write_end(struct store_tx *tx, void *arg)
{
    struct showing *s = arg;
    CX_TRY(find(tx, s));
    if (s->row.state != ACME_ACCOUNT_VALID)
        return cx_refuse(s->request->diag, CX_ERR(CONFLICT), "account_id", "account-ended",
                         "The account has ended already: it is %s.",
                         acme_account_state_name(s->row.state));
    CX_TRY(
        acme_account_end(tx, s->request->principal.tenant_id, s->account_id, ACME_ACCOUNT_REVOKED));
    s->row.state = ACME_ACCOUNT_REVOKED;
    return CX_OK;
}

cx_err handle_acme_account_deactivate(struct api_request *request,
                                      const struct api_acme_account_deactivate_in *in,
                                      struct api_acme_account_deactivate_out *ret_out)
{
    struct showing s = {.request = request,
                        .account_id = in->account_id,
                        .permission = PERMISSION_ACME_ACCOUNT_DEACTIVATE};
    CX_TRY(
        acme_admin_change(request, CX_ID_ACME_ACCOUNT, in->account_id, CX_STR_NONE, write_end, &s));
    return show(&s, &ret_out->body);
}
