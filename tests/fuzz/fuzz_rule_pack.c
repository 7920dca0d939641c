/* Rule packs: a refusal says why; what is accepted is within the bounds that the clocks rely on. */
#include "core/incident/duty.h"
#include "tests/fuzz/fuzz.h"

static void require_duty(const struct rule_pack *pack, const struct rule_duty *duty)
{
    cx_time deadline_us = 0;
    FUZZ_REQUIRE(duty->id.len >= 1 && duty->section.len >= 1 && duty->owed_to.len >= 1);
    FUZZ_REQUIRE(duty->triggers.count >= 1 && duty->triggers.count <= RULE_KINDS_MAX);
    FUZZ_REQUIRE(duty->starts.count >= 1 && duty->satisfiers.count >= 1);
    FUZZ_REQUIRE(duty->from_us >= pack->from_us && duty->until_us <= pack->until_us);
    for (size_t i = 0; i < duty->warning_count; i++)
        FUZZ_REQUIRE(duty->warnings[i] >= 1 && duty->warnings[i] <= 99);
    FUZZ_REQUIRE(cx_is_ok(duty_deadline(&duty->limit, 0, 0, &deadline_us)));
    FUZZ_REQUIRE(duty->limit.unit == RULE_STATED ? deadline_us <= 0 : deadline_us > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct rule_pack pack;
    cx_err err = rule_pack_parse(&arena, CX_BYTES(data, size), &diag, &pack);
    if (cx_is_ok(err)) {
        FUZZ_REQUIRE(pack.name.len >= 1 && pack.version.len >= 1 && pack.from_us < pack.until_us);
        FUZZ_REQUIRE(pack.duty_count >= 1 && pack.duty_count <= RULE_DUTIES_MAX);
        for (size_t i = 0; i < pack.duty_count; i++)
            require_duty(&pack, &pack.duties[i]);
    } else {
        FUZZ_REQUIRE(diag.text[0] || err.code == CX_E_LIMIT || err.code == CX_E_NOMEM);
    }
    arena_clear(&arena);
    return 0;
}
