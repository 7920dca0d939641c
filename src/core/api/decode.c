/*
 * One walk over the field table serves every operation. A value is checked where it is read, and only then
 * stored; has_x is set last.
 */
#include "core/api/decode.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "core/api/text.h"

static void *member(void *in, size_t offset)
{
    return (uint8_t *)in + offset;
}

static void set_enum(void *in, const struct api_field *field, size_t value)
{
    int word = (int)value;
    memcpy(member(in, field->offset), &word, sizeof(word));
}

static void set_has(void *in, const struct api_field *field)
{
    if (field->has_flag)
        *(bool *)member(in, field->has_offset) = true;
}

/* ---- path and query: text ---- */

static cx_err text_enum(const struct api_field *field, struct cx_str text, struct cx_diag *diag,
                        void *in)
{
    for (size_t i = 0; i < field->enumeration->count; i++)
        if (cx_str_is(text, field->enumeration->names[i])) {
            set_enum(in, field, i);
            return CX_OK;
        }
    return cx_refuse(diag, CX_ERR(PARSE), field->name, "unknown-word",
                     "The value is not one of the allowed words.");
}

static cx_err text_bool(const struct api_field *field, struct cx_str text, struct cx_diag *diag,
                        void *in)
{
    if (!cx_str_is(text, "true") && !cx_str_is(text, "false"))
        return cx_refuse(diag, CX_ERR(PARSE), field->name, "wrong-type", "Use true or false.");
    *(bool *)member(in, field->offset) = cx_str_is(text, "true");
    return CX_OK;
}

static cx_err text_int(const struct api_field *field, struct cx_str text, struct cx_diag *diag,
                       void *in)
{
    cx_err err = cx_parse_i64(text, field->min, field->max, member(in, field->offset));
    if (err.code == CX_E_LIMIT)
        return cx_refuse(diag, err, field->name, "out-of-range", "Use a number from %lld to %lld.",
                         (long long)field->min, (long long)field->max);
    if (cx_failed(err))
        return cx_refuse(diag, err, field->name, "wrong-type", "Use a decimal number.");
    return CX_OK;
}

static cx_err decode_text(const struct api_field *field, struct cx_str text, struct cx_diag *diag,
                          void *in)
{
    switch (field->kind) {
    case API_TEXT:
        CX_TRY(api_text_check(field, text, field->name, diag));
        *(struct cx_str *)member(in, field->offset) = text;
        break;
    case API_INT:
        CX_TRY(text_int(field, text, diag, in));
        break;
    case API_BOOL:
        CX_TRY(text_bool(field, text, diag, in));
        break;
    case API_ENUM:
        CX_TRY(text_enum(field, text, diag, in));
        break;
    case API_ID:
        if (cx_failed(cx_id_parse(field->id_type, text, member(in, field->offset))))
            return cx_refuse(diag, CX_ERR(PARSE), field->name, "wrong-identifier",
                             "Use an identifier that starts with \"%s_\".",
                             cx_id_prefix(field->id_type));
        break;
    case API_TIME:
        if (cx_failed(cx_time_parse(text, member(in, field->offset))))
            return cx_refuse(diag, CX_ERR(PARSE), field->name, "wrong-type",
                             "Use a time like 2026-11-21T21:40:00Z (RFC 3339).");
        break;
    case API_BYTES:
    case API_JSON:
    case API_OBJECT:
    case API_LIST:
    case API_BODY:
        return CX_ERR(INTERNAL); /* the generator refuses such parameters */
    }
    set_has(in, field);
    return CX_OK;
}

cx_err api_decode_path(const struct api_path_value *values, size_t count, struct cx_diag *diag,
                       void *in)
{
    for (size_t i = 0; i < count; i++)
        CX_TRY(decode_text(values[i].field, values[i].text, diag, in));
    return CX_OK;
}

static const struct api_field *find_query_field(const struct api_schema *schema, struct cx_str name)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].place == API_IN_QUERY && cx_str_is(name, schema->fields[i].name))
            return &schema->fields[i];
    return NULL;
}

