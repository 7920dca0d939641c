#include "host/key_list_text.h"

#include "base/cleanup.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/key_list.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS = 2 * CRYPTO_SHA256_LEN, LIST_MAX = 64 * 1024 * 1024 };

static cx_err refuse(struct cx_diag *diag, size_t line, const char *reason)
{
    return cx_refuse(diag, CX_ERR(PARSE), "FILE", "key-list-line",
                     "Line %zu: %s; nothing was taken from the file.", line, reason);
}

static cx_err read_line(struct cx_str line, size_t number, struct cx_diag *diag, struct cx_buf *out)
{
    if (line.len > KEY_LIST_LINE_MAX)
        return refuse(diag, number, "it is longer than 1024 octets");
    if (memchr(line.ptr, '\0', line.len))
        return refuse(diag, number, "it holds an octet 0: this is not a text file");
    if (line.len == 0 || line.ptr[0] == '#')
        return CX_OK;
    size_t digits = 0;
    while (digits < line.len && hex_digit(line.ptr[digits]) >= 0)
        digits++;
    if (digits == 0)
        return refuse(diag, number, "it starts with no hexadecimal digit and no '#'");
    if (digits < line.len && line.ptr[digits] != ' ' && line.ptr[digits] != '\t')
        return refuse(diag, number, "the digits are followed by something other than a space");
    if (digits != DIGITS)
        return refuse(diag, number,
                      "a SHA-256 has 64 hexadecimal digits, and these are not as many");
    return hex_decode((struct cx_str){line.ptr, DIGITS}, out);
}

static int by_digest(const void *a, const void *b)
{
    return cx_bytes_cmp(CX_BYTES(a, CRYPTO_SHA256_LEN), CX_BYTES(b, CRYPTO_SHA256_LEN));
}

static cx_err write_sorted(struct cx_buf *digests, struct cx_buf *out)
{
    qsort(digests->ptr, digests->len / CRYPTO_SHA256_LEN, CRYPTO_SHA256_LEN, by_digest);
    CX_TRY(cx_buf_add(out, CX_BYTES(crypto_key_list_magic, CRYPTO_KEY_LIST_MAGIC_LEN)));
    for (size_t at = 0; at < digests->len; at += CRYPTO_SHA256_LEN)
        if (at == 0 || by_digest(digests->ptr + at - CRYPTO_SHA256_LEN, digests->ptr + at) != 0)
            CX_TRY(cx_buf_add(out, CX_BYTES(digests->ptr + at, CRYPTO_SHA256_LEN)));
    return CX_OK;
}

cx_err key_list_compile(struct cx_bytes text, struct cx_diag *diag, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf digests = CX_BUF_INIT(LIST_MAX);
    const char *at = (const char *)text.ptr;
    size_t left = text.len;
    for (size_t number = 1; left > 0; number++) {
        const char *end = memchr(at, '\n', left);
        const size_t len = end ? (size_t)(end - at) : left;
        struct cx_str line = {at, len};
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        CX_TRY(read_line(line, number, diag, &digests));
        at += end ? len + 1 : len;
        left -= end ? len + 1 : len;
    }
    if (digests.len == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "FILE", "key-list-empty", "The file names no key.");
    return write_sorted(&digests, out);
}
