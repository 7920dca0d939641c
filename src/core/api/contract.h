/*
 * The contract as data. tools/gen_api.py turns api/openapi.yaml into constant tables of these types
 * (api_types.c): one decoder (decode.c), one encoder (encode.c), the dispatcher and the command line work from
 * them, so that no operation has parsing code of its own.
 *
 * A field describes one member of a generated struct: where it lies, what is allowed, whether it is there.
 * An optional member `x` has `bool has_x` beside it; a list `x` has `size_t x_count`. Everything is immutable and
 * thread-safe.
 */
#pragma once
#include "api_permissions.h" /* generated */
#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"

enum api_kind {
    API_TEXT,   /* struct cx_str */
    API_INT,    /* int64_t */
    API_BOOL,   /* bool */
    API_ENUM,   /* the generated enum, stored as int */
    API_ID,     /* struct cx_id, the type is checked */
    API_TIME,   /* cx_time, RFC 3339 in JSON */
    API_BYTES,  /* struct cx_bytes, base64 in JSON */
    API_JSON,   /* struct cx_str: a JSON value passed on verbatim; answers only */
    API_OBJECT, /* the generated struct, in place */
    API_LIST,   /* pointer to elements and size_t count */
    API_BODY    /* struct cx_bytes: the raw request body */
};

enum api_place { API_IN_PATH, API_IN_QUERY, API_IN_BODY };
enum api_text_class { API_TEXT_LINE, API_TEXT_BLOCK, API_TEXT_PATTERN };

/* A pattern is a sequence of these; each takes as many characters as it can (tools/apigen/pattern.py proves
 * that no other reading exists). set: bit n of octet n/8 stands for the ASCII character n. */
struct api_pattern_part {
    uint8_t set[16];
    uint16_t min, max;
};

struct api_enum {
    const char *const *names;
    size_t count;
};

struct api_schema;

struct api_field {
    const char *name; /* the JSON key and the parameter's name */
    const char *description;
    enum api_kind kind;
    enum api_place place;
    enum api_text_class text_class;
    enum cx_id_type id_type;
    bool required;
    bool has_flag;    /* has_offset is meaningful */
    bool has_default; /* default_value applies when absent */
    bool secret;      /* never logged, never in process arguments */
    bool tail;        /* path parameter that takes the rest of the path, '/' included */
    size_t offset;
    size_t count_offset; /* of x_count: lists only */
    size_t has_offset;   /* of has_x: optional members without a default only */
    size_t size;         /* of a list's element */
    int64_t min, max;    /* integers: value; text: characters; lists: elements */
    int64_t default_value;
    const struct api_pattern_part *pattern;
    size_t pattern_count;
    const struct api_enum *enumeration;
    const struct api_schema *schema; /* of an object */
    const struct api_field *item;    /* of a list: its element, offset 0 */
};

struct api_schema {
    const char *name;
    size_t size;
    const struct api_field *fields;
    size_t field_count;
};

enum api_method { API_GET, API_POST, API_PUT, API_PATCH, API_DELETE };

struct api_operation {
    const char *name; /* operationId */
    const char *summary, *description;
    enum api_method method;
    const char *path;      /* template: "/v1/users/{user_id}" */
    const char *anonymous; /* why no permission is needed; NULL: permission applies */
    enum permission permission;
    const char *audit;  /* action name; NULL when nothing changes */
    const char *policy; /* what kind of policy it changes (approval/policy_change.h); NULL: none */
    const char *policy_name; /* the text input that names the object; NULL: none does */
    bool mutating;
    bool step_up;      /* a session needs a fresh factor: authentication/session.h */
    uint32_t body_max; /* 0: no body allowed */
    const char
        *raw_request;  /* content types, ", " between, of a body that is not JSON; NULL: JSON */
    bool raw_response; /* out is a struct api_raw */
    bool raw_query;    /* the handler reads the query of request->target itself */
    uint16_t status;   /* of success */
    const struct api_schema *in;
    const struct api_schema *out;
};

enum { API_HEADERS_MAX = 16 };

struct api_header {
    const char *name; /* literal */
    struct cx_str value;
};

/* Appends the next piece to chunk; *ret_done after the last. Runs on the connection's thread after the
 * handler returned; state is arena-owned and lives until the answer is sent. An error cuts the connection, so
 * that a client never takes a part for the whole. */
typedef cx_err (*api_raw_next)(void *state, struct cx_buf *chunk, bool *ret_done);

/* An answer that is not JSON: either body, or next for a stream. */
struct api_raw {
    uint16_t status; /* 0: the operation's own */
    const char *content_type;
    struct cx_bytes body; /* arena-owned */
    api_raw_next next;
    void *state;
    struct cx_str filename; /* suggested to browsers; "" = none */
    struct api_header headers[API_HEADERS_MAX];
    size_t header_count;
};

struct api_request;
/* in and out are the operation's own structs; out is zeroed before. */
typedef cx_err (*api_call)(struct api_request *request, const void *in, void *ret_out);
struct api_handler {
    api_call call;
    size_t out_size;
};

/* The enum's word, for logs and messages. */
static inline const char *api_enum_name(const struct api_enum *enumeration, int value)
{
    return value >= 0 && (size_t)value < enumeration->count ? enumeration->names[value] : "?";
}

/* The value of a word that was stored. CX_E_STORE when it is none of them. */
static inline cx_err api_enum_value(const struct api_enum *enumeration, struct cx_str name,
                                    int *ret_value)
{
    for (size_t i = 0; i < enumeration->count; i++) {
        if (!cx_str_is(name, enumeration->names[i]))
            continue;
        *ret_value = (int)i;
        return CX_OK;
    }
    return CX_ERR(STORE);
}
