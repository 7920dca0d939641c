/*
 * base64 (RFC 4648 §4, with padding) and base64url (§5, without). Decoding is strict and canonical:
 * one spelling a value. Characters outside the alphabet, wrong or missing padding and non-zero
 * trailing bits are CX_E_PARSE. Output is appended; on failure the buffer is unchanged. Not
 * constant in time: no secrets whose timing matters.
 */
#pragma once
#include "base/bytes.h"

cx_err base64_encode(struct cx_bytes bytes, struct cx_buf *out);
cx_err base64_decode(struct cx_str text, struct cx_buf *out);
/* As base64_decode, but line breaks (CR, LF) are skipped anywhere: the body of PEM and SCEP. */
cx_err base64_decode_lines(struct cx_str text, struct cx_buf *out);

cx_err base64url_encode(struct cx_bytes bytes, struct cx_buf *out);
cx_err base64url_decode(struct cx_str text, struct cx_buf *out);

/* Characters that len octets take in base64url; saturates at SIZE_MAX. */
size_t base64url_len(size_t len);
