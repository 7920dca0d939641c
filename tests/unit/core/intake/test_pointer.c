/* JSON pointers (RFC 6901) and patterns of them. */
#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "core/intake/pointer.h"

static const char DOCUMENT[] =
    "{\"a\":[{\"n\":1},{\"n\":2.5},{\"n\":true}],\"a/b\":\"slash\",\"m~n\":\"tilde\","
    "\"\":\"empty\",\"o\":{\"p\":null},\"01\":\"key\"}";

static void test_form(void **state)
{
    (void)state;
    static const char *const good[] = {"", "/", "/a", "/a/0/n", "/a~1b", "/m~0n", "/a//b"};
    static const char *const bad[] = {"a", "/a~", "/a~2", "/a/*", "/1/2/3/4/5/6/7/8/9/10/11/12/13"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_ok(pointer_check(cx_str_from(good[i]), false));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(pointer_check(cx_str_from(bad[i]), false).code, CX_E_PARSE);
    assert_ok(pointer_check(CX_STR("/a/*/b"), true));
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *pointer, *text; /* text NULL: nothing there */
    } cases[] = {{"/a/0/n", "1"},    {"/a/1/n", "2.5"}, {"/a/2/n", "true"}, {"/a~1b", "slash"},
                 {"/m~0n", "tilde"}, {"/", "empty"},    {"/01", "key"},     {"/a/3/n", NULL},
                 {"/a/00/n", NULL},  {"/a/-/n", NULL},  {"/o", NULL},       {"/o/p", NULL},
                 {"/o/p/q", NULL},   {"/a~1b/x", NULL}, {"/x/y/z", NULL},   {"", NULL}};
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 16);
    json_auto_t *root = NULL;
    assert_ok(json_parse(cx_str_bytes(cx_str_from(DOCUMENT)), sizeof(DOCUMENT), NULL, &root));
    struct json_node top = json_top(root);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool found = false;
        struct cx_str text = CX_STR_NONE;
        assert_ok(pointer_text(&top, cx_str_from(cases[i].pointer), &arena, &found, &text));
        assert_int_equal(found, cases[i].text != NULL);
        assert_true(!found || cx_str_is(text, cases[i].text));
    }
}

static cx_err count(const struct json_node *node, void *arg)
{
    size_t *n = arg;
    (void)node;
    return ++*n == 3 ? CX_ERR(BUSY) : CX_OK;
}

static void test_patterns(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    json_auto_t *root = NULL;
    size_t n = 0;
    assert_ok(json_parse(CX_BYTES("{\"r\":[{\"s\":[1,2]},{\"s\":[]}]}", 28), 100, NULL, &root));
    struct json_node top = json_top(root);
    assert_ok(pointer_each(&top, CX_STR(""), &diag, count, &n));
    assert_int_equal(n, 1);
    n = 0;
    assert_ok(pointer_each(&top, CX_STR("/r/*/s/*"), &diag, count, &n));
    assert_int_equal(n, 2);
    assert_int_equal(pointer_each(&top, CX_STR("/r/*"), &diag, count, &n).code, CX_E_BUSY);
    assert_int_equal(pointer_each(&top, CX_STR("/r/*/t"), &diag, count, &n).code, CX_E_PARSE);
    assert_string_equal(diag.field, "/r/0/t");
    diag = CX_DIAG_INIT;
    assert_int_equal(pointer_each(&top, CX_STR("/r/0/*"), &diag, count, &n).code, CX_E_PARSE);
    assert_string_equal(diag.field, "/r/0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
