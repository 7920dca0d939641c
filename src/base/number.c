#include "base/number.h"

cx_err cx_parse_i64(struct cx_str text, int64_t min, int64_t max, int64_t *ret_value)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t at = negative ? 1 : 0;
    size_t digits = text.len - at;
    if (digits == 0 || (digits > 1 && text.ptr[at] == '0') || (negative && text.ptr[at] == '0'))
        return CX_ERR(PARSE);
    int64_t value = 0;
    for (; at < text.len; at++) {
        if (text.ptr[at] < '0' || text.ptr[at] > '9')
            return CX_ERR(PARSE);
        int64_t digit = text.ptr[at] - '0';
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) /* downwards: INT64_MIN fits */
            return CX_ERR(LIMIT);
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, value, &value))
        return CX_ERR(LIMIT);
    if (value < min || value > max)
        return CX_ERR(LIMIT);
    *ret_value = value;
    return CX_OK;
}
