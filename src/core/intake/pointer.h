/*
 * JSON pointers (RFC 6901) in a tree that was read, and patterns of them in which a part "*" stands for every element of an array. Pure.
 */
#pragma once
#include "codec/json.h"

enum { POINTER_MAX = 200, POINTER_PART_MAX = 100, POINTER_PARTS_MAX = 12 };

/* CX_E_PARSE: neither empty nor a list of "/part", "~" other than ~0 and ~1, or too long. pattern: "*" may be a part. */
cx_err pointer_check(struct cx_str pointer, bool pattern);

/* Text, number or boolean at the pointer from node on, as text in arena; false: it leads to nothing of the kind. */
cx_err pointer_text(const struct json_node *node, struct cx_str pointer, struct arena *arena,
                    bool *ret_found, struct cx_str *ret_text);

/* Calls visit for each place that the pattern leads to, in order, and returns its first failure. CX_E_PARSE, naming the place, when a
 * member is missing or "*" meets no array. */
typedef cx_err (*pointer_visit)(const struct json_node *node, void *arg);
cx_err pointer_each(const struct json_node *node, struct cx_str pattern, struct cx_diag *diag,
                    pointer_visit visit, void *arg);
