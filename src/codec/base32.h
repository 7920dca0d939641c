/* base32 (RFC 4648 §6) in upper case and without padding, as otpauth URIs have it. Writing only. */
#pragma once
#include "base/bytes.h"

/* Appends; on failure the buffer may hold a part. Not constant in time. */
cx_err base32_encode(struct cx_bytes bytes, struct cx_buf *out);
