/* The stored body of a request or an intent: there is one encoding, so what is read is written to the same octets. */
#include "core/issuance/body.h"
#include "base/cleanup.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(8 << 20);
    struct issuance_body body;
    struct cx_bytes again;
    if (cx_failed(issuance_body_parse(CX_BYTES(data, size), &arena, &body)))
        return 0;
    FUZZ_REQUIRE(body.subject_count <= PKI_ATTRIBUTES_MAX && body.name_count <= PKI_NAMES_MAX);
    FUZZ_REQUIRE(cx_is_ok(issuance_body_write(&body, &arena, &again)));
    FUZZ_REQUIRE(cx_bytes_eq(again, CX_BYTES(data, size)));
    return 0;
}
