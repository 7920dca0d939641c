#include "tests/lib/test.h"
#include "codec/http.h"

static void test_percent(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 16);
    struct cx_str text = CX_STR_NONE;
    assert_ok(http_percent_decode(&arena, CX_STR("a%2fb+%25%32%66%C3%a4"), &text));
    assert_str(text, "a/b+%2f\xc3\xa4"); /* once: %2532 does not become a slash */
    static const char *const bad[] = {"%", "%2", "%zz", "a%0", "%00", "%ff", "%+1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(http_percent_decode(&arena, cx_str_from(bad[i]), &text), PARSE);
    struct cx_buf out = CX_BUF_INIT(100);
    assert_ok(http_percent_encode(CX_STR("a/b c~\xc3\xa4"), &out));
    assert_bytes(cx_buf_view(&out), "a%2Fb%20c~%C3%A4", 16);
    cx_buf_clear(&out);
    arena_clear(&arena);
}

static void test_cookie(void **state)
{
    (void)state;
    struct cx_str value = CX_STR_NONE;
    const struct cx_str name = CX_STR("__Host-a");
    assert_ok(http_cookie(CX_STR("x=1; __Host-a=v_1; y=2"), name, &value));
    assert_str(value, "v_1");
    assert_ok(http_cookie(CX_STR("__Host-a="), name, &value));
    assert_int_equal(value.len, 0);
    static const char *const absent[] = {"",           "x=1",      "__Host-ab=1",  "x__Host-a=1",
                                         "__host-a=1", "__Host-a", "x=__Host-a=1", "; ;",
                                         ";;;"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_err(http_cookie(cx_str_from(absent[i]), name, &value), NOTFOUND);
    static const char *const bad[] = {"__Host-a=1; __Host-a=1", "__Host-a=1;__Host-a=2",
                                      "__Host-a=a b",           "__Host-a=\"a\"",
                                      "__Host-a=a,b",           "__Host-a=\x7f"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(http_cookie(cx_str_from(bad[i]), name, &value), PARSE);
}

static void test_query(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 16);
    struct http_query query = {0};
    struct cx_str value = CX_STR_NONE;
    assert_ok(http_query_parse(&arena, CX_STR("a=1&tag=x+y&tag=%26z%3D&empty=&e=a=b"), &query));
    assert_int_equal(query.count, 5);
    assert_ok(http_query_get(&query, "tag", 0, &value));
    assert_str(value, "x y");
    assert_ok(http_query_get(&query, "tag", 1, &value));
    assert_str(value, "&z=");
    assert_err(http_query_get(&query, "tag", 2, &value), NOTFOUND);
    assert_err(http_query_get(&query, "A", 0, &value), NOTFOUND);
    assert_ok(http_query_get(&query, "empty", 0, &value));
    assert_int_equal(value.len, 0);
    assert_ok(http_query_get(&query, "e", 0, &value));
    assert_str(value, "a=b");
    assert_ok(http_query_parse(&arena, CX_STR(""), &query));
    assert_int_equal(query.count, 0);
    static const char *const bad[] = {"a",        "=1",  "a=1&",  "&a=1",
                                      "a=1&&b=2", "a=%", "a=%00", "%f=1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(http_query_parse(&arena, cx_str_from(bad[i]), &query), PARSE);
    struct cx_buf many = CX_BUF_INIT(1024);
    for (int i = 0; i < HTTP_QUERY_PARAMETERS_MAX; i++)
        assert_ok(cx_buf_addf(&many, "%sa=1", i ? "&" : ""));
    assert_ok(http_query_parse(&arena, (struct cx_str){(char *)many.ptr, many.len}, &query));
    assert_ok(cx_buf_addf(&many, "&a=1"));
    assert_err(http_query_parse(&arena, (struct cx_str){(char *)many.ptr, many.len}, &query),
               LIMIT);
    cx_buf_clear(&many);
    arena_clear(&arena);
}

static void test_header_values(void **state)
{
    (void)state;
    assert_true(http_media_type_is(CX_STR("application/json"), "application/json"));
    assert_true(
        http_media_type_is(CX_STR("Application/JSON ; charset=\"UTF-8\""), "application/json"));
    assert_false(
        http_media_type_is(CX_STR("application/json; charset=latin1"), "application/json"));
    assert_false(http_media_type_is(CX_STR("application/jsonx"), "application/json"));
    assert_false(http_media_type_is(CX_STR("application/json;;"), "application/json"));
    assert_false(http_media_type_is(CX_STR(""), "application/json"));
    assert_true(http_accepts(CX_STR(""), "application/json"));
    assert_true(http_accepts(CX_STR("text/html, */*;q=0.1"), "application/json"));
    assert_true(http_accepts(CX_STR("application/*"), "application/json"));
    assert_false(http_accepts(CX_STR("text/html"), "application/json"));
    assert_false(http_accepts(CX_STR("*/*, application/json;q=0.0"), "application/json"));
    assert_false(http_accepts(CX_STR("app/*"), "application/json"));
    struct cx_str token = CX_STR_NONE;
    assert_ok(http_bearer(CX_STR("bEARER abc.d-e_f=="), &token));
    assert_str(token, "abc.d-e_f==");
    static const char *const bad[] = {"",          "Bearer",      "Bearer ",  "Bearer a b",
                                      "Basic abc", "Bearer a\"b", "Bearerabc"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(http_bearer(cx_str_from(bad[i]), &token), PARSE);
    assert_true(http_token_valid(CX_STR("X-Thing_1")));
    assert_false(http_token_valid(CX_STR("X Thing")));
    assert_false(http_token_valid(CX_STR("")));
    assert_true(http_field_value_valid(CX_STR("a b\tc")));
    assert_false(http_field_value_valid(CX_STR("a\r\nSet-Cookie: x")));
    assert_false(http_field_value_valid(CX_STR(" a")));
    int64_t len = 0;
    assert_ok(http_content_length(CX_STR("100"), 100, &len));
    assert_err(http_content_length(CX_STR("101"), 100, &len), LIMIT);
    assert_err(http_content_length(CX_STR("+1"), 100, &len), PARSE);
    assert_err(http_content_length(CX_STR("1, 1"), 100, &len), PARSE);
}

static void test_dates(void **state)
{
    (void)state;
    static const char *const dates[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT", "Sat, 21 Nov 2026 21:40:00 GMT"};
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        cx_time at_us = 1;
        char back[HTTP_DATE_MAX];
        assert_ok(http_date_parse(cx_str_from(dates[i]), &at_us));
        assert_ok(http_date_format(at_us, back));
        assert_string_equal(back, dates[i]);
    }
    char text[HTTP_DATE_MAX];
    assert_ok(http_date_format(999999, text));
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    static const char *const bad[] = {"Mon, 06 Nov 1994 08:49:37 GMT",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994",
                                      "Sun, 06 nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:00:00 GMT",
                                      "Sun, 31 Feb 1994 08:49:37 GMT",
                                      ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cx_time at_us = 0;
        assert_err(http_date_parse(cx_str_from(bad[i]), &at_us), PARSE);
    }
}

static void test_etags(void **state)
{
    (void)state;
    char etag[HTTP_ETAG_MAX];
    assert_ok(http_etag_format(CX_BYTES("\x0a\xff", 2), etag));
    assert_string_equal(etag, "\"0aff\"");
    uint8_t digest[33] = {0};
    assert_ok(http_etag_format(CX_BYTES(digest, 32), etag));
    char untouched[HTTP_ETAG_MAX];
    memcpy(untouched, etag, sizeof(untouched));
    uint8_t too_long[40] = {1};
    assert_err(http_etag_format(CX_BYTES(too_long, 40), etag), LIMIT);
    assert_memory_equal(etag, untouched, sizeof(etag));
    assert_true(http_etag_matches(CX_STR("\"x\", W/\"0aff\""), "\"0aff\""));
    assert_true(http_etag_matches(CX_STR("*"), "\"0aff\""));
    assert_false(http_etag_matches(CX_STR("\"0af\""), "\"0aff\""));
    assert_false(http_etag_matches(CX_STR("0aff"), "\"0aff\""));
    assert_false(http_etag_matches(CX_STR("\"0aff"), "\"0aff\""));
    assert_false(http_etag_matches(CX_STR(""), "\"0aff\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percent), cmocka_unit_test(test_cookie),
        cmocka_unit_test(test_query),   cmocka_unit_test(test_header_values),
        cmocka_unit_test(test_dates),   cmocka_unit_test(test_etags),
    };
    return cmocka_run_group_tests_name("codec/http", tests, NULL, NULL);
}
