/* Hexadecimal: decoding and encoding return the input in lower case. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "codec/hex.h"

#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_str text = {(const char *)data, size};
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(1 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf back = CX_BUF_INIT(1 << 21);
    if (cx_failed(hex_decode(text, &bytes))) {
        FUZZ_REQUIRE(bytes.len == 0);
        return 0;
    }
    FUZZ_REQUIRE(cx_is_ok(hex_encode(cx_buf_view(&bytes), &back)));
    FUZZ_REQUIRE(back.len == size);
    FUZZ_REQUIRE(size == 0 || strncasecmp((const char *)back.ptr, text.ptr, size) == 0);
    return 0;
}
