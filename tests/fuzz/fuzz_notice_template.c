/* Templates of notices: what is accepted renders, whatever it says. */
#include "base/cleanup.h"
#include "core/notify/text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(1 << 24);
    struct notice_template template;
    struct cx_diag diag = CX_DIAG_INIT;
    if (cx_failed(notice_template_parse(CX_BYTES(data, size), &arena, &diag, &template))) {
        FUZZ_REQUIRE(diag.text[0] != '\0');
        return 0;
    }
    const struct api_notice_content content = {.has_nature = true, .nature = CX_STR("{x}")};
    const struct notice_facts facts = {.content = &content, .has_act_by = true, .all_count = 1};
    FUZZ_REQUIRE(cx_is_ok(notice_subject(&template, &facts, &out)));
    cx_err err = notice_body(&template, &facts, &out);
    FUZZ_REQUIRE(cx_is_ok(err) || err.code == CX_E_LIMIT);
    return 0;
}
