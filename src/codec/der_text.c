/* Character strings of X.680 §41, as far as directory names and general names use them. */
#include "codec/der.h"
#include "base/checked.h"
#include "base/utf8.h"

static bool is_printable(uint8_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return true;
    return c != 0 && memchr(" '()+,-./:=?", c, 12) != NULL;
}

static bool is_numeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || c == ' ';
}

static bool is_visible(uint8_t c)
{
    return c >= 0x20 && c <= 0x7e;
}

static bool is_ia5(uint8_t c)
{
    return c != 0 && c < 0x80;
}

static bool is_latin1(uint8_t c)
{
    return c != 0;
}

static bool all(struct cx_bytes content, bool (*allowed)(uint8_t c))
{
    for (size_t i = 0; i < content.len; i++) {
        if (!allowed(content.ptr[i]))
            return false;
    }
    return true;
}

/* Fixed-width big-endian code points: BMPString (2 octets), UniversalString (4 octets). */
static uint32_t code_point_at(struct cx_bytes content, size_t at, size_t width)
{
    uint32_t point = 0;
    for (size_t i = 0; i < width; i++)
        point = point << 8 | content.ptr[at + i];
    return point;
}

static bool wide_valid(struct cx_bytes content, size_t width)
{
    if (content.len % width != 0)
        return false;
    for (size_t at = 0; at < content.len; at += width) {
        uint32_t point = code_point_at(content, at, width);
        /* Surrogates are UTF-16, which BMPString (UCS-2) is not. */
        if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
    }
    return true;
}

static size_t utf8_put(uint32_t point, char *to)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    size_t extra = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    to[0] = (char)(lead[extra] | point >> (6 * extra));
    for (size_t i = 1; i <= extra; i++)
        to[i] = (char)(0x80 | (point >> (6 * (extra - i)) & 0x3f));
    return extra + 1;
}

static size_t width_of(uint8_t tag)
{
    if (tag == DER_BMP_STRING)
        return 2;
    return tag == DER_UNIVERSAL_STRING ? 4 : 1;
}

bool der_is_text(uint8_t tag)
{
    switch (tag) {
    case DER_UTF8_STRING:
    case DER_NUMERIC_STRING:
    case DER_PRINTABLE_STRING:
    case DER_T61_STRING:
    case DER_IA5_STRING:
    case DER_VISIBLE_STRING:
    case DER_UNIVERSAL_STRING:
    case DER_BMP_STRING:
        return true;
    default:
        return false;
    }
}

bool der_text_valid(uint8_t tag, struct cx_bytes content)
{
    switch (tag) {
    case DER_UTF8_STRING:
        return cx_utf8_valid(content) &&
               (content.len == 0 || memchr(content.ptr, 0, content.len) == NULL);
    case DER_NUMERIC_STRING:
        return all(content, is_numeric);
    case DER_PRINTABLE_STRING:
        return all(content, is_printable);
    case DER_T61_STRING:
        return all(content, is_latin1);
    case DER_IA5_STRING:
        return all(content, is_ia5);
    case DER_VISIBLE_STRING:
        return all(content, is_visible);
    case DER_UNIVERSAL_STRING:
    case DER_BMP_STRING:
        return wide_valid(content, width_of(tag));
    default:
        return false;
    }
}

cx_err der_text_view(struct arena *arena, uint8_t tag, struct cx_bytes content,
                     struct cx_str *ret_text)
{
    if (!der_text_valid(tag, content))
        return CX_ERR(PARSE);
    size_t width = width_of(tag);
    if (width == 1 && tag != DER_T61_STRING) {
        *ret_text = (struct cx_str){(const char *)content.ptr, content.len};
        return CX_OK;
    }
    enum { UTF8_PER_POINT = 4 };
    size_t room = 0;
    if (!cx_mul_size(content.len / width, UTF8_PER_POINT, &room))
        return CX_ERR(LIMIT);
    char *text = NULL;
    CX_TRY(arena_alloc(arena, room, (void **)&text));
    size_t len = 0;
    for (size_t at = 0; at < content.len; at += width)
        len += utf8_put(code_point_at(content, at, width), text + len);
    *ret_text = (struct cx_str){text, len};
    return CX_OK;
}
