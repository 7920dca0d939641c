#include "codec/der_write.h"

enum { DER_LENGTH_MAX_OCTETS = 4 };

/* Writes the length octets of len, returns how many. */
static size_t length_octets(size_t len, uint8_t octets[static 1 + DER_LENGTH_MAX_OCTETS])
{
    if (len < 0x80) {
        octets[0] = (uint8_t)len;
        return 1;
    }
    size_t count = len < 0x100 ? 1 : len < 0x10000 ? 2 : len < 0x1000000 ? 3 : 4;
    octets[0] = (uint8_t)(0x80 | count);
    for (size_t i = 0; i < count; i++)
        octets[1 + i] = (uint8_t)(len >> (8 * (count - 1 - i)));
    return 1 + count;
}

cx_err der_begin(struct cx_buf *out, uint8_t tag, size_t *ret_mark)
{
    CX_TRY(cx_buf_reserve(out, 2));
    size_t mark = out->len;
    CX_TRY(cx_buf_add(out, CX_BYTES(((const uint8_t[]){tag, 0}), 2)));
    *ret_mark = mark;
    return CX_OK;
}

cx_err der_end(struct cx_buf *out, size_t mark)
{
    size_t start = mark + 2;
    size_t len = out->len - start;
    if (len > UINT32_MAX)
        return CX_ERR(LIMIT);
    uint8_t octets[1 + DER_LENGTH_MAX_OCTETS];
    size_t count = length_octets(len, octets);
    if (count > 1) {
        CX_TRY(cx_buf_reserve(out, count - 1));
        memmove(out->ptr + start + count - 1, out->ptr + start, len);
        out->len += count - 1;
    }
    memcpy(out->ptr + mark + 1, octets, count);
    return CX_OK;
}

cx_err der_write(struct cx_buf *out, uint8_t tag, struct cx_bytes content)
{
    if (content.len > UINT32_MAX)
        return CX_ERR(LIMIT);
    uint8_t header[2 + DER_LENGTH_MAX_OCTETS] = {tag};
    size_t count = 1 + length_octets(content.len, header + 1);
    CX_TRY(cx_buf_reserve(out, count + content.len));
    CX_TRY(cx_buf_add(out, CX_BYTES(header, count)));
    return cx_buf_add(out, content);
}

cx_err der_write_bool(struct cx_buf *out, bool value)
{
    uint8_t octet = value ? 0xff : 0x00;
    return der_write(out, DER_BOOLEAN, CX_BYTES(&octet, 1));
}

cx_err der_write_null(struct cx_buf *out)
{
    return der_write(out, DER_NULL, CX_BYTES_NONE);
}

cx_err der_write_i64(struct cx_buf *out, int64_t value)
{
    uint8_t octets[sizeof(value)];
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)((uint64_t)value >> (8 * (sizeof(octets) - 1 - i)));
    struct cx_bytes content = CX_BYTES(octets, sizeof(octets));
    while (!der_integer_minimal(content))
        content = CX_BYTES(content.ptr + 1, content.len - 1);
    return der_write(out, DER_INTEGER, content);
}

cx_err der_write_unsigned(struct cx_buf *out, struct cx_bytes magnitude)
{
    while (magnitude.len > 1 && magnitude.ptr[0] == 0)
        magnitude = CX_BYTES(magnitude.ptr + 1, magnitude.len - 1);
    if (magnitude.len == 0)
        return der_write_i64(out, 0);
    if ((magnitude.ptr[0] & 0x80) == 0)
        return der_write(out, DER_INTEGER, magnitude);
    size_t mark = 0;
    CX_TRY(der_begin(out, DER_INTEGER, &mark));
    CX_TRY(cx_buf_add_u8(out, 0));
    CX_TRY(cx_buf_add(out, magnitude));
    return der_end(out, mark);
}

cx_err der_write_oid(struct cx_buf *out, struct cx_bytes oid)
{
    if (!der_oid_valid(oid))
        return CX_ERR(PARSE);
    return der_write(out, DER_OID, oid);
}

cx_err der_write_oid_text(struct cx_buf *out, const char *dotted)
{
    struct der_oid oid;
    CX_TRY(der_oid_from_text(cx_str_from(dotted), &oid));
    return der_write(out, DER_OID, der_oid_view(&oid));
}

cx_err der_write_bit_string(struct cx_buf *out, struct cx_bytes bits, unsigned unused)
{
    if (unused > 7 || (unused != 0 && bits.len == 0))
        return CX_ERR(PARSE);
    if (unused != 0 && (bits.ptr[bits.len - 1] & ((1u << unused) - 1)) != 0)
        return CX_ERR(PARSE);
    size_t mark = 0;
    CX_TRY(der_begin(out, DER_BIT_STRING, &mark));
    CX_TRY(cx_buf_add_u8(out, (uint8_t)unused));
    CX_TRY(cx_buf_add(out, bits));
    return der_end(out, mark);
}

cx_err der_write_named_bits(struct cx_buf *out, uint32_t bits)
{
    uint8_t octets[sizeof(bits)] = {0};
    size_t count = 0; /* up to and with the last one bit */
    for (size_t i = 0; i < 8 * sizeof(bits); i++) {
        if (bits & (UINT32_C(1) << i)) {
            octets[i / 8] |= (uint8_t)(0x80u >> (i % 8));
            count = i + 1;
        }
    }
    size_t len = (count + 7) / 8;
    return der_write_bit_string(out, CX_BYTES(octets, len), (unsigned)(len * 8 - count));
}

cx_err der_write_octet_string(struct cx_buf *out, struct cx_bytes octets)
{
    return der_write(out, DER_OCTET_STRING, octets);
}

cx_err der_write_text(struct cx_buf *out, uint8_t tag, struct cx_str text)
{
    bool wide = tag == DER_BMP_STRING || tag == DER_UNIVERSAL_STRING || tag == DER_T61_STRING;
    if (wide || !der_text_valid(tag, cx_str_bytes(text)))
        return CX_ERR(PARSE);
    return der_write(out, tag, cx_str_bytes(text));
}

static cx_err write_time(struct cx_buf *out, cx_time at_us, bool utc_when_possible)
{
    struct cx_civil civil;
    CX_TRY(cx_civil_from_time(at_us, &civil));
    if (civil.us != 0)
        return CX_ERR(PARSE);
    char text[40];
    bool utc = utc_when_possible && civil.year >= 1950 && civil.year <= 2049;
    int len = snprintf(text, sizeof(text), "%0*d%02d%02d%02d%02d%02dZ", utc ? 2 : 4,
                       utc ? civil.year % 100 : civil.year, civil.month, civil.day, civil.hour,
                       civil.minute, civil.second);
    if (len < 0 || (size_t)len >= sizeof(text))
        return CX_ERR(INTERNAL);
    return der_write(out, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, CX_BYTES(text, (size_t)len));
}

cx_err der_write_time(struct cx_buf *out, cx_time at_us)
{
    return write_time(out, at_us, true);
}

cx_err der_write_generalized_time(struct cx_buf *out, cx_time at_us)
{
    return write_time(out, at_us, false);
}
