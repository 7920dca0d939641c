/* Operations on identities: who at a provider is who here. Whoever says so could log in as that user, so it is never said
 * of oneself, and counts like enrolling them (docs/design/070-enrolled-by.md). */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/access_store.h"
#include "core/federation/grants.h"
#include "core/federation/identity.h"
#include "core/federation/oidc_document.h"
#include "core/field.h"
#include "core/protect/protect.h"

enum { KEY_MAX = OIDC_URL_MAX + 1 + OIDC_SUBJECT_MAX };

cx_err oidc_subject_index(struct api_request *request, const struct oidc_provider *provider,
                          struct cx_str subject, struct cx_bytes *ret_index)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf key = CX_BUF_INIT(KEY_MAX);
    uint8_t token[PROTECT_INDEX_LEN];
    CX_TRY(cx_buf_add_str(&key, provider->issuer));
    CX_TRY(cx_buf_add(&key, CX_BYTES("", 1))); /* no issuer and no subject holds a NUL */
    CX_TRY(cx_buf_add_str(&key, subject));
    CX_TRY(protect_index(request->core->protect, provider->tenant_id, "oidc_identity", "subject",
                         cx_buf_view(&key), token));
    return arena_copy(request->arena, CX_BYTES(token, sizeof(token)), ret_index);
}

cx_err oidc_identity_make(struct api_request *request, const struct oidc_provider *provider,
                          struct cx_str subject, struct cx_id user_id, struct cx_id by,
                          struct row_oidc_identity *ret_row)
{
    struct row_oidc_identity row = {.tenant_id = provider->tenant_id,
                                    .provider_id = provider->provider_id,
                                    .user_id = user_id,
                                    .created_us = request->now_us,
                                    .has_created_by_id = !cx_id_is_zero(by),
                                    .created_by_id = by};
    CX_TRY(cx_id_new(request->core->rng, &row.identity_id));
    CX_TRY(oidc_subject_index(request, provider, subject, &row.subject_index));
    struct field_place place = {row.tenant_id, "oidc_identity", "subject", row.identity_id};
    CX_TRY(field_seal_text(request->core, place, subject, request->arena, &row.subject));
    *ret_row = row;
    return CX_OK;
}

static cx_err view_of(struct api_request *request, const struct oidc_identity *row,
                      struct api_oidc_identity_view *ret_view)
{
    struct field_place place = {request->principal.tenant_id, "oidc_identity", "subject",
                                row->identity_id};
    struct api_oidc_identity_view view = {.id = row->identity_id,
                                          .provider_id = row->provider_id,
                                          .user_id = row->user_id,
                                          .created = row->created_us,
                                          .has_last_login = row->last_login_us != 0,
                                          .last_login = row->last_login_us};
    CX_TRY(field_open_text(request->core, place, row->subject, request->arena, &view.subject));
    *ret_view = view;
    return CX_OK;
}

struct listing {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct oidc_identity *rows;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct listing *l = arg;
    return oidc_identity_page(tx, l->request->principal.tenant_id, &l->after, l->limit,
                              l->request->arena, l->rows, &l->count);
}

