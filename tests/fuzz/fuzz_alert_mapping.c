/* A line with a mapping, then a tool's document: what comes out fits the contract, and the built-in mappings take the document too. */
#include "base/utf8.h"
#include "core/intake/mapping.h"
#include "tests/fuzz/fuzz.h"

static void require_word(struct cx_str word)
{
    FUZZ_REQUIRE(word.len >= 1 && word.len <= MAPPING_WORD_MAX);
    for (size_t i = 0; i < word.len; i++)
        FUZZ_REQUIRE(word.ptr[i] > 0x20 && word.ptr[i] < 0x7f && word.ptr[i] != '/');
}

static void apply(const struct api_alert_mapping *mapping, struct cx_bytes body)
{
    struct arena arena = ARENA_INIT(1 << 24);
    struct cx_diag diag = CX_DIAG_INIT;
    struct mapped mapped;
    if (cx_is_ok(mapping_apply(mapping, body, &arena, &diag, &mapped))) {
        FUZZ_REQUIRE(mapped.count <= MAPPING_ITEMS_MAX);
        for (size_t i = 0; i < mapped.count; i++) {
            const struct mapped_alert *alert = &mapped.alerts[i];
            require_word(alert->rule);
            require_word(alert->subject);
            FUZZ_REQUIRE(cx_utf8_valid(cx_str_bytes(alert->title)));
            FUZZ_REQUIRE(cx_utf8_valid(cx_str_bytes(alert->summary)));
            FUZZ_REQUIRE(alert->title.len && cx_utf8_count(alert->title) <= MAPPING_TITLE_MAX);
            FUZZ_REQUIRE(alert->summary.len &&
                         cx_utf8_count(alert->summary) <= MAPPING_SUMMARY_MAX);
            FUZZ_REQUIRE(!memchr(alert->title.ptr, '\n', alert->title.len));
        }
    }
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(1 << 22);
    struct cx_diag diag = CX_DIAG_INIT;
    struct api_alert_mapping mapping;
    json_t *root = NULL;
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    size_t head = line ? (size_t)(line - data) : 0;
    struct cx_bytes body = line ? CX_BYTES(line + 1, size - head - 1) : CX_BYTES(data, size);
    if (cx_is_ok(mapping_parse(CX_BYTES(data, head), &arena, &diag, &mapping, &root)))
        apply(&mapping, body);
    json_decref(root);
    for (int kind = 0; kind < API_ALERT_SOURCE_KIND_CUSTOM; kind++) {
        FUZZ_REQUIRE(
            cx_is_ok(mapping_builtin((enum api_alert_source_kind)kind, &arena, &mapping, &root)));
        apply(&mapping, body);
        json_decref(root);
    }
    arena_clear(&arena);
    return 0;
}
