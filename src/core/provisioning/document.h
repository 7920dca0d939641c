/*
 * What PATCH documents on users and on groups have in common, and values in the shapes that directories send them in.
 * Pure, thread-safe; texts are views into the tree. Refusals: CX_E_PARSE with "scim-syntax", "scim-value" or "scim-target".
 */
#pragma once
#include "codec/json.h"
#include "core/provisioning/filter.h"

enum scim_op { SCIM_ADD, SCIM_REPLACE, SCIM_REMOVE };

struct scim_operation {
    enum scim_op op;
    bool has_path;
    struct scim_path path;
    const json_t *value; /* NULL: none */
};

/* The body as an object. */
cx_err scim_body_parse(struct cx_bytes body, size_t max, struct cx_diag *diag, json_t **ret_root);
/* The Operations of a PATCH document. */
cx_err scim_operations(const json_t *root, struct cx_diag *diag, const json_t **ret_list);
cx_err scim_operation_read(const json_t *item, struct arena *arena, struct cx_diag *diag,
                           struct scim_operation *ret_operation);
/* A member by its name in any case; NULL when there is none. */
const json_t *scim_member(const json_t *object, const char *name);
/* [{"value": x}] and {"value": x} as x: how Entra once sent single values. */
const json_t *scim_unwrap(const json_t *value);
/* A text of at most max characters without control characters; null and an absent value are "". */
cx_err scim_text_of(const json_t *value, const char *name, size_t max, struct cx_diag *diag,
                    struct cx_str *ret_text);
/* true, false, or either as a text in any case. */
cx_err scim_bool_of(const json_t *value, const char *name, struct cx_diag *diag, bool *ret_value);
