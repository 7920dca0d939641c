/* Mailboxes that take problem reports: whose they are, how they are, and what came in. */
#include "api_routes.h"
#include "core/field.h"
#include "core/intake/mailbox_store.h"

struct listing {
    struct api_request *request;
    struct cx_id mailbox_id; /* of messages */
    struct page_key after;
    size_t limit, count;
    struct row_mailbox *mailboxes;
    struct row_mailbox_folder (*folders)[MAILBOX_FOLDERS_MAX]; /* of each */
    size_t *folder_counts;
    struct row_mailbox_message *mails;
};

static enum api_mailbox_state state_of(const struct row_mailbox *row)
{
    if (row->has_ended_us)
        return API_MAILBOX_STATE_ENDED;
    if (row->failure.len > 0)
        return API_MAILBOX_STATE_FAILING;
    return row->has_checked_us ? API_MAILBOX_STATE_REACHABLE : API_MAILBOX_STATE_NEW;
}

static cx_err view_of(struct api_request *request, const struct row_mailbox *row,
                      const struct row_mailbox_folder *folders, size_t count,
                      struct api_mailbox_view *ret_view)
{
    struct field_place account = {row->tenant_id, "mailbox", "account", row->mailbox_id};
    struct field_place address = {row->tenant_id, "mailbox", "address", row->mailbox_id};
    struct api_mailbox_view view = {.id = row->mailbox_id,
                                    .name = row->name,
                                    .state = state_of(row),
                                    .host = row->host,
                                    .port = row->port,
                                    .poll_seconds = row->poll_s,
                                    .self_test_hours = row->self_test_h,
                                    .has_checked = row->has_checked_us,
                                    .checked = row->checked_us,
                                    .has_failure = row->failure.len > 0,
                                    .failure = row->failure,
                                    .has_test_sent = row->has_test_sent_us,
                                    .test_sent = row->test_sent_us,
                                    .has_test_seen = row->has_test_seen_us,
                                    .test_seen = row->test_seen_us,
                                    .creator_id = row->creator_id,
                                    .created = row->created_us,
                                    .has_ender_id = row->has_ender_id,
                                    .ender_id = row->ender_id,
                                    .has_ended = row->has_ended_us,
                                    .ended = row->ended_us};
    struct cx_str *names = NULL;
    CX_TRY(field_open_text(request->core, account, row->account, request->arena, &view.user));
    CX_TRY(field_open_text(request->core, address, row->address, request->arena, &view.address));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &names));
    for (size_t i = 0; i < count; i++)
        names[i] = folders[i].folder;
    view.folders = names;
    view.folders_count = count;
    *ret_view = view;
    return CX_OK;
}

static cx_err read_mailboxes(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct arena *arena = list->request->arena;
    struct cx_id tenant_id = list->request->principal.tenant_id;
    CX_TRY(ARENA_NEW_ARRAY(arena, list->limit, &list->mailboxes));
    CX_TRY(mailbox_page(tx, tenant_id, &list->after, list->limit, arena, list->mailboxes,
                        &list->count));
    CX_TRY(ARENA_NEW_ARRAY(arena, list->count, &list->folders));
    CX_TRY(ARENA_NEW_ARRAY(arena, list->count, &list->folder_counts));
    for (size_t i = 0; i < list->count; i++)
        CX_TRY(folder_list(tx, tenant_id, list->mailboxes[i].mailbox_id, arena, list->folders[i],
                           &list->folder_counts[i]));
    return CX_OK;
}

