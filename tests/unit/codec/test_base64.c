#include "tests/lib/test.h"
#include "codec/base64.h"

static void test_rfc4648_vectors(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct cx_buf out = CX_BUF_INIT(100);
        assert_ok(base64_encode(cx_str_bytes(cx_str_from(pairs[i][0])), &out));
        assert_bytes(cx_buf_view(&out), pairs[i][1], strlen(pairs[i][1]));
        cx_buf_reset(&out);
        assert_ok(base64_decode(cx_str_from(pairs[i][1]), &out));
        assert_bytes(cx_buf_view(&out), pairs[i][0], strlen(pairs[i][0]));
        cx_buf_clear(&out);
    }
}

static void test_every_byte_and_length_returns(void **state)
{
    (void)state;
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(255 - i);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct cx_buf text = CX_BUF_INIT(1024);
        struct cx_buf back = CX_BUF_INIT(1024);
        assert_ok(base64url_encode(CX_BYTES(bytes, len), &text));
        assert_int_equal(text.len, base64url_len(len));
        assert_ok(base64url_decode((struct cx_str){(char *)text.ptr, text.len}, &back));
        assert_bytes(cx_buf_view(&back), bytes, len);
        cx_buf_clear(&text);
        cx_buf_clear(&back);
    }
}

static void test_only_the_canonical_spelling(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(100);
    assert_ok(cx_buf_add_str(&out, CX_STR("before")));
    static const char *const bad[] = {"Z",      "Zg",    "Zg=",  "Zg===",    "Zh==",
                                      "Zm9=",   "=",     "====", "Zg==Zg==", "Zm 9v",
                                      "Zm9v\n", "Zm9v=", "Z=g=", "_-__",     "Zm9v\xc3\xa4"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_err(base64_decode(cx_str_from(bad[i]), &out), PARSE);
        assert_bytes(cx_buf_view(&out), "before", 6);
    }
    static const char *const bad_url[] = {"Zg==", "Z", "Zh", "+/++", "Zg\n"};
    for (size_t i = 0; i < sizeof(bad_url) / sizeof(bad_url[0]); i++)
        assert_err(base64url_decode(cx_str_from(bad_url[i]), &out), PARSE);
    assert_bytes(cx_buf_view(&out), "before", 6);
    assert_ok(base64_decode_lines(CX_STR("Zm9\r\nvY\n\ng==\n"), &out));
    assert_bytes(cx_buf_view(&out), "beforefoob", 10);
    assert_err(base64_decode_lines(CX_STR("Zm9 v"), &out), PARSE);
    cx_buf_clear(&out);
}

static void test_the_maximum_is_a_limit(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(4);
    assert_err(base64_decode(CX_STR("Zm9vYmE="), &out), LIMIT);
    assert_int_equal(out.len, 0);
    assert_err(base64_encode(CX_BYTES("abcd", 4), &out), LIMIT);
    assert_int_equal(out.len, 0);
    cx_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc4648_vectors),
        cmocka_unit_test(test_every_byte_and_length_returns),
        cmocka_unit_test(test_only_the_canonical_spelling),
        cmocka_unit_test(test_the_maximum_is_a_limit),
    };
    return cmocka_run_group_tests_name("codec/base64", tests, NULL, NULL);
}
