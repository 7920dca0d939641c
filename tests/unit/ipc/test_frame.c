#include "tests/lib/test.h"
#include "ipc/frame.h"

#include "base/cleanup.h"
#include "os/socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static const struct ipc_rules to_outbound = {IPC_CORE_TO_OUTBOUND, IPC_STATE_SERVING};
static const struct ipc_rules to_role = {IPC_SUPERVISOR_TO_ROLE, IPC_STATE_SERVING};

struct pair {
    int fds[2];
};

static void pair_close(struct pair *pair)
{
    cx_closep(&pair->fds[0]);
    cx_closep(&pair->fds[1]);
}
#define PAIR CX_CLEANUP(pair_close) struct pair

static struct pair pair_open(void)
{
    struct pair pair = {{-1, -1}};
    assert_ok(os_socketpair(pair.fds));
    return pair;
}

/* Sends raw octets and says how the reader judges them; the writing end is closed behind them. */
static cx_err judge(const uint8_t *octets, size_t len, const struct ipc_rules *rules)
{
    PAIR pair = pair_open();
    assert_int_equal(send(pair.fds[0], octets, len, 0), len);
    shutdown(pair.fds[0], SHUT_WR);
    struct ipc_frame frame = IPC_FRAME_INIT;
    cx_err err = ipc_frame_read(pair.fds[1], rules, CX_US_PER_S, &frame);
    assert_true(cx_is_ok(err) || frame.message == NULL); /* untouched on failure */
    ipc_frame_clear(&frame);
    return err;
}

static void header(uint8_t out[16], uint32_t len, uint16_t number, uint16_t version)
{
    memset(out, 0, 16);
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(len >> (8 * i));
    out[4] = (uint8_t)number;
    out[5] = (uint8_t)(number >> 8);
    out[6] = (uint8_t)version;
    out[8] = 42;
}

static void test_round_trip(void **state)
{
    (void)state;
    PAIR pair = pair_open();
    struct cx_buf body = CX_BUF_INIT(4096);
    const struct ipc_outbound_fetch fetch = {CX_STR("http://x/"), 100, 1000};
    assert_ok(ipc_outbound_fetch_write(&body, &fetch));
    assert_ok(ipc_frame_write(pair.fds[0], IPC_OUTBOUND_FETCH, 7, cx_buf_view(&body), -1));
    struct ipc_frame frame = IPC_FRAME_INIT;
    assert_ok(ipc_frame_read(pair.fds[1], &to_outbound, CX_US_PER_S, &frame));
    assert_int_equal(frame.message->number, IPC_OUTBOUND_FETCH);
    assert_int_equal(frame.request_id, 7);
    assert_bytes(cx_buf_view(&frame.payload), body.ptr, body.len);
    ipc_frame_clear(&frame);
    cx_buf_clear(&body);
}

static void test_headers_outside_the_rules_are_refused(void **state)
{
    (void)state;
    uint8_t h[16];
    header(h, 12, IPC_OUTBOUND_PING, IPC_VERSION);
    assert_ok(judge(h, 16, &to_outbound));
    header(h, 12, 60000, IPC_VERSION);
    assert_err(judge(h, 16, &to_outbound), PARSE); /* unknown number */
    header(h, 12, IPC_OUTBOUND_PING, IPC_VERSION + 1);
    assert_err(judge(h, 16, &to_outbound), PARSE); /* other version */
    header(h, 12, IPC_KEYS_GET_STATUS, IPC_VERSION);
    assert_err(judge(h, 16, &to_outbound), PARSE); /* other direction */
    header(h, 11, IPC_OUTBOUND_PING, IPC_VERSION);
    assert_err(judge(h, 16, &to_outbound), PARSE); /* shorter than a header */
    header(h, 0xffffffff, IPC_OUTBOUND_FETCH, IPC_VERSION);
    assert_err(judge(h, 16, &to_outbound), LIMIT); /* over the message's maximum */
    const struct ipc_rules ceremony = {IPC_CORE_TO_OUTBOUND, IPC_STATE_CEREMONY};
    header(h, 12, IPC_OUTBOUND_PING, IPC_VERSION);
    assert_err(judge(h, 16, &ceremony), PARSE); /* not in this state */
    const struct ipc_rules online = {IPC_CORE_TO_KEYS, IPC_STATE_SERVING};
    header(h, 12, IPC_CEREMONY_CA_CREATE, IPC_VERSION);
    assert_err(judge(h, 16, &online), PARSE); /* the online keys process makes no CA */
}

