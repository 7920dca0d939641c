/* Test vectors are written in hex. HEX("00ff") is a cx_bytes that lives until the end of the
 * enclosing block. */
#pragma once
#include "base/bytes.h"

enum { TEST_HEX_MAX = 4096 };

struct test_hex {
    uint8_t bytes[TEST_HEX_MAX];
};

static inline unsigned test_hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 32u) - 'a' + 10u;
}

static inline struct cx_bytes test_hex(const char *text, struct test_hex *store)
{
    size_t len = 0;
    for (; text[0] && text[1] && len < TEST_HEX_MAX; text += 2)
        store->bytes[len++] = (uint8_t)(test_hex_digit(text[0]) << 4 | test_hex_digit(text[1]));
    return CX_BYTES(store->bytes, len);
}

#define HEX(text) test_hex((text), &(struct test_hex){{0}})
