/* Identifiers: one spelling, one type, and a refusal leaves its output alone. */
#include "base/id.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_str text = {(const char *)data, size};
    int types = 0;
    for (int type = 0; type < CX_ID_COUNT; type++) {
        struct cx_id id = {{0xA5}};
        char again[CX_ID_TEXT_MAX];
        if (cx_failed(cx_id_parse((enum cx_id_type)type, text, &id))) {
            FUZZ_REQUIRE(cx_id_eq(id, (struct cx_id){{0xA5}}));
            continue;
        }
        types++;
        cx_id_format((enum cx_id_type)type, id, again);
        FUZZ_REQUIRE(cx_str_is(text, again));
    }
    FUZZ_REQUIRE(types <= 1);
    return 0;
}
