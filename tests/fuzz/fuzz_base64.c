/* base64: what decodes has one spelling, and what was encoded decodes. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "codec/base64.h"

static void check(struct cx_str text, cx_err (*decode)(struct cx_str text, struct cx_buf *out),
                  cx_err (*encode)(struct cx_bytes bytes, struct cx_buf *out))
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(1 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf back = CX_BUF_INIT(1 << 21);
    if (cx_is_ok(decode(text, &bytes))) {
        FUZZ_REQUIRE(cx_is_ok(encode(cx_buf_view(&bytes), &back)));
        FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(&back), cx_str_bytes(text)));
    } else {
        FUZZ_REQUIRE(bytes.len == 0);
    }
    cx_buf_reset(&bytes);
    cx_buf_reset(&back);
    FUZZ_REQUIRE(cx_is_ok(encode(cx_str_bytes(text), &back)));
    FUZZ_REQUIRE(cx_is_ok(decode((struct cx_str){(const char *)back.ptr, back.len}, &bytes)));
    FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(&bytes), cx_str_bytes(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_str text = {(const char *)data, size};
    check(text, base64_decode, base64_encode);
    check(text, base64url_decode, base64url_encode);
    CX_CLEANUP(cx_buf_clear) struct cx_buf lines = CX_BUF_INIT(1 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf strict = CX_BUF_INIT(1 << 20);
    cx_err tolerant = base64_decode_lines(text, &lines);
    if (cx_is_ok(base64_decode(text, &strict))) /* tolerance adds, it never takes away */
        FUZZ_REQUIRE(cx_is_ok(tolerant) && cx_bytes_eq(cx_buf_view(&lines), cx_buf_view(&strict)));
    return 0;
}
