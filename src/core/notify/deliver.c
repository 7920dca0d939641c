/*
 * Delivery: claim, send, write down what came of it. Sending lies between two transactions, so a death there leaves a claim whose
 * lease runs out; the letter then goes again under the same Message-ID, unless outbound remembers that it was accepted.
 */
#include "base/cleanup.h"
#include "codec/json.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/record.h"
#include "core/notify/channel.h"
#include "core/notify/delivery_store.h"
#include "core/notify/worker.h"

enum {
    DELIVER_ARENA_MAX = 64 * 1024 * 1024,
    AWAY_MOST = 6,    /* attempts before the second channel is taken instead */
    LATER_MOST = 20,  /* attempts before a recipient counts as unreachable by this channel */
    PASS_MOST_S = 10, /* then other tenants have their turn */
    ANSWER_MAX = DIAG_TEXT_MAX + 64
};
/* The letters, the webhooks that begin in time, and what two calls may take beyond their limit. */
_Static_assert(CHANNEL_MAIL_TIMEOUT_MS + CHANNEL_HOOK_TIMEOUT_MS * 5 / 4 + 10000 <
                   DELIVERY_LEASE_S * 1000,
               "a claim outlives its work");

struct attempt {
    struct delivery delivery;
    struct channel_result result;
    bool delivered;
    struct row_incident_entry alert; /* no channel is left; appended when that is so */
};

struct batch {
    struct core *core;
    struct cx_id tenant_id, claim_id;
    struct arena *arena;
    cx_time now_us;
    struct delivery deliveries[DELIVERY_CLAIM_MAX];
    struct attempt attempts[DELIVERY_CLAIM_MAX];
    size_t count, sent;
    bool away, any;
};

/* ---- claim ---- */

static cx_err look_for_any(struct store_tx *tx, void *arg)
{
    struct batch *batch = arg;
    return delivery_any(tx, batch->tenant_id, batch->now_us, &batch->any);
}

static cx_err claim(struct store_tx *tx, void *arg)
{
    struct batch *batch = arg;
    return delivery_claim(tx, batch->tenant_id, batch->claim_id, batch->now_us);
}

static cx_err read_claimed(struct store_tx *tx, void *arg)
{
    struct batch *batch = arg;
    return delivery_claimed(tx, batch->tenant_id, batch->claim_id, batch->arena, batch->deliveries,
                            &batch->count);
}

static cx_err take(struct batch *batch)
{
    batch->count = 0;
    CX_TRY(store_read(batch->core->store, look_for_any, batch));
    if (!batch->any)
        return CX_OK;
    CX_TRY(cx_id_new(batch->core->rng, &batch->claim_id));
    /* A lease on a row that is there already; what comes of it has its entry. */
    CX_TRY(store_write(batch->core->store, claim, batch));
    CX_TRY(store_read(batch->core->store, read_claimed, batch));
    for (size_t i = 0; i < batch->count; i++)
        batch->attempts[i] = (struct attempt){.delivery = batch->deliveries[i],
                                              .result.outcome = OUTBOUND_LETTER_AWAY};
    return CX_OK;
}

/* ---- send ---- */

static cx_err open_texts(struct batch *batch, const struct attempt *attempt,
                         struct cx_str *ret_subject, struct cx_str *ret_body)
{
    const struct row_notice_recipient *row = &attempt->delivery.recipient;
    struct field_place subject = {batch->tenant_id, "notice_recipient", "subject",
                                  row->recipient_id};
    struct field_place body = {batch->tenant_id, "notice_recipient", "body", row->recipient_id};
    CX_TRY(field_open_text(batch->core, subject, row->subject, batch->arena, ret_subject));
    CX_TRY(field_open_text(batch->core, body, row->body, batch->arena, ret_body));
    const struct notice_template *template =
        notice_templates_find(batch->core->notice_templates, attempt->delivery.contact.language);
    if (attempt->delivery.row.round == 0 || !template)
        return CX_OK;
    return arena_printf(batch->arena, ret_subject, "%.*s%.*s", CX_STR_ARG(template->reminder),
                        CX_STR_ARG(*ret_subject));
}