cx_err handle_mailbox_list(struct api_request *request, const struct api_mailbox_list_in *in,
                           struct api_mailbox_list_out *ret_out)
{
    struct listing list = {.request = request, .limit = (size_t)in->limit};
    struct api_mailbox_view *items = NULL;
    CX_TRY(page_cursor_parse("mailbox", in->cursor, request->diag, &list.after));
    CX_TRY(store_read(request->core->store, read_mailboxes, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_of(request, &list.mailboxes[i], list.folders[i], list.folder_counts[i],
                       &items[i]));
    struct api_mailbox_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct row_mailbox *last = &list.mailboxes[list.count - 1];
        struct page_key key = {last->created_us, last->mailbox_id};
        CX_TRY(page_cursor_write(request->arena, "mailbox", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

/* ---- adding and ending ---- */

struct adding {
    struct api_request *request;
    struct row_mailbox row;
    struct row_mailbox_folder folders[MAILBOX_FOLDERS_MAX];
    size_t folder_count;
};

static cx_err check_mailbox(struct api_request *request, const struct api_mailbox_add_in *in)
{
    for (size_t i = 0; i < in->folders_count; i++)
        for (size_t k = 0; k < i; k++)
            if (cx_str_eq(in->folders[i], in->folders[k]))
                return cx_refuse(request->diag, CX_ERR(POLICY), "folders", "folder-twice",
                                 "A folder is named once.");
    if (in->self_test_hours > 0 && request->core->options.smtp_from.len == 0)
        return cx_refuse(request->diag, CX_ERR(POLICY), "self_test_hours", "smtp-missing",
                         "The self-test needs smtp_url in the configuration; 0 does without.");
    return CX_OK;
}

static cx_err seal_mailbox(struct adding *adding, const struct api_mailbox_add_in *in)
{
    struct core *core = adding->request->core;
    struct arena *arena = adding->request->arena;
    struct row_mailbox *row = &adding->row;
    struct field_place account = {row->tenant_id, "mailbox", "account", row->mailbox_id};
    struct field_place password = {row->tenant_id, "mailbox", "password", row->mailbox_id};
    struct field_place address = {row->tenant_id, "mailbox", "address", row->mailbox_id};
    CX_TRY(field_seal_text(core, account, in->user, arena, &row->account));
    CX_TRY(field_seal_text(core, password, in->password, arena, &row->password));
    return field_seal_text(core, address, in->address, arena, &row->address);
}

static cx_err write_mailbox(struct store_tx *tx, void *arg)
{
    struct adding *adding = arg;
    struct row_mailbox *live = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(adding->request->arena, MAILBOXES_MAX, &live));
    CX_TRY(mailbox_live(tx, adding->row.tenant_id, adding->request->arena, live, &count));
    if (count == MAILBOXES_MAX)
        return cx_refuse(adding->request->diag, CX_ERR(LIMIT), "", "mailbox-count",
                         "A tenant has at most %d mailboxes.", MAILBOXES_MAX);
    CX_TRY(row_mailbox_insert(tx, &adding->row));
    for (size_t i = 0; i < adding->folder_count; i++)
        CX_TRY(row_mailbox_folder_insert(tx, &adding->folders[i]));
    return CX_OK;
}

cx_err handle_mailbox_add(struct api_request *request, const struct api_mailbox_add_in *in,
                          struct api_mailbox_add_out *ret_out)
{
    struct adding adding = {.request = request, .folder_count = in->folders_count};
    struct row_mailbox *row = &adding.row;
    CX_TRY(check_mailbox(request, in));
    *row = (struct row_mailbox){.tenant_id = request->principal.tenant_id,
                                .name = in->name,
                                .host = in->host,
                                .port = in->port,
                                .ca = in->has_ca ? in->ca : CX_STR(""),
                                .poll_s = in->poll_seconds,
                                .self_test_h = in->self_test_hours,
                                .due_us = request->now_us,
                                .failure = CX_STR(""),
                                .creator_id = request->principal.user_id,
                                .created_us = request->now_us};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->mailbox_id));
    CX_TRY(seal_mailbox(&adding, in));
    for (size_t i = 0; i < in->folders_count; i++)
        adding.folders[i] = (struct row_mailbox_folder){
            .tenant_id = row->tenant_id, .mailbox_id = row->mailbox_id, .folder = in->folders[i]};
    const struct field_detail details[] = {{"name", row->name}, {"host", row->host}};
    struct audit_event event = {.object_type = CX_ID_MAILBOX, .object_id = row->mailbox_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_mailbox, &adding));
    return view_of(request, row, adding.folders, adding.folder_count, &ret_out->body);
}

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "mailbox_id", "mailbox-unknown",
                     "There is no such mailbox.");
}

struct ending {
    struct api_request *request;
    struct cx_id mailbox_id;
    struct row_mailbox row;
    struct row_mailbox_folder folders[MAILBOX_FOLDERS_MAX];
    size_t folder_count;
};

