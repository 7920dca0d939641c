/* From a mail to a report. Everything slow is prepared first; then report, message, place in the folder and audit entry commit together. */
#include "base/cleanup.h"
#include "base/fault.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/report.h"
#include "core/incident/report_form.h"
#include "core/intake/worker.h"
#include "core/protect/protect.h"
#include "crypto/hash.h"

struct taken {
    struct mailbox_taking *taking;
    const struct outbound_received *mail;
    struct cx_id tenant_id;
    struct row_mailbox_message row;
    struct report_new report;
    struct audit_event event;
    bool known, is_test;
};

/* The first characters of a text, whole ones. */
static struct cx_str cut(struct cx_str text, size_t characters)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((uint8_t)text.ptr[i] & 0xc0) != 0x80;
        if (count > characters)
            return (struct cx_str){text.ptr, i};
    }
    return text;
}

static cx_err compose_problem(struct taken *taken, struct cx_str *ret_problem)
{
    const struct outbound_received *mail = taken->mail;
    struct cx_str whole = CX_STR_NONE;
    bool empty = mail->subject.len == 0 && mail->text.len == 0;
    CX_TRY(arena_printf(taken->taking->arena, &whole, "By mail: %.*s\n\n%.*s",
                        CX_STR_ARG(mail->subject), CX_STR_ARG(mail->text)));
    *ret_problem = empty ? CX_STR("By mail, without a text that could be read: see the message.")
                         : cut(whole, REPORT_PROBLEM_MAX);
    return CX_OK;
}

static cx_err read_known(struct store_tx *tx, void *arg)
{
    struct taken *taken = arg;
    return mail_known(tx, taken->tenant_id, taken->row.digest, &taken->known);
}

/* RFC 5322 §3.6.4: the Message-ID tells messages apart, in whatever folder, however often. Without one the octets do. */
static cx_err find_earlier(struct taken *taken)
{
    struct core *core = taken->taking->core;
    struct cx_bytes what = cx_str_bytes(taken->mail->message_id);
    uint8_t token[PROTECT_INDEX_LEN];
    if (what.len == 0)
        what = taken->row.sha256;
    CX_TRY(
        protect_index(core->protect, taken->tenant_id, "mailbox_message", "digest", what, token));
    CX_TRY(arena_copy(taken->taking->arena, CX_BYTES(token, sizeof(token)), &taken->row.digest));
    return store_read(core->store, read_known, taken);
}

/* Nobody answers a machine (RFC 3834 §2), nor oneself. */
static bool is_answered(const struct taken *taken)
{
    const struct outbound_received *mail = taken->mail;
    struct cx_str from = taken->taking->core->options.smtp_from;
    return from.len > 0 && mail->sender.len > 0 && !mail->automatic &&
           !cx_str_eq(mail->sender, from) && !cx_str_eq(mail->sender, taken->taking->address);
}

static cx_err seal_message(struct taken *taken, struct cx_id message_id)
{
    struct core *core = taken->taking->core;
    struct arena *arena = taken->taking->arena;
    const struct outbound_received *mail = taken->mail;
    struct row_mailbox_message *row = &taken->row;
    struct field_place raw = {taken->tenant_id, "mailbox_message", "raw", message_id};
    struct field_place sender = {taken->tenant_id, "mailbox_message", "sender", message_id};
    struct field_place reply = {taken->tenant_id, "mailbox_message", "reply_to", message_id};
    row->message_id = message_id;
    row->has_sender = mail->sender.len > 0;
    if (row->has_sender)
        CX_TRY(field_seal_text(core, sender, mail->sender, arena, &row->sender));
    CX_TRY(field_seal_text(core, reply, mail->message_id, arena, &row->reply_to));
    return field_seal(core, raw, mail->raw, arena, &row->raw);
}

