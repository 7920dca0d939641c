/* Whom notices go to. The webhook's key is made here, sealed, and shown once. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/field.h"
#include "core/notify/template.h"
#include "core/notify/text.h"
#include "core/notify/view.h"

static cx_err view_of(struct api_request *request, const struct row_notice_contact *row,
                      struct api_notice_contact_view *ret_view)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct field_place name = {tenant_id, "notice_contact", "name", row->contact_id};
    struct field_place email = {tenant_id, "notice_contact", "email", row->contact_id};
    struct field_place url = {tenant_id, "notice_contact", "webhook_url", row->contact_id};
    struct api_notice_contact_view view = {.id = row->contact_id,
                                           .language = row->language,
                                           .has_email = row->has_email,
                                           .has_webhook_url = row->has_webhook_url,
                                           .creator_id = row->creator_id,
                                           .created = row->created_us,
                                           .has_ender_id = row->has_ender_id,
                                           .ender_id = row->ender_id,
                                           .has_ended = row->has_ended_us,
                                           .ended = row->ended_us};
    int role = 0;
    CX_TRY(api_enum_value(&api_enum_notice_role, row->role, &role));
    view.role = (enum api_notice_role)role;
    CX_TRY(notice_owner_kind(row->owner_kind, &view.owner_kind));
    CX_TRY(notice_owner_text(request->arena, view.owner_kind, row->owner_id, &view.owner_id));
    CX_TRY(field_open_text(request->core, name, row->name, request->arena, &view.name));
    if (row->has_email)
        CX_TRY(field_open_text(request->core, email, row->email, request->arena, &view.email));
    if (row->has_webhook_url)
        CX_TRY(field_open_text(request->core, url, row->webhook_url, request->arena,
                               &view.webhook_url));
    *ret_view = view;
    return CX_OK;
}

struct listing {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct row_notice_contact *rows;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct api_request *request = list->request;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list->limit, &list->rows));
    return contact_page(tx, request->principal.tenant_id, &list->after, list->limit, request->arena,
                        list->rows, &list->count);
}

cx_err handle_notice_contacts(struct api_request *request, const struct api_notice_contacts_in *in,
                              struct api_notice_contacts_out *ret_out)
{
    struct listing list = {.request = request, .limit = (size_t)in->limit};
    struct api_notice_contact_view *items = NULL;
    CX_TRY(page_cursor_parse("notice-contact", in->cursor, request->diag, &list.after));
    CX_TRY(store_read(request->core->store, read_page, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_of(request, &list.rows[i], &items[i]));
    struct api_notice_contact_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        struct page_key key = {list.rows[list.count - 1].created_us,
                               list.rows[list.count - 1].contact_id};
        CX_TRY(page_cursor_write(request->arena, "notice-contact", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct adding {
    struct api_request *request;
    struct row_notice_contact row;
};

static cx_err write_contact(struct store_tx *tx, void *arg)
{
    struct adding *adding = arg;
    struct row_notice_contact *row = &adding->row;
    cx_err err = contact_owner_check(tx, row->tenant_id, row->owner_kind, row->owner_id);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(adding->request->diag, CX_ERR(POLICY),
                         cx_str_is(row->owner_kind, "group") ? "group_id" : "user_id",
                         "owner-unknown", "The tenant has no such group or user.");
    CX_TRY(err);
    return row_notice_contact_insert(tx, row);
}

static cx_err check_contact(struct api_request *request, const struct api_notice_contact_add_in *in)
{
    if (in->has_group_id && in->has_user_id)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "owner-twice",
                         "A contact belongs to a group or to a user.");
    if (!in->has_email && !in->has_webhook_url)
        return cx_refuse(request->diag, CX_ERR(POLICY), "email", "channel-missing",
                         "Give an address, a webhook, or both.");
    if (in->has_webhook_ca && !in->has_webhook_url)
        return cx_refuse(request->diag, CX_ERR(POLICY), "webhook_ca", "channel-missing",
                         "There is no webhook that these roots are for.");
    if (!notice_templates_find(request->core->notice_templates, in->language))
        return cx_refuse(request->diag, CX_ERR(POLICY), "language", "language-unknown",
                         "There is no template in this language.");
    return CX_OK;
}

static cx_err seal_hook(struct adding *adding, struct cx_str url, struct cx_str *ret_key)
{
    struct api_request *request = adding->request;
    struct row_notice_contact *row = &adding->row;
    uint8_t key[NOTICE_HOOK_KEY_LEN];
    struct field_place places[] = {
        {row->tenant_id, "notice_contact", "webhook_url", row->contact_id},
        {row->tenant_id, "notice_contact", "webhook_key", row->contact_id}};
    CX_TRY(cx_rng_fill(request->core->rng, key, sizeof(key)));
    CX_TRY(field_seal_text(request->core, places[0], url, request->arena, &row->webhook_url));
    CX_TRY(field_seal(request->core, places[1], CX_BYTES(key, sizeof(key)), request->arena,
                      &row->webhook_key));
    row->has_webhook_url = row->has_webhook_key = true;
    cx_err err = page_hex_write(request->arena, CX_BYTES(key, sizeof(key)), ret_key);
    cx_wipe(key, sizeof(key));
    return err;
}

static cx_err prepare(struct adding *adding, const struct api_notice_contact_add_in *in)
{
    struct api_request *request = adding->request;
    struct row_notice_contact *row = &adding->row;
    struct cx_id tenant_id = request->principal.tenant_id;
    *row = (struct row_notice_contact){
        .tenant_id = tenant_id,
        .owner_kind = in->has_group_id  ? CX_STR("group")
                      : in->has_user_id ? CX_STR("user")
                                        : CX_STR("tenant"),
        .owner_id = in->has_group_id  ? in->group_id
                    : in->has_user_id ? in->user_id
                                      : tenant_id,
        .role = cx_str_from(api_enum_name(&api_enum_notice_role, in->role)),
        .language = in->language,
        .webhook_ca = in->webhook_ca,
        .has_email = in->has_email,
        .creator_id = request->principal.user_id,
        .created_us = request->now_us};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->contact_id));
    struct field_place name = {tenant_id, "notice_contact", "name", row->contact_id};
    struct field_place email = {tenant_id, "notice_contact", "email", row->contact_id};
    CX_TRY(field_seal_text(request->core, name, in->name, request->arena, &row->name));
    return in->has_email
               ? field_seal_text(request->core, email, in->email, request->arena, &row->email)
               : CX_OK;
}

cx_err handle_notice_contact_add(struct api_request *request,
                                 const struct api_notice_contact_add_in *in,
                                 struct api_notice_contact_add_out *ret_out)
{
    struct adding adding = {.request = request};
    struct api_notice_contact_made *made = &ret_out->body;
    struct cx_str id = CX_STR_NONE;
    CX_TRY(check_contact(request, in));
    CX_TRY(prepare(&adding, in));
    if (in->has_webhook_url) {
        CX_TRY(seal_hook(&adding, in->webhook_url, &made->webhook_key));
        made->has_webhook_key = true;
    }
    CX_TRY(field_id_text(request->arena, CX_ID_NOTICE_CONTACT, adding.row.contact_id, &id));
    const struct field_detail details[] = {{"contact", id}, {"owner_kind", adding.row.owner_kind}};
    struct audit_event event = {.object_type = CX_ID_NOTICE_CONTACT,
                                .object_id = adding.row.contact_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_contact, &adding));
    return view_of(request, &adding.row, &made->contact);
}

struct ending {
    struct api_request *request;
    struct cx_id contact_id;
    struct row_notice_contact row;
};

static cx_err write_end(struct store_tx *tx, void *arg)
{
    struct ending *ending = arg;
    struct api_request *request = ending->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err =
        contact_end(tx, tenant_id, ending->contact_id, request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "contact_id", "contact-state",
                         "There is no such contact, or it has ended.");
    CX_TRY(err);
    return contact_find(tx, tenant_id, ending->contact_id, request->arena, &ending->row);
}

cx_err handle_notice_contact_end(struct api_request *request,
                                 const struct api_notice_contact_end_in *in,
                                 struct api_notice_contact_end_out *ret_out)
{
    struct ending ending = {.request = request, .contact_id = in->contact_id};
    struct audit_event event = {.object_type = CX_ID_NOTICE_CONTACT, .object_id = in->contact_id};
    CX_TRY(api_commit(request, &event, write_end, &ending));
    return view_of(request, &ending.row, &ret_out->body);
}
