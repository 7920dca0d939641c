#include "tests/lib/test.h"
#include "base/diag.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_refusal_wins),
        cmocka_unit_test(test_long_text_is_cut_on_a_character),
    };
    return cmocka_run_group_tests_name("base/diag", tests, NULL, NULL);
}
