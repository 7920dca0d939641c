/*
 * Streaming JSON output into a struct cx_buf: no whitespace, members in the order written, the
 * shortest escapes, UTF-8 as it is. The same calls give the same bytes, which the audit log hashes.
 *
 *   struct json_writer json = json_writer(out);
 *   CX_TRY(json_begin_object(&json, NULL));
 *   CX_TRY(json_write_str(&json, "name", name));
 *   CX_TRY(json_begin_array(&json, "tags"));
 *   CX_TRY(json_write_str(&json, NULL, tag));
 *   CX_TRY(json_end(&json));
 *   CX_TRY(json_end(&json));
 *
 * key is the member's name inside an object and NULL inside an array and at the top. A call that
 * does not fit the place (a key in an array, an end too many) is CX_E_USAGE. Member names are not
 * checked for duplicates. Errors otherwise are those of cx_buf; the buffer then holds a partial
 * text.
 */
#pragma once
#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"

enum { JSON_WRITE_DEPTH_MAX = 32 };

struct json_writer {
    struct cx_buf *out;
    unsigned depth;
    uint64_t arrays;   /* bit n: the container at depth n + 1 is an array */
    uint64_t nonempty; /* bit n: it has a member already */
    bool finished;     /* the top value is complete */
};

static inline struct json_writer json_writer(struct cx_buf *out)
{
    return (struct json_writer){.out = out};
}

cx_err json_begin_object(struct json_writer *json, const char *key);
cx_err json_begin_array(struct json_writer *json, const char *key);
/* Closes the innermost container. */
cx_err json_end(struct json_writer *json);
/* True when one complete value has been written. */
bool json_complete(const struct json_writer *json);

cx_err json_write_str(struct json_writer *json, const char *key, struct cx_str value);
cx_err json_write_text(struct json_writer *json, const char *key,
                       const char *value); /* our own constants */
cx_err json_write_i64(struct json_writer *json, const char *key, int64_t value);
cx_err json_write_bool(struct json_writer *json, const char *key, bool value);
cx_err json_write_null(struct json_writer *json, const char *key);
cx_err json_write_id(struct json_writer *json, const char *key, enum cx_id_type type,
                     struct cx_id id);
/* RFC 3339, UTC. */
cx_err json_write_time(struct json_writer *json, const char *key, cx_time at_us);
cx_err json_write_hex(struct json_writer *json, const char *key, struct cx_bytes bytes);
cx_err json_write_base64url(struct json_writer *json, const char *key, struct cx_bytes bytes);
/* One value that is JSON text already, as it is. The caller vouches for it. */
cx_err json_write_raw(struct json_writer *json, const char *key, struct cx_bytes text);

/* value as a JSON string with its quotes: which a double-quoted YAML string is as well, with the same value. */
cx_err json_escape(struct cx_buf *out, struct cx_str value);
