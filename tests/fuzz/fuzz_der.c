/* DER: every value that is accepted is rewritten by der_write to the same bytes. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "codec/der_write.h"

enum { DEPTH_MAX = 12 };

static void same(struct cx_buf *out, struct cx_bytes whole)
{
    FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(out), whole));
    cx_buf_reset(out);
}

static void check_oid(struct cx_bytes oid)
{
    char text[DER_OID_TEXT_MAX];
    struct der_oid back;
    if (cx_failed(der_oid_to_text(oid, text)))
        return;
    FUZZ_REQUIRE(cx_is_ok(der_oid_from_text(cx_str_from(text), &back)));
    FUZZ_REQUIRE(cx_bytes_eq(der_oid_view(&back), oid));
}

static void check_integer(struct der_reader reader, struct cx_bytes whole, struct cx_buf *out)
{
    struct der_reader again = reader;
    struct cx_bytes magnitude;
    int64_t number = 0;
    if (cx_is_ok(der_read_unsigned(&reader, &magnitude))) {
        FUZZ_REQUIRE(cx_is_ok(der_write_unsigned(out, magnitude)));
        same(out, whole);
    }
    if (cx_is_ok(der_read_i64(&again, INT64_MIN, INT64_MAX, &number))) {
        FUZZ_REQUIRE(cx_is_ok(der_write_i64(out, number)));
        same(out, whole);
    }
}

static void check_bits(struct der_reader reader, struct cx_bytes whole, struct cx_buf *out)
{
    struct der_reader again = reader;
    struct cx_bytes bits;
    unsigned unused = 0;
    uint32_t named = 0;
    if (cx_is_ok(der_read_bit_string(&reader, &bits, &unused))) {
        FUZZ_REQUIRE(cx_is_ok(der_write_bit_string(out, bits, unused)));
        same(out, whole);
    }
    if (cx_is_ok(der_read_named_bits(&again, &named))) {
        FUZZ_REQUIRE(cx_is_ok(der_write_named_bits(out, named)));
        same(out, whole);
    }
}

static void check_time(struct der_reader reader, const struct der_value *value, struct cx_buf *out)
{
    cx_time at_us = 0;
    if (cx_failed(der_read_time(&reader, &at_us)))
        return;
    cx_err err = value->tag == DER_UTC_TIME ? der_write_time(out, at_us)
                                            : der_write_generalized_time(out, at_us);
    FUZZ_REQUIRE(cx_is_ok(err));
    same(out, value->whole);
}

static void check_text(const struct der_value *value)
{
    struct arena arena = ARENA_INIT(1 << 22);
    struct cx_str text;
    struct cx_str again;
    cx_err err = der_text_view(&arena, value->tag, value->content, &text);
    FUZZ_REQUIRE(cx_is_ok(err) == der_text_valid(value->tag, value->content));
    if (cx_is_ok(err))
        FUZZ_REQUIRE(cx_is_ok(cx_str_view(cx_str_bytes(text), &again)));
    arena_clear(&arena);
}

static void check_value(struct der_reader reader, const struct der_value *value, struct cx_buf *out)
{
    struct cx_bytes content;
    bool flag = false;
    FUZZ_REQUIRE(cx_is_ok(der_write(out, value->tag, value->content)));
    same(out, value->whole);
    switch (value->tag) {
    case DER_INTEGER:
        check_integer(reader, value->whole, out);
        break;
    case DER_BIT_STRING:
        check_bits(reader, value->whole, out);
        break;
    case DER_OID:
        if (cx_is_ok(der_read_oid(&reader, &content)))
            check_oid(content);
        break;
    case DER_BOOLEAN:
        if (cx_is_ok(der_read_bool(&reader, &flag))) {
            FUZZ_REQUIRE(cx_is_ok(der_write_bool(out, flag)));
            same(out, value->whole);
        }
        break;
    case DER_UTC_TIME:
    case DER_GENERALIZED_TIME:
        check_time(reader, value, out);
        break;
    default:
        check_text(value);
        break;
    }
}

static void walk(struct cx_bytes bytes, unsigned depth, struct cx_buf *out)
{
    struct der_reader reader = der_reader(bytes);
    while (!der_at_end(&reader)) {
        struct der_reader before = reader;
        struct der_value value;
        if (cx_failed(der_read_any(&reader, &value))) {
            FUZZ_REQUIRE(reader.rest.len == before.rest.len);
            return;
        }
        check_value(before, &value, out);
        if ((value.tag & 0x20) != 0 && depth < DEPTH_MAX)
            walk(value.content, depth + 1, out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(1 << 22);
    walk(CX_BYTES(data, size), 0, &out);
    return 0;
}
