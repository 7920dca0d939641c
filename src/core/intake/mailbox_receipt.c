/* Receipts by mail: with the tracking id, to who sent a report; once, as far as a relay allows (outbound/mail.h). */
#include "base/cleanup.h"
#include "base/fault.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/record.h"
#include "core/intake/worker.h"
#include "core/notify/worker.h"

enum { RECEIPT_ARENA_MAX = 4 * 1024 * 1024, MAIL_TIMEOUT_MS = 10000, ATTEMPTS_MAX = 50 };
/* Longer than the relay is waited for: another node must not send it too. */
#define LEASE_US (INT64_C(20) * CX_US_PER_S)

struct answering {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct row_mailbox_message rows[RECEIPTS_MAX];
    struct outbound_letter letters[RECEIPTS_MAX];
    struct outbound_letter_result results[RECEIPTS_MAX];
    size_t count;
};

struct outcome {
    struct answering *answering;
    const struct row_mailbox_message *row;
    struct cx_str receipt; /* sent, refused */
    struct row_incident_entry entry;
};

static cx_err write_claim(struct store_tx *tx, void *arg)
{
    struct answering *answering = arg;
    return receipt_claim(tx, answering->tenant_id, answering->now_us, answering->now_us + LEASE_US,
                         answering->arena, answering->rows, &answering->count);
}

static cx_err write_letter(struct answering *answering, size_t i)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf message = CX_BUF_INIT(NOTICE_MAIL_MAX);
    const struct row_mailbox_message *row = &answering->rows[i];
    struct arena *arena = answering->arena;
    struct field_place sender = {row->tenant_id, "mailbox_message", "sender", row->message_id};
    struct field_place reply = {row->tenant_id, "mailbox_message", "reply_to", row->message_id};
    struct notice_letter letter = {.from = answering->core->options.smtp_from,
                                   .at_us = row->received_us};
    struct cx_str tracking = CX_STR_NONE;
    char received[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(row->received_us, received));
    CX_TRY(field_id_text(arena, CX_ID_REPORT, row->report_id, &tracking));
    CX_TRY(field_id_text(arena, CX_ID_MAIL, row->message_id, &letter.delivery));
    CX_TRY(field_open_text(answering->core, sender, row->sender, arena, &letter.to));
    CX_TRY(field_open_text(answering->core, reply, row->reply_to, arena, &letter.reply_to_id));
    CX_TRY(arena_printf(arena, &letter.subject, "Your report %.*s was received",
                        CX_STR_ARG(tracking)));
    CX_TRY(arena_printf(arena, &letter.body,
                        "Your report was received at %s (UTC).\n\nTracking id: %.*s\n\n"
                        "People look into it. Who sent it is not made public without your "
                        "consent.\nThis is an automatic receipt.\n",
                        received, CX_STR_ARG(tracking)));
    CX_TRY(notice_letter_write(&letter, &message));
    answering->letters[i].id = row->message_id;
    answering->letters[i].address = letter.to;
    return arena_copy(arena, cx_buf_view(&message), &answering->letters[i].message);
}

static cx_err prepare_outcome(struct outcome *outcome, const struct outbound_letter_result *result)
{
    struct answering *answering = outcome->answering;
    bool sent = result->outcome == OUTBOUND_LETTER_SENT;
    struct entry_draft draft = {.tenant_id = answering->tenant_id,
                                .incident_id = outcome->row->incident_id,
                                .kind = sent ? KIND_REPORT_ACKNOWLEDGED : KIND_NOTE,
                                .at_us = answering->now_us,
                                .now_us = answering->now_us,
                                .detail = CX_STR("the relay took the receipt to the sender")};
    CX_TRY(field_id_text(answering->arena, CX_ID_REPORT, outcome->row->report_id, &draft.subject));
    if (!sent)
        CX_TRY(arena_printf(answering->arena, &draft.detail, "no receipt: the relay refused it: %s",
                            result->reply));
    outcome->receipt = sent ? CX_STR("sent") : CX_STR("refused");
    return incident_entry_prepare(answering->core, answering->arena, &draft, &outcome->entry);
}

static cx_err write_done(struct store_tx *tx, void *arg)
{
    struct outcome *outcome = arg;
    CX_TRY(receipt_done(tx, outcome->row, outcome->receipt));
    return incident_append(tx, &outcome->entry);
}

static cx_err write_later(struct store_tx *tx, void *arg)
{
    const struct outcome *outcome = arg;
    return receipt_later(tx, outcome->row,
                         outcome->answering->now_us +
                             notice_backoff_us(outcome->row->receipt_count));
}

static cx_err settle(struct answering *answering, size_t i)
{
    const struct outbound_letter_result *result = &answering->results[i];
    struct outcome outcome = {.answering = answering, .row = &answering->rows[i]};
    bool done = result->outcome == OUTBOUND_LETTER_SENT ||
                result->outcome == OUTBOUND_LETTER_REFUSED ||
                outcome.row->receipt_count >= ATTEMPTS_MAX;
    if (!done)
        return store_write(answering->core->store, write_later, &outcome);
    CX_TRY(prepare_outcome(&outcome, result));
    struct audit_event event = {.action = "incident.report.receipt",
                                .tenant_id = answering->tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = outcome.row->incident_id};
    const struct field_detail details[] = {{"receipt", outcome.receipt}};
    CX_TRY(field_details(answering->arena, details, 1, &event.details));
    cx_err err = audit_commit(answering->core, &event, write_done, &outcome);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node has written it down */
}

cx_err mailbox_receipt_pass(struct core *core, struct cx_id tenant_id,
                            const struct os_worker *thread)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(RECEIPT_ARENA_MAX);
    struct answering answering = {
        .core = core, .tenant_id = tenant_id, .arena = &arena, .now_us = cx_now(core->clock)};
    struct cx_diag diag = CX_DIAG_INIT;
    (void)thread;
    if (core->options.smtp_from.len == 0)
        return CX_OK;
    CX_TRY(store_write(core->store, write_claim, &answering));
    if (answering.count == 0)
        return CX_OK;
    for (size_t i = 0; i < answering.count; i++)
        CX_TRY(write_letter(&answering, i));
    cx_err err = outbound_mail(core->outbound, answering.letters, answering.count, MAIL_TIMEOUT_MS,
                               &diag, answering.results);
    for (size_t i = 0; cx_failed(err) && i < answering.count; i++)
        answering.results[i] = (struct outbound_letter_result){.outcome = OUTBOUND_LETTER_LATER};
    cx_fault_point("receipt-sent");
    for (size_t i = 0; i < answering.count; i++)
        CX_TRY(settle(&answering, i));
    return CX_OK;
}
