/*
 * From method and raw path to an operation and its path variables. The path is cut at '/' first and each
 * variable is percent-decoded once after that, so that "%2F" never makes a new element. Literal elements are compared
 * as sent. Empty elements, "." and ".." are refused everywhere but in a variable that takes the rest of
 * the path (OCSP GET, whose base64 may hold '/'). Pure, thread-safe.
 */
#pragma once
#include "base/diag.h"
#include "core/api/decode.h"

enum { API_PATH_MAX = 2048 };

struct api_route {
    const struct api_operation *operation;
    size_t index; /* of operation in the table */
    struct api_path_value values[API_PATH_VALUES_MAX];
    size_t value_count;
};

/* HEAD is routed as GET. CX_E_NOTFOUND: no such path. CX_E_USAGE: the path exists, the method does not (405);
 * *ret_allow then lists the methods. CX_E_PARSE: broken percent-encoding. Text is in arena. */
cx_err api_route_find(const struct api_operation *operations, size_t count, struct cx_str method,
                      struct cx_str path, struct arena *arena, struct cx_diag *diag,
                      struct cx_str *ret_allow, struct api_route *ret_route);
