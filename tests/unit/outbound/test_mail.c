/* What the relay says, and what it means for a letter. The dialogue itself: tests/integration/test_notices.py. */
#include "tests/lib/test.h"
#include "outbound/mail.h"

static void test_reply_codes(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        uint16_t code;
    } cases[] = {{"250 ok", 250},
                 {"250-more", 250},
                 {"354", 354},
                 {"550 5.1.1 no such user", 550},
                 {"", 0},
                 {"25", 0},
                 {"2500", 0},
                 {"199 low", 0},
                 {"600 high", 0},
                 {"abc", 0},
                 {"-50 x", 0},
                 {"550x", 0},
                 {"\xff\xff\xff", 0},
                 {" 250 ok", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(mail_reply_code(cx_str_from(cases[i].reply)), cases[i].code);
}

static void test_judgement(void **state)
{
    (void)state;
    static const struct {
        const char *stage;
        uint16_t code;
        enum outbound_letter_outcome outcome;
    } cases[] = {
        {"RCPT", 550, OUTBOUND_LETTER_REFUSED},
        {"DATA", 554, OUTBOUND_LETTER_REFUSED},
        {"RCPT", 450, OUTBOUND_LETTER_LATER},
        {"DATA", 451, OUTBOUND_LETTER_LATER},
        {"RCPT", 421, OUTBOUND_LETTER_AWAY},
        {"MAIL", 550, OUTBOUND_LETTER_AWAY},
        {"EHLO", 554, OUTBOUND_LETTER_AWAY},
        {"AUTH", 535, OUTBOUND_LETTER_AWAY},
        {"", 0, OUTBOUND_LETTER_AWAY},
        {"DATA", 354, OUTBOUND_LETTER_AWAY}, /* the answer is lost */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(mail_judge(cx_str_from(cases[i].stage), cases[i].code), cases[i].outcome);
}

static void test_urls(void **state)
{
    (void)state;
    static const char *const good[] = {"", "smtp://mail.example.org", "smtp://127.0.0.1:25",
                                       "smtps://mail.example.org:465", "smtp://[::1]:25"};
    static const char *const bad[] = {"http://mail.example.org",   "smtp://",
                                      "mail.example.org",          "smtp://user@mail.example.org",
                                      "smtp://mail.example.org/x", "smtp://a b"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_ok(mail_url_check(cx_str_from(good[i]), NULL));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        assert_int_equal(mail_url_check(cx_str_from(bad[i]), &diag).code, CX_E_PARSE);
        assert_string_equal(diag.field, "smtp_url");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reply_codes),
                                       cmocka_unit_test(test_judgement),
                                       cmocka_unit_test(test_urls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
