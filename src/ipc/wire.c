/* Octets are moved one by one, so neither the machine's byte order nor alignment matters. */
#include "ipc/wire.h"

enum { PRINT_HEX_MAX = 64 };

static cx_err take(struct ipc_reader *in, size_t len, const uint8_t **ret_ptr)
{
    if (in->left < len)
        return CX_ERR(PARSE);
    *ret_ptr = in->ptr;
    if (len > 0)
        in->ptr += len;
    in->left -= len;
    return CX_OK;
}

static cx_err get_unsigned(struct ipc_reader *in, size_t width, uint64_t *ret_value)
{
    const uint8_t *p = NULL;
    CX_TRY(take(in, width, &p));
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)p[i] << (8 * i);
    *ret_value = value;
    return CX_OK;
}

static cx_err put_unsigned(struct cx_buf *out, uint64_t value, size_t width)
{
    uint8_t octets[8] = {0};
    for (size_t i = 0; i < width; i++)
        octets[i] = (uint8_t)(value >> (8 * i));
    return cx_buf_add(out, CX_BYTES(octets, width));
}

cx_err ipc_get_u8(struct ipc_reader *in, uint8_t *ret_value)
{
    uint64_t value = 0;
    CX_TRY(get_unsigned(in, 1, &value));
    *ret_value = (uint8_t)value;
    return CX_OK;
}

cx_err ipc_get_u16(struct ipc_reader *in, uint16_t *ret_value)
{
    uint64_t value = 0;
    CX_TRY(get_unsigned(in, 2, &value));
    *ret_value = (uint16_t)value;
    return CX_OK;
}

cx_err ipc_get_u32(struct ipc_reader *in, uint32_t *ret_value)
{
    uint64_t value = 0;
    CX_TRY(get_unsigned(in, 4, &value));
    *ret_value = (uint32_t)value;
    return CX_OK;
}

cx_err ipc_get_u64(struct ipc_reader *in, uint64_t *ret_value)
{
    return get_unsigned(in, 8, ret_value);
}

cx_err ipc_get_i64(struct ipc_reader *in, int64_t *ret_value)
{
    uint64_t value = 0;
    CX_TRY(get_unsigned(in, 8, &value));
    *ret_value = (int64_t)value; /* two's complement on every compiler we build with */
    return CX_OK;
}

cx_err ipc_get_bool(struct ipc_reader *in, bool *ret_value)
{
    uint8_t value = 0;
    CX_TRY(ipc_get_u8(in, &value));
    if (value > 1)
        return CX_ERR(PARSE);
    *ret_value = value == 1;
    return CX_OK;
}

cx_err ipc_get_fixed(struct ipc_reader *in, uint8_t *ret_bytes, size_t len)
{
    const uint8_t *p = NULL;
    CX_TRY(take(in, len, &p));
    memcpy(ret_bytes, p, len);
    return CX_OK;
}

cx_err ipc_get_bytes(struct ipc_reader *in, size_t max, struct cx_bytes *ret_bytes)
{
    uint32_t len = 0;
    CX_TRY(ipc_get_u32(in, &len));
    if (len > max)
        return CX_ERR(LIMIT);
    const uint8_t *p = NULL;
    CX_TRY(take(in, len, &p));
    *ret_bytes = CX_BYTES(p, len);
    return CX_OK;
}

cx_err ipc_get_str(struct ipc_reader *in, size_t max, struct cx_str *ret_text)
{
    struct cx_bytes bytes = CX_BYTES_NONE;
    CX_TRY(ipc_get_bytes(in, max, &bytes));
    return cx_str_view(bytes, ret_text);
}

cx_err ipc_get_count(struct ipc_reader *in, size_t max, size_t item_min, size_t *ret_count)
{
    uint32_t count = 0;
    CX_TRY(ipc_get_u32(in, &count));
    if (count > max)
        return CX_ERR(LIMIT);
    if (count > in->left / item_min)
        return CX_ERR(PARSE);
    *ret_count = count;
    return CX_OK;
}

cx_err ipc_get_end(const struct ipc_reader *in)
{
    return in->left == 0 ? CX_OK : CX_ERR(PARSE);
}

cx_err ipc_put_u8(struct cx_buf *out, uint8_t value)
{
    return cx_buf_add_u8(out, value);
}

cx_err ipc_put_u16(struct cx_buf *out, uint16_t value)
{
    return put_unsigned(out, value, 2);
}

cx_err ipc_put_u32(struct cx_buf *out, uint32_t value)
{
    return put_unsigned(out, value, 4);
}

cx_err ipc_put_u64(struct cx_buf *out, uint64_t value)
{
    return put_unsigned(out, value, 8);
}

cx_err ipc_put_i64(struct cx_buf *out, int64_t value)
{
    return put_unsigned(out, (uint64_t)value, 8);
}

cx_err ipc_put_count(struct cx_buf *out, size_t count, size_t max)
{
    if (count > max || count > UINT32_MAX)
        return CX_ERR(LIMIT);
    return put_unsigned(out, count, 4);
}

cx_err ipc_put_bytes(struct cx_buf *out, struct cx_bytes bytes, size_t max)
{
    CX_TRY(ipc_put_count(out, bytes.len, max));
    return cx_buf_add(out, bytes);
}

cx_err ipc_put_str(struct cx_buf *out, struct cx_str text, size_t max)
{
    return ipc_put_bytes(out, cx_str_bytes(text), max);
}

cx_err ipc_print_text(struct cx_buf *out, struct cx_str text)
{
    CX_TRY(cx_buf_add_u8(out, '"'));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (c == '"' || c == '\\' || c < 0x20 || c == 0x7f)
            CX_TRY(cx_buf_addf(out, "\\u%04x", c));
        else
            CX_TRY(cx_buf_add_u8(out, c));
    }
    return cx_buf_add_u8(out, '"');
}

cx_err ipc_print_hex(struct cx_buf *out, struct cx_bytes bytes)
{
    CX_TRY(cx_buf_add_u8(out, '"'));
    for (size_t i = 0; i < bytes.len && i < PRINT_HEX_MAX; i++)
        CX_TRY(cx_buf_addf(out, "%02x", bytes.ptr[i]));
    if (bytes.len > PRINT_HEX_MAX)
        CX_TRY(cx_buf_addf(out, "... (%zu octets)", bytes.len));
    return cx_buf_add_u8(out, '"');
}