static cx_err write_letter(struct batch *batch, const struct attempt *attempt,
                           struct outbound_letter *ret_letter)
{
    const struct delivery *delivery = &attempt->delivery;
    struct notice_letter letter = {.at_us = delivery->approved_us};
    CX_TRY(open_texts(batch, attempt, &letter.subject, &letter.body));
    CX_TRY(field_id_text(batch->arena, CX_ID_NOTICE_DELIVERY, delivery->row.delivery_id,
                         &letter.delivery));
    return channel_letter(batch->core, batch->arena, &delivery->contact, letter,
                          delivery->row.delivery_id, ret_letter);
}

static bool is_email(const struct attempt *attempt)
{
    return cx_str_is(attempt->delivery.row.channel, "email");
}

static void note(struct attempt *attempt, enum outbound_letter_outcome outcome, const char *text)
{
    attempt->result.outcome = outcome;
    snprintf(attempt->result.answer, sizeof(attempt->result.answer), "%s", text);
}

static cx_err send_letters(struct batch *batch)
{
    struct outbound_letter letters[DELIVERY_CLAIM_MAX];
    struct outbound_letter_result results[DELIVERY_CLAIM_MAX];
    struct attempt *attempts[DELIVERY_CLAIM_MAX];
    struct cx_diag diag = CX_DIAG_INIT;
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (!is_email(&batch->attempts[i]))
            continue;
        attempts[count] = &batch->attempts[i];
        note(attempts[count], OUTBOUND_LETTER_AWAY, "no mail relay is configured");
        if (batch->core->options.smtp_from.len)
            CX_TRY(write_letter(batch, attempts[count], &letters[count]));
        count++;
    }
    batch->away = count > 0 && batch->core->options.smtp_from.len == 0;
    if (count == 0 || batch->away)
        return CX_OK;
    cx_err err = outbound_mail(batch->core->outbound, letters, count, CHANNEL_MAIL_TIMEOUT_MS,
                               &diag, results);
    for (size_t i = 0; i < count; i++) {
        if (cx_failed(err))
            note(attempts[i], OUTBOUND_LETTER_LATER, "the outbound process gave no answer");
        else
            note(attempts[i], results[i].outcome, results[i].reply);
        batch->away |= attempts[i]->result.outcome == OUTBOUND_LETTER_AWAY;
    }
    return CX_OK;
}

/* The document of docs/notices.md. */
static cx_err hook_body(struct batch *batch, const struct attempt *attempt, struct cx_buf *out)
{
    const struct delivery *delivery = &attempt->delivery;
    char id[CX_ID_TEXT_MAX], incident[CX_ID_TEXT_MAX];
    struct cx_str subject = CX_STR_NONE, text = CX_STR_NONE, sha256 = CX_STR_NONE;
    cx_id_format(CX_ID_NOTICE_DELIVERY, delivery->row.delivery_id, id);
    cx_id_format(CX_ID_INCIDENT, delivery->incident_id, incident);
    CX_TRY(open_texts(batch, attempt, &subject, &text));
    CX_TRY(page_hex_write(batch->arena, delivery->recipient.sha256, &sha256));
    json_auto_t *root = json_pack(
        "{s:s, s:s, s:s%, s:b, s:s%, s:s%, s:s%, s:s%}", "delivery_id", id, "incident_id", incident,
        "kind", delivery->kind.ptr, delivery->kind.len, "reminder", delivery->row.round > 0,
        "language", delivery->contact.language.ptr, delivery->contact.language.len, "subject",
        subject.ptr, subject.len, "text", text.ptr, text.len, "sha256", sha256.ptr, sha256.len);
    CX_AUTO_FREE char *json = root ? json_dumps(root, JSON_COMPACT) : NULL;
    return json ? cx_buf_add_str(out, cx_str_from(json)) : CX_ERR(NOMEM);
}

static cx_err send_hook(struct batch *batch, struct attempt *attempt)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(OUTBOUND_LETTER_MAX);
    CX_TRY(hook_body(batch, attempt, &body));
    CX_TRY(channel_hook(batch->core, batch->arena, &attempt->delivery.contact, cx_buf_view(&body),
                        &attempt->result));
    attempt->delivered = attempt->result.outcome == OUTBOUND_LETTER_SENT;
    return CX_OK;
}

/* A slow webhook must not outlast the claim: those that are left are given back for at once. */
static cx_err send_hooks(struct batch *batch)
{
    size_t done = 0;
    int64_t until_us = cx_monotonic_us() + (int64_t)CHANNEL_HOOK_TIMEOUT_MS * 1000 / 4;
    for (size_t i = 0; i < batch->count; i++) {
        struct attempt *attempt = &batch->attempts[i];
        if (is_email(attempt))
            continue;
        if (done++ > 0 && cx_monotonic_us() > until_us)
            note(attempt, OUTBOUND_LETTER_LATER, "others took too long");
        else
            CX_TRY(send_hook(batch, attempt));
    }
    return CX_OK;
}

