/* Filters, paths and query strings of SCIM. What was accepted is within its bounds, and a filter of what was read is read as
 * the same. */
#include "tests/fuzz/fuzz.h"

#include "base/cleanup.h"
#include "codec/json_write.h"
#include "core/provisioning/query.h"

static void check_terms(const struct scim_filter *filter)
{
    FUZZ_REQUIRE(filter->count <= SCIM_TERMS_MAX);
    for (size_t i = 0; i < filter->count; i++) {
        FUZZ_REQUIRE(filter->terms[i].attribute.len > 0);
        FUZZ_REQUIRE(filter->terms[i].attribute.len <= SCIM_NAME_MAX);
        FUZZ_REQUIRE(filter->terms[i].value.len <= SCIM_FILTER_MAX);
        FUZZ_REQUIRE(filter->terms[i].quoted || filter->terms[i].value.len > 0);
    }
}

static void check_again(const struct scim_filter *filter, struct arena *arena)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(1 << 16);
    struct scim_filter again;
    for (size_t i = 0; i < filter->count; i++) {
        const struct scim_term *term = &filter->terms[i];
        FUZZ_REQUIRE(cx_is_ok(
            cx_buf_addf(&text, "%s%.*s eq ", i ? " and " : "", CX_STR_ARG(term->attribute))));
        FUZZ_REQUIRE(cx_is_ok(term->quoted ? json_escape(&text, term->value)
                                           : cx_buf_add_str(&text, term->value)));
    }
    if (text.len > SCIM_FILTER_MAX) /* escapes may be longer here than there */
        return;
    FUZZ_REQUIRE(cx_is_ok(
        scim_filter_parse((struct cx_str){(const char *)text.ptr, text.len}, arena, NULL, &again)));
    FUZZ_REQUIRE(again.count == filter->count);
    for (size_t i = 0; i < filter->count; i++)
        FUZZ_REQUIRE(cx_str_eq(again.terms[i].value, filter->terms[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 22);
    struct cx_diag diag = CX_DIAG_INIT;
    struct scim_filter filter = {.count = 0};
    struct scim_path path;
    struct scim_query query;
    struct cx_str text;
    if (cx_failed(cx_str_view(CX_BYTES(data, size), &text)))
        return 0;
    if (cx_is_ok(scim_filter_parse(text, &arena, &diag, &filter))) {
        check_terms(&filter);
        check_again(&filter, &arena);
    }
    if (cx_is_ok(scim_path_parse(text, &arena, &diag, &path)))
        check_terms(&path.filter);
    if (cx_is_ok(scim_query_read(text, &arena, &diag, &query))) {
        check_terms(&query.filter);
        FUZZ_REQUIRE(query.start_index >= 1 && query.count <= SCIM_COUNT_MAX);
        scim_query_wants(&query, "members");
    }
    return 0;
}
