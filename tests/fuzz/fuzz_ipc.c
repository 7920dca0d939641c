/* IPC: the first two octets choose the message, the rest is its payload. What decodes encodes to the same octets
 * (there is one encoding), and can be printed. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "ipc/ipc_messages.h"

enum { ARENA_BYTES = 64 << 20, OUT_BYTES = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct ipc_message *message =
        ipc_message_find((uint16_t)((unsigned)data[0] | (unsigned)data[1] << 8));
    if (message == NULL)
        message = &ipc_messages[data[0] % ipc_message_count];
    struct cx_bytes payload = CX_BYTES(data + 2, size - 2);
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_BYTES);
    CX_CLEANUP(cx_buf_clear) struct cx_buf again = CX_BUF_INIT(OUT_BYTES);
    if (cx_failed(message->recode(payload, &arena, &again))) {
        FUZZ_REQUIRE(again.len == 0); /* nothing that was decoded fails to encode */
        return 0;
    }
    FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(&again), payload));
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(OUT_BYTES);
    FUZZ_REQUIRE(cx_is_ok(message->dump(payload, &arena, &text)));
    return 0;
}
