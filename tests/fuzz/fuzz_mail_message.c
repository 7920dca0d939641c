/* Any octets as a mail: never refused, and what comes out is text within its bounds that fits the contract and a header line. */
#include "base/utf8.h"
#include "outbound/message.h"
#include "tests/fuzz/fuzz.h"

static void require_text(struct cx_str text, size_t max, bool block)
{
    FUZZ_REQUIRE(text.len <= max && cx_utf8_valid(cx_str_bytes(text)));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        FUZZ_REQUIRE((c >= 0x20 && c != 0x7f) || (block && (c == '\n' || c == '\t')));
    }
}

static void require_printable(struct cx_str text, size_t max)
{
    FUZZ_REQUIRE(text.len <= max);
    for (size_t i = 0; i < text.len; i++)
        FUZZ_REQUIRE(text.ptr[i] > 0x20 && text.ptr[i] < 0x7f && text.ptr[i] != '<' &&
                     text.ptr[i] != '>');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    struct arena arena = ARENA_INIT(1 << 22);
    struct message message;
    if (!begun)
        FUZZ_REQUIRE(message_init() > 0);
    begun = true;
    if (size <= MESSAGE_MAX) {
        FUZZ_REQUIRE(cx_is_ok(message_read(CX_BYTES(data, size), &arena, &message)));
        require_printable(message.id, MESSAGE_ID_MAX);
        require_printable(message.sender, MESSAGE_SENDER_MAX);
        require_text(message.subject, MESSAGE_SUBJECT_MAX, false);
        require_text(message.text, MESSAGE_TEXT_MAX, true);
    }
    arena_clear(&arena);
    return 0;
}
