/* Audit exports: never a crash, a refusal always says why, and what verifies has a checkpoint at its end. */
#include "tests/fuzz/fuzz.h"
#include "core/audit/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct audit_verify_options options = {0};
    struct audit_verify_result result = {0};
    cx_err verified = audit_verify(CX_BYTES(data, size), &options, &diag, &result);
    if (cx_is_ok(verified))
        FUZZ_REQUIRE(result.size > result.from && result.checkpoint_count > 0);
    else
        FUZZ_REQUIRE(verified.code == CX_E_NOMEM || (diag.rule[0] && diag.text[0]));
    return 0;
}
