/* Sockets stay in blocking mode; each call asks for MSG_DONTWAIT and polls with what is left of the
 * deadline, so neither a slow nor a silent peer can hold a thread for longer than the frame
 * timeout. */
#include "ipc/frame.h"

#include "base/cleanup.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* The kernel delivers at most what fits; two slots make a second descriptor visible, hence
 * refusable. */
enum { FD_SLOTS = 2 };

static void put_le(uint8_t *out, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_le(const uint8_t *in, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

/* deadline_us is monotonic; negative: none. */
static cx_err wait_for(int sock, short events, int64_t deadline_us)
{
    for (;;) {
        int timeout_ms = -1;
        if (deadline_us >= 0) {
            int64_t left_us = deadline_us - cx_monotonic_us();
            if (left_us <= 0)
                return CX_ERR(IO);
            timeout_ms = (int)((left_us + 999) / 1000);
        }
        struct pollfd p = {.fd = sock, .events = events};
        int n = poll(&p, 1, timeout_ms);
        if (n > 0)
            return CX_OK; /* an error or hang-up shows in the following call */
        if (n < 0 && errno != EINTR)
            return CX_ERR(IO);
    }
}

static bool take_fds(struct msghdr *msg, int *ret_fd)
{
    bool fine = (msg->msg_flags & MSG_CTRUNC) == 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd = -1;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            if (*ret_fd < 0) {
                *ret_fd = fd;
            } else {
                close(fd);
                fine = false;
            }
        }
    }
    return fine;
}

/* At least one octet, at most max. */
static cx_err read_some(int sock, uint8_t *buf, size_t max, int64_t deadline_us, int *ret_fd,
                        size_t *ret_len)
{
    for (;;) {
        union {
            char space[CMSG_SPACE(sizeof(int) * FD_SLOTS)];
            struct cmsghdr align;
        } control;
        struct iovec iov = {.iov_base = buf, .iov_len = max};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
        ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n > 0) {
            *ret_len = (size_t)n;
            return msg.msg_controllen > 0 && !take_fds(&msg, ret_fd) ? CX_ERR(PARSE) : CX_OK;
        }
        if (n == 0)
            return CX_ERR(IO);
        if (errno == EAGAIN)
            CX_TRY(wait_for(sock, POLLIN, deadline_us));
        else if (errno != EINTR)
            return CX_ERR(IO);
    }
}

static cx_err read_exactly(int sock, uint8_t *buf, size_t len, int64_t deadline_us, int *ret_fd)
{
    size_t done = 0, got = 0;
    while (done < len) {
        CX_TRY(read_some(sock, buf + done, len - done, deadline_us, ret_fd, &got));
        done += got;
    }
    return CX_OK;
}

static cx_err check_header(const uint8_t header[static IPC_HEADER_LEN],
                           const struct ipc_rules *rules, struct ipc_frame *frame,
                           size_t *ret_payload_len)
{
    uint64_t len = get_le(header, 4);
    const struct ipc_message *message = ipc_message_find((uint16_t)get_le(header + 4, 2));
    if (message == NULL || get_le(header + 6, 2) != IPC_VERSION)
        return CX_ERR(PARSE);
    if (message->direction != rules->direction && message->direction != IPC_ANY_TO_ANY)
        return CX_ERR(PARSE);
    if ((message->states & rules->state) == 0)
        return CX_ERR(PARSE);
    if (len < IPC_HEADER_LEN - 4)
        return CX_ERR(PARSE);
    if (len + 4 > message->frame_max)
        return CX_ERR(LIMIT);
    frame->message = message;
    frame->request_id = get_le(header + 8, 8);
    *ret_payload_len = (size_t)len - (IPC_HEADER_LEN - 4);
    return CX_OK;
}

void ipc_frame_clear(struct ipc_frame *frame)
{
    cx_buf_clear(&frame->payload);
    if (frame->fd >= 0)
        close(frame->fd);
    *frame = IPC_FRAME_INIT;
}

cx_err ipc_frame_read(int sock, const struct ipc_rules *rules, int64_t wait_us,
                      struct ipc_frame *ret_frame)
{
    CX_CLEANUP(ipc_frame_clear) struct ipc_frame frame = IPC_FRAME_INIT;
    uint8_t header[IPC_HEADER_LEN] = {0};
    int64_t first_us = wait_us < 0 ? -1 : cx_monotonic_us() + wait_us;
    CX_TRY(read_exactly(sock, header, 1, first_us, &frame.fd));
    int64_t deadline_us = cx_monotonic_us() + IPC_FRAME_TIMEOUT_US;
    CX_TRY(read_exactly(sock, header + 1, sizeof(header) - 1, deadline_us, &frame.fd));
    size_t len = 0;
    CX_TRY(check_header(header, rules, &frame, &len));
    frame.payload = CX_BUF_INIT(len);
    CX_TRY(cx_buf_reserve(&frame.payload, len));
    CX_TRY(read_exactly(sock, frame.payload.ptr, len, deadline_us, &frame.fd));
    frame.payload.len = len;
    if ((frame.fd >= 0) != frame.message->carries_fd)
        return CX_ERR(PARSE);
    *ret_frame = frame;
    frame = IPC_FRAME_INIT;
    return CX_OK;
}

