/* Headers that core reads: an address is one that is read again alike, a certificate one DER object without more, a reason one
 * line that goes into details and comes out of them. */
#include "core/api/identity.h"
#include "core/api/reason.h"
#include "base/cleanup.h"
#include "tests/fuzz/fuzz.h"

static void read_reason(struct cx_str text, struct arena *arena)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_str reason, details, again;
    if (cx_failed(api_reason_read(text, arena, &diag, &reason))) {
        FUZZ_REQUIRE(diag.rule[0] != 0);
        return;
    }
    FUZZ_REQUIRE(reason.len <= API_REASON_MAX && (reason.len == 0) == (text.len == 0));
    FUZZ_REQUIRE(!reason.len || !memchr(reason.ptr, '\n', reason.len));
    FUZZ_REQUIRE(cx_is_ok(api_reason_add(CX_STR(""), reason, arena, &details)));
    FUZZ_REQUIRE(cx_is_ok(api_reason_add(details, reason, arena, &again)));
    FUZZ_REQUIRE(cx_str_eq(details, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    struct cx_str text = {(const char *)data, size}, address, again;
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_bytes der;
    if (cx_is_ok(api_identity_address(text, &diag, &address)) && address.len) {
        FUZZ_REQUIRE(cx_str_eq(address, text));
        FUZZ_REQUIRE(cx_is_ok(api_identity_address(address, &diag, &again)));
        FUZZ_REQUIRE(cx_str_eq(address, again));
    }
    if (cx_is_ok(api_identity_certificate(text, &arena, &diag, &der)))
        FUZZ_REQUIRE(der.len == 0 ? text.len == 0 : der.len < API_CLIENT_CERT_MAX);
    else
        FUZZ_REQUIRE(diag.rule[0] != 0);
    read_reason(text, &arena);
    return 0;
}