/* The first parameter of a query whose value cannot be read; "" when the fault is elsewhere. */
static const char *broken_parameter(const struct api_schema *schema, struct cx_str query,
                                    struct arena *arena)
{
    while (query.len > 0) {
        const char *end = memchr(query.ptr, '&', query.len);
        struct cx_str piece = {query.ptr, end ? (size_t)(end - query.ptr) : query.len}, value;
        const char *mark = memchr(piece.ptr, '=', piece.len);
        size_t name_len = mark ? (size_t)(mark - piece.ptr) : piece.len;
        const struct api_field *field =
            find_query_field(schema, (struct cx_str){piece.ptr, name_len});
        value = (struct cx_str){piece.ptr + name_len, piece.len - name_len};
        if (field && (!mark || cx_failed(http_percent_decode(arena, value, &value))))
            return field->name;
        query = (struct cx_str){query.ptr + piece.len + (end != NULL),
                                query.len - piece.len - (end != NULL)};
    }
    return "";
}

static cx_err refuse_unknown_parameter(struct cx_str name, struct arena *arena,
                                       struct cx_diag *diag)
{
    struct cx_str field;
    CX_TRY(arena_copy_str(arena, name, &field));
    return cx_refuse(diag, CX_ERR(PARSE), field.ptr, "unknown-parameter",
                     "This operation has no such query parameter.");
}

static void set_default(const struct api_field *field, void *in)
{
    if (field->kind == API_ENUM)
        set_enum(in, field, (size_t)field->default_value);
    else if (field->kind == API_BOOL)
        *(bool *)member(in, field->offset) = field->default_value != 0;
    else
        *(int64_t *)member(in, field->offset) = field->default_value;
}

cx_err api_decode_query(const struct api_schema *schema, struct cx_str query, struct arena *arena,
                        struct cx_diag *diag, void *in)
{
    struct http_query parsed = {0};
    cx_err err = http_query_parse(arena, query, &parsed);
    if (cx_failed(err))
        return cx_refuse(diag, err, broken_parameter(schema, query, arena), "query-syntax",
                         "The query string is malformed or too long.");
    for (size_t i = 0; i < parsed.count; i++) {
        const struct http_parameter *parameter = &parsed.parameters[i];
        struct cx_str again;
        if (!find_query_field(schema, parameter->name))
            return refuse_unknown_parameter(parameter->name, arena, diag);
        if (cx_is_ok(http_query_get(&parsed, find_query_field(schema, parameter->name)->name, 1,
                                    &again)))
            return cx_refuse(diag, CX_ERR(PARSE), find_query_field(schema, parameter->name)->name,
                             "duplicate-parameter", "Give this query parameter once.");
    }
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct api_field *field = &schema->fields[i];
        struct cx_str text;
        if (field->place != API_IN_QUERY)
            continue;
        if (cx_is_ok(http_query_get(&parsed, field->name, 0, &text)))
            CX_TRY(decode_text(field, text, diag, in));
        else if (field->has_default)
            set_default(field, in);
        else if (field->required)
            return cx_refuse(diag, CX_ERR(PARSE), field->name, "missing",
                             "This query parameter is required.");
    }
    return CX_OK;
}

/* ---- body: JSON ---- */

struct decoding {
    struct arena *arena;
    struct cx_diag *diag;
};

static cx_err decode_fields(const struct decoding *decoding, const struct api_schema *schema,
                            const struct json_node *node, void *in);

static cx_err json_text(const struct decoding *decoding, const struct api_field *field,
                        const struct json_node *node, void *in)
{
    struct cx_str text;
    char pointer[DIAG_FIELD_MAX];
    /* The reader's maximum counts octets, the contract's characters: at most four octets each. */
    CX_TRY(json_as_str(node, (size_t)field->max * 4, decoding->diag, &text));
    json_pointer(node, pointer);
    CX_TRY(api_text_check(field, text, pointer, decoding->diag));
    *(struct cx_str *)member(in, field->offset) = text;
    return CX_OK;
}

