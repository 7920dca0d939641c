/* Checked arithmetic: false on overflow, output untouched then. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool cx_add_size(size_t a, size_t b, size_t *ret_sum)
{
    size_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *ret_sum = sum;
    return true;
}

static inline bool cx_mul_size(size_t a, size_t b, size_t *ret_product)
{
    size_t product = 0;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *ret_product = product;
    return true;
}

static inline bool cx_add_i64(int64_t a, int64_t b, int64_t *ret_sum)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *ret_sum = sum;
    return true;
}

#define CX_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
