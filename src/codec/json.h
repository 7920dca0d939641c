/*
 * Strict JSON reading (RFC 8259) over jansson's parser.
 *
 * json_parse refuses duplicate member names, depth over 16, invalid UTF-8, U+0000, trailing bytes
 * and text above the caller's size. Then typed readers walk the tree; each refusal goes into struct
 * cx_diag with the JSON pointer (RFC 6901) of the offending value, so that a problem document can
 * name the field.
 *
 * struct json_node is a position in the tree: a value and the way to it. It lives on the stack,
 * borrows the tree and its parent node, and costs nothing until a refusal needs the pointer.
 *
 *   CX_TRY(json_parse(body, REQUEST_MAX, diag, &root));           // json_auto_t *root = NULL;
 *   struct json_node top = json_top(root);
 *   CX_TRY(json_only(&top, KEYS, CX_COUNT_OF(KEYS), diag));        // refuses unknown members
 *   CX_TRY(json_read_str(&top, "name", 64, diag, &name));          // views into the tree
 *   if (json_has(&top, "comment")) …
 *
 * null is a value of its own: json_has is true for it and no typed reader accepts it.
 * Errors: CX_E_PARSE (syntax, missing member, wrong type), CX_E_LIMIT (too long, too many, out of
 * range).
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/id.h"

#include <jansson.h>

enum { JSON_DEPTH_MAX = 16 };

/* The root is an object or an array; release with json_decref or declare it json_auto_t. */
cx_err json_parse(struct cx_bytes text, size_t max, struct cx_diag *diag, json_t **ret_root);

struct json_node {
    const json_t *value; /* NULL: absent */
    const struct json_node *parent;
    const char *key; /* NULL: an array's item */
    size_t index;
};

struct json_node json_top(const json_t *root);
/* A member's or an item's position; its value is NULL when absent. */
struct json_node json_member(const struct json_node *object, const char *key);
struct json_node json_item(const struct json_node *array, size_t index);

bool json_has(const struct json_node *object, const char *key);
/* Refuses at this position; for rules above the type (rule names it). Returns err. */
cx_err json_refuse(const struct json_node *node, struct cx_diag *diag, cx_err err, const char *rule,
                   const char *text);
/* The pointer of a position: "" for the root. Cut when longer than the diagnostic's field. */
void json_pointer(const struct json_node *node, char ret_pointer[static DIAG_FIELD_MAX]);

/* The value at the node itself. */
cx_err json_as_object(const struct json_node *node, struct cx_diag *diag);
cx_err json_as_array(const struct json_node *node, size_t max, struct cx_diag *diag,
                     size_t *ret_count);
/* max counts octets of UTF-8. */
cx_err json_as_str(const struct json_node *node, size_t max, struct cx_diag *diag,
                   struct cx_str *ret_text);
cx_err json_as_i64(const struct json_node *node, int64_t min, int64_t max, struct cx_diag *diag,
                   int64_t *ret_value);
cx_err json_as_bool(const struct json_node *node, struct cx_diag *diag, bool *ret_value);
/* One of the words; *ret_index is its place in the list. */
cx_err json_as_word(const struct json_node *node, const char *const *words, size_t count,
                    struct cx_diag *diag, size_t *ret_index);
cx_err json_as_id(const struct json_node *node, enum cx_id_type type, struct cx_diag *diag,
                  struct cx_id *ret_id);
/* RFC 3339 text. */
cx_err json_as_time(const struct json_node *node, struct cx_diag *diag, cx_time *ret_us);
/* base64url without padding, decoded into arena; max counts decoded octets. */
cx_err json_as_base64url(const struct json_node *node, size_t max, struct arena *arena,
                         struct cx_diag *diag, struct cx_bytes *ret_bytes);

/* The same for a required member of an object. */
cx_err json_read_object(const struct json_node *object, const char *key, struct cx_diag *diag,
                        struct json_node *ret_member);
cx_err json_read_array(const struct json_node *object, const char *key, size_t max,
                       struct cx_diag *diag, struct json_node *ret_member, size_t *ret_count);
cx_err json_read_str(const struct json_node *object, const char *key, size_t max,
                     struct cx_diag *diag, struct cx_str *ret_text);
cx_err json_read_i64(const struct json_node *object, const char *key, int64_t min, int64_t max,
                     struct cx_diag *diag, int64_t *ret_value);
cx_err json_read_bool(const struct json_node *object, const char *key, struct cx_diag *diag,
                      bool *ret_value);
cx_err json_read_word(const struct json_node *object, const char *key, const char *const *words,
                      size_t count, struct cx_diag *diag, size_t *ret_index);
cx_err json_read_id(const struct json_node *object, const char *key, enum cx_id_type type,
                    struct cx_diag *diag, struct cx_id *ret_id);
cx_err json_read_time(const struct json_node *object, const char *key, struct cx_diag *diag,
                      cx_time *ret_us);
cx_err json_read_base64url(const struct json_node *object, const char *key, size_t max,
                           struct arena *arena, struct cx_diag *diag, struct cx_bytes *ret_bytes);

/* Refuses members that are not in keys, naming the first by name. Also refuses what is not an
 * object. */
cx_err json_only(const struct json_node *object, const char *const *keys, size_t count,
                 struct cx_diag *diag);
