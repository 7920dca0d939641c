#include "store/postgres_value.h"

enum { NUMERIC_HEADER_LEN = 8, NUMERIC_BASE = 10000, NUMERIC_NEGATIVE = 0x4000 };

void postgres_write_int8(int64_t value, uint8_t ret_bytes[static 8])
{
    uint64_t bits = (uint64_t)value;
    for (int i = 7; i >= 0; i--) {
        ret_bytes[i] = (uint8_t)bits;
        bits >>= 8;
    }
}

static int64_t read_signed(struct cx_bytes value)
{
    uint64_t bits = value.len && value.ptr[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < value.len; i++)
        bits = bits << 8 | value.ptr[i];
    return (int64_t)bits;
}

static unsigned read_u16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* numeric_send: digit count, weight of the first digit, sign, scale, then digits of base 10,000. */
static int64_t read_numeric(struct cx_bytes value)
{
    if (value.len < NUMERIC_HEADER_LEN)
        return 0;
    size_t digit_count = read_u16(value.ptr);
    int weight = (int16_t)read_u16(value.ptr + 2);
    unsigned sign = read_u16(value.ptr + 4);
    if (value.len != NUMERIC_HEADER_LEN + 2 * digit_count || weight > 4)
        return 0;
    int64_t total = 0;
    for (int i = 0; i <= weight; i++) {
        size_t at = NUMERIC_HEADER_LEN + 2 * (size_t)i;
        int64_t digit = (size_t)i < digit_count ? read_u16(value.ptr + at) : 0;
        if (__builtin_mul_overflow(total, NUMERIC_BASE, &total) ||
            __builtin_add_overflow(total, digit, &total))
            return 0;
    }
    return sign == NUMERIC_NEGATIVE ? -total : total;
}

int64_t postgres_read_int(unsigned type, struct cx_bytes value)
{
    switch (type) {
    case PG_BOOL:
        return value.len == 1 && value.ptr[0] != 0;
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
        return value.len <= 8 ? read_signed(value) : 0;
    case PG_NUMERIC:
        return read_numeric(value);
    default:
        return 0;
    }
}