/* ---- write down ---- */

static cx_err prepare_alert(struct batch *batch, struct attempt *attempt)
{
    struct cx_str recipient = CX_STR_NONE, detail = CX_STR_NONE;
    CX_TRY(field_id_text(batch->arena, CX_ID_NOTICE_RECIPIENT, attempt->delivery.row.recipient_id,
                         &recipient));
    CX_TRY(arena_printf(batch->arena, &detail, "no channel is left for %.*s: %s",
                        CX_STR_ARG(recipient), attempt->result.answer));
    const struct entry_draft draft = {.tenant_id = batch->tenant_id,
                                      .incident_id = attempt->delivery.incident_id,
                                      .kind = KIND_ALERT_RAISED,
                                      .at_us = batch->now_us,
                                      .now_us = batch->now_us,
                                      .subject = CX_STR("notice-unreached"),
                                      .detail = detail};
    return incident_entry_prepare(batch->core, batch->arena, &draft, &attempt->alert);
}

static cx_err prepare_results(struct batch *batch)
{
    batch->now_us = cx_now(batch->core->clock);
    batch->sent = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct attempt *attempt = &batch->attempts[i];
        struct row_notice_delivery *row = &attempt->delivery.row;
        struct field_place place = {batch->tenant_id, "notice_delivery", "answer",
                                    row->delivery_id};
        if (attempt->result.outcome == OUTBOUND_LETTER_LATER && row->attempt_count >= LATER_MOST)
            attempt->result.outcome = OUTBOUND_LETTER_REFUSED;
        batch->sent += attempt->result.outcome == OUTBOUND_LETTER_SENT;
        row->has_answer = attempt->result.answer[0] != '\0';
        if (row->has_answer)
            CX_TRY(field_seal_text(batch->core, place, cx_str_from(attempt->result.answer),
                                   batch->arena, &row->answer));
        if (attempt->result.outcome == OUTBOUND_LETTER_REFUSED)
            CX_TRY(prepare_alert(batch, attempt));
    }
    return CX_OK;
}

static cx_err write_refused(struct store_tx *tx, struct batch *batch, struct attempt *attempt)
{
    const struct row_notice_delivery *row = &attempt->delivery.row;
    CX_TRY(delivery_set_bounced(tx, row, batch->now_us));
    cx_err err = delivery_use_reserve(tx, batch->tenant_id, row->recipient_id, batch->now_us);
    return err.code == CX_E_NOTFOUND ? incident_append(tx, &attempt->alert) : err;
}

static cx_err write_sent(struct store_tx *tx, struct batch *batch, struct attempt *attempt)
{
    const struct delivery *delivery = &attempt->delivery;
    CX_TRY(delivery_set_sent(tx, &delivery->row, attempt->delivered, batch->now_us));
    return reminder_start(tx, batch->tenant_id, delivery->row.recipient_id,
                          notice_reminder_next(delivery->approved_us, delivery->has_act_by,
                                               delivery->act_by_us, batch->now_us));
}

/* The relay is away: wait, but not for ever where there is a second channel. */
static cx_err write_away(struct store_tx *tx, struct batch *batch, struct attempt *attempt)
{
    const struct row_notice_delivery *row = &attempt->delivery.row;
    if (row->attempt_count >= AWAY_MOST) {
        cx_err err = delivery_use_reserve(tx, batch->tenant_id, row->recipient_id, batch->now_us);
        if (err.code != CX_E_NOTFOUND)
            return cx_failed(err) ? err : delivery_set_bounced(tx, row, batch->now_us);
    }
    return delivery_set_later(tx, row, batch->now_us + notice_backoff_us(row->attempt_count));
}

