#include "core/notify/view.h"
#include "base/cleanup.h"
#include "core/api/contract.h"
#include "core/field.h"
#include "core/notify/text.h"
#include "core/notify/worker.h"

enum { SECRET_SHOWN = 4 + 52 }; /* of a link: kind, tenant and recipient, not the secret itself */

cx_err notice_refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "notice_id", "notice-unknown",
                     "The incident has no such notice.");
}

cx_err notice_owner_kind(struct cx_str word, enum api_notice_owner_kind *ret_kind)
{
    int kind = 0;
    CX_TRY(api_enum_value(&api_enum_notice_owner_kind, word, &kind));
    *ret_kind = (enum api_notice_owner_kind)kind;
    return CX_OK;
}

cx_err notice_owner_text(struct arena *arena, enum api_notice_owner_kind kind, struct cx_id id,
                         struct cx_str *ret_text)
{
    static const enum cx_id_type types[] = {[API_NOTICE_OWNER_KIND_TENANT] = CX_ID_TENANT,
                                            [API_NOTICE_OWNER_KIND_GROUP] = CX_ID_GROUP,
                                            [API_NOTICE_OWNER_KIND_USER] = CX_ID_USER};
    return field_id_text(arena, types[kind], id, ret_text);
}

cx_err notice_view_of(struct api_request *request, const struct row_notice *row,
                      const struct notice_counts *counts, struct api_notice_view *ret_view)
{
    int kind = 0, state = 0;
    struct api_notice_view view = {.id = row->notice_id,
                                   .incident_id = row->incident_id,
                                   .scope_id = row->scope_id,
                                   .template = row->template,
                                   .has_act_by = row->has_act_by_us,
                                   .act_by = row->act_by_us,
                                   .has_update_due = row->has_update_due_us,
                                   .update_due = row->update_due_us,
                                   .author_id = row->author_id,
                                   .created = row->created_us,
                                   .recipient_count = row->recipient_count,
                                   .waiting_count = counts->waiting,
                                   .reached_count = counts->reached,
                                   .unreached_count = counts->unreached,
                                   .has_approver_id = row->has_approver_id,
                                   .approver_id = row->approver_id,
                                   .has_approved = row->has_approved_us,
                                   .approved = row->approved_us,
                                   .has_finished = row->has_finished_us,
                                   .finished = row->finished_us};
    CX_TRY(api_enum_value(&api_enum_notice_kind, row->kind, &kind));
    CX_TRY(api_enum_value(&api_enum_notice_state, row->state, &state));
    view.kind = (enum api_notice_kind)kind;
    view.state = (enum api_notice_state)state;
    CX_TRY(notice_content_open(request->core, row, request->arena, &view.content));
    CX_TRY(page_hex_write(request->arena, row->sha256, &view.sha256));
    *ret_view = view;
    return CX_OK;
}

struct showing {
    struct api_request *request;
    struct cx_id incident_id, notice_id;
    struct row_notice row;
    struct notice_counts counts;
    struct row_notice_recipient first;
    struct notice_owner owners[NOTICE_UNCOVERED_MAX];
    size_t owner_count;
    bool has_first;
};

static cx_err read_one(struct store_tx *tx, void *arg)
{
    struct showing *showing = arg;
    struct api_request *request = showing->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(notice_find(tx, tenant_id, showing->incident_id, showing->notice_id, request->arena,
                       &showing->row));
    CX_TRY(notice_count(tx, &showing->row, &showing->counts));
    CX_TRY(notice_uncovered(tx, &showing->row, showing->owners, &showing->owner_count));
    cx_err err =
        recipient_first(tx, tenant_id, showing->notice_id, request->arena, &showing->first);
    showing->has_first = cx_is_ok(err);
    return err.code == CX_E_NOTFOUND ? CX_OK : err;
}

/* The text without the secret of its link: that is the recipient's alone. */
static cx_err without_secret(struct arena *arena, struct cx_str text, struct cx_str *ret_text)
{
    struct cx_str mark = CX_STR("/notice/cxn_");
    for (size_t i = 0; i + mark.len < text.len; i++) {
        struct cx_str rest = {text.ptr + i, text.len - i};
        size_t head = mark.len - 4 + SECRET_SHOWN + 1;
        if (!cx_str_starts(rest, mark) || rest.len < head)
            continue;
        size_t end = head;
        while (end < rest.len && rest.ptr[end] != '\n')
            end++;
        return arena_printf(arena, ret_text, "%.*s…%.*s", (int)(i + head), text.ptr,
                            (int)(rest.len - end), rest.ptr + end);
    }
    *ret_text = text;
    return CX_OK;
}

