/* Users, groups and PATCH documents of SCIM: the first octet chooses which. What was accepted is within its bounds; a
 * document that says active:false last is seen to say so, whatever else it says. */
#include "tests/fuzz/fuzz.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "core/provisioning/filter.h"
#include "core/provisioning/group_change.h"
#include "core/provisioning/user_change.h"

static void try_user(struct cx_bytes body, bool patch, struct arena *arena)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct scim_user_document document;
    cx_err err = patch ? scim_user_patch_read(body, arena, &diag, &document)
                       : scim_user_read(body, arena, &diag, &document);
    if (cx_failed(err))
        return;
    for (int i = 0; i < SCIM_TEXT_COUNT; i++) {
        FUZZ_REQUIRE(cx_utf8_count(document.change.text[i]) <= SCIM_TEXT_MAX);
        FUZZ_REQUIRE(document.change.set[i] || document.change.text[i].len == 0);
    }
    FUZZ_REQUIRE(!document.change.set[SCIM_USER_NAME] ||
                 document.change.text[SCIM_USER_NAME].len > 0);
    FUZZ_REQUIRE(document.refused.count == 0 || document.refused.diag.rule[0]);
    if (document.refused.count == 0)
        FUZZ_REQUIRE(document.deactivates ==
                     (document.change.set_active && !document.change.active));
}

static void try_group(struct cx_bytes body, bool patch, struct arena *arena)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct scim_group_document document;
    cx_err err = patch ? scim_group_patch_read(body, arena, &diag, &document)
                       : scim_group_read(body, arena, &diag, &document);
    if (cx_failed(err))
        return;
    FUZZ_REQUIRE(document.member_count <= SCIM_MEMBERS_MAX);
    FUZZ_REQUIRE(document.refused.count == 0 || document.refused.diag.rule[0]);
    for (const struct scim_step *step = document.steps; step; step = step->next) {
        FUZZ_REQUIRE(step->member_count <= SCIM_MEMBERS_MAX);
        FUZZ_REQUIRE(cx_utf8_count(step->text) <= SCIM_TEXT_MAX);
        FUZZ_REQUIRE(step->kind != SCIM_STEP_NAME || step->text.len > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 24);
    if (size == 0)
        return 0;
    struct cx_bytes rest = CX_BYTES(data + 1, size - 1);
    if (data[0] % 4 < 2)
        try_user(rest, data[0] % 2, &arena);
    else
        try_group(rest, data[0] % 2, &arena);
    return 0;
}
