/* Names of foreign certificates for people: whatever is inside, the text is UTF-8 within its bound, without what would
 * forge a line of a terminal. */
#include "base/cleanup.h"
#include "base/utf8.h"
#include "core/issuance/dn_text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    struct cx_str text;
    if (cx_failed(dn_text(CX_BYTES(data, size), &arena, &text)))
        return 0;
    FUZZ_REQUIRE(text.len <= DN_TEXT_MAX && cx_utf8_valid(cx_str_bytes(text)));
    for (size_t i = 0; i < text.len; i++)
        FUZZ_REQUIRE((uint8_t)text.ptr[i] >= 0x20 && text.ptr[i] != 0x7F);
    return 0;
}
