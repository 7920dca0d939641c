#include "codec/base64.h"
#include "base/checked.h"

struct alphabet {
    const char *characters;
    char high[2]; /* the characters of 62 and 63 */
    bool padded;
    bool skip_lines;
};

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const struct alphabet STANDARD = {LETTERS_AND_DIGITS "+/", {'+', '/'}, true, false};
static const struct alphabet LINES = {LETTERS_AND_DIGITS "+/", {'+', '/'}, true, true};
static const struct alphabet URL = {LETTERS_AND_DIGITS "-_", {'-', '_'}, false, false};

static int value_of(const struct alphabet *alphabet, char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == alphabet->high[0])
        return 62;
    return c == alphabet->high[1] ? 63 : -1;
}

static cx_err encode(const struct alphabet *alphabet, struct cx_bytes bytes, struct cx_buf *out)
{
    size_t groups = bytes.len / 3;
    size_t tail = bytes.len % 3;
    size_t room = 0;
    if (!cx_mul_size(groups + 1, 4, &room))
        return CX_ERR(LIMIT);
    room = groups * 4 + (tail == 0 ? 0 : alphabet->padded ? 4 : tail + 1);
    CX_TRY(cx_buf_reserve(out, room));
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t left = bytes.len - at;
        uint32_t bits = (uint32_t)bytes.ptr[at] << 16;
        bits |= left > 1 ? (uint32_t)bytes.ptr[at + 1] << 8 : 0;
        bits |= left > 2 ? bytes.ptr[at + 2] : 0;
        size_t used = left > 2 ? 4 : left + 1;
        for (size_t i = 0; i < used; i++)
            out->ptr[out->len++] = (uint8_t)alphabet->characters[bits >> (18 - 6 * i) & 0x3f];
        for (size_t i = used; i < 4 && alphabet->padded; i++)
            out->ptr[out->len++] = '=';
    }
    return CX_OK;
}

/* Collects characters of six bits; after the last, the group in hand says what was left over. */
struct group {
    uint32_t bits;
    unsigned count;
    unsigned padding;
};

static cx_err finish(const struct alphabet *alphabet, const struct group *group, struct cx_buf *out)
{
    unsigned padding = group->count == 0 ? 0 : 4 - group->count;
    if (group->count == 1 || group->padding != (alphabet->padded ? padding : 0))
        return CX_ERR(PARSE);
    if (group->count == 0)
        return CX_OK;
    unsigned octets = group->count - 1;
    unsigned spare = group->count * 6 - octets * 8;
    if (group->bits & ((1u << spare) - 1)) /* RFC 4648 §3.5: pad bits are zero */
        return CX_ERR(PARSE);
    for (unsigned i = 0; i < octets; i++)
        CX_TRY(cx_buf_add_u8(out, (uint8_t)(group->bits >> (spare + 8 * (octets - 1 - i)))));
    return CX_OK;
}

static cx_err decode_into(const struct alphabet *alphabet, struct cx_str text, struct cx_buf *out)
{
    struct group group = {0, 0, 0};
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        if (alphabet->skip_lines && (c == '\r' || c == '\n'))
            continue;
        if (c == '=' && alphabet->padded && group.padding < 2) {
            group.padding++;
            continue;
        }
        int value = value_of(alphabet, c);
        if (value < 0 || group.padding > 0)
            return CX_ERR(PARSE);
        group.bits = group.bits << 6 | (uint32_t)value;
        if (++group.count == 4) {
            uint8_t octets[3] = {(uint8_t)(group.bits >> 16), (uint8_t)(group.bits >> 8),
                                 (uint8_t)group.bits};
            CX_TRY(cx_buf_add(out, CX_BYTES(octets, 3)));
            group = (struct group){0, 0, 0};
        }
    }
    return finish(alphabet, &group, out);
}

static cx_err decode(const struct alphabet *alphabet, struct cx_str text, struct cx_buf *out)
{
    size_t before = out->len;
    cx_err err = decode_into(alphabet, text, out);
    if (cx_failed(err))
        out->len = before;
    return err;
}

cx_err base64_encode(struct cx_bytes bytes, struct cx_buf *out)
{
    return encode(&STANDARD, bytes, out);
}

cx_err base64_decode(struct cx_str text, struct cx_buf *out)
{
    return decode(&STANDARD, text, out);
}

cx_err base64_decode_lines(struct cx_str text, struct cx_buf *out)
{
    return decode(&LINES, text, out);
}

cx_err base64url_encode(struct cx_bytes bytes, struct cx_buf *out)
{
    return encode(&URL, bytes, out);
}

cx_err base64url_decode(struct cx_str text, struct cx_buf *out)
{
    return decode(&URL, text, out);
}

size_t base64url_len(size_t len)
{
    size_t len4 = 0;
    if (!cx_mul_size(len, 4, &len4) || len4 > SIZE_MAX - 2)
        return SIZE_MAX;
    return (len4 + 2) / 3;
}
