/* contexts.yaml of the command line: what is accepted is written in a form that is read back alike. */
#include "cli/context.h"
#include "base/cleanup.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cli cli = {.arena = ARENA_INIT(8 << 20)};
    CX_CLEANUP(cx_buf_clear) struct cx_buf first = CX_BUF_INIT(8 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf second = CX_BUF_INIT(8 << 20);
    struct cli_contexts contexts = {.count = CONTEXTS_MAX + 1}, back;
    if (cx_failed(context_parse(&cli, CX_BYTES(data, size), &contexts))) {
        FUZZ_REQUIRE(contexts.count == CONTEXTS_MAX + 1);
    } else {
        FUZZ_REQUIRE(contexts.count <= CONTEXTS_MAX);
        FUZZ_REQUIRE(cx_is_ok(context_write(&contexts, &first)));
        if (first.len <= CONTEXT_FILE_MAX) { /* escapes may lengthen it beyond what is read */
            FUZZ_REQUIRE(cx_is_ok(context_parse(&cli, cx_buf_view(&first), &back)));
            FUZZ_REQUIRE(cx_is_ok(context_write(&back, &second)));
            FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(&first), cx_buf_view(&second)));
        }
    }
    arena_clear(&cli.arena);
    return 0;
}
