/*
 * Reading CBOR (RFC 8949) in the canonical form of CTAP2: definite lengths, shortest heads, no tags, no floats.
 * Whatever else is CX_E_PARSE. A reader is a position in borrowed bytes; on failure it stands where it stood.
 */
#pragma once
#include "base/bytes.h"

enum { CBOR_DEPTH_MAX = 4 };

struct cbor_reader {
    struct cx_bytes rest;
};

/* Members of a map; the caller reads that many pairs. */
cx_err cbor_read_map(struct cbor_reader *reader, size_t *ret_count);
cx_err cbor_read_text(struct cbor_reader *reader, struct cx_str *ret_text);
cx_err cbor_read_bytes(struct cbor_reader *reader, struct cx_bytes *ret_bytes);
/* One item of any kind, nested CBOR_DEPTH_MAX deep at most; *ret_item is all of its bytes. */
cx_err cbor_read_item(struct cbor_reader *reader, struct cx_bytes *ret_item);
