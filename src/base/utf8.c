#include "base/utf8.h"

/* Length of the well-formed sequence at p, 0 when ill-formed (Unicode table 3-7). */
static size_t sequence_len(const uint8_t *p, size_t left)
{
    uint8_t b = p[0];
    if (b < 0x80)
        return 1;
    size_t len = b >= 0xC2 && b <= 0xDF   ? 2
                 : (b & 0xF0) == 0xE0     ? 3
                 : b >= 0xF0 && b <= 0xF4 ? 4
                                          : 0;
    if (len == 0 || left < len)
        return 0;
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    if (b == 0xE0)
        low = 0xA0;
    else if (b == 0xED)
        high = 0x9F;
    else if (b == 0xF0)
        low = 0x90;
    else if (b == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool cx_utf8_valid(struct cx_bytes bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        size_t len = sequence_len(bytes.ptr + at, bytes.len - at);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

size_t cx_utf8_count(struct cx_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((uint8_t)text.ptr[i] & 0xC0) != 0x80;
    return count;
}
