#include "codec/hex.h"
#include "base/checked.h"

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

cx_err hex_encode(struct cx_bytes bytes, struct cx_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t room = 0;
    if (!cx_mul_size(bytes.len, 2, &room))
        return CX_ERR(LIMIT);
    CX_TRY(cx_buf_reserve(out, room));
    for (size_t i = 0; i < bytes.len; i++) {
        out->ptr[out->len++] = (uint8_t)digits[bytes.ptr[i] >> 4];
        out->ptr[out->len++] = (uint8_t)digits[bytes.ptr[i] & 0xf];
    }
    return CX_OK;
}

cx_err hex_decode(struct cx_str text, struct cx_buf *out)
{
    if (text.len % 2 != 0)
        return CX_ERR(PARSE);
    CX_TRY(cx_buf_reserve(out, text.len / 2));
    for (size_t i = 0; i < text.len; i++) {
        if (hex_digit(text.ptr[i]) < 0)
            return CX_ERR(PARSE);
    }
    for (size_t i = 0; i < text.len; i += 2)
        out->ptr[out->len++] = (uint8_t)(hex_digit(text.ptr[i]) << 4 | hex_digit(text.ptr[i + 1]));
    return CX_OK;
}
