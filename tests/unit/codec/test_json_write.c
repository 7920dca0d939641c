#include "tests/lib/test.h"
#include "codec/json.h"
#include "codec/json_write.h"

static void test_document(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(4096);
    struct json_writer json = json_writer(&out);
    assert_ok(json_begin_object(&json, NULL));
    assert_ok(json_write_text(
        &json, "name", "a\"b\\c\n\x01\x7f\xc3\xa4\xc2\x85\xe2\x80\xa8\xef\xbb\xbf\xef\xbf\xbd"));
    assert_ok(json_begin_array(&json, "list"));
    assert_ok(json_write_i64(&json, NULL, INT64_MIN));
    assert_ok(json_write_bool(&json, NULL, true));
    assert_ok(json_write_null(&json, NULL));
    assert_ok(json_begin_object(&json, NULL));
    assert_ok(json_end(&json));
    assert_ok(json_begin_array(&json, NULL));
    assert_ok(json_end(&json));
    assert_ok(json_end(&json));
    assert_ok(json_write_hex(&json, "hex", CX_BYTES("\x0a\xff", 2)));
    assert_ok(json_write_base64url(&json, "b64", CX_BYTES("\x00\xff", 2)));
    assert_ok(json_write_time(&json, "at", 0));
    assert_ok(json_write_id(&json, "id", CX_ID_USER, (struct cx_id){{0}}));
    assert_false(json_complete(&json));
    assert_ok(json_end(&json));
    assert_true(json_complete(&json));
    const char *expected =
        "{\"name\":\"a\\\"b\\\\c\\n\\u0001\\u007f\xc3\xa4\\u0085\\u2028\\ufeff\xef\xbf\xbd\","
        "\"list\":[-9223372036854775808,true,"
        "null,{},[]],\"hex\":\"0aff\",\"b64\":\"AP8\",\"at\":\"1970-01-01T00:00:00Z\","
        "\"id\":\"usr_00000000000000000000000000\"}";
    assert_bytes(cx_buf_view(&out), expected, strlen(expected));
    json_t *root = NULL;
    assert_ok(json_parse(cx_buf_view(&out), 4096, NULL, &root));
    json_decref(root);
    cx_buf_clear(&out);
}

static void test_misuse_is_refused(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(4096);
    struct json_writer json = json_writer(&out);
    assert_err(json_end(&json), USAGE);
    assert_err(json_write_i64(&json, "key at the top", 1), USAGE);
    assert_ok(json_begin_array(&json, NULL));
    assert_err(json_write_i64(&json, "key in an array", 1), USAGE);
    assert_ok(json_begin_object(&json, NULL));
    assert_err(json_write_i64(&json, NULL, 1), USAGE);
    assert_ok(json_end(&json));
    assert_ok(json_end(&json));
    assert_err(json_write_i64(&json, NULL, 1), USAGE); /* a second top value */
    assert_err(json_end(&json), USAGE);
    assert_bytes(cx_buf_view(&out), "[{}]", 4);
    cx_buf_reset(&out);
    json = json_writer(&out);
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++)
        assert_ok(json_begin_array(&json, NULL));
    assert_err(json_begin_array(&json, NULL), LIMIT);
    cx_buf_clear(&out);
}

static void test_every_ascii_character_returns(void **state)
{
    (void)state;
    char text[128] = {0};
    for (int c = 1; c < 128; c++)
        text[c - 1] = (char)c;
    struct cx_buf out = CX_BUF_INIT(4096);
    struct json_writer json = json_writer(&out);
    assert_ok(json_begin_array(&json, NULL));
    assert_ok(json_write_text(&json, NULL, text));
    assert_ok(json_end(&json));
    json_t *root = NULL;
    assert_ok(json_parse(cx_buf_view(&out), 4096, NULL, &root));
    struct json_node top = json_top(root);
    struct json_node item = json_item(&top, 0);
    struct cx_str back;
    assert_ok(json_as_str(&item, 200, NULL, &back));
    assert_str(back, text);
    json_decref(root);
    cx_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_misuse_is_refused),
        cmocka_unit_test(test_every_ascii_character_returns),
    };
    return cmocka_run_group_tests_name("codec/json_write", tests, NULL, NULL);
}
