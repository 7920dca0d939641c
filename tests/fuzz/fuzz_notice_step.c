/* Steps of notices: a refusal names the field; what is accepted has all three parts, without blanks around them. */
#include "core/notify/text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_str text = CX_STR_NONE;
    struct notice_step step;
    struct cx_diag diag = CX_DIAG_INIT;
    if (cx_failed(cx_str_view(CX_BYTES(data, size), &text)))
        return 0;
    if (cx_failed(notice_step_parse(text, &diag, &step))) {
        FUZZ_REQUIRE(strcmp(diag.field, "steps") == 0);
        return 0;
    }
    FUZZ_REQUIRE(step.owner.len > 0 && step.text.len > 0);
    FUZZ_REQUIRE(step.owner.ptr[0] != ' ' && step.text.ptr[step.text.len - 1] != ' ');
    FUZZ_REQUIRE(memchr(step.owner.ptr, ';', step.owner.len) == NULL);
    return 0;
}
