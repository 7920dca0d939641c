/* The cursor and the scalar types. Text is in der_text.c, object identifiers in der_oid.c. */
#include "codec/der.h"

enum { DER_LENGTH_OCTETS_MAX = 4, DER_TAG_NUMBER_MASK = 0x1f };

/* Splits the first value off bytes. */
static cx_err der_split(struct cx_bytes bytes, struct der_value *ret_value)
{
    if (bytes.len < 2)
        return CX_ERR(PARSE);
    /* Tag numbers above 30 take more octets; PKIX has none. */
    if ((bytes.ptr[0] & DER_TAG_NUMBER_MASK) == DER_TAG_NUMBER_MASK)
        return CX_ERR(PARSE);
    size_t header = 2;
    size_t len = bytes.ptr[1];
    if (len >= 0x80) {
        size_t octets = len & 0x7f;
        /* X.690 §10.1: definite form, in the fewest octets. 0x80 alone is the indefinite form. */
        if (octets == 0 || octets > DER_LENGTH_OCTETS_MAX || bytes.len < 2 + octets)
            return CX_ERR(PARSE);
        len = 0;
        for (size_t i = 0; i < octets; i++)
            len = len << 8 | bytes.ptr[2 + i];
        if (len < 0x80 || len >> (8 * (octets - 1)) == 0)
            return CX_ERR(PARSE);
        header += octets;
    }
    if (len > bytes.len - header)
        return CX_ERR(PARSE);
    *ret_value =
        (struct der_value){bytes.ptr[0], {bytes.ptr + header, len}, {bytes.ptr, header + len}};
    return CX_OK;
}

static void der_skip(struct der_reader *reader, size_t len)
{
    reader->rest.ptr += len;
    reader->rest.len -= len;
}

static cx_err der_peek(const struct der_reader *reader, uint8_t tag, struct der_value *ret_value)
{
    if (!der_next_is(reader, tag))
        return CX_ERR(PARSE);
    return der_split(reader->rest, ret_value);
}

bool der_next_is(const struct der_reader *reader, uint8_t tag)
{
    return reader->rest.len > 0 && reader->rest.ptr[0] == tag;
}

cx_err der_finish(const struct der_reader *reader)
{
    return der_at_end(reader) ? CX_OK : CX_ERR(PARSE);
}

cx_err der_read_any(struct der_reader *reader, struct der_value *ret_value)
{
    struct der_value value;
    CX_TRY(der_split(reader->rest, &value));
    der_skip(reader, value.whole.len);
    *ret_value = value;
    return CX_OK;
}

cx_err der_read(struct der_reader *reader, uint8_t tag, struct cx_bytes *ret_content)
{
    struct der_value value;
    CX_TRY(der_peek(reader, tag, &value));
    der_skip(reader, value.whole.len);
    *ret_content = value.content;
    return CX_OK;
}

cx_err der_read_whole(struct der_reader *reader, uint8_t tag, struct cx_bytes *ret_whole)
{
    struct der_value value;
    CX_TRY(der_peek(reader, tag, &value));
    der_skip(reader, value.whole.len);
    *ret_whole = value.whole;
    return CX_OK;
}

cx_err der_enter(struct der_reader *reader, uint8_t tag, struct der_reader *ret_inner)
{
    struct cx_bytes content;
    CX_TRY(der_read(reader, tag, &content));
    *ret_inner = der_reader(content);
    return CX_OK;
}

cx_err der_enter_only(struct cx_bytes bytes, uint8_t tag, struct der_reader *ret_inner)
{
    struct der_reader outer = der_reader(bytes);
    struct der_reader inner;
    CX_TRY(der_enter(&outer, tag, &inner));
    CX_TRY(der_finish(&outer));
    *ret_inner = inner;
    return CX_OK;
}

bool der_integer_minimal(struct cx_bytes content)
{
    if (content.len == 0)
        return false;
    if (content.len == 1)
        return true;
    /* X.690 §8.3.2: the first nine bits are neither all zero nor all one. */
    bool next_high = (content.ptr[1] & 0x80) != 0;
    return !(content.ptr[0] == 0x00 && !next_high) && !(content.ptr[0] == 0xff && next_high);
}

cx_err der_read_integer(struct der_reader *reader, struct cx_bytes *ret_content)
{
    struct der_value value;
    CX_TRY(der_peek(reader, DER_INTEGER, &value));
    if (!der_integer_minimal(value.content))
        return CX_ERR(PARSE);
    der_skip(reader, value.whole.len);
    *ret_content = value.content;
    return CX_OK;
}

cx_err der_read_unsigned(struct der_reader *reader, struct cx_bytes *ret_magnitude)
{
    struct der_reader ahead = *reader;
    struct cx_bytes content;
    CX_TRY(der_read_integer(&ahead, &content));
    if (content.ptr[0] & 0x80)
        return CX_ERR(PARSE);
    if (content.len > 1 && content.ptr[0] == 0)
        content = CX_BYTES(content.ptr + 1, content.len - 1);
    *reader = ahead;
    *ret_magnitude = content;
    return CX_OK;
}

cx_err der_read_i64(struct der_reader *reader, int64_t min, int64_t max, int64_t *ret_value)
{
    struct der_reader ahead = *reader;
    struct cx_bytes content;
    CX_TRY(der_read_integer(&ahead, &content));
    if (content.len > sizeof(int64_t))
        return CX_ERR(LIMIT);
    uint64_t bits = content.ptr[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < content.len; i++)
        bits = bits << 8 | content.ptr[i];
    int64_t value = (int64_t)bits;
    if (value < min || value > max)
        return CX_ERR(LIMIT);
    *reader = ahead;
    *ret_value = value;
    return CX_OK;
}