static cx_err json_scalar(const struct decoding *decoding, const struct api_field *field,
                          const struct json_node *node, void *in)
{
    size_t word = 0;
    switch (field->kind) {
    case API_TEXT:
        return json_text(decoding, field, node, in);
    case API_INT:
        return json_as_i64(node, field->min, field->max, decoding->diag, member(in, field->offset));
    case API_BOOL:
        return json_as_bool(node, decoding->diag, member(in, field->offset));
    case API_ENUM:
        CX_TRY(json_as_word(node, field->enumeration->names, field->enumeration->count,
                            decoding->diag, &word));
        set_enum(in, field, word);
        return CX_OK;
    case API_ID:
        return json_as_id(node, field->id_type, decoding->diag, member(in, field->offset));
    case API_TIME:
        return json_as_time(node, decoding->diag, member(in, field->offset));
    case API_OBJECT:
        return decode_fields(decoding, field->schema, node, member(in, field->offset));
    case API_BYTES:
    case API_JSON:
    case API_LIST:
    case API_BODY:
        break; /* the generator refuses such inputs */
    }
    return CX_ERR(INTERNAL);
}

static cx_err json_list(const struct decoding *decoding, const struct api_field *field,
                        const struct json_node *node, void *in)
{
    size_t count = 0;
    void *items = NULL;
    CX_TRY(json_as_array(node, (size_t)field->max, decoding->diag, &count));
    if (count < (size_t)field->min)
        return json_refuse(node, decoding->diag, CX_ERR(LIMIT), "too-few",
                           "The list has too few elements.");
    CX_TRY(arena_alloc_array(decoding->arena, count, field->item->size, &items));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(node, i);
        CX_TRY(json_scalar(decoding, field->item, &item, (uint8_t *)items + i * field->item->size));
    }
    memcpy(member(in, field->offset), &items, sizeof(items));
    *(size_t *)member(in, field->count_offset) = count;
    return CX_OK;
}

static bool has_field(const struct api_schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].place == API_IN_BODY && strcmp(schema->fields[i].name, key) == 0)
            return true;
    return false;
}

/* json_only wants a list of names; the table is the list here. */
static cx_err refuse_unknown(const struct decoding *decoding, const struct api_schema *schema,
                             const struct json_node *node)
{
    const char *key;
    json_t *value;
    CX_TRY(json_as_object(node, decoding->diag));
    json_object_foreach((json_t *)(uintptr_t)node->value, key, value)
    {
        struct json_node unknown = json_member(node, key);
        if (!has_field(schema, key))
            return json_refuse(&unknown, decoding->diag, CX_ERR(PARSE), "unknown-member",
                               "This member is not part of the operation's input.");
    }
    return CX_OK;
}

static cx_err decode_fields(const struct decoding *decoding, const struct api_schema *schema,
                            const struct json_node *node, void *in)
{
    CX_TRY(refuse_unknown(decoding, schema, node));
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct api_field *field = &schema->fields[i];
        if (field->place != API_IN_BODY)
            continue;
        struct json_node value = json_member(node, field->name);
        if (!value.value) {
            if (field->required)
                return json_refuse(&value, decoding->diag, CX_ERR(PARSE), "missing",
                                   "This member is required.");
            if (field->has_default)
                set_default(field, in);
            continue;
        }
        if (field->kind == API_LIST)
            CX_TRY(json_list(decoding, field, &value, in));
        else
            CX_TRY(json_scalar(decoding, field, &value, in));
        set_has(in, field);
    }
    return CX_OK;
}

cx_err api_decode_body(const struct api_schema *schema, struct cx_bytes body, size_t max,
                       struct arena *arena, struct cx_diag *diag, void *in, json_t **ret_root)
{
    json_auto_t *root = NULL;
    struct decoding decoding = {arena, diag};
    CX_TRY(json_parse(body, max, diag, &root));
    struct json_node top = json_top(root);
    CX_TRY(decode_fields(&decoding, schema, &top, in));
    *ret_root = CX_TAKE(root);
    return CX_OK;
}
