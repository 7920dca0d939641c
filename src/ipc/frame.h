/*
 * Frames: the unit on every channel between processes.
 *
 *   u32 length (of all that follows, 12 … frame_max - 4) | u16 message number | u16 version |
 *   u64 request id | payload                                             (little-endian)
 *
 * The reader knows who may send what: a frame whose number, version, direction, state, length or
 * descriptor does not fit the schema is refused before memory is taken for it. After any error the
 * channel is out of step and must be closed.
 * Threads: one reader and one writer at a time for each socket; callers lock.
 * Errors: CX_E_IO (peer gone, deadline, broken socket), CX_E_PARSE (forbidden or malformed),
 * CX_E_LIMIT (over the message's maximum), CX_E_NOMEM.
 */
#pragma once
#include "base/bytes.h"
#include "base/clock.h"
#include "ipc/ipc_messages.h"

enum { IPC_HEADER_LEN = 16 };

/* Once a frame has begun, the rest of it (either way) must move within this time. */
#define IPC_FRAME_TIMEOUT_US (10 * CX_US_PER_S)
#define IPC_WAIT_FOREVER INT64_C(-1)

/* What a receiver accepts: this direction (or any>any), in this state (one enum ipc_state bit). */
struct ipc_rules {
    enum ipc_direction direction;
    uint32_t state;
};

struct ipc_frame {
    const struct ipc_message *message;
    uint64_t request_id;
    struct cx_buf payload; /* owned */
    int fd;                /* owned; -1 when the message carries none */
};

#define IPC_FRAME_INIT ((struct ipc_frame){NULL, 0, CX_BUF_INIT(0), -1})
void ipc_frame_clear(struct ipc_frame *frame); /* wipes the payload, closes the descriptor */

/* Waits at most wait_us for the first octet (IPC_WAIT_FOREVER: no limit), then reads one frame. */
cx_err ipc_frame_read(int sock, const struct ipc_rules *rules, int64_t wait_us,
                      struct ipc_frame *ret_frame);

/* A channel whose frames never carry descriptors is read ahead, so that a busy one costs one system call for many
 * frames. One reader a socket from its first octet on, starting zeroed; a descriptor that arrives is closed and
 * breaks the rules (CX_E_PARSE). Otherwise as ipc_frame_read with IPC_WAIT_FOREVER. */
enum { IPC_AHEAD_MAX = 16 * 1024 };
struct ipc_reader {
    size_t at, end;
    uint8_t ahead[IPC_AHEAD_MAX];
};
cx_err ipc_reader_next(struct ipc_reader *reader, int sock, const struct ipc_rules *rules,
                       struct ipc_frame *ret_frame);

/* Sends one frame; fd is -1 unless the message carries one, and stays the caller's. Refuses
 * (CX_E_LIMIT) a payload over the message's maximum before the first octet leaves. */
cx_err ipc_frame_write(int sock, uint16_t number, uint64_t request_id, struct cx_bytes payload,
                       int fd);
