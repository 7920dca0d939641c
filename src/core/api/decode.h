/*
 * Strict decoding of a request into its operation's struct: path variables, query parameters and JSON body.
 * Refused, with the field named: unknown and duplicate members and parameters, wrong types, values outside
 * their bounds, invalid UTF-8, depth over 16, trailing bytes.
 *
 * Text in the result points into the arena, the JSON tree or the path and query given; all outlive the call
 * of the handler. Errors: CX_E_PARSE, CX_E_LIMIT, CX_E_NOMEM. Thread-safe.
 */
#pragma once
#include "base/diag.h"
#include "codec/http.h"
#include "codec/json.h"
#include "core/api/contract.h"

/* A path variable: already percent-decoded. */
struct api_path_value {
    const struct api_field *field;
    struct cx_str text;
};

enum { API_PATH_VALUES_MAX = 4 };

/* in points to zeroed memory of operation->in->size. */
cx_err api_decode_path(const struct api_path_value *values, size_t count, struct cx_diag *diag,
                       void *in);
/* query: the raw text after '?', "" when none. Fields with a default get it when absent. */
cx_err api_decode_query(const struct api_schema *schema, struct cx_str query, struct arena *arena,
                        struct cx_diag *diag, void *in);
/* body: JSON, at most max bytes. *ret_root keeps the tree that text points into: json_decref after use. */
cx_err api_decode_body(const struct api_schema *schema, struct cx_bytes body, size_t max,
                       struct arena *arena, struct cx_diag *diag, void *in, json_t **ret_root);
