/* Hexadecimal: written in lower case, read in either, no separators. Appends; unchanged on failure.
 */
#pragma once
#include "base/bytes.h"

cx_err hex_encode(struct cx_bytes bytes, struct cx_buf *out);
/* CX_E_PARSE on an odd length or any other character. */
cx_err hex_decode(struct cx_str text, struct cx_buf *out);
/* The value of one digit, -1 when it is none. */
int hex_digit(char c);
