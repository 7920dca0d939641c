/* CACAO documents: a refusal says why; what is accepted is the same playbook after writing and reading. */
#include "base/cleanup.h"
#include "core/playbook/cacao.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cacao_defaults nothing, all = {.name = {"foreign", 7},
                                                       .applies = {.types = 1},
                                                       .has_role = true,
                                                       .role = INCIDENT_ROLE_LEAD};
    static const struct cacao_origin origin = {.created_us = 1, .modified_us = 2};
    struct arena arena = ARENA_INIT(8 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct playbook playbook, again;
    struct playbook_differences found;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(8 * CACAO_MAX);
    cx_err err = cacao_read(&arena, CX_BYTES(data, size), &all, &diag, &playbook);
    if (cx_is_ok(err)) {
        FUZZ_REQUIRE(playbook.step_count >= 1 && playbook.step_count <= PLAYBOOK_STEPS_MAX);
        FUZZ_REQUIRE(cx_is_ok(cacao_write(&playbook, &origin, &out)));
        if (out.len <= CACAO_MAX) {
            FUZZ_REQUIRE(cx_is_ok(cacao_read(&arena, cx_buf_view(&out), &nothing, &diag, &again)));
            playbook_compare(&playbook, &again, &found);
            FUZZ_REQUIRE(found.count == 0 && !found.scope_changed);
        }
    } else {
        FUZZ_REQUIRE(diag.text[0] || err.code == CX_E_LIMIT || err.code == CX_E_NOMEM);
    }
    arena_clear(&arena);
    return 0;
}
