/*
 * DER writing into a struct cx_buf, appending. Constructed values are opened with der_begin and
 * closed with der_end, which moves the content by the one to three octets that a long length takes:
 * a copy within the cache, cheaper than computing sizes first.
 *
 *   size_t sequence = 0;
 *   CX_TRY(der_begin(out, DER_SEQUENCE, &sequence));
 *   CX_TRY(der_write_i64(out, 2));
 *   CX_TRY(der_end(out, sequence));
 *
 * Errors are those of cx_buf (CX_E_LIMIT, CX_E_NOMEM) and CX_E_PARSE for a value its type cannot
 * hold. After a failure the buffer holds a partial value: the caller drops it.
 */
#pragma once
#include "codec/der.h"

cx_err der_begin(struct cx_buf *out, uint8_t tag, size_t *ret_mark);
/* CX_E_LIMIT when the content is longer than four length octets can say. */
cx_err der_end(struct cx_buf *out, size_t mark);

/* One primitive value with these content octets. */
cx_err der_write(struct cx_buf *out, uint8_t tag, struct cx_bytes content);

cx_err der_write_bool(struct cx_buf *out, bool value);
cx_err der_write_null(struct cx_buf *out);
cx_err der_write_i64(struct cx_buf *out, int64_t value);
/* A non-negative integer from its big-endian magnitude; leading zeros are removed, a sign octet
 * added. */
cx_err der_write_unsigned(struct cx_buf *out, struct cx_bytes magnitude);
cx_err der_write_oid(struct cx_buf *out, struct cx_bytes oid);
cx_err der_write_oid_text(struct cx_buf *out, const char *dotted);
/* unused: 0 … 7 bits of the last octet, which must be zero. */
cx_err der_write_bit_string(struct cx_buf *out, struct cx_bytes bits, unsigned unused);
/* NamedBitList: bit n of bits is named bit n; trailing zero bits are removed (X.690 §11.2.2). */
cx_err der_write_named_bits(struct cx_buf *out, uint32_t bits);
cx_err der_write_octet_string(struct cx_buf *out, struct cx_bytes octets);
/* A string type of UTF-8 or ASCII content; CX_E_PARSE outside the type's alphabet. */
cx_err der_write_text(struct cx_buf *out, uint8_t tag, struct cx_str text);
/* UTCTime through 2049, GeneralizedTime from 2050 and before 1950 (RFC 5280 §4.1.2.5). Whole
 * seconds: a fraction is CX_E_PARSE, so that what was asked and what is written cannot differ. */
cx_err der_write_time(struct cx_buf *out, cx_time at_us);
cx_err der_write_generalized_time(struct cx_buf *out, cx_time at_us);
