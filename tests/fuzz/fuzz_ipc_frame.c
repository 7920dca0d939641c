/* Frames of a channel: the first two octets choose who reads in which state, the rest comes over the socket. Both readers
 * take the same frames, what is taken is written to the same octets, and nothing blocks when the peer is gone. */
#include "base/cleanup.h"
#include "ipc/frame.h"
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_MAX = 32 * 1024 };

static int peer_that_said(const uint8_t *data, size_t size)
{
    int ends[2];
    FUZZ_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    FUZZ_REQUIRE(size == 0 || send(ends[0], data, size, MSG_NOSIGNAL) == (ssize_t)size);
    FUZZ_REQUIRE(close(ends[0]) == 0);
    return ends[1];
}

static void require_same_octets(const struct ipc_frame *frame, const uint8_t *data)
{
    uint8_t written[IPC_HEADER_LEN + INPUT_MAX];
    size_t size = IPC_HEADER_LEN + frame->payload.len;
    int ends[2];
    FUZZ_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    FUZZ_REQUIRE(cx_is_ok(ipc_frame_write(ends[0], frame->message->number, frame->request_id,
                                          cx_buf_view(&frame->payload), -1)));
    FUZZ_REQUIRE(recv(ends[1], written, sizeof(written), 0) == (ssize_t)size);
    FUZZ_REQUIRE(memcmp(written, data, size) == 0);
    FUZZ_REQUIRE(close(ends[0]) == 0 && close(ends[1]) == 0);
}

/* Frames until one is refused or the peer is gone; how many. */
static size_t read_all(int sock, const struct ipc_rules *rules, const uint8_t *data)
{
    size_t count = 0;
    for (;; count++) {
        CX_CLEANUP(ipc_frame_clear) struct ipc_frame frame = IPC_FRAME_INIT;
        if (cx_failed(ipc_frame_read(sock, rules, IPC_WAIT_FOREVER, &frame)))
            return count;
        FUZZ_REQUIRE(frame.message->direction == rules->direction ||
                     frame.message->direction == IPC_ANY_TO_ANY);
        FUZZ_REQUIRE(frame.message->states & rules->state);
        FUZZ_REQUIRE(!frame.message->carries_fd && frame.fd == -1);
        require_same_octets(&frame, data);
        data += IPC_HEADER_LEN + frame.payload.len;
    }
}

static size_t read_ahead(int sock, const struct ipc_rules *rules)
{
    struct ipc_reader reader = {.at = 0};
    for (size_t count = 0;; count++) {
        CX_CLEANUP(ipc_frame_clear) struct ipc_frame frame = IPC_FRAME_INIT;
        if (cx_failed(ipc_reader_next(&reader, sock, rules, &frame)))
            return count;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size - 2 > INPUT_MAX)
        return 0;
    const struct ipc_rules rules = {(enum ipc_direction)(data[0] % (IPC_OUTBOUND_TO_CORE + 1)),
                                    1u << (data[1] % 4)};
    CX_AUTO_CLOSE int one = peer_that_said(data + 2, size - 2);
    CX_AUTO_CLOSE int other = peer_that_said(data + 2, size - 2);
    FUZZ_REQUIRE(read_all(one, &rules, data + 2) == read_ahead(other, &rules));
    return 0;
}