static cx_err write_results(struct store_tx *tx, void *arg)
{
    struct batch *batch = arg;
    for (size_t i = 0; i < batch->count; i++) {
        struct attempt *attempt = &batch->attempts[i];
        const struct row_notice_delivery *row = &attempt->delivery.row;
        switch (attempt->result.outcome) {
        case OUTBOUND_LETTER_SENT:
            CX_TRY(write_sent(tx, batch, attempt));
            break;
        case OUTBOUND_LETTER_REFUSED:
            CX_TRY(write_refused(tx, batch, attempt));
            break;
        case OUTBOUND_LETTER_LATER:
            CX_TRY(
                delivery_set_later(tx, row, batch->now_us + notice_backoff_us(row->attempt_count)));
            break;
        case OUTBOUND_LETTER_AWAY:
            CX_TRY(write_away(tx, batch, attempt));
            break;
        }
    }
    if (batch->sent == 0)
        return CX_OK;
    cx_err err =
        notice_set_alerted(tx, batch->tenant_id, batch->attempts[0].delivery.row.notice_id, 0);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* it was not away */
}

static cx_err record(struct batch *batch)
{
    struct cx_str first = CX_STR_NONE, count = CX_STR_NONE, sent = CX_STR_NONE;
    CX_TRY(prepare_results(batch));
    CX_TRY(field_id_text(batch->arena, CX_ID_NOTICE_DELIVERY,
                         batch->attempts[0].delivery.row.delivery_id, &first));
    CX_TRY(arena_printf(batch->arena, &count, "%zu", batch->count));
    CX_TRY(arena_printf(batch->arena, &sent, "%zu", batch->sent));
    const struct field_detail details[] = {{"first", first}, {"tried", count}, {"sent", sent}};
    struct audit_event event = {.action = "system.notice.deliver",
                                .tenant_id = batch->tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = batch->attempts[0].delivery.incident_id};
    CX_TRY(field_details(batch->arena, details, 3, &event.details));
    return audit_commit(batch->core, &event, write_results, batch);
}

/* ---- the relay is away ---- */

struct alerting {
    struct batch *batch;
    const struct attempt *attempt;
    struct row_incident_entry entry;
};

static cx_err write_alert(struct store_tx *tx, void *arg)
{
    struct alerting *alerting = arg;
    const struct row_notice_delivery *row = &alerting->attempt->delivery.row;
    CX_TRY(notice_set_alerted(tx, row->tenant_id, row->notice_id, alerting->batch->now_us));
    return incident_append(tx, &alerting->entry);
}

/* Once until mail goes out again. */
static cx_err raise_alert(struct batch *batch)
{
    struct alerting alerting = {.batch = batch};
    for (size_t i = 0; i < batch->count && !alerting.attempt; i++)
        if (is_email(&batch->attempts[i]) &&
            batch->attempts[i].result.outcome == OUTBOUND_LETTER_AWAY)
            alerting.attempt = &batch->attempts[i];
    if (!alerting.attempt)
        return CX_OK;
    struct cx_id incident_id = alerting.attempt->delivery.incident_id;
    const struct entry_draft draft = {.tenant_id = batch->tenant_id,
                                      .incident_id = incident_id,
                                      .kind = KIND_ALERT_RAISED,
                                      .at_us = batch->now_us,
                                      .now_us = batch->now_us,
                                      .subject = CX_STR("notice-relay"),
                                      .detail = cx_str_from(alerting.attempt->result.answer)};
    CX_TRY(incident_entry_prepare(batch->core, batch->arena, &draft, &alerting.entry));
    struct audit_event event = {.action = "system.notice.alert",
                                .tenant_id = batch->tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = incident_id};
    cx_err err = audit_commit(batch->core, &event, write_alert, &alerting);
    return err.code == CX_E_CONFLICT ? CX_OK : err;
}

static cx_err deliver_batch(struct batch *batch)
{
    batch->now_us = cx_now(batch->core->clock);
    CX_TRY(take(batch));
    if (batch->count == 0)
        return CX_OK;
    CX_TRY(send_letters(batch));
    CX_TRY(send_hooks(batch));
    CX_TRY(record(batch));
    return batch->away ? raise_alert(batch) : CX_OK;
}

cx_err notice_deliver_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread)
{
    int64_t until_us = cx_monotonic_us() + PASS_MOST_S * CX_US_PER_S;
    bool more = true;
    while (more && !os_worker_stopping(thread) && cx_monotonic_us() < until_us) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(DELIVER_ARENA_MAX);
        struct batch *batch = NULL;
        CX_TRY(ARENA_NEW(&arena, &batch));
        batch->core = core;
        batch->tenant_id = tenant_id;
        batch->arena = &arena;
        CX_TRY(deliver_batch(batch));
        more = batch->count > 0 && !batch->away;
    }
    return CX_OK;
}
