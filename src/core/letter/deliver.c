/*
 * Sending: claim, hand over to the relay, write down what came of it. A death between the last two leaves a claim whose lease
 * runs out; the letter then goes again under the same Message-ID, unless outbound remembers that it was accepted (outbound/mail.h).
 */
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/fault.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/letter/letter_store.h"
#include "core/letter/worker.h"
#include "core/notify/text.h"
#include "core/notify/worker.h"
#include "outbound/client.h"

enum {
    DELIVER_ARENA_MAX = 16 * 1024 * 1024,
    MAIL_TIMEOUT_MS = 15000,
    ATTEMPTS_MOST =
        40, /* at most ten minutes apart: some six hours, then it is not news any more */
};
_Static_assert(MAIL_TIMEOUT_MS + 10000 < LETTER_LEASE_S * 1000, "a claim outlives its work");
_Static_assert((int)LETTER_CLAIM_MAX <= (int)OUTBOUND_LETTERS_MAX, "a claim goes in one call");

struct batch {
    struct core *core;
    struct cx_id tenant_id, claim_id;
    struct arena *arena;
    cx_time now_us;
    bool any, away;
    struct row_letter letters[LETTER_CLAIM_MAX];
    enum outbound_letter_outcome outcomes[LETTER_CLAIM_MAX];
    size_t count, sent;
};

static cx_err look_for_any(struct store_tx *tx, void *arg)
{
    struct batch *batch = arg;
    return letter_any(tx, batch->tenant_id, batch->now_us, &batch->any);
}

static cx_err claim(struct store_tx *tx, void *arg)
{
    struct batch *batch = arg;
    return letter_claim(tx, batch->tenant_id, batch->claim_id, batch->now_us);
}

static cx_err read_claimed(struct store_tx *tx, void *arg)
{
    struct batch *batch = arg;
    return letter_claimed(tx, batch->tenant_id, batch->claim_id, batch->arena, batch->letters,
                          &batch->count);
}

static cx_err open_field(const struct batch *batch, const struct row_letter *row,
                         const char *column, struct cx_sealed sealed, struct cx_str *ret_text)
{
    struct field_place place = {batch->tenant_id, "letter", column, row->letter_id};
    return field_open_text(batch->core, place, sealed, batch->arena, ret_text);
}

static cx_err write_message(struct batch *batch, const struct row_letter *row,
                            struct outbound_letter *ret_letter)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf message = CX_BUF_INIT(NOTICE_MAIL_MAX);
    struct notice_letter letter = {.from = batch->core->options.smtp_from,
                                   .at_us = row->created_us};
    CX_TRY(open_field(batch, row, "address", row->address, &letter.to));
    CX_TRY(open_field(batch, row, "subject", row->subject, &letter.subject));
    CX_TRY(open_field(batch, row, "body", row->body, &letter.body));
    CX_TRY(field_id_text(batch->arena, CX_ID_LETTER, row->letter_id, &letter.delivery));
    CX_TRY(notice_letter_write(&letter, &message));
    ret_letter->id = row->letter_id;
    ret_letter->address = letter.to;
    return arena_copy(batch->arena, cx_buf_view(&message), &ret_letter->message);
}

static cx_err send(struct batch *batch)
{
    struct outbound_letter letters[LETTER_CLAIM_MAX];
    struct outbound_letter_result results[LETTER_CLAIM_MAX];
    struct cx_diag diag = CX_DIAG_INIT;
    for (size_t i = 0; i < batch->count; i++)
        CX_TRY(write_message(batch, &batch->letters[i], &letters[i]));
    cx_err err = outbound_mail(batch->core->outbound, letters, batch->count, MAIL_TIMEOUT_MS, &diag,
                               results);
    for (size_t i = 0; i < batch->count; i++) {
        batch->outcomes[i] = cx_failed(err) ? OUTBOUND_LETTER_LATER : results[i].outcome;
        batch->away |= batch->outcomes[i] != OUTBOUND_LETTER_SENT;
        batch->sent += batch->outcomes[i] == OUTBOUND_LETTER_SENT;
    }
    cx_fault_point("letter-sent");
    return CX_OK;
}

static cx_err write_results(struct store_tx *tx, void *arg)
{
    struct batch *batch = arg;
    for (size_t i = 0; i < batch->count; i++) {
        const struct row_letter *row = &batch->letters[i];
        bool over =
            batch->outcomes[i] == OUTBOUND_LETTER_REFUSED || row->attempt_count >= ATTEMPTS_MOST;
        if (batch->outcomes[i] == OUTBOUND_LETTER_SENT)
            CX_TRY(letter_settle(tx, row, CX_STR("sent"), batch->now_us));
        else if (over)
            CX_TRY(letter_settle(tx, row, CX_STR("refused"), batch->now_us));
        else
            CX_TRY(letter_settle(tx, row, CX_STR("waiting"),
                                 batch->now_us + notice_backoff_us(row->attempt_count)));
    }
    return CX_OK;
}

static cx_err record(struct batch *batch)
{
    struct cx_str tried = CX_STR_NONE, sent = CX_STR_NONE;
    batch->now_us = cx_now(batch->core->clock);
    CX_TRY(arena_printf(batch->arena, &tried, "%zu", batch->count));
    CX_TRY(arena_printf(batch->arena, &sent, "%zu", batch->sent));
    const struct field_detail details[] = {{"tried", tried}, {"sent", sent}};
    struct audit_event event = {.action = "system.letter.deliver",
                                .tenant_id = batch->tenant_id,
                                .object_type = CX_ID_LETTER,
                                .object_id = batch->letters[0].letter_id};
    CX_TRY(field_details(batch->arena, details, CX_COUNT_OF(details), &event.details));
    return audit_commit(batch->core, &event, write_results, batch);
}

static cx_err deliver_batch(struct batch *batch)
{
    CX_TRY(store_read(batch->core->store, look_for_any, batch));
    if (!batch->any)
        return CX_OK;
    CX_TRY(cx_id_new(batch->core->rng, &batch->claim_id));
    /* A lease on rows that are there already; what comes of them has its entry. */
    CX_TRY(store_write(batch->core->store, claim, batch));
    CX_TRY(store_read(batch->core->store, read_claimed, batch));
    if (batch->count == 0)
        return CX_OK;
    CX_TRY(send(batch));
    return record(batch);
}

cx_err letter_deliver_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread)
{
    bool more = core->options.smtp_from.len > 0;
    while (more && !os_worker_stopping(thread)) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(DELIVER_ARENA_MAX);
        struct batch *batch = NULL;
        CX_TRY(ARENA_NEW(&arena, &batch));
        batch->core = core;
        batch->tenant_id = tenant_id;
        batch->arena = &arena;
        batch->now_us = cx_now(core->clock);
        CX_TRY(deliver_batch(batch));
        more = batch->count > 0 && !batch->away;
    }
    return CX_OK;
}