static cx_err prepare_message(struct taken *taken, cx_time now_us)
{
    struct row_mailbox_message *row = &taken->row;
    struct cx_id message_id = {{0}};
    bool answered = is_answered(taken);
    CX_TRY(cx_id_new_at(taken->taking->core->rng, now_us, &message_id));
    row->tenant_id = taken->tenant_id;
    row->mailbox_id = taken->taking->mailbox->mailbox_id;
    row->folder = taken->taking->folder->folder;
    row->uid = taken->mail->uid;
    row->report_id = taken->report.row.report_id;
    row->incident_id = taken->report.made.row.incident_id;
    row->cut = taken->mail->cut;
    row->receipt = answered ? CX_STR("waiting") : CX_STR("none");
    row->has_receipt_due_us = answered;
    row->receipt_due_us = row->received_us = now_us;
    return seal_message(taken, message_id);
}

static cx_err prepare_report(struct taken *taken, cx_time now_us)
{
    struct core *core = taken->taking->core;
    struct cx_str message = CX_STR_NONE;
    struct report_draft draft = {.tenant_id = taken->tenant_id,
                                 .reporter = taken->mail->sender,
                                 .origin = taken->mail->sender,
                                 .now_us = now_us};
    CX_TRY(compose_problem(taken, &draft.problem));
    CX_TRY(report_prepare(core, taken->taking->arena, &draft, &taken->report));
    CX_TRY(prepare_message(taken, now_us));
    CX_TRY(field_id_text(taken->taking->arena, CX_ID_MAIL, taken->row.message_id, &message));
    const struct field_detail details[] = {{"report", taken->report.tracking},
                                           {"message", message},
                                           {"mailbox", taken->taking->mailbox->name}};
    taken->event.action = "incident.report";
    taken->event.object_type = CX_ID_INCIDENT;
    taken->event.object_id = taken->row.incident_id;
    return field_details(taken->taking->arena, details, 3, &taken->event.details);
}

/* One that tells nothing new: the place in the folder moves on, and the log says why. */
static cx_err prepare_passing(struct taken *taken)
{
    const struct field_detail details[] = {{"folder", taken->taking->folder->folder}};
    taken->event.action = taken->is_test ? "system.mailbox.self-test" : "system.mailbox.repeated";
    taken->event.object_type = CX_ID_MAILBOX;
    taken->event.object_id = taken->taking->mailbox->mailbox_id;
    return field_details(taken->taking->arena, details, 1, &taken->event.details);
}

static cx_err write_taken(struct store_tx *tx, void *arg)
{
    struct taken *taken = arg;
    const struct mailbox_taking *taking = taken->taking;
    CX_TRY(folder_advance(tx, taking->folder, taking->uid_validity, taken->mail->uid));
    if (taken->is_test)
        return mailbox_test_seen(tx, taking->mailbox, cx_now(taking->core->clock));
    if (taken->known)
        return CX_OK;
    CX_TRY(report_insert(tx, &taken->report));
    return row_mailbox_message_insert(tx, &taken->row);
}

static cx_err is_self_test(struct taken *taken)
{
    struct cx_str expected = CX_STR_NONE;
    if (!taken->taking->mailbox->has_test_id)
        return CX_OK;
    CX_TRY(mailbox_test_message_id(taken->taking->core, taken->taking->mailbox,
                                   taken->taking->arena, &expected));
    taken->is_test = cx_str_eq(expected, taken->mail->message_id);
    return CX_OK;
}

cx_err mailbox_take(struct mailbox_taking *taking, const struct outbound_received *mail)
{
    uint8_t *digest = NULL;
    struct taken taken = {.taking = taking, .mail = mail, .tenant_id = taking->mailbox->tenant_id};
    CX_TRY(ARENA_NEW_ARRAY(taking->arena, CRYPTO_SHA256_LEN, &digest));
    CX_TRY(crypto_sha256(mail->raw, digest));
    taken.row.sha256 = CX_BYTES(digest, CRYPTO_SHA256_LEN);
    taken.event.tenant_id = taken.tenant_id;
    CX_TRY(is_self_test(&taken));
    CX_TRY(find_earlier(&taken));
    CX_TRY(taken.is_test || taken.known ? prepare_passing(&taken)
                                        : prepare_report(&taken, cx_now(taking->core->clock)));
    cx_fault_point("mail-fetched");
    CX_TRY(audit_commit(taking->core, &taken.event, write_taken, &taken));
    cx_fault_point("mail-stored");
    taking->folder->uid_validity = taking->uid_validity;
    taking->folder->last_uid = mail->uid;
    return CX_OK;
}
