/*
 * Sending pages: take one, send it, write down what came of it. Sending lies between two transactions: after a death there the
 * lease runs out and the letter goes again under the same Message-ID, unless outbound remembers that it was accepted.
 */
#include "base/cleanup.h"
#include "codec/json.h"
#include "core/core.h"
#include "core/audit/audit.h"
#include "core/field.h"
#include "core/notify/channel.h"
#include "core/notify/notice_store.h"
#include "core/notify/worker.h"
#include "core/oncall/page_store.h"
#include "core/oncall/worker.h"

enum { LETTER_ARENA_MAX = 4 * 1024 * 1024, PASS_MOST_S = 10, BACKOFF_MOST_S = 60 };
_Static_assert(CHANNEL_MAIL_TIMEOUT_MS + CHANNEL_HOOK_TIMEOUT_MS + 10000 < LETTER_LEASE_S * 1000,
               "a claim outlives its work");

struct sending {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct row_oncall_letter row;
    struct row_oncall_page page;
    struct row_notice_contact contact;
    struct cx_str subject, link, text;
    struct channel_result result;
    struct cx_str state;
    cx_time due_us;
};

static cx_err read_letter(struct store_tx *tx, void *arg)
{
    struct sending *send = arg;
    CX_TRY(page_letter_next(tx, send->tenant_id, send->now_us, send->arena, &send->row));
    CX_TRY(page_find(tx, send->tenant_id, send->row.page_id, send->arena, &send->page));
    return contact_find(tx, send->tenant_id, send->row.contact_id, send->arena, &send->contact);
}

static cx_err claim(struct store_tx *tx, void *arg)
{
    struct sending *send = arg;
    return page_letter_claim(tx, &send->row, send->row.claim_id, send->now_us);
}

/* As step.c wrote it: subject, link, text, each up to its line end. */
static cx_err open_body(struct sending *send)
{
    struct field_place place = {send->tenant_id, "oncall_letter", "body", send->row.letter_id};
    struct cx_str body = CX_STR_NONE, *parts[] = {&send->subject, &send->link};
    CX_TRY(field_open_text(send->core, place, send->row.body, send->arena, &body));
    for (size_t i = 0; i < 2; i++) {
        const char *end = body.len ? memchr(body.ptr, '\n', body.len) : NULL;
        if (!end)
            return CX_ERR(STORE);
        *parts[i] = (struct cx_str){body.ptr, (size_t)(end - body.ptr)};
        body = (struct cx_str){end + 1, body.len - parts[i]->len - 1};
    }
    send->text = body;
    return CX_OK;
}

static cx_err send_mail(struct sending *send)
{
    struct outbound_letter letter;
    struct outbound_letter_result result = {.outcome = OUTBOUND_LETTER_AWAY};
    struct notice_letter draft = {.subject = send->subject, .at_us = send->row.created_us};
    struct cx_diag diag = CX_DIAG_INIT;
    send->result.outcome = OUTBOUND_LETTER_AWAY;
    snprintf(send->result.answer, sizeof(send->result.answer), "no mail relay is configured");
    if (send->core->options.smtp_from.len == 0)
        return CX_OK;
    CX_TRY(arena_printf(send->arena, &draft.body, "%.*s\n\n%.*s", CX_STR_ARG(send->link),
                        CX_STR_ARG(send->text)));
    CX_TRY(field_id_text(send->arena, CX_ID_PAGE_LETTER, send->row.letter_id, &draft.delivery));
    CX_TRY(channel_letter(send->core, send->arena, &send->contact, draft, send->row.letter_id,
                          &letter));
    cx_err err =
        outbound_mail(send->core->outbound, &letter, 1, CHANNEL_MAIL_TIMEOUT_MS, &diag, &result);
    send->result.outcome = cx_failed(err) ? OUTBOUND_LETTER_LATER : result.outcome;
    snprintf(send->result.answer, sizeof(send->result.answer), "%s",
             cx_failed(err) ? "the outbound process gave no answer" : result.reply);
    return CX_OK;
}