static void test_truncated_frames_are_an_io_error(void **state)
{
    (void)state;
    uint8_t octets[26];
    header(octets, 22, IPC_OUTBOUND_FETCH, IPC_VERSION);
    memset(octets + 16, 0, 10);
    assert_ok(judge(octets, 26, &to_outbound));
    for (size_t len = 1; len < 26; len++)
        assert_err(judge(octets, len, &to_outbound), IO);
}

static void test_silence_ends_with_the_deadline(void **state)
{
    (void)state;
    PAIR pair = pair_open();
    struct ipc_frame frame = IPC_FRAME_INIT;
    int64_t before_us = cx_monotonic_us();
    assert_err(ipc_frame_read(pair.fds[1], &to_outbound, CX_US_PER_S / 20, &frame), IO);
    int64_t took_us = cx_monotonic_us() - before_us;
    assert_true(took_us >= CX_US_PER_S / 20 && took_us < 5 * CX_US_PER_S);
}

static void test_writer_refuses_what_the_reader_would(void **state)
{
    (void)state;
    PAIR pair = pair_open();
    static uint8_t big[5000];
    assert_err(ipc_frame_write(pair.fds[0], IPC_OUTBOUND_FETCH, 1, CX_BYTES(big, sizeof(big)), -1),
               LIMIT);
    assert_err(ipc_frame_write(pair.fds[0], 60000, 1, CX_BYTES_NONE, -1), INTERNAL);
    assert_err(ipc_frame_write(pair.fds[0], IPC_OUTBOUND_PING, 1, CX_BYTES_NONE, pair.fds[1]),
               INTERNAL);
    char left = 0;
    assert_int_equal(recv(pair.fds[1], &left, 1, MSG_DONTWAIT), -1); /* nothing was sent */
    cx_closep(&pair.fds[1]);
    assert_err(ipc_frame_write(pair.fds[0], IPC_OUTBOUND_PING, 1, CX_BYTES_NONE, -1), IO);
}

