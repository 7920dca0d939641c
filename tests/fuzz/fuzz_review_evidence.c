/* Evidence of access reviews: what verifies names an entry inside the log; nothing is taken from a file that does not. */
#include "tests/fuzz/fuzz.h"
#include "core/review/evidence_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct review_verified verified = {.size = 0};
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err = review_evidence_verify(CX_BYTES(data, size), CX_STR_NONE, &diag, &verified);
    if (cx_is_ok(err))
        FUZZ_REQUIRE(verified.index < verified.size && verified.revoked <= verified.items &&
                     !verified.trusted_key);
    else
        FUZZ_REQUIRE(diag.rule[0] != '\0' && verified.size == 0);
    return 0;
}
