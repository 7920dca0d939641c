/* Cursors of pages and hexadecimal of searches: one spelling each, and a refusal leaves its output alone. */
#include "core/page.h"
#include "base/cleanup.h"
#include "tests/fuzz/fuzz.h"

static void cursor(struct arena *arena, struct cx_str text)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct page_key key = PAGE_START;
    struct cx_str again;
    if (cx_failed(page_cursor_parse("certificate", text, &diag, &key))) {
        FUZZ_REQUIRE(key.time_us == INT64_MAX && strcmp(diag.field, "cursor") == 0);
        return;
    }
    FUZZ_REQUIRE(cx_is_ok(page_cursor_write(arena, "certificate", &key, &again)));
    FUZZ_REQUIRE(text.len == 0 || cx_str_eq(again, text));
}

static void name_cursor(struct arena *arena, struct cx_str text)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_str name, again;
    if (cx_failed(page_name_cursor_parse(arena, "certificate", text, &diag, &name))) {
        FUZZ_REQUIRE(strcmp(diag.rule, "cursor-invalid") == 0);
        return;
    }
    FUZZ_REQUIRE(cx_is_ok(page_name_cursor_write(arena, "certificate", name, &again)));
    FUZZ_REQUIRE(text.len == 0 || cx_str_eq(again, text));
}

static void hexadecimal(struct arena *arena, struct cx_str text)
{
    struct cx_bytes bytes;
    struct cx_str again;
    if (cx_failed(page_hex_parse(arena, text, &bytes)))
        return;
    FUZZ_REQUIRE(cx_is_ok(page_hex_write(arena, bytes, &again)));
    FUZZ_REQUIRE(again.len == text.len && strncasecmp(again.ptr, text.ptr, text.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    struct cx_str text = {(const char *)data, size};
    cursor(&arena, text);
    name_cursor(&arena, text);
    hexadecimal(&arena, text);
    return 0;
}
