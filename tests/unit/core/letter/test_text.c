/* What letters say: every kind of event has its line, the subject tells one thing from many, the rest is counted. */
#include "tests/lib/test.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "core/letter/text.h"

static struct row_letter_event event_of(const char *kind, const char *action)
{
    return (struct row_letter_event){.kind = cx_str_from(kind), .action = cx_str_from(action)};
}

static void assert_has(const struct cx_buf *text, const char *part)
{
    assert_non_null(memmem(text->ptr, text->len, part, strlen(part)));
}

static void test_work(void **state)
{
    (void)state;
    struct letter_item item = {.type = LETTER_REQUEST,
                               .kind = CX_STR("issue"),
                               .detail = CX_STR("server-tls"),
                               .state = CX_STR("failed"),
                               .due_us = 86400 * CX_US_PER_S};
    static const struct {
        const char *kind, *action, *has;
    } cases[] = {
        {"waiting", "request.create",
         "(issue, server-tls) waits for somebody like you; until 1970-01-02 00:00 UTC."},
        {"escalated", "approval.escalate", "it was escalated"},
        {"decided", "approval.expire", "had no decision in time."},
        {"decided", "request.approve", "was approved, and failed."},
    };
    for (size_t i = 0; i < CX_COUNT_OF(cases); i++) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(LETTER_TEXT_MAX);
        const struct row_letter_event event = event_of(cases[i].kind, cases[i].action);
        assert_ok(letter_line(&event, &item, &out));
        assert_has(&out, cases[i].has);
        assert_has(&out, "certinext request ");
    }
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(LETTER_TEXT_MAX);
    const struct row_letter_event due = event_of("review-due", "review.due");
    item = (struct letter_item){.type = LETTER_REVIEW, .open = 3, .due_us = CX_US_PER_S};
    assert_ok(letter_line(&due, &item, &out));
    assert_has(&out, "3 rights have no answer yet");
    assert_has(&out, "then what has none ends");
}

static void test_account(void **state)
{
    (void)state;
    static const char *const actions[] = {
        "factor.passkey.create",   "factor.passkey.remove", "factor.password.set",
        "factor.totp.confirm",     "user.factor.reset",     "user.link.create",
        "factor.certificate.bind", "user.enroll",           "break-glass.create",
        "break-glass.open",        "system.login.throttled"};
    for (size_t i = 0; i < CX_COUNT_OF(actions); i++) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(LETTER_TEXT_MAX);
        const struct row_letter_event event = event_of("security", actions[i]);
        assert_ok(letter_line(&event, NULL, &out));
        assert_has(&out, "(1970-01-01 00:00 UTC).\n");
    }
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(LETTER_TEXT_MAX);
    const struct row_letter_event unknown = event_of("security", "group.create");
    assert_err(letter_line(&unknown, NULL, &out), INTERNAL);
}

static void test_frame(void **state)
{
    (void)state;
    const struct row_letter_event decided = event_of("decided", "request.approve");
    static const struct {
        bool security;
        size_t count;
        const char *subject;
    } cases[] = {{true, 1, "Your account: something has changed"},
                 {false, 1, "What you asked for was decided on"},
                 {false, 12, "12 things for you"}};
    for (size_t i = 0; i < CX_COUNT_OF(cases); i++) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf subject = CX_BUF_INIT(LETTER_TEXT_MAX);
        assert_ok(
            letter_subject(cases[i].security, cases[i].count, &decided, CX_STR("acme"), &subject));
        assert_has(&subject, "[CertiNext acme] ");
        assert_has(&subject, cases[i].subject);
    }
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(LETTER_TEXT_MAX);
    assert_ok(letter_body(false, LETTER_SHOWN_MAX + 2, CX_STR("- x\n"), CX_STR("acme"),
                          CX_STR("https://ca.example.org"), &body));
    assert_has(&body, "- and 2 more.");
    assert_has(&body, "letter choose --waiting false");
    CX_CLEANUP(cx_buf_clear) struct cx_buf account = CX_BUF_INIT(LETTER_TEXT_MAX);
    assert_ok(letter_body(true, 1, CX_STR("- x\n"), CX_STR("acme"), CX_STR("https://h"), &account));
    assert_null(memmem(account.ptr, account.len, "choose", 6));
}

static void test_all_that_is_shown_fits(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf lines = CX_BUF_INIT(LETTER_TEXT_MAX / 2);
    char profile[256];
    memset(profile, 'p', sizeof(profile));
    const struct letter_item item = {.type = LETTER_REQUEST,
                                     .kind = CX_STR("replace"),
                                     .detail = {profile, sizeof(profile)},
                                     .due_us = CX_US_PER_S};
    const struct row_letter_event event = event_of("escalated", "approval.escalate");
    for (int i = 0; i < LETTER_SHOWN_MAX; i++)
        assert_ok(letter_line(&event, &item, &lines));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_frame),
        cmocka_unit_test(test_all_that_is_shown_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
