#include "outbound/mailbox_handler.h"

#include "outbound/imap.h"
#include "outbound/message.h"
#include "outbound/validate_handlers.h"

static cx_err write_page(const struct imap_folder *folder, struct arena *arena,
                         struct ipc_reply *reply)
{
    struct ipc_outbound_message items[OUTBOUND_MAILS_MAX];
    for (size_t i = 0; i < folder->count; i++) {
        const struct imap_mail *mail = &folder->mails[i];
        struct message message;
        CX_TRY(message_read(mail->raw, arena, &message));
        items[i] = (struct ipc_outbound_message){.uid = mail->uid,
                                                 .message_id = message.id,
                                                 .sender = message.sender,
                                                 .subject = message.subject,
                                                 .text = message.text,
                                                 .automatic = message.automatic,
                                                 .cut = mail->cut,
                                                 .raw = mail->raw};
    }
    const struct ipc_outbound_mailbox_page page = {folder->uid_validity, folder->more, items,
                                                   folder->count};
    reply->number = IPC_OUTBOUND_MAILBOX_PAGE;
    return ipc_outbound_mailbox_page_write(&reply->body, &page);
}

cx_err on_outbound_mailbox(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    const struct validator *validator = arg;
    struct ipc_outbound_mailbox message = {.host = CX_STR_NONE};
    struct imap_folder folder;
    CX_TRY(ipc_outbound_mailbox_parse(request->payload, request->arena, &message));
    const struct imap_read read = {.host = message.host,
                                   .port = message.port,
                                   .user = message.user,
                                   .password = message.password,
                                   .ca_pem = message.ca_pem,
                                   .folder = message.folder,
                                   .uid_validity = message.uid_validity,
                                   .after_uid = message.after_uid,
                                   .count_max = OUTBOUND_MAILS_MAX,
                                   .timeout_ms = message.timeout_ms,
                                   .policy = &validator->set.policy};
    CX_TRY(imap_read_folder(&read, request->arena, &reply->diag, &folder));
    return write_page(&folder, request->arena, reply);
}
