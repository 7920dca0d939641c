/*
 * Primitives of the message encoding, used by the generated ipc_messages.c only.
 *
 * Little-endian fixed widths; length and count prefixes are u32. Readers advance only on success
 * and never read beyond what they were given. CX_E_PARSE: too short, not canonical. CX_E_LIMIT:
 * over the maximum.
 */
#pragma once
#include "base/arena.h"

struct ipc_reader {
    const uint8_t *ptr;
    size_t left;
};

cx_err ipc_get_u8(struct ipc_reader *in, uint8_t *ret_value);
cx_err ipc_get_u16(struct ipc_reader *in, uint16_t *ret_value);
cx_err ipc_get_u32(struct ipc_reader *in, uint32_t *ret_value);
cx_err ipc_get_u64(struct ipc_reader *in, uint64_t *ret_value);
cx_err ipc_get_i64(struct ipc_reader *in, int64_t *ret_value);
cx_err ipc_get_bool(struct ipc_reader *in, bool *ret_value);
cx_err ipc_get_fixed(struct ipc_reader *in, uint8_t *ret_bytes, size_t len);
cx_err ipc_get_bytes(struct ipc_reader *in, size_t max, struct cx_bytes *ret_bytes);
cx_err ipc_get_str(struct ipc_reader *in, size_t max, struct cx_str *ret_text);
/* A count whose records, of at least item_min octets each, can fit what is left: no memory is taken
 * for a count that the frame cannot hold. */
cx_err ipc_get_count(struct ipc_reader *in, size_t max, size_t item_min, size_t *ret_count);
/* CX_E_PARSE unless everything was read. */
cx_err ipc_get_end(const struct ipc_reader *in);

cx_err ipc_put_u8(struct cx_buf *out, uint8_t value);
cx_err ipc_put_u16(struct cx_buf *out, uint16_t value);
cx_err ipc_put_u32(struct cx_buf *out, uint32_t value);
cx_err ipc_put_u64(struct cx_buf *out, uint64_t value);
cx_err ipc_put_i64(struct cx_buf *out, int64_t value);
cx_err ipc_put_bytes(struct cx_buf *out, struct cx_bytes bytes, size_t max);
cx_err ipc_put_str(struct cx_buf *out, struct cx_str text, size_t max);
cx_err ipc_put_count(struct cx_buf *out, size_t count, size_t max);

/* JSON: a quoted, escaped string; hexadecimal, cut after 64 octets with the length named. */
cx_err ipc_print_text(struct cx_buf *out, struct cx_str text);
cx_err ipc_print_hex(struct cx_buf *out, struct cx_bytes bytes);
