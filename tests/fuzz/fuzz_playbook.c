/* Playbooks: a refusal says why; what is accepted is within its bounds, and the same after writing and reading. */
#include "base/cleanup.h"
#include "core/playbook/cacao.h"
#include "tests/fuzz/fuzz.h"

static void require_steps(const struct playbook *playbook)
{
    FUZZ_REQUIRE(playbook_name_is(playbook->name) && playbook->applies.types);
    FUZZ_REQUIRE(playbook->step_count >= 1 && playbook->step_count <= PLAYBOOK_STEPS_MAX);
    for (size_t i = 0; i < playbook->step_count; i++) {
        const struct playbook_step *step = &playbook->steps[i];
        FUZZ_REQUIRE(playbook_step_of(playbook, step->id) == step); /* ids differ */
        FUZZ_REQUIRE(step->after_step < (int)i);
        FUZZ_REQUIRE((step->kind == PLAYBOOK_DUTY) == (step->duty.len > 0));
        FUZZ_REQUIRE(!step->within.len || step->limit.value > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(4 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct playbook playbook, again;
    struct playbook_differences found;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(4 * PLAYBOOK_MAX);
    cx_err err = playbook_parse(&arena, CX_BYTES(data, size), &diag, &playbook);
    if (cx_is_ok(err)) {
        require_steps(&playbook);
        FUZZ_REQUIRE(cx_is_ok(playbook_write(&playbook, &out)));
        if (out.len <= PLAYBOOK_MAX) { /* quoting makes it longer */
            FUZZ_REQUIRE(cx_is_ok(playbook_parse(&arena, cx_buf_view(&out), &diag, &again)));
            playbook_compare(&playbook, &again, &found);
            FUZZ_REQUIRE(found.count == 0 && !found.scope_changed);
        }
    } else {
        FUZZ_REQUIRE(diag.text[0] || err.code == CX_E_LIMIT || err.code == CX_E_NOMEM);
    }
    arena_clear(&arena);
    return 0;
}
