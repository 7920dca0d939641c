#include "tests/lib/test.h"
#include "base/diag.h"
#include "base/checked.h"

static void test_first_refusal_wins(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(cx_refuse(&diag, CX_ERR(POLICY), "/names/0", "name-not-allowed", "no %s\n", "x"),
               POLICY);
    assert_err(cx_refuse(&diag, CX_ERR(PARSE), "/other", "r", "later"), PARSE);
    assert_string_equal(diag.field, "/names/0");
    assert_string_equal(diag.text, "no x?");
    assert_err(cx_refuse(NULL, CX_ERR(PARSE), "f", "r", "t"), PARSE);
}

static void test_long_text_is_cut_on_a_character(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    char text[1000];
    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa4", 3);
    assert_err(cx_refuse(&diag, CX_ERR(PARSE), "f", "r", "x%s", text), PARSE);
    struct cx_str view;
    assert_ok(cx_str_view(CX_BYTES(diag.text, strlen(diag.text)), &view));
    assert_true(cx_str_ends(view, CX_STR("...")));
}

/* A name from input that its reader cut to its field, or that holds what would forge a line of a terminal. */
static void test_what_is_no_text_becomes_a_question_mark(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"/half \xf0\x9d\x94", "/half ???"},
        {"/\xc3\xa4 whole", "/\xc3\xa4 whole"},
        {"cut \xe2\x98\" in it", "cut ??\" in it"},
        {"C1 \xc2\x85", "C1 ??"},
        {"line \xe2\x80\xa8 separator", "line ??? separator"},
        {"\xff\x7f", "??"},
    };
    for (size_t i = 0; i < CX_COUNT_OF(cases); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        assert_err(cx_refuse(&diag, CX_ERR(PARSE), cases[i][0], "r", "%s", cases[i][0]), PARSE);
        assert_string_equal(diag.field, cases[i][1]);
        assert_string_equal(diag.text, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_refusal_wins),
        cmocka_unit_test(test_long_text_is_cut_on_a_character),
        cmocka_unit_test(test_what_is_no_text_becomes_a_question_mark),
    };
    return cmocka_run_group_tests_name("base/diag", tests, NULL, NULL);
}
