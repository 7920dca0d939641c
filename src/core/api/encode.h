/*
 * Encoding of an answer from its struct, by the same tables that decode.c reads. Optional members are written
 * when has_x is set; optional lists also when they have elements. An enum out of its range and text that breaks the
 * contract's bounds are a bug of the handler: CX_E_INTERNAL, so that no client sees what the contract excludes.
 */
#pragma once
#include "base/diag.h"
#include "core/api/contract.h"

cx_err api_encode(const struct api_schema *schema, const void *value, struct cx_buf *out);
