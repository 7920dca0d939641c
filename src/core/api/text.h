/* Text against its field: pattern or class, and length in characters. Pure, thread-safe. */
#pragma once
#include "base/diag.h"
#include "core/api/contract.h"

/* CX_E_LIMIT (too long or too short) or CX_E_PARSE (a character that is not allowed); pointer names the
 * field in the diagnostic. */
cx_err api_text_check(const struct api_field *field, struct cx_str text, const char *pointer,
                      struct cx_diag *diag);
