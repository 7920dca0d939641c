#include "codec/base32.h"

cx_err base32_encode(struct cx_bytes bytes, struct cx_buf *out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = (bits << 8 | bytes.ptr[i]) & 0xfff;
        bit_count += 8;
        while (bit_count >= 5) {
            bit_count -= 5;
            CX_TRY(cx_buf_add_u8(out, (uint8_t)alphabet[bits >> bit_count & 31]));
        }
    }
    if (bit_count == 0)
        return CX_OK;
    return cx_buf_add_u8(out, (uint8_t)alphabet[bits << (5 - bit_count) & 31]);
}