cx_err handle_oidc_identity_list(struct api_request *request,
                                 const struct api_oidc_identity_list_in *in,
                                 struct api_oidc_identity_list_out *ret_out)
{
    struct listing l = {.request = request, .limit = (size_t)in->limit};
    struct api_oidc_identity_view *items = NULL;
    CX_TRY(page_cursor_parse("oidc-identity", in->cursor, request->diag, &l.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.limit, &l.rows));
    CX_TRY(store_read(request->core->store, read_page, &l));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.count, &items));
    for (size_t i = 0; i < l.count; i++)
        CX_TRY(view_of(request, &l.rows[i], &items[i]));
    struct api_oidc_identity_page page = {.items = items, .items_count = l.count};
    page.has_next_cursor = l.count == l.limit;
    if (page.has_next_cursor) {
        struct page_key key = {l.rows[l.count - 1].created_us, l.rows[l.count - 1].identity_id};
        CX_TRY(page_cursor_write(request->arena, "oidc-identity", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct changing {
    struct api_request *request;
    struct cx_id provider_id, identity_id;
    struct oidc_provider provider;
    struct row_oidc_identity row;
    struct oidc_identity identity;
    bool kept_last;
};

static cx_err read_provider(struct store_tx *tx, void *arg)
{
    struct changing *c = arg;
    return oidc_provider_find(tx, c->request->principal.tenant_id, c->provider_id,
                              c->request->arena, &c->provider);
}

static cx_err write_identity(struct store_tx *tx, void *arg)
{
    struct changing *c = arg;
    struct api_request *request = c->request;
    struct user_row user;
    cx_err err = user_find(tx, c->row.tenant_id, c->row.user_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "user-unknown",
                         "There is no such user.");
    CX_TRY(err);
    if (user.service)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "service-account",
                         "A service account does not log in.");
    CX_TRY(row_oidc_identity_insert(tx, &c->row));
    return oidc_identity_find(tx, c->row.tenant_id, c->row.identity_id, request->arena,
                              &c->identity);
}

cx_err handle_oidc_identity_create(struct api_request *request,
                                   const struct api_oidc_identity_create_in *in,
                                   struct api_oidc_identity_create_out *ret_out)
{
    struct changing c = {.request = request, .provider_id = in->provider_id};
    struct cx_str user = CX_STR_NONE;
    if (cx_id_eq(in->user_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "granter-is-receiver",
                         "Nobody gives themselves another way to log in; another person has to.");
    cx_err err = store_read(request->core->store, read_provider, &c);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "provider_id", "oidc-provider-unknown",
                         "There is no such identity provider.");
    CX_TRY(err);
    CX_TRY(oidc_identity_make(request, &c.provider, in->subject, in->user_id,
                              request->principal.user_id, &c.row));
    CX_TRY(field_id_text(request->arena, CX_ID_USER, in->user_id, &user));
    struct field_detail details[] = {
        {"provider", c.provider.name}, {"subject", in->subject}, {"user", user}};
    struct audit_event event = {.object_type = CX_ID_OIDC_IDENTITY, .object_id = c.row.identity_id};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    err = api_commit(request, &event, write_identity, &c);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "subject", "oidc-subject-taken",
                         "This subject is a user here already.");
    CX_TRY(err);
    return view_of(request, &c.identity, &ret_out->body);
}

static cx_err write_removal(struct store_tx *tx, void *arg)
{
    struct changing *c = arg;
    const struct principal *me = &c->request->principal;
    cx_time now_us = c->request->now_us;
    CX_TRY(oidc_identity_find(tx, me->tenant_id, c->identity_id, c->request->arena, &c->identity));
    CX_TRY(
        oidc_sessions_end(tx, me->tenant_id, c->identity.provider_id, c->identity.user_id, now_us));
    const struct oidc_taking taking = {me->tenant_id, c->identity.provider_id, c->identity.user_id,
                                       me->user_id, now_us};
    CX_TRY(oidc_grants_take_back(tx, &taking, c->request->arena, &c->kept_last));
    return oidc_identity_remove(tx, me->tenant_id, c->identity_id, now_us);
}

cx_err handle_oidc_identity_remove(struct api_request *request,
                                   const struct api_oidc_identity_remove_in *in,
                                   struct api_oidc_identity_remove_out *ret_out)
{
    struct changing c = {.request = request, .identity_id = in->identity_id};
    struct audit_event event = {.object_type = CX_ID_OIDC_IDENTITY, .object_id = in->identity_id};
    cx_err err = api_commit(request, &event, write_removal, &c);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "identity_id", "oidc-identity-unknown",
                         "There is no such identity.");
    CX_TRY(err);
    if (c.kept_last)
        CX_TRY(oidc_grants_say_kept(request, request->principal.tenant_id, c.identity.provider_id));
    return view_of(request, &c.identity, &ret_out->body);
}