cx_err der_read_bool(struct der_reader *reader, bool *ret_value)
{
    struct der_value value;
    CX_TRY(der_peek(reader, DER_BOOLEAN, &value));
    /* X.690 §11.1: TRUE is all ones. */
    if (value.content.len != 1 || (value.content.ptr[0] != 0x00 && value.content.ptr[0] != 0xff))
        return CX_ERR(PARSE);
    der_skip(reader, value.whole.len);
    *ret_value = value.content.ptr[0] != 0;
    return CX_OK;
}

cx_err der_read_null(struct der_reader *reader)
{
    struct der_value value;
    CX_TRY(der_peek(reader, DER_NULL, &value));
    if (value.content.len != 0)
        return CX_ERR(PARSE);
    der_skip(reader, value.whole.len);
    return CX_OK;
}

cx_err der_read_oid(struct der_reader *reader, struct cx_bytes *ret_oid)
{
    struct der_value value;
    CX_TRY(der_peek(reader, DER_OID, &value));
    if (!der_oid_valid(value.content))
        return CX_ERR(PARSE);
    der_skip(reader, value.whole.len);
    *ret_oid = value.content;
    return CX_OK;
}

cx_err der_bits_parse(struct cx_bytes content, struct cx_bytes *ret_bits, unsigned *ret_unused)
{
    if (content.len == 0 || content.ptr[0] > 7)
        return CX_ERR(PARSE);
    unsigned unused = content.ptr[0];
    struct cx_bytes bits = CX_BYTES(content.ptr + 1, content.len - 1);
    if (unused != 0 && bits.len == 0)
        return CX_ERR(PARSE);
    if (unused != 0 && (bits.ptr[bits.len - 1] & ((1u << unused) - 1)) != 0)
        return CX_ERR(PARSE);
    *ret_bits = bits;
    *ret_unused = unused;
    return CX_OK;
}

cx_err der_read_bit_string(struct der_reader *reader, struct cx_bytes *ret_bits,
                           unsigned *ret_unused)
{
    struct der_value value;
    CX_TRY(der_peek(reader, DER_BIT_STRING, &value));
    CX_TRY(der_bits_parse(value.content, ret_bits, ret_unused));
    der_skip(reader, value.whole.len);
    return CX_OK;
}

cx_err der_named_bits_parse(struct cx_bytes content, uint32_t *ret_bits)
{
    struct cx_bytes octets;
    unsigned unused = 0;
    CX_TRY(der_bits_parse(content, &octets, &unused));
    if (octets.len > sizeof(uint32_t))
        return CX_ERR(PARSE);
    /* X.690 §11.2.2: the last bit that is present is one. */
    if (octets.len > 0 && (octets.ptr[octets.len - 1] & (1u << unused)) == 0)
        return CX_ERR(PARSE);
    uint32_t bits = 0;
    for (size_t i = 0; i < octets.len * 8; i++) {
        if (octets.ptr[i / 8] & (0x80u >> (i % 8)))
            bits |= UINT32_C(1) << i;
    }
    *ret_bits = bits;
    return CX_OK;
}

cx_err der_read_named_bits(struct der_reader *reader, uint32_t *ret_bits)
{
    struct der_value value;
    CX_TRY(der_peek(reader, DER_BIT_STRING, &value));
    CX_TRY(der_named_bits_parse(value.content, ret_bits));
    der_skip(reader, value.whole.len);
    return CX_OK;
}

cx_err der_read_octet_string(struct der_reader *reader, struct cx_bytes *ret_octets)
{
    return der_read(reader, DER_OCTET_STRING, ret_octets);
}

/* Two decimal digits at ptr, or -1. */
static int two_digits(const uint8_t *ptr)
{
    if (ptr[0] < '0' || ptr[0] > '9' || ptr[1] < '0' || ptr[1] > '9')
        return -1;
    return (ptr[0] - '0') * 10 + (ptr[1] - '0');
}

cx_err der_time_parse(uint8_t tag, struct cx_bytes content, cx_time *ret_us)
{
    enum { UTC_LEN = 13, GENERALIZED_LEN = 15 };
    size_t want = tag == DER_UTC_TIME ? UTC_LEN : GENERALIZED_LEN;
    if ((tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME) || content.len != want ||
        content.ptr[want - 1] != 'Z')
        return CX_ERR(PARSE);
    int pairs[7];
    size_t count = want / 2;
    for (size_t i = 0; i < count; i++) {
        pairs[i] = two_digits(content.ptr + 2 * i);
        if (pairs[i] < 0)
            return CX_ERR(PARSE);
    }
    const int *rest = pairs + count - 5;
    /* RFC 5280 §4.1.2.5.1: YY of 50 and above is 19YY. */
    int year =
        tag == DER_UTC_TIME ? pairs[0] + (pairs[0] >= 50 ? 1900 : 2000) : pairs[0] * 100 + pairs[1];
    struct cx_civil civil = {year, rest[0], rest[1], rest[2], rest[3], rest[4], 0};
    return cx_time_from_civil(&civil, ret_us);
}

cx_err der_read_time(struct der_reader *reader, cx_time *ret_us)
{
    struct der_value value;
    CX_TRY(der_split(reader->rest, &value));
    CX_TRY(der_time_parse(value.tag, value.content, ret_us));
    der_skip(reader, value.whole.len);
    return CX_OK;
}

cx_err der_read_generalized_time(struct der_reader *reader, cx_time *ret_us)
{
    if (!der_next_is(reader, DER_GENERALIZED_TIME))
        return CX_ERR(PARSE);
    return der_read_time(reader, ret_us);
}