/* Reads on until want octets are ahead. */
static cx_err look_ahead(struct ipc_reader *reader, int sock, size_t want, int *ret_fd)
{
    int64_t deadline_us = -1;
    if (reader->at > 0) {
        memmove(reader->ahead, reader->ahead + reader->at, reader->end - reader->at);
        reader->end -= reader->at;
        reader->at = 0;
    }
    while (reader->end < want) {
        size_t got = 0;
        if (reader->end > 0 && deadline_us < 0) /* the frame has begun */
            deadline_us = cx_monotonic_us() + IPC_FRAME_TIMEOUT_US;
        CX_TRY(read_some(sock, reader->ahead + reader->end, sizeof(reader->ahead) - reader->end,
                         deadline_us, ret_fd, &got));
        reader->end += got;
    }
    return CX_OK;
}

cx_err ipc_reader_next(struct ipc_reader *reader, int sock, const struct ipc_rules *rules,
                       struct ipc_frame *ret_frame)
{
    CX_CLEANUP(ipc_frame_clear) struct ipc_frame frame = IPC_FRAME_INIT;
    size_t len = 0;
    if (reader->end - reader->at < IPC_HEADER_LEN)
        CX_TRY(look_ahead(reader, sock, IPC_HEADER_LEN, &frame.fd));
    CX_TRY(check_header(reader->ahead + reader->at, rules, &frame, &len));
    reader->at += IPC_HEADER_LEN;
    frame.payload = CX_BUF_INIT(len);
    CX_TRY(cx_buf_reserve(&frame.payload, len));
    size_t there = reader->end - reader->at < len ? reader->end - reader->at : len;
    CX_TRY(cx_buf_add(&frame.payload, CX_BYTES(reader->ahead + reader->at, there)));
    reader->at += there;
    if (there < len)
        CX_TRY(read_exactly(sock, frame.payload.ptr + there, len - there,
                            cx_monotonic_us() + IPC_FRAME_TIMEOUT_US, &frame.fd));
    frame.payload.len = len;
    if (frame.fd >= 0 || frame.message->carries_fd)
        return CX_ERR(PARSE);
    *ret_frame = frame;
    frame = IPC_FRAME_INIT;
    return CX_OK;
}

static void attach_fd(struct msghdr *msg, char *space, size_t space_len, int fd)
{
    msg->msg_control = space;
    msg->msg_controllen = space_len;
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

cx_err ipc_frame_write(int sock, uint16_t number, uint64_t request_id, struct cx_bytes payload,
                       int fd)
{
    const struct ipc_message *message = ipc_message_find(number);
    if (message == NULL || (fd >= 0) != message->carries_fd)
        return CX_ERR(INTERNAL);
    if (payload.len > message->frame_max - IPC_HEADER_LEN)
        return CX_ERR(LIMIT);
    uint8_t header[IPC_HEADER_LEN] = {0};
    put_le(header, IPC_HEADER_LEN - 4 + payload.len, 4);
    put_le(header + 4, number, 2);
    put_le(header + 6, IPC_VERSION, 2);
    put_le(header + 8, request_id, 8);
    int64_t deadline_us = cx_monotonic_us() + IPC_FRAME_TIMEOUT_US;
    size_t done = 0, total = sizeof(header) + payload.len;
    while (done < total) {
        union {
            char space[CMSG_SPACE(sizeof(int))];
            struct cmsghdr align;
        } control = {{0}};
        struct iovec iov[2];
        int iov_count = 0;
        if (done < sizeof(header))
            iov[iov_count++] = (struct iovec){header + done, sizeof(header) - done};
        size_t skip = done > sizeof(header) ? done - sizeof(header) : 0;
        if (skip < payload.len)
            iov[iov_count++] =
                (struct iovec){(void *)(uintptr_t)(payload.ptr + skip), payload.len - skip};
        struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)iov_count};
        if (fd >= 0 && done == 0)
            attach_fd(&msg, control.space, sizeof(control.space), fd);
        ssize_t n = sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno == EAGAIN)
            CX_TRY(wait_for(sock, POLLOUT, deadline_us));
        else if (n == 0 || errno != EINTR)
            return CX_ERR(IO);
    }
    return CX_OK;
}
