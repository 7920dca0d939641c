#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "codec/json.h"

static json_t *parsed(const char *text)
{
    json_t *root = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err = json_parse(cx_str_bytes(cx_str_from(text)), 4096, &diag, &root);
    assert_string_equal(diag.text, "");
    assert_ok(err);
    return root;
}

static void refused(struct cx_bytes text, const char *rule, const char *field)
{
    json_t *root = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    assert_true(cx_failed(json_parse(text, 4096, &diag, &root)));
    assert_null(root);
    assert_string_equal(diag.rule, rule);
    assert_string_equal(diag.field, field);
    assert_true(diag.text[0] != 0);
}

#define TEXT(literal) CX_BYTES("" literal, sizeof(literal) - 1)

static void test_bad_text_is_refused(void **state)
{
    (void)state;
    refused(TEXT(""), "json-syntax", "");
    refused(TEXT("{\"a\":1}x"), "json-syntax", "");
    refused(TEXT("{\"a\":1}{}"), "json-syntax", "");
    refused(TEXT("1"), "json-syntax", "");
    refused(TEXT("{\"a\":\"\xff\"}"), "json-syntax", "/a");
    refused(TEXT("{\"a\":\"\\u0000\"}"), "json-syntax", "/a");
    refused(TEXT("{\"a\":\"b\0c\"}"), "json-syntax", "/a");
    refused(TEXT("{\"a\":\"\\ud800\"}"), "json-syntax", "/a");
    refused(TEXT("{'a':1}"), "json-syntax", "");
    refused(TEXT("{\"a\":[1,2,}"), "json-syntax", "/a/2");
    refused(TEXT("{\"a\":NaN}"), "json-syntax", "/a");
    refused(TEXT("{\"a\":99999999999999999999}"), "json-syntax", "/a");
    refused(TEXT("\xef\xbb\xbf{}"), "json-syntax", "");
}

static void test_duplicates_are_named(void **state)
{
    (void)state;
    refused(TEXT("{\"a\":1,\"a\":2}"), "json-duplicate", "/a");
    refused(TEXT("{\"x\":[{},{\"s/t\":{\"b\":1, \"b\":2}}]}"), "json-duplicate", "/x/1/s~1t/b");
}

static void test_depth_and_size(void **state)
{
    (void)state;
    char text[200] = {0};
    memset(text, '[', 16);
    memset(text + 16, ']', 16);
    json_decref(parsed(text));
    memset(text, '[', 17);
    memset(text + 17, ']', 17);
    refused(CX_BYTES(text, 34), "json-depth", "");
    memset(text, '[', sizeof(text));
    refused(CX_BYTES(text, sizeof(text)), "json-depth", "");
    json_decref(
        parsed("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}")); /* brackets in text do not count */
    json_t *root = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(json_parse(TEXT("{\"a\":1}"), 6, &diag, &root), LIMIT);
    assert_string_equal(diag.rule, "json-size");
}

static void test_typed_reading(void **state)
{
    (void)state;
    json_auto_t *root =
        parsed("{\"s\":\"t\\u00e4xt\",\"i\":-7,\"b\":true,\"w\":\"two\",\"n\":null,"
               "\"t\":\"2026-11-21T00:00:00Z\",\"id\":\"usr_7zzzzzzzzzzzzzzzzzzzzzzzzz\","
               "\"raw\":\"AP8\",\"list\":[{\"x\":1},{\"x\":\"y\"}]}");
    struct json_node top = json_top(root);
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_str text;
    int64_t number = 0;
    bool flag = false;
    size_t index = 9;
    cx_time at_us = 0;
    struct cx_id id;
    assert_ok(json_read_str(&top, "s", 5, &diag, &text));
    assert_str(text, "t\xc3\xa4xt");
    assert_ok(json_read_i64(&top, "i", -7, 0, &diag, &number));
    assert_int_equal(number, -7);
    assert_ok(json_read_bool(&top, "b", &diag, &flag));
    assert_true(flag);
    static const char *const words[] = {"one", "two"};
    assert_ok(json_read_word(&top, "w", words, 2, &diag, &index));
    assert_int_equal(index, 1);
    assert_ok(json_read_time(&top, "t", &diag, &at_us));
    assert_ok(json_read_id(&top, "id", CX_ID_USER, &diag, &id));
    struct arena arena = ARENA_INIT(1000);
    struct cx_bytes raw;
    assert_ok(json_read_base64url(&top, "raw", 2, &arena, &diag, &raw));
    assert_bytes(raw, "\x00\xff", 2);
    arena_clear(&arena);
    assert_true(json_has(&top, "n"));
    assert_false(json_has(&top, "missing"));
    assert_string_equal(diag.text, "");
}

static void expect(cx_err err, struct cx_diag *diag, enum cx_category code, const char *field,
                   const char *rule)
{
    assert_int_equal(err.code, code);
    assert_string_equal(diag->field, field);
    assert_string_equal(diag->rule, rule);
    *diag = CX_DIAG_INIT;
}