/* The document of docs/oncall.md. */
static cx_err send_hook(struct sending *send)
{
    char page[CX_ID_TEXT_MAX], letter[CX_ID_TEXT_MAX], incident[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_PAGE, send->page.page_id, page);
    cx_id_format(CX_ID_PAGE_LETTER, send->row.letter_id, letter);
    cx_id_format(CX_ID_INCIDENT, send->page.incident_id, incident);
    json_auto_t *root = json_pack(
        "{s:s, s:s, s:s*, s:b, s:I, s:I, s:s%, s:s%, s:s%}", "page_id", page, "letter_id", letter,
        "incident_id", send->page.has_incident_id ? incident : NULL, "test",
        !send->page.has_incident_id, "level", (json_int_t)send->row.level, "round",
        (json_int_t)send->row.round, "subject", send->subject.ptr, send->subject.len,
        "acknowledge_url", send->link.ptr, send->link.len, "text", send->text.ptr, send->text.len);
    CX_AUTO_FREE char *json = root ? json_dumps(root, JSON_COMPACT) : NULL;
    if (!json)
        return CX_ERR(NOMEM);
    return channel_hook(send->core, send->arena, &send->contact, cx_str_bytes(cx_str_from(json)),
                        &send->result);
}

static cx_err judge(struct sending *send)
{
    struct field_place place = {send->tenant_id, "oncall_letter", "answer", send->row.letter_id};
    int64_t attempts = send->row.attempt_count + 1;
    int64_t wait_us = notice_backoff_us(attempts);
    bool again = send->result.outcome == OUTBOUND_LETTER_LATER ||
                 send->result.outcome == OUTBOUND_LETTER_AWAY;
    if (wait_us > BACKOFF_MOST_S * CX_US_PER_S)
        wait_us = BACKOFF_MOST_S * CX_US_PER_S; /* somebody is wanted now */
    send->state = send->result.outcome == OUTBOUND_LETTER_SENT ? CX_STR("sent")
                  : again && attempts < LETTER_ATTEMPTS_MAX    ? CX_STR("waiting")
                                                               : CX_STR("refused");
    send->due_us = send->now_us + (cx_str_is(send->state, "waiting") ? wait_us : 0);
    send->row.has_answer = send->result.answer[0] != '\0';
    return send->row.has_answer
               ? field_seal_text(send->core, place, cx_str_from(send->result.answer), send->arena,
                                 &send->row.answer)
               : CX_OK;
}

static cx_err write_result(struct store_tx *tx, void *arg)
{
    struct sending *send = arg;
    return page_letter_settle(tx, &send->row, send->state, send->due_us, send->now_us);
}

static cx_err settle(struct sending *send)
{
    CX_TRY(judge(send));
    const struct field_detail details[] = {{"state", send->state}, {"channel", send->row.channel}};
    struct audit_event event = {.action = "system.oncall.send",
                                .tenant_id = send->tenant_id,
                                .object_type = CX_ID_PAGE,
                                .object_id = send->page.page_id};
    CX_TRY(field_details(send->arena, details, 2, &event.details));
    cx_err err = audit_commit(send->core, &event, write_result, send);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* acknowledged meanwhile */
}

/* *ret_done: nothing waits. */
static cx_err send_one(struct sending *send, bool *ret_done)
{
    send->now_us = cx_now(send->core->clock);
    cx_err err = store_read(send->core->store, read_letter, send);
    *ret_done = err.code == CX_E_NOTFOUND;
    if (*ret_done)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(cx_id_new(send->core->rng, &send->row.claim_id));
    err = store_write(send->core->store, claim, send);
    if (err.code == CX_E_CONFLICT)
        return CX_OK; /* another node has it */
    CX_TRY(err);
    CX_TRY(open_body(send));
    CX_TRY(cx_str_is(send->row.channel, "email") ? send_mail(send) : send_hook(send));
    send->now_us = cx_now(send->core->clock);
    return settle(send);
}

cx_err oncall_letter_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    int64_t until_us = cx_monotonic_us() + PASS_MOST_S * CX_US_PER_S;
    bool done = false;
    while (!done && !os_worker_stopping(thread) && cx_monotonic_us() < until_us) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(LETTER_ARENA_MAX);
        struct sending *send = NULL;
        CX_TRY(ARENA_NEW(&arena, &send));
        send->core = core;
        send->tenant_id = tenant_id;
        send->arena = &arena;
        CX_TRY(send_one(send, &done));
    }
    return CX_OK;
}
