/*
 * DER reading: a cursor over borrowed bytes. It accepts exactly the Distinguished Encoding Rules
 * (X.690 §8, §10, §11) that PKIX needs: definite and minimal lengths of at most four octets, low
 * tag numbers, minimal integers, canonical booleans. Nothing is copied: every view points into the
 * input.
 *
 * Depth is bounded by the caller's own nesting of der_enter: no function here recurses. A reader is
 * a value: copy it to look ahead. Failures are CX_E_PARSE and leave the cursor where it was. The
 * end of every constructed value is checked by der_finish; forgetting it accepts trailing bytes.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_NUMERIC_STRING = 0x12,
    DER_PRINTABLE_STRING = 0x13,
    DER_T61_STRING = 0x14,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_VISIBLE_STRING = 0x1a,
    DER_UNIVERSAL_STRING = 0x1c,
    DER_BMP_STRING = 0x1e,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31
};

/* Context-specific tags: [n] primitive (IMPLICIT of a primitive type) and [n] constructed. n ≤ 30.
 */
#define DER_CONTEXT(n) ((uint8_t)(0x80 | (n)))
#define DER_CONTEXT_CONSTRUCTED(n) ((uint8_t)(0xa0 | (n)))

struct der_reader {
    struct cx_bytes rest; /* not yet read */
};

struct der_value {
    uint8_t tag;
    struct cx_bytes content;
    struct cx_bytes whole; /* tag, length and content */
};

static inline struct der_reader der_reader(struct cx_bytes bytes)
{
    return (struct der_reader){bytes};
}

static inline bool der_at_end(const struct der_reader *reader)
{
    return reader->rest.len == 0;
}

/* True when the next value carries this tag: how OPTIONAL and DEFAULT fields are recognised. */
bool der_next_is(const struct der_reader *reader, uint8_t tag);

/* CX_E_PARSE when bytes remain. */
cx_err der_finish(const struct der_reader *reader);

cx_err der_read_any(struct der_reader *reader, struct der_value *ret_value);
/* The content octets of a value with exactly this tag. */
cx_err der_read(struct der_reader *reader, uint8_t tag, struct cx_bytes *ret_content);
/* The same value with its tag and length. */
cx_err der_read_whole(struct der_reader *reader, uint8_t tag, struct cx_bytes *ret_whole);
/* A cursor over the content of a constructed value. */
cx_err der_enter(struct der_reader *reader, uint8_t tag, struct der_reader *ret_inner);
/* der_enter over bytes that must be exactly one such value. */
cx_err der_enter_only(struct cx_bytes bytes, uint8_t tag, struct der_reader *ret_inner);

/* Content octets, minimal two's complement, at least one. */
cx_err der_read_integer(struct der_reader *reader, struct cx_bytes *ret_content);
/* Non-negative, of any size: the magnitude without the sign octet; zero is one zero octet. */
cx_err der_read_unsigned(struct der_reader *reader, struct cx_bytes *ret_magnitude);
/* CX_E_LIMIT outside [min, max]. */
cx_err der_read_i64(struct der_reader *reader, int64_t min, int64_t max, int64_t *ret_value);
cx_err der_read_bool(struct der_reader *reader, bool *ret_value);
cx_err der_read_null(struct der_reader *reader);
/* Content octets, checked by der_oid_valid. */
cx_err der_read_oid(struct der_reader *reader, struct cx_bytes *ret_oid);
/* Octets without the leading count; unused is 0 … 7 and the unused bits are zero (X.690 §11.2.1).
 */
cx_err der_read_bit_string(struct der_reader *reader, struct cx_bytes *ret_bits,
                           unsigned *ret_unused);
/* A NamedBitList of at most 32 names: bit n of the result is named bit n. Trailing zero bits are
 * refused (X.690 §11.2.2). */
cx_err der_read_named_bits(struct der_reader *reader, uint32_t *ret_bits);
cx_err der_read_octet_string(struct der_reader *reader, struct cx_bytes *ret_octets);
/* UTCTime or GeneralizedTime in the only form RFC 5280 §4.1.2.5 allows: seconds, "Z", no fraction.
 */
cx_err der_read_time(struct der_reader *reader, cx_time *ret_us);
/* GeneralizedTime only, as OCSP uses it for every year (RFC 6960 §4.2.1). */
cx_err der_read_generalized_time(struct der_reader *reader, cx_time *ret_us);

/* The parts, for IMPLICIT tags and for lint. */
bool der_integer_minimal(struct cx_bytes content);
bool der_oid_valid(struct cx_bytes content);
cx_err der_bits_parse(struct cx_bytes content, struct cx_bytes *ret_bits, unsigned *ret_unused);
cx_err der_named_bits_parse(struct cx_bytes content, uint32_t *ret_bits);
cx_err der_time_parse(uint8_t tag, struct cx_bytes content, cx_time *ret_us);

/*
 * Character strings: UTF8String, PrintableString, IA5String, NumericString, VisibleString,
 * BMPString, UniversalString and T61String (read as ISO 8859-1, as every implementation does).
 */
bool der_is_text(uint8_t tag);
/* True when the octets are in the type's alphabet and well formed. NUL is never valid. */
bool der_text_valid(uint8_t tag, struct cx_bytes content);
/* As UTF-8. The types that are ASCII or UTF-8 are viewed, the others converted into arena. */
cx_err der_text_view(struct arena *arena, uint8_t tag, struct cx_bytes content,
                     struct cx_str *ret_text);

/* Dotted object identifiers. Arcs up to 2^64-1 (the second up to that minus 80); CX_E_LIMIT beyond.
 */
enum { DER_OID_MAX = 64, DER_OID_TEXT_MAX = 256 };
struct der_oid {
    uint8_t b[DER_OID_MAX];
    size_t len;
};
cx_err der_oid_from_text(struct cx_str dotted, struct der_oid *ret_oid);
cx_err der_oid_to_text(struct cx_bytes oid, char ret_text[static DER_OID_TEXT_MAX]);
bool der_oid_is(struct cx_bytes oid, const char *dotted);

static inline struct cx_bytes der_oid_view(const struct der_oid *oid)
{
    return (struct cx_bytes){oid->b, oid->len};
}
