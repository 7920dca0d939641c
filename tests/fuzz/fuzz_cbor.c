/* An item that was read reads again from its own bytes alone, and the reader has moved past exactly those. */
#include "tests/fuzz/fuzz.h"
#include "codec/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cbor_reader reader = {CX_BYTES(data, size)};
    struct cx_bytes item, again;
    struct cx_str text;
    size_t count = 0;
    if (cx_is_ok(cbor_read_item(&reader, &item))) {
        FUZZ_REQUIRE(item.ptr == data && item.len > 0 && item.len + reader.rest.len == size);
        struct cbor_reader alone = {item};
        FUZZ_REQUIRE(cx_is_ok(cbor_read_item(&alone, &again)));
        FUZZ_REQUIRE(alone.rest.len == 0 && cx_bytes_eq(item, again));
    } else {
        FUZZ_REQUIRE(reader.rest.ptr == data && reader.rest.len == size);
    }
    reader = (struct cbor_reader){CX_BYTES(data, size)};
    if (cx_is_ok(cbor_read_map(&reader, &count)))
        FUZZ_REQUIRE(count <= size);
    if (cx_is_ok(cbor_read_text(&reader, &text)))
        FUZZ_REQUIRE(text.len < size);
    return 0;
}
