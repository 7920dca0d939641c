#include "base/bytes.h"
#include "base/checked.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct cx_str cx_str_from(const char *text)
{
    return text ? (struct cx_str){text, strlen(text)} : CX_STR_NONE;
}

bool cx_bytes_eq(struct cx_bytes a, struct cx_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int cx_bytes_cmp(struct cx_bytes a, struct cx_bytes b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool cx_str_eq(struct cx_str a, struct cx_str b)
{
    return cx_bytes_eq(cx_str_bytes(a), cx_str_bytes(b));
}

bool cx_str_is(struct cx_str a, const char *literal)
{
    return cx_str_eq(a, cx_str_from(literal));
}

bool cx_str_starts(struct cx_str text, struct cx_str prefix)
{
    return text.len >= prefix.len && cx_str_eq((struct cx_str){text.ptr, prefix.len}, prefix);
}

bool cx_str_ends(struct cx_str text, struct cx_str suffix)
{
    return text.len >= suffix.len &&
           cx_str_eq((struct cx_str){text.ptr + (text.len - suffix.len), suffix.len}, suffix);
}

cx_err cx_str_view(struct cx_bytes bytes, struct cx_str *ret_str)
{
    if (!cx_utf8_valid(bytes))
        return CX_ERR(PARSE);
    if (bytes.len && memchr(bytes.ptr, 0, bytes.len))
        return CX_ERR(PARSE);
    *ret_str = (struct cx_str){(const char *)bytes.ptr, bytes.len};
    return CX_OK;
}

void cx_wipe(void *ptr, size_t len)
{
    if (ptr && len)
        explicit_bzero(ptr, len);
}

void cx_buf_clear(struct cx_buf *buf)
{
    cx_wipe(buf->ptr, buf->cap);
    free(buf->ptr);
    *buf = CX_BUF_INIT(buf->max);
}

void cx_buf_reset(struct cx_buf *buf)
{
    buf->len = 0;
}

/* Grows by copying into new memory, so that old content is wiped and never left behind by realloc. */
cx_err cx_buf_reserve(struct cx_buf *buf, size_t extra)
{
    size_t need = 0;
    if (!cx_add_size(buf->len, extra, &need) || need > buf->max)
        return CX_ERR(LIMIT);
    if (need <= buf->cap)
        return CX_OK;
    size_t cap = buf->cap ? buf->cap : 64;
    while (cap < need)
        cap = cap > buf->max / 2 ? buf->max : cap * 2;
    uint8_t *grown = malloc(cap);
    if (!grown)
        return CX_ERR(NOMEM);
    if (buf->len)
        memcpy(grown, buf->ptr, buf->len);
    cx_wipe(buf->ptr, buf->cap);
    free(buf->ptr);
    buf->ptr = grown;
    buf->cap = cap;
    return CX_OK;
}

cx_err cx_buf_add(struct cx_buf *buf, struct cx_bytes bytes)
{
    if (bytes.len == 0)
        return CX_OK;
    CX_TRY(cx_buf_reserve(buf, bytes.len));
    memcpy(buf->ptr + buf->len, bytes.ptr, bytes.len);
    buf->len += bytes.len;
    return CX_OK;
}

cx_err cx_buf_add_u8(struct cx_buf *buf, uint8_t value)
{
    return cx_buf_add(buf, CX_BYTES(&value, 1));
}

cx_err cx_buf_add_str(struct cx_buf *buf, struct cx_str text)
{
    return cx_buf_add(buf, cx_str_bytes(text));
}

cx_err cx_buf_addf(struct cx_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (need < 0)
        return CX_ERR(INTERNAL);
    size_t room = 0;
    if (!cx_add_size((size_t)need, 1, &room))
        return CX_ERR(LIMIT);
    CX_TRY(cx_buf_reserve(buf, room));
    va_start(args, format);
    vsnprintf((char *)buf->ptr + buf->len, room, format, args);
    va_end(args);
    buf->len += (size_t)need;
    return CX_OK;
}

cx_err cx_buf_terminate(struct cx_buf *buf)
{
    CX_TRY(cx_buf_reserve(buf, 1));
    buf->ptr[buf->len] = 0;
    return CX_OK;
}