cx_err notice_texts_open(struct api_request *request, const struct row_notice_recipient *row,
                         struct cx_str *ret_subject, struct cx_str *ret_text)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct field_place subject = {tenant_id, "notice_recipient", "subject", row->recipient_id};
    struct field_place body = {tenant_id, "notice_recipient", "body", row->recipient_id};
    CX_TRY(field_open_text(request->core, subject, row->subject, request->arena, ret_subject));
    CX_TRY(field_open_text(request->core, body, row->body, request->arena, ret_text));
    return without_secret(request->arena, *ret_text, ret_text);
}

cx_err notice_show(struct api_request *request, struct cx_id incident_id, struct cx_id notice_id,
                   struct api_notice_view *ret_view)
{
    struct showing *showing = NULL;
    struct cx_str *uncovered = NULL;
    struct api_notice_view view;
    CX_TRY(ARENA_NEW(request->arena, &showing));
    showing->request = request;
    showing->incident_id = incident_id;
    showing->notice_id = notice_id;
    cx_err err = store_read(request->core->store, read_one, showing);
    if (err.code == CX_E_NOTFOUND)
        return notice_refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(notice_view_of(request, &showing->row, &showing->counts, &view));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, showing->owner_count, &uncovered));
    for (size_t i = 0; i < showing->owner_count; i++)
        CX_TRY(notice_owner_text(request->arena,
                                 showing->owners[i].is_group ? API_NOTICE_OWNER_KIND_GROUP
                                                             : API_NOTICE_OWNER_KIND_USER,
                                 showing->owners[i].owner_id, &uncovered[i]));
    view.uncovered = uncovered;
    view.uncovered_count = showing->owner_count;
    view.has_uncovered = showing->owner_count > 0;
    view.has_subject = view.has_text = showing->has_first;
    if (showing->has_first)
        CX_TRY(notice_texts_open(request, &showing->first, &view.subject, &view.text));
    *ret_view = view;
    return CX_OK;
}

cx_err notice_delivery_show(struct api_request *request, const struct delivery *delivery,
                            struct api_notice_delivery_view *ret_view)
{
    const struct row_notice_delivery *row = &delivery->row;
    const struct row_notice_contact *contact = &delivery->contact;
    struct cx_id tenant_id = request->principal.tenant_id;
    bool email = cx_str_is(row->channel, "email");
    struct field_place address = {tenant_id, "notice_contact", email ? "email" : "webhook_url",
                                  contact->contact_id};
    struct field_place answer = {tenant_id, "notice_delivery", "answer", row->delivery_id};
    struct api_notice_delivery_view view = {
        .delivery_id = row->delivery_id,
        .recipient_id = row->recipient_id,
        .contact_id = contact->contact_id,
        .channel = email ? API_NOTICE_CHANNEL_EMAIL : API_NOTICE_CHANNEL_WEBHOOK,
        .round = row->round,
        .attempt_count = row->attempt_count,
        .has_sent = row->has_sent_us,
        .sent = row->sent_us,
        .has_delivered = row->has_delivered_us,
        .delivered = row->delivered_us,
        .has_bounced = row->has_bounced_us,
        .bounced = row->bounced_us,
        .has_opened = delivery->recipient.has_opened_us,
        .opened = delivery->recipient.opened_us,
        .has_acknowledged = delivery->recipient.has_acknowledged_us,
        .acknowledged = delivery->recipient.acknowledged_us,
        .has_answer = row->has_answer};
    int state = 0;
    CX_TRY(api_enum_value(&api_enum_notice_delivery_state, row->state, &state));
    view.state = (enum api_notice_delivery_state)state;
    CX_TRY(notice_owner_kind(delivery->recipient.owner_kind, &view.owner_kind));
    CX_TRY(notice_owner_text(request->arena, view.owner_kind, delivery->recipient.owner_id,
                             &view.owner_id));
    CX_TRY(page_hex_write(request->arena, delivery->recipient.sha256, &view.sha256));
    CX_TRY(field_open_text(request->core, address, email ? contact->email : contact->webhook_url,
                           request->arena, &view.address));
    if (row->has_answer)
        CX_TRY(field_open_text(request->core, answer, row->answer, request->arena, &view.answer));
    *ret_view = view;
    return CX_OK;
}
