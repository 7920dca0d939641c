#include "tests/lib/test.h"

#include "core/access/tag_expression.h"

static void one_spelling(const char *text, const char *written)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct tag_expression expression;
    struct cx_str out = CX_STR_NONE;
    assert_ok(tag_expression_parse(&arena, cx_str_from(text), NULL, &expression));
    assert_ok(tag_expression_write(&arena, &expression, &out));
    assert_string_equal(out.ptr, written);
    assert_ok(tag_expression_parse(&arena, out, NULL, &expression));
    assert_ok(tag_expression_write(&arena, &expression, &out));
    assert_string_equal(out.ptr, written);
    arena_clear(&arena);
}

static void expressions_read_back(void **state)
{
    (void)state;
    one_spelling("env=prod", "env=prod");
    one_spelling("  env = prod&team=web | team=shop ", "env=prod & team=web|team=shop");
    one_spelling("a=b|a=b", "a=b");
    one_spelling("site=\"Hall 7 & yard\"", "site=\"Hall 7 & yard\"");
    one_spelling("q=\"a\\\"b\\\\c\"", "q=\"a\\\"b\\\\c\"");
    one_spelling("x=\"plain\"", "x=plain");
}

static void refused(const char *text, const char *rule)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct tag_expression expression = {0};
    struct cx_diag diag = CX_DIAG_INIT;
    assert_true(cx_failed(tag_expression_parse(&arena, cx_str_from(text), &diag, &expression)));
    assert_string_equal(diag.field, "tags");
    assert_string_equal(diag.rule, rule);
    assert_null(expression.clauses);
    arena_clear(&arena);
}

static void what_means_everything_is_refused(void **state)
{
    (void)state;
    refused("", "scope-everything");
    refused("   ", "scope-everything");
    refused("*", "scope-everything");
    refused("env=*", "scope-everything");
    refused("env=prod|*", "scope-everything");
    refused("env=prod & *", "scope-everything");
}

static void bad_forms_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"env",
                                      "env=",
                                      "=prod",
                                      "env=prod &",
                                      "env=prod|",
                                      "a=b c=d",
                                      "env!=prod",
                                      "not env=prod",
                                      "Env=prod",
                                      "a=\"b",
                                      "a=\"\"",
                                      "a=\"\\n\"",
                                      "a=b)",
                                      "a=\"b\"c",
                                      "a=\"\x01\"",
                                      "a=b&&c=d",
                                      "a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1",
                                      "a=1|a=2|a=3|a=4|a=5|a=6|a=7|a=8|a=9"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(bad[i], "tag-expression-form");
}

static void a_long_expression_is_refused(void **state)
{
    (void)state;
    char text[TAG_EXPRESSION_MAX + 2];
    memset(text, ' ', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    refused(text, "tag-expression-long");
}

static void clauses_hold_for_what_carries_their_tags(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct tag_expression expression;
    struct access_tag tags[] = {{CX_STR("env"), CX_STR("prod")}, {CX_STR("team"), CX_STR("shop")}};
    assert_ok(
        tag_expression_parse(&arena, CX_STR("env=prod & team=web|team=shop"), NULL, &expression));
    assert_true(tag_expression_holds(&expression, tags, 2));
    assert_false(tag_expression_holds(&expression, tags, 1));
    assert_false(tag_expression_holds(&expression, NULL, 0));
    expression.count = 0; /* what has no clause holds for nothing */
    assert_false(tag_expression_holds(&expression, tags, 2));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_read_back),
        cmocka_unit_test(what_means_everything_is_refused),
        cmocka_unit_test(bad_forms_are_refused),
        cmocka_unit_test(a_long_expression_is_refused),
        cmocka_unit_test(clauses_hold_for_what_carries_their_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
