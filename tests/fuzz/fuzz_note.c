/* Signed notes, verifier keys and checkpoints: what verifies is what was signed; a key is written as it was read. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "pki/note.h"

static const char example_vkey[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct note_key example, key;
    struct cx_str input = {(const char *)data, size}, text;
    struct checkpoint checkpoint;
    FUZZ_REQUIRE(cx_is_ok(note_key_parse(cx_str_from(example_vkey), &example)));
    if (cx_is_ok(note_verify(input, &example, &text)))
        FUZZ_REQUIRE(text.ptr == input.ptr && text.len < input.len &&
                     text.ptr[text.len - 1] == '\n');
    if (cx_is_ok(checkpoint_parse(input, &checkpoint))) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(NOTE_MAX);
        FUZZ_REQUIRE(cx_is_ok(checkpoint_write(&checkpoint, &out)));
        FUZZ_REQUIRE(out.len <= size && memcmp(out.ptr, data, out.len) == 0);
    }
    if (cx_is_ok(note_key_parse(input, &key))) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(NOTE_VKEY_MAX);
        struct note_key again;
        FUZZ_REQUIRE(cx_is_ok(note_key_write(&key, &out)));
        FUZZ_REQUIRE(
            cx_is_ok(note_key_parse((struct cx_str){(const char *)out.ptr, out.len}, &again)));
        FUZZ_REQUIRE(again.id == key.id);
    }
    return 0;
}
