/*
 * Whether problem reports by mail arrive: the platform writes to the mailbox itself and waits for the letter, and a mailbox that cannot be read
 * is an alert before somebody's deadline passes unread.
 */
#include "base/cleanup.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/alert.h"
#include "core/intake/worker.h"

enum { HEALTH_ARENA_MAX = 4 * 1024 * 1024, MAIL_TIMEOUT_MS = 30000 };
#define HOUR_US (INT64_C(3600) * CX_US_PER_S)
#define TEST_PATIENCE_US HOUR_US
#define SILENCE_US (HOUR_US / 2)

struct health {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct row_mailbox *rows;
    size_t count;
    const struct row_mailbox *row; /* the one looked at */
    struct cx_id test_id;          /* a new test's */
};

static cx_err read_live(struct store_tx *tx, void *arg)
{
    struct health *health = arg;
    CX_TRY(ARENA_NEW_ARRAY(health->arena, MAILBOXES_MAX, &health->rows));
    return mailbox_live(tx, health->tenant_id, health->arena, health->rows, &health->count);
}

static cx_err write_start(struct store_tx *tx, void *arg)
{
    const struct health *health = arg;
    return mailbox_test_start(tx, health->row, health->test_id, health->now_us);
}

static cx_err write_sent(struct store_tx *tx, void *arg)
{
    const struct health *health = arg;
    return mailbox_test_sent(tx, health->row, health->now_us);
}

static cx_err write_test_alerted(struct store_tx *tx, void *arg)
{
    const struct health *health = arg;
    return mailbox_test_alerted(tx, health->row, health->now_us);
}

static cx_err write_alerted(struct store_tx *tx, void *arg)
{
    const struct health *health = arg;
    return mailbox_set_alerted(tx, health->row, health->now_us);
}

cx_err mailbox_test_message_id(struct core *core, const struct row_mailbox *mailbox,
                               struct arena *arena, struct cx_str *ret_id)
{
    struct cx_str from = core->options.smtp_from, id = CX_STR_NONE;
    const char *at = from.len ? memchr(from.ptr, '@', from.len) : NULL;
    struct cx_str domain = CX_STR_NONE;
    if (at)
        domain = (struct cx_str){at + 1, from.len - (size_t)(at - from.ptr) - 1};
    CX_TRY(field_id_text(arena, CX_ID_SELF_TEST, mailbox->test_id, &id));
    return arena_printf(arena, ret_id, "%.*s@%.*s", CX_STR_ARG(id), CX_STR_ARG(domain));
}

/* The relay is asked again until it has the letter: outbound sends one of a name once. */
static cx_err send_test(struct health *health)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf message = CX_BUF_INIT(NOTICE_MAIL_MAX);
    const struct row_mailbox *row = health->row;
    struct field_place address = {row->tenant_id, "mailbox", "address", row->mailbox_id};
    struct outbound_letter_result result = {.outcome = OUTBOUND_LETTER_LATER};
    struct notice_letter letter = {
        .from = health->core->options.smtp_from,
        .subject = CX_STR("Self-test of the problem-report mailbox"),
        .body = CX_STR("The platform wrote this to see whether problem reports by mail arrive.\n"),
        .at_us = row->test_made_us};
    struct cx_diag diag = CX_DIAG_INIT;
    CX_TRY(field_open_text(health->core, address, row->address, health->arena, &letter.to));
    CX_TRY(field_id_text(health->arena, CX_ID_SELF_TEST, row->test_id, &letter.delivery));
    CX_TRY(notice_letter_write(&letter, &message));
    const struct outbound_letter sent = {row->test_id, letter.to, cx_buf_view(&message)};
    cx_err err = outbound_mail(health->core->outbound, &sent, 1, MAIL_TIMEOUT_MS, &diag, &result);
    if (cx_failed(err) || result.outcome != OUTBOUND_LETTER_SENT)
        return CX_OK; /* at the next pass again; if never, the test fails, which is what it is for */
    return store_write(health->core->store, write_sent, health);
}

static cx_err raise_alert(struct health *health, const char *rule, const char *title,
                          const char *summary)
{
    struct alert_draft draft = {.tenant_id = health->tenant_id,
                                .rule = cx_str_from(rule),
                                .impact = LEVEL_MEDIUM,
                                .urgency = LEVEL_HIGH,
                                .at_us = health->now_us,
                                .now_us = health->now_us};
    CX_TRY(field_id_text(health->arena, CX_ID_MAILBOX, health->row->mailbox_id, &draft.subject));
    CX_TRY(arena_printf(health->arena, &draft.title, "%s: %.*s", title,
                        CX_STR_ARG(health->row->name)));
    CX_TRY(arena_printf(health->arena, &draft.summary, "%s %.*s", summary,
                        CX_STR_ARG(health->row->failure)));
    return alert_raise(health->core, health->arena, &draft);
}

static cx_err look_at_test(struct health *health)
{
    const struct row_mailbox *row = health->row;
    bool open = row->has_test_id && !row->has_test_seen_us;
    if (open && !row->has_test_alerted_us &&
        health->now_us - row->test_made_us > TEST_PATIENCE_US) {
        CX_TRY(raise_alert(
            health, "mailbox-self-test", "The self-test mail did not arrive",
            "Problem reports by mail may be lost: a letter to the mailbox did not arrive in it "
            "within an hour."));
        CX_TRY(store_write(health->core->store, write_test_alerted, health));
    }
    bool due =
        !row->has_test_made_us || health->now_us - row->test_made_us >= row->self_test_h * HOUR_US;
    if (due) {
        CX_TRY(cx_id_new(health->core->rng, &health->test_id));
        cx_err err = store_write(health->core->store, write_start, health);
        return err.code == CX_E_CONFLICT ? CX_OK : err; /* it is sent at the next pass */
    }
    return open && !row->has_test_sent_us ? send_test(health) : CX_OK;
}

static cx_err look_at_silence(struct health *health)
{
    const struct row_mailbox *row = health->row;
    cx_time since_us = row->has_checked_us ? row->checked_us : row->created_us;
    if (row->failure.len == 0 || row->has_alerted_us || health->now_us - since_us < SILENCE_US)
        return CX_OK;
    CX_TRY(raise_alert(health, "mailbox-unreachable", "A problem-report mailbox cannot be read",
                       "Problem reports by mail wait unread for half an hour or more."));
    return store_write(health->core->store, write_alerted, health);
}

cx_err mailbox_health_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(HEALTH_ARENA_MAX);
    struct health health = {
        .core = core, .tenant_id = tenant_id, .arena = &arena, .now_us = cx_now(core->clock)};
    CX_TRY(store_read(core->store, read_live, &health));
    for (size_t i = 0; i < health.count && !os_worker_stopping(thread); i++) {
        health.row = &health.rows[i];
        CX_TRY(look_at_silence(&health));
        if (health.row->self_test_h > 0 && core->options.smtp_from.len > 0)
            CX_TRY(look_at_test(&health));
    }
    return CX_OK;
}
