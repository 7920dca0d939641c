/* Numbers from text, strictly: decimal digits, optional leading '-', no spaces, no '+', no leading zeros. */
#pragma once
#include "base/bytes.h"

/* CX_E_PARSE when not a number, CX_E_LIMIT outside [min, max]. */
cx_err cx_parse_i64(struct cx_str text, int64_t min, int64_t max, int64_t *ret_value);
