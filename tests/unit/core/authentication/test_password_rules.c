#include "tests/lib/test.h"
#include "core/authentication/password_rules.h"

static const char *rule_of(const char *text, const char *account)
{
    static struct cx_diag diag;
    struct cx_buf out = CX_BUF_INIT(PASSWORD_BYTES_MAX);
    diag = CX_DIAG_INIT;
    cx_err err = password_normalise(cx_str_from(text), &diag, &out);
    if (cx_is_ok(err))
        err = password_check(cx_buf_view(&out), cx_str_from(account), &diag);
    cx_buf_clear(&out);
    return cx_is_ok(err) ? "" : diag.rule;
}

static void rules(void **state)
{
    (void)state;
    static const struct {
        const char *password, *account, *rule;
    } rows[] = {
        {"correct horse battery staple", "", ""},
        {"all lower case", "", ""}, /* no rule about kinds of characters */
        {"tr0ub4dor", "", ""},
        {"pass1234567x", "", ""},
        {"seven77", "", "password-too-short"},
        {"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc", "", "password-too-short"},
        {"password", "", "password-common"},
        {"PassWord", "", "password-common"},
        {"Password1!", "", "password-common"},
        {"baseball99", "", "password-common"},
        {"aaaaaaaaaaaa", "", "password-pattern"},
        {"abcdefghij", "", "password-pattern"},
        {"87654321", "", "password-pattern"},
        {"CertiNext99", "", "password-context"},
        {"a certinext with much around it", "", ""},
        {"xhopper2x", "hopper@example.org", "password-context"},
        {"xhopper2x", "other@example.org", ""},
        {"tab\there is none", "", "password-character"},
        {"\xf4\x80\x80\x80 private use is a character", "", ""},
        {"\xcd\xb8 is unassigned", "", "password-character"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(rule_of(rows[i].password, rows[i].account), rows[i].rule);
}

static void length_counts_characters(void **state)
{
    (void)state;
    char text[4 * 129 + 1] = "";
    for (size_t i = 0; i < 129; i++)
        memcpy(text + 4 * i, i % 2 ? "\xf0\x9f\x94\x91" : "\xf0\x9f\x90\x8e", 5);
    assert_string_equal(rule_of(text, ""), "password-too-long");
    text[4 * 128] = '\0';
    assert_string_equal(rule_of(text, ""), "");
}

static void one_form_for_one_password(void **state)
{
    (void)state;
    struct cx_buf a = CX_BUF_INIT(64), b = CX_BUF_INIT(64), small = CX_BUF_INIT(4);
    assert_ok(password_normalise(CX_STR("Zu\xcc\x88rich \xef\xac\x81"), NULL, &a));
    assert_ok(password_normalise(CX_STR("Z\xc3\xbcrich fi"), NULL, &b));
    assert_true(cx_bytes_eq(cx_buf_view(&a), cx_buf_view(&b)));
    assert_err(password_normalise(CX_STR("longer than four"), NULL, &small), LIMIT);
    cx_buf_clear(&a);
    cx_buf_clear(&b);
    cx_buf_clear(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules),
                                       cmocka_unit_test(length_counts_characters),
                                       cmocka_unit_test(one_form_for_one_password)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
