/* JWS: what was accepted splits back at its only dot into the header and the payload that were read. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 22);
    CX_CLEANUP(cx_buf_clear) struct cx_buf payload = CX_BUF_INIT(JWS_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    struct jws jws;
    size_t dot = 0;
    if (cx_failed(jws_parse(CX_BYTES(data, size), &arena, &diag, &jws)))
        return 0;
    struct cx_bytes input = jws.signing_input;
    while (dot < input.len && input.ptr[dot] != '.')
        dot++;
    FUZZ_REQUIRE(dot < input.len);
    struct cx_str rest = {(const char *)input.ptr + dot + 1, input.len - dot - 1};
    FUZZ_REQUIRE(cx_is_ok(base64url_decode(rest, &payload)));
    FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(&payload), jws.payload));
    FUZZ_REQUIRE(jws.algorithm < JWS_ALGORITHM_COUNT);
    FUZZ_REQUIRE(jws.signature.len <= JWS_SIGNATURE_MAX);
    return 0;
}
