/*
 * Bytes and text.
 *
 *   cx_bytes  borrowed bytes: pointer + length, const. The owner outlives the view.
 *   cx_str    borrowed text: valid UTF-8 without NUL inside. Whoever makes one has checked that.
 *   cx_buf    owned, growing bytes whose maximum is named when it is made. Reaching the maximum is
 *             CX_E_LIMIT, a failed allocation CX_E_NOMEM; in both cases the content is unchanged.
 *
 * Network input is never handled as char * with strlen.
 */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cx_bytes {
    const uint8_t *ptr;
    size_t len;
};

struct cx_str {
    const char *ptr;
    size_t len;
};

#define CX_BYTES(p, n) ((struct cx_bytes){(const uint8_t *)(p), (n)})
#define CX_BYTES_NONE ((struct cx_bytes){NULL, 0})
/* Text from a string literal. */
#define CX_STR(literal) ((struct cx_str){"" literal, sizeof(literal) - 1})
#define CX_STR_NONE ((struct cx_str){NULL, 0})
/* For printf: "%.*s". */
#define CX_STR_ARG(s) (int)(s).len, (s).len ? (s).ptr : ""

/* Text from a trusted NUL-terminated string (our own constants, argv). */
struct cx_str cx_str_from(const char *text);
bool cx_str_eq(struct cx_str a, struct cx_str b);
bool cx_str_is(struct cx_str a, const char *literal);
bool cx_str_starts(struct cx_str text, struct cx_str prefix);
bool cx_str_ends(struct cx_str text, struct cx_str suffix);
bool cx_bytes_eq(struct cx_bytes a, struct cx_bytes b); /* not for secrets: crypto_ct_equal */
int cx_bytes_cmp(struct cx_bytes a, struct cx_bytes b); /* memcmp order, shorter first */

static inline struct cx_bytes cx_str_bytes(struct cx_str s)
{
    return (struct cx_bytes){(const uint8_t *)s.ptr, s.len};
}

/* Views bytes as text after checking: valid UTF-8, no NUL. CX_E_PARSE otherwise. */
cx_err cx_str_view(struct cx_bytes bytes, struct cx_str *ret_str);

struct cx_buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    size_t max;
};

#define CX_BUF_INIT(maximum) ((struct cx_buf){NULL, 0, 0, (maximum)})

void cx_buf_clear(struct cx_buf *buf); /* wipes, frees, keeps the maximum: reusable */
void cx_buf_reset(struct cx_buf *buf); /* length 0, keeps the memory */
cx_err cx_buf_reserve(struct cx_buf *buf, size_t extra);
cx_err cx_buf_add(struct cx_buf *buf, struct cx_bytes bytes);
cx_err cx_buf_add_u8(struct cx_buf *buf, uint8_t value);
cx_err cx_buf_add_str(struct cx_buf *buf, struct cx_str text);
cx_err cx_buf_addf(struct cx_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Makes content a C string without counting the NUL in len. */
cx_err cx_buf_terminate(struct cx_buf *buf);

static inline struct cx_bytes cx_buf_view(const struct cx_buf *buf)
{
    return (struct cx_bytes){buf->ptr, buf->len};
}

/* Overwrite with zeros in a way the compiler keeps. */
void cx_wipe(void *ptr, size_t len);