static void test_refusals_name_the_field(void **state)
{
    (void)state;
    json_auto_t *root =
        parsed("{\"s\":\"long\",\"i\":5,\"n\":null,\"f\":1.0,\"id\":\"req_x\",\"raw\":\"AP==\","
               "\"list\":[{\"a\":{\"x\":1}},[]]}");
    struct json_node top = json_top(root);
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_str text = CX_STR_NONE;
    int64_t number = 42;
    bool flag = false;
    size_t count = 0;
    struct json_node list;
    struct cx_id id;
    cx_time at_us = 0;
    expect(json_read_str(&top, "s", 3, &diag, &text), &diag, CX_E_LIMIT, "/s", "json-length");
    expect(json_read_str(&top, "i", 3, &diag, &text), &diag, CX_E_PARSE, "/i", "json-type");
    expect(json_read_str(&top, "n", 3, &diag, &text), &diag, CX_E_PARSE, "/n", "json-type");
    expect(json_read_str(&top, "zz", 3, &diag, &text), &diag, CX_E_PARSE, "/zz", "json-required");
    expect(json_read_i64(&top, "i", 6, 9, &diag, &number), &diag, CX_E_LIMIT, "/i", "json-range");
    expect(json_read_i64(&top, "f", 0, 9, &diag, &number), &diag, CX_E_PARSE, "/f", "json-type");
    expect(json_read_bool(&top, "i", &diag, &flag), &diag, CX_E_PARSE, "/i", "json-type");
    expect(json_read_id(&top, "id", CX_ID_USER, &diag, &id), &diag, CX_E_PARSE, "/id", "json-id");
    expect(json_read_time(&top, "s", &diag, &at_us), &diag, CX_E_PARSE, "/s", "json-time");
    static const char *const words[] = {"one", "two"};
    size_t index = 0;
    struct cx_err err = json_read_word(&top, "s", words, 2, &diag, &index);
    assert_non_null(strstr(diag.text, "one, two"));
    expect(err, &diag, CX_E_PARSE, "/s", "json-word");
    struct arena arena = ARENA_INIT(1000);
    struct cx_bytes raw;
    expect(json_read_base64url(&top, "raw", 9, &arena, &diag, &raw), &diag, CX_E_PARSE, "/raw",
           "json-base64url");
    expect(json_read_base64url(&top, "raw", 2, &arena, &diag, &raw), &diag, CX_E_LIMIT, "/raw",
           "json-length");
    arena_clear(&arena);
    expect(json_read_array(&top, "list", 1, &diag, &list, &count), &diag, CX_E_LIMIT, "/list",
           "json-count");
    assert_ok(json_read_array(&top, "list", 2, &diag, &list, &count));
    struct json_node item = json_item(&list, 0);
    struct json_node a;
    assert_ok(json_read_object(&item, "a", &diag, &a));
    expect(json_read_str(&a, "x", 3, &diag, &text), &diag, CX_E_PARSE, "/list/0/a/x", "json-type");
    struct json_node second = json_item(&list, 1);
    expect(json_as_object(&second, &diag), &diag, CX_E_PARSE, "/list/1", "json-type");
    struct json_node third = json_item(&list, 2);
    expect(json_as_object(&third, &diag), &diag, CX_E_PARSE, "/list/2", "json-required");
    assert_int_equal(number, 42);
    assert_null(text.ptr);
}

static void test_unknown_members(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b"};
    json_auto_t *root = parsed("{\"a\":1,\"b/~\":2}");
    struct json_node top = json_top(root);
    struct cx_diag diag = CX_DIAG_INIT;
    expect(json_only(&top, keys, 2, &diag), &diag, CX_E_PARSE, "/b~1~0", "json-unknown");
    json_auto_t *good = parsed("{\"a\":1}");
    top = json_top(good);
    assert_ok(json_only(&top, keys, 2, &diag));
    json_auto_t *array = parsed("[]");
    top = json_top(array);
    expect(json_only(&top, keys, 2, &diag), &diag, CX_E_PARSE, "", "json-type");
}

static void test_long_pointers_are_cut(void **state)
{
    (void)state;
    char text[400];
    char name[301];
    memset(name, '/', 300);
    name[300] = 0;
    snprintf(text, sizeof(text), "{\"%s\":1}", name);
    json_auto_t *root = parsed(text);
    struct json_node top = json_top(root);
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_str value;
    assert_err(json_read_str(&top, name, 9, &diag, &value), PARSE);
    assert_true(strlen(diag.field) < DIAG_FIELD_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_text_is_refused),     cmocka_unit_test(test_duplicates_are_named),
        cmocka_unit_test(test_depth_and_size),          cmocka_unit_test(test_typed_reading),
        cmocka_unit_test(test_refusals_name_the_field), cmocka_unit_test(test_unknown_members),
        cmocka_unit_test(test_long_pointers_are_cut),
    };
    return cmocka_run_group_tests_name("codec/json", tests, NULL, NULL);
}
