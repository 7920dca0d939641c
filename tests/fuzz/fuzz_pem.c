/* PEM: the blocks of an accepted text are written and read back alike. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "codec/pem.h"

enum { TEXT_MAX = 1 << 16, BLOCKS = 8 };

static void rewrite(const struct pem_block *blocks, size_t count)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(4 * TEXT_MAX);
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    for (size_t i = 0; i < count; i++) {
        struct cx_str label;
        FUZZ_REQUIRE(cx_is_ok(arena_copy_str(&arena, blocks[i].label, &label)));
        FUZZ_REQUIRE(cx_is_ok(pem_write(label.ptr, blocks[i].der, &text)));
    }
    const struct pem_limits strict = {4 * TEXT_MAX, BLOCKS, NULL, false};
    struct pem_block *again = NULL;
    size_t again_count = 0;
    FUZZ_REQUIRE(
        cx_is_ok(pem_parse(&arena, cx_buf_view(&text), &strict, NULL, &again, &again_count)));
    FUZZ_REQUIRE(again_count == count);
    for (size_t i = 0; i < count; i++) {
        FUZZ_REQUIRE(cx_str_eq(again[i].label, blocks[i].label));
        FUZZ_REQUIRE(cx_bytes_eq(again[i].der, blocks[i].der));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int skip = 0; skip < 2; skip++) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
        const struct pem_limits limits = {TEXT_MAX, BLOCKS, NULL, skip != 0};
        struct pem_block *blocks = NULL;
        size_t count = 0;
        struct cx_diag diag = CX_DIAG_INIT;
        if (cx_is_ok(pem_parse(&arena, CX_BYTES(data, size), &limits, &diag, &blocks, &count)))
            rewrite(blocks, count);
        else
            FUZZ_REQUIRE(diag.text[0] != 0 && count == 0);
    }
    return 0;
}
