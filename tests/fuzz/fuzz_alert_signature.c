/* The signature header: what is accepted is within its bounds and says what was read. */
#include "core/intake/signature.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct signature signature;
    cx_err err = signature_parse((struct cx_str){(const char *)data, size}, &diag, &signature);
    if (cx_failed(err)) {
        FUZZ_REQUIRE(err.code == CX_E_PARSE && diag.text[0]);
        return 0;
    }
    bool matches = true;
    FUZZ_REQUIRE(signature.time_s >= 0);
    FUZZ_REQUIRE(signature.delivery.len >= 1 && signature.delivery.len <= SIGNATURE_DELIVERY_MAX);
    FUZZ_REQUIRE(size == 2 + signature.seconds.len + 3 + signature.delivery.len + 4 + 64);
    FUZZ_REQUIRE(
        cx_is_ok(signature_matches(&signature, CX_BYTES("k", 1), CX_BYTES("b", 1), &matches)));
    return 0;
}
