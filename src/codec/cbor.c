#include "codec/cbor.h"

enum cbor_major {
    CBOR_UNSIGNED,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAG,
    CBOR_SIMPLE
};

struct cbor_head {
    enum cbor_major major;
    uint64_t value;
};

static void advance(struct cbor_reader *reader, size_t len)
{
    reader->rest = (struct cx_bytes){reader->rest.ptr + len, reader->rest.len - len};
}

/* RFC 8949 §3, §4.2.1: the argument is in the shortest form. */
static cx_err read_head(struct cbor_reader *reader, struct cbor_head *ret_head)
{
    static const uint64_t least[] = {24, 0x100, 0x10000, 0x100000000};
    if (reader->rest.len == 0)
        return CX_ERR(PARSE);
    uint8_t first = reader->rest.ptr[0], low = first & 31;
    struct cbor_head head = {.major = (enum cbor_major)(first >> 5), .value = low};
    size_t extra = 0;
    if (low >= 24) {
        if (low > 27) /* reserved, or of indefinite length */
            return CX_ERR(PARSE);
        extra = (size_t)1 << (low - 24);
        if (reader->rest.len <= extra)
            return CX_ERR(PARSE);
        head.value = 0;
        for (size_t i = 1; i <= extra; i++)
            head.value = head.value << 8 | reader->rest.ptr[i];
        if (head.value < least[low - 24])
            return CX_ERR(PARSE);
    }
    advance(reader, 1 + extra);
    *ret_head = head;
    return CX_OK;
}

static cx_err read_string(struct cbor_reader *reader, enum cbor_major major,
                          struct cx_bytes *ret_bytes)
{
    struct cbor_reader at = *reader;
    struct cbor_head head;
    CX_TRY(read_head(&at, &head));
    if (head.major != major || head.value > at.rest.len)
        return CX_ERR(PARSE);
    *ret_bytes = (struct cx_bytes){at.rest.ptr, (size_t)head.value};
    advance(&at, (size_t)head.value);
    *reader = at;
    return CX_OK;
}

cx_err cbor_read_bytes(struct cbor_reader *reader, struct cx_bytes *ret_bytes)
{
    return read_string(reader, CBOR_BYTES, ret_bytes);
}

cx_err cbor_read_text(struct cbor_reader *reader, struct cx_str *ret_text)
{
    struct cbor_reader at = *reader;
    struct cx_bytes bytes;
    CX_TRY(read_string(&at, CBOR_TEXT, &bytes));
    CX_TRY(cx_str_view(bytes, ret_text));
    *reader = at;
    return CX_OK;
}

cx_err cbor_read_map(struct cbor_reader *reader, size_t *ret_count)
{
    struct cbor_reader at = *reader;
    struct cbor_head head;
    CX_TRY(read_head(&at, &head));
    /* Each member takes two bytes at least, so a count that the bytes cannot hold is refused here. */
    if (head.major != CBOR_MAP || head.value > at.rest.len / 2)
        return CX_ERR(PARSE);
    *ret_count = (size_t)head.value;
    *reader = at;
    return CX_OK;
}

/* How many items follow inside an item with this head, its own bytes read over. */
static cx_err open_item(struct cbor_reader *reader, size_t *ret_inside)
{
    struct cbor_head head;
    CX_TRY(read_head(reader, &head));
    *ret_inside = 0;
    switch (head.major) {
    case CBOR_UNSIGNED:
    case CBOR_NEGATIVE:
        return CX_OK;
    case CBOR_BYTES:
    case CBOR_TEXT:
        if (head.value > reader->rest.len)
            return CX_ERR(PARSE);
        advance(reader, (size_t)head.value);
        return CX_OK;
    case CBOR_ARRAY:
        if (head.value > reader->rest.len)
            return CX_ERR(PARSE);
        *ret_inside = (size_t)head.value;
        return CX_OK;
    case CBOR_MAP:
        if (head.value > reader->rest.len / 2)
            return CX_ERR(PARSE);
        *ret_inside = 2 * (size_t)head.value;
        return CX_OK;
    case CBOR_SIMPLE:
        return head.value >= 20 && head.value <= 22 ? CX_OK : CX_ERR(PARSE); /* false, true, null */
    case CBOR_TAG:
        break;
    }
    return CX_ERR(PARSE);
}

cx_err cbor_read_item(struct cbor_reader *reader, struct cx_bytes *ret_item)
{
    struct cbor_reader at = *reader;
    size_t left[CBOR_DEPTH_MAX + 1] = {1}; /* items still to come, by depth */
    size_t depth = 0;
    for (;;) {
        size_t inside = 0;
        while (left[depth] == 0) {
            if (depth == 0) {
                *ret_item = (struct cx_bytes){reader->rest.ptr, reader->rest.len - at.rest.len};
                *reader = at;
                return CX_OK;
            }
            depth--;
        }
        left[depth]--;
        CX_TRY(open_item(&at, &inside));
        if (inside == 0)
            continue;
        if (depth == CBOR_DEPTH_MAX)
            return CX_ERR(PARSE);
        left[++depth] = inside;
    }
}