static cx_err write_end(struct store_tx *tx, void *arg)
{
    struct ending *ending = arg;
    struct api_request *request = ending->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err = mailbox_find(tx, tenant_id, ending->mailbox_id, request->arena, &ending->row);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    err =
        mailbox_end(tx, tenant_id, ending->mailbox_id, request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "mailbox_id", "mailbox-state",
                         "The mailbox has ended already.");
    CX_TRY(err);
    CX_TRY(folder_list(tx, tenant_id, ending->mailbox_id, request->arena, ending->folders,
                       &ending->folder_count));
    return mailbox_find(tx, tenant_id, ending->mailbox_id, request->arena, &ending->row);
}

cx_err handle_mailbox_end(struct api_request *request, const struct api_mailbox_end_in *in,
                          struct api_mailbox_end_out *ret_out)
{
    struct ending ending = {.request = request, .mailbox_id = in->mailbox_id};
    struct audit_event event = {.object_type = CX_ID_MAILBOX, .object_id = in->mailbox_id};
    CX_TRY(api_commit(request, &event, write_end, &ending));
    return view_of(request, &ending.row, ending.folders, ending.folder_count, &ret_out->body);
}

/* ---- what came in ---- */

static cx_err read_mails(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct arena *arena = list->request->arena;
    struct cx_id tenant_id = list->request->principal.tenant_id;
    struct row_mailbox mailbox;
    CX_TRY(mailbox_find(tx, tenant_id, list->mailbox_id, arena, &mailbox));
    CX_TRY(ARENA_NEW_ARRAY(arena, list->limit, &list->mails));
    return mail_page(tx, tenant_id, list->mailbox_id, &list->after, list->limit, arena, list->mails,
                     &list->count);
}

static cx_err mail_view(struct api_request *request, const struct row_mailbox_message *row,
                        struct api_mail_view *ret_view)
{
    struct api_mail_view view = {.id = row->message_id,
                                 .folder = row->folder,
                                 .received = row->received_us,
                                 .report_id = row->report_id,
                                 .incident_id = row->incident_id,
                                 .cut = row->cut == 1};
    int receipt = 0;
    CX_TRY(api_enum_value(&api_enum_mail_receipt, row->receipt, &receipt));
    view.receipt = (enum api_mail_receipt)receipt;
    CX_TRY(page_hex_write(request->arena, row->sha256, &view.sha256));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_mailbox_messages(struct api_request *request,
                               const struct api_mailbox_messages_in *in,
                               struct api_mailbox_messages_out *ret_out)
{
    struct listing list = {
        .request = request, .mailbox_id = in->mailbox_id, .limit = (size_t)in->limit};
    struct api_mail_view *items = NULL;
    CX_TRY(page_cursor_parse("mailbox-message", in->cursor, request->diag, &list.after));
    cx_err err = store_read(request->core->store, read_mails, &list);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(mail_view(request, &list.mails[i], &items[i]));
    struct api_mail_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct row_mailbox_message *last = &list.mails[list.count - 1];
        struct page_key key = {last->received_us, last->message_id};
        CX_TRY(page_cursor_write(request->arena, "mailbox-message", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct reading {
    struct api_request *request;
    const struct api_mailbox_message_raw_in *in;
    struct row_mailbox_message row;
};

static cx_err read_mail(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    return mail_find(tx, reading->request->principal.tenant_id, reading->in->mailbox_id,
                     reading->in->mail_id, reading->request->arena, &reading->row);
}

cx_err handle_mailbox_message_raw(struct api_request *request,
                                  const struct api_mailbox_message_raw_in *in,
                                  struct api_mailbox_message_raw_out *ret_out)
{
    struct reading reading = {.request = request, .in = in};
    struct field_place place = {request->principal.tenant_id, "mailbox_message", "raw",
                                in->mail_id};
    cx_err err = store_read(request->core->store, read_mail, &reading);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "mail_id", "mail-unknown",
                         "The mailbox has no such message.");
    CX_TRY(err);
    ret_out->raw.status = 200;
    ret_out->raw.content_type = "message/rfc822";
    return field_open(request->core, place, reading.row.raw, request->arena, &ret_out->raw.body);
}
