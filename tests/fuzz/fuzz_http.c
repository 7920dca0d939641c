/* HTTP fields: each reader sees the same input. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "codec/http.h"

enum { TEXT_MAX = 1 << 14 };

static void check_percent(struct cx_str text)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    CX_CLEANUP(cx_buf_clear) struct cx_buf encoded = CX_BUF_INIT(1 << 18);
    struct cx_str decoded;
    struct cx_str again;
    if (cx_failed(http_percent_decode(&arena, text, &decoded)))
        return;
    FUZZ_REQUIRE(cx_is_ok(http_percent_encode(decoded, &encoded)));
    struct cx_str canonical = {(const char *)encoded.ptr, encoded.len};
    FUZZ_REQUIRE(cx_is_ok(http_percent_decode(&arena, canonical, &again)));
    FUZZ_REQUIRE(cx_str_eq(decoded, again));
}

static void check_query(struct cx_str text)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(1 << 18);
    struct http_query query;
    struct http_query again;
    if (cx_failed(http_query_parse(&arena, text, &query)))
        return;
    for (size_t i = 0; i < query.count; i++) {
        FUZZ_REQUIRE(cx_is_ok(cx_buf_add_str(&out, i ? CX_STR("&") : CX_STR(""))));
        FUZZ_REQUIRE(cx_is_ok(http_percent_encode(query.parameters[i].name, &out)));
        FUZZ_REQUIRE(cx_is_ok(cx_buf_add_u8(&out, '=')));
        FUZZ_REQUIRE(cx_is_ok(http_percent_encode(query.parameters[i].value, &out)));
    }
    struct cx_str canonical = {(const char *)out.ptr, out.len};
    FUZZ_REQUIRE(cx_is_ok(http_query_parse(&arena, canonical, &again)) &&
                 again.count == query.count);
    for (size_t i = 0; i < query.count; i++) {
        FUZZ_REQUIRE(cx_str_eq(query.parameters[i].name, again.parameters[i].name));
        FUZZ_REQUIRE(cx_str_eq(query.parameters[i].value, again.parameters[i].value));
    }
}

/* The whole input as a Cookie field: what is found is in it, once, behind its name. */
static void check_cookie(struct cx_str text)
{
    struct cx_str value;
    if (cx_failed(http_cookie(text, CX_STR("a"), &value)))
        return;
    FUZZ_REQUIRE(value.ptr >= text.ptr + 2 && value.ptr + value.len <= text.ptr + text.len);
    FUZZ_REQUIRE(value.ptr[-1] == '=' && value.ptr[-2] == 'a');
    FUZZ_REQUIRE(value.len == 0 || memchr(value.ptr, ';', value.len) == NULL);
}

static void check_date(struct cx_str text)
{
    cx_time at_us = 0;
    char back[HTTP_DATE_MAX];
    if (cx_failed(http_date_parse(text, &at_us)))
        return;
    FUZZ_REQUIRE(cx_is_ok(http_date_format(at_us, back)));
    FUZZ_REQUIRE(cx_str_is(text, back));
}

static void check_fields(struct cx_str text)
{
    struct cx_str token;
    int64_t len = 0;
    if (cx_is_ok(http_bearer(text, &token)))
        FUZZ_REQUIRE(token.len > 0 && token.len < text.len && http_field_value_valid(token));
    if (cx_is_ok(http_content_length(text, 1000, &len)))
        FUZZ_REQUIRE(len >= 0 && len <= 1000);
    if (http_token_valid(text))
        FUZZ_REQUIRE(http_field_value_valid(text));
    if (http_field_value_valid(text))
        FUZZ_REQUIRE(text.len == 0 || memchr(text.ptr, '\n', text.len) == NULL);
    if (http_media_type_is(text, "application/json"))
        FUZZ_REQUIRE(text.len >= strlen("application/json"));
    (void)http_accepts(text, "application/json");
    (void)http_etag_matches(text, "\"0a\"");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEXT_MAX)
        return 0;
    struct cx_str text = {(const char *)data, size};
    check_percent(text);
    check_query(text);
    check_cookie(text);
    check_date(text);
    check_fields(text);
    return 0;
}
