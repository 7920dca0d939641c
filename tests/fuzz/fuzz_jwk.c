/* JWK: a key that was accepted has one canonical text, which reads back as the same key. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "codec/jwk.h"

enum { TEXT_MAX = 1 << 14 };

static cx_err read_text(struct cx_bytes text, struct arena *arena, struct jwk *ret_jwk)
{
    json_auto_t *root = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    CX_TRY(json_parse(text, TEXT_MAX, &diag, &root));
    struct json_node top = json_top(root);
    return jwk_read(&top, arena, &diag, ret_jwk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(TEXT_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf spki = CX_BUF_INIT(TEXT_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf again_spki = CX_BUF_INIT(TEXT_MAX);
    struct jwk jwk, again;
    if (cx_failed(read_text(CX_BYTES(data, size), &arena, &jwk)))
        return 0;
    FUZZ_REQUIRE(cx_is_ok(jwk_canonical_write(&jwk, &text)));
    FUZZ_REQUIRE(cx_is_ok(jwk_spki_write(&jwk, &spki)));
    FUZZ_REQUIRE(cx_is_ok(read_text(cx_buf_view(&text), &arena, &again)));
    FUZZ_REQUIRE(again.kind == jwk.kind);
    FUZZ_REQUIRE(cx_is_ok(jwk_spki_write(&again, &again_spki)));
    FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(&spki), cx_buf_view(&again_spki)));
    return 0;
}
