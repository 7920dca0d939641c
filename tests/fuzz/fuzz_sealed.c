/* Sealed fields: only the untouched envelope of this place opens, and to the content that was sealed. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "core/protect/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t data_key[32] = {1}, nonce[ENVELOPE_NONCE_LEN] = {2};
    const struct protect_place place = {
        .tenant_id = {{1}}, .table = "person", .column = "email", .row = CX_BYTES("r", 1)};
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4 << 20);
    struct envelope_key key;
    struct cx_sealed sealed;
    struct cx_bytes plaintext;
    FUZZ_REQUIRE(cx_is_ok(envelope_key_init(CX_BYTES(data_key, sizeof(data_key)), 1, &key)));
    /* The input as an envelope: forging one means finding a commitment and a tag. */
    struct cx_sealed forged = {.envelope = CX_BYTES(data, size)};
    FUZZ_REQUIRE(
        cx_failed(envelope_open(&key, &place, PROTECT_SCHEMA, forged, &arena, &plaintext)));
    if (size > 65536)
        return 0;
    /* The input as content: it comes back, and not when a byte of the envelope is another. */
    FUZZ_REQUIRE(cx_is_ok(
        envelope_seal(&key, &place, PROTECT_SCHEMA, nonce, CX_BYTES(data, size), &arena, &sealed)));
    FUZZ_REQUIRE(cx_is_ok(envelope_open(&key, &place, PROTECT_SCHEMA, sealed, &arena, &plaintext)));
    FUZZ_REQUIRE(cx_bytes_eq(plaintext, CX_BYTES(data, size)));
    struct cx_bytes copy;
    FUZZ_REQUIRE(cx_is_ok(arena_copy(&arena, sealed.envelope, &copy)));
    uint8_t *byte = (uint8_t *)(uintptr_t)copy.ptr + (size ? data[0] : 0) % copy.len;
    *byte ^= 0x40;
    forged.envelope = copy;
    FUZZ_REQUIRE(
        cx_failed(envelope_open(&key, &place, PROTECT_SCHEMA, forged, &arena, &plaintext)));
    return 0;
}
