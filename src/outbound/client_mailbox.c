#include "base/cleanup.h"
#include "ipc/client.h"
#include "outbound/client.h"
#include "outbound/client_internal.h"

enum { REQUEST_MAX = 131072 };

static cx_err copy_mail(const struct ipc_outbound_message *from, struct arena *arena,
                        struct outbound_received *ret_mail)
{
    struct outbound_received mail = {
        .uid = from->uid, .automatic = from->automatic, .cut = from->cut};
    CX_TRY(arena_copy_str(arena, from->message_id, &mail.message_id));
    CX_TRY(arena_copy_str(arena, from->sender, &mail.sender));
    CX_TRY(arena_copy_str(arena, from->subject, &mail.subject));
    CX_TRY(arena_copy_str(arena, from->text, &mail.text));
    CX_TRY(arena_copy(arena, from->raw, &mail.raw));
    *ret_mail = mail;
    return CX_OK;
}

cx_err outbound_mailbox_read(struct outbound_client *client, const struct outbound_mailbox *mailbox,
                             struct arena *arena, struct cx_diag *diag,
                             struct outbound_mailbox_page *ret_page)
{
    const struct ipc_outbound_mailbox request = {
        mailbox->host,         mailbox->port,      mailbox->user,
        mailbox->password,     mailbox->ca_pem,    mailbox->folder,
        mailbox->uid_validity, mailbox->after_uid, mailbox->timeout_ms};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(REQUEST_MAX); /* wiped with it */
    CX_CLEANUP(cx_buf_clear) struct cx_buf reply = CX_BUF_INIT(0);
    CX_TRY(ipc_outbound_mailbox_write(&body, &request));
    const struct ipc_call call = {IPC_OUTBOUND_MAILBOX, IPC_OUTBOUND_MAILBOX_PAGE,
                                  cx_buf_view(&body),
                                  (int64_t)mailbox->timeout_ms * 1000 + OUTBOUND_GRACE_US};
    CX_TRY(ipc_client_call(client->ipc, &call, diag, &reply));
    struct ipc_outbound_mailbox_page page = {.messages = NULL};
    CX_TRY(ipc_outbound_mailbox_page_parse(cx_buf_view(&reply), arena, &page));
    ret_page->uid_validity = page.uid_validity;
    ret_page->more = page.more;
    ret_page->count = page.messages_count;
    for (size_t i = 0; i < page.messages_count; i++)
        CX_TRY(copy_mail(&page.messages[i], arena, &ret_page->mails[i]));
    return CX_OK;
}
