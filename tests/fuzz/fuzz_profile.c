/* Profiles: a refusal says why; what is accepted is within the bounds that others rely on. */
#include "tests/fuzz/fuzz.h"
#include "pki/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct pki_profile profile;
    cx_err err = pki_profile_parse(&arena, CX_BYTES(data, size), &diag, &profile);
    if (cx_is_ok(err)) {
        FUZZ_REQUIRE(profile.name.len >= 1 && profile.name.len <= 64 && profile.version >= 1);
        FUZZ_REQUIRE(profile.kind < PKI_KIND_COUNT && profile.key_types && profile.key_usage);
        FUZZ_REQUIRE(profile.names_min <= profile.names_max && profile.names_max <= PKI_NAMES_MAX);
        FUZZ_REQUIRE(profile.validity_default_s >= 1 &&
                     profile.validity_default_s <= profile.validity_max_s);
    } else {
        FUZZ_REQUIRE(diag.text[0] || err.code == CX_E_LIMIT || err.code == CX_E_NOMEM);
    }
    arena_clear(&arena);
    return 0;
}