static bool same_file(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void test_a_descriptor_travels_with_its_message(void **state)
{
    (void)state;
    PAIR pair = pair_open();
    PAIR sent = pair_open();
    struct cx_buf body = CX_BUF_INIT(64);
    const struct ipc_control_channel channel = {CX_STR("keys")};
    assert_ok(ipc_control_channel_write(&body, &channel));
    assert_ok(
        ipc_frame_write(pair.fds[0], IPC_CONTROL_CHANNEL, 0, cx_buf_view(&body), sent.fds[0]));
    struct ipc_frame frame = IPC_FRAME_INIT;
    assert_ok(ipc_frame_read(pair.fds[1], &to_role, CX_US_PER_S, &frame));
    assert_true(same_file(frame.fd, sent.fds[0]));
    assert_int_equal(fcntl(frame.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ipc_frame_clear(&frame);
    /* Missing where it is due. */
    uint8_t h[16];
    header(h, 12 + (uint32_t)body.len, IPC_CONTROL_CHANNEL, IPC_VERSION);
    assert_int_equal(send(pair.fds[0], h, 16, 0), 16);
    assert_int_equal(send(pair.fds[0], body.ptr, body.len, 0), body.len);
    assert_err(ipc_frame_read(pair.fds[1], &to_role, CX_US_PER_S, &frame), PARSE);
    cx_buf_clear(&body);
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Sends a ping frame with descriptors that no ping carries. */
static void send_ping_with_fds(int sock, const int *fds, size_t count)
{
    uint8_t h[16];
    header(h, 12, IPC_CONTROL_PING, IPC_VERSION);
    union {
        char space[CMSG_SPACE(sizeof(int) * 8)];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec iov = {h, sizeof(h)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.space,
                         .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
    assert_int_equal(sendmsg(sock, &msg, 0), 16);
}

static void test_uninvited_descriptors_are_closed_and_refused(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 8; count++) {
        PAIR pair = pair_open();
        int fds[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        send_ping_with_fds(pair.fds[0], fds, count);
        size_t before = open_descriptors();
        struct ipc_frame frame = IPC_FRAME_INIT;
        assert_err(ipc_frame_read(pair.fds[1], &to_role, CX_US_PER_S, &frame), PARSE);
        assert_int_equal(open_descriptors(), before);
    }
}

/* Frames that arrive together, more of them than are read ahead at once, and one in two pieces: each as it was sent. */
static void test_reading_ahead_loses_nothing(void **state)
{
    (void)state;
    PAIR pair = pair_open();
    struct ipc_reader reader = {0};
    struct cx_buf body = CX_BUF_INIT(64 * 1024);
    char url[2000];
    memset(url, 'u', sizeof(url));
    for (uint64_t round = 0; round < 40; round++) {
        const struct ipc_outbound_fetch fetch = {{url, round * 50}, 100, 1000};
        cx_buf_reset(&body);
        assert_ok(ipc_outbound_fetch_write(&body, &fetch));
        assert_ok(ipc_frame_write(pair.fds[0], IPC_OUTBOUND_FETCH, round, cx_buf_view(&body), -1));
    }
    uint8_t h[16];
    header(h, 12, IPC_OUTBOUND_PING, IPC_VERSION);
    assert_int_equal(send(pair.fds[0], h, 5, 0), 5);
    struct ipc_frame frame = IPC_FRAME_INIT;
    for (uint64_t round = 0; round < 40; round++) {
        const struct ipc_outbound_fetch fetch = {{url, round * 50}, 100, 1000};
        cx_buf_reset(&body);
        assert_ok(ipc_outbound_fetch_write(&body, &fetch));
        assert_ok(ipc_reader_next(&reader, pair.fds[1], &to_outbound, &frame));
        assert_int_equal(frame.request_id, round);
        assert_bytes(cx_buf_view(&frame.payload), body.ptr, body.len);
        ipc_frame_clear(&frame);
    }
    assert_int_equal(send(pair.fds[0], h + 5, 11, 0), 11);
    assert_ok(ipc_reader_next(&reader, pair.fds[1], &to_outbound, &frame));
    assert_int_equal(frame.message->number, IPC_OUTBOUND_PING);
    ipc_frame_clear(&frame);
    assert_int_equal(send(pair.fds[0], h, 7, 0), 7);
    shutdown(pair.fds[0], SHUT_WR);
    assert_err(ipc_reader_next(&reader, pair.fds[1], &to_outbound, &frame), IO);
    cx_buf_clear(&body);
}

static void test_reading_ahead_refuses_descriptors(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 8; count++) {
        PAIR pair = pair_open();
        int fds[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        struct ipc_reader reader = {0};
        send_ping_with_fds(pair.fds[0], fds, count);
        size_t before = open_descriptors();
        struct ipc_frame frame = IPC_FRAME_INIT;
        assert_err(ipc_reader_next(&reader, pair.fds[1], &to_role, &frame), PARSE);
        assert_int_equal(open_descriptors(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_headers_outside_the_rules_are_refused),
        cmocka_unit_test(test_truncated_frames_are_an_io_error),
        cmocka_unit_test(test_silence_ends_with_the_deadline),
        cmocka_unit_test(test_writer_refuses_what_the_reader_would),
        cmocka_unit_test(test_a_descriptor_travels_with_its_message),
        cmocka_unit_test(test_uninvited_descriptors_are_closed_and_refused),
        cmocka_unit_test(test_reading_ahead_loses_nothing),
        cmocka_unit_test(test_reading_ahead_refuses_descriptors),
    };
    return cmocka_run_group_tests_name("ipc/frame", tests, NULL, NULL);
}
