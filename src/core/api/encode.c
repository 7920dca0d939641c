#include "core/api/encode.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "codec/base64.h"
#include "codec/json_write.h"

static cx_err write_fields(struct json_writer *json, const struct api_schema *schema,
                           const void *value);

static const void *member(const void *value, size_t offset)
{
    return (const uint8_t *)value + offset;
}

static cx_err write_text(struct json_writer *json, const char *key, const struct api_field *field,
                         const void *at)
{
    struct cx_str text = *(const struct cx_str *)at;
    if (!cx_utf8_valid(cx_str_bytes(text)) || cx_utf8_count(text) > (size_t)field->max)
        return CX_ERR(INTERNAL);
    return json_write_str(json, key, text);
}

static cx_err write_enum(struct json_writer *json, const char *key, const struct api_field *field,
                         const void *at)
{
    int word = 0;
    memcpy(&word, at, sizeof(word));
    if (word < 0 || (size_t)word >= field->enumeration->count)
        return CX_ERR(INTERNAL);
    return json_write_text(json, key, field->enumeration->names[word]);
}

static cx_err write_bytes(struct json_writer *json, const char *key, const struct api_field *field,
                          const void *at)
{
    struct cx_bytes bytes = *(const struct cx_bytes *)at;
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT((size_t)field->max);
    CX_TRY(base64_encode(bytes, &text));
    return json_write_str(json, key, (struct cx_str){(const char *)text.ptr, text.len});
}

static cx_err write_value(struct json_writer *json, const char *key, const struct api_field *field,
                          const void *at)
{
    switch (field->kind) {
    case API_TEXT:
        return write_text(json, key, field, at);
    case API_INT:
        return json_write_i64(json, key, *(const int64_t *)at);
    case API_BOOL:
        return json_write_bool(json, key, *(const bool *)at);
    case API_ENUM:
        return write_enum(json, key, field, at);
    case API_ID:
        return json_write_id(json, key, field->id_type, *(const struct cx_id *)at);
    case API_TIME:
        return json_write_time(json, key, *(const cx_time *)at);
    case API_BYTES:
        return write_bytes(json, key, field, at);
    case API_JSON:
        return json_write_raw(json, key, cx_str_bytes(*(const struct cx_str *)at));
    case API_OBJECT:
        CX_TRY(json_begin_object(json, key));
        CX_TRY(write_fields(json, field->schema, at));
        return json_end(json);
    case API_LIST:
    case API_BODY:
        break; /* lists are written by write_list; lists of lists and raw bodies are no part of an answer */
    }
    return CX_ERR(INTERNAL);
}

static cx_err write_list(struct json_writer *json, const struct api_field *field, const void *value)
{
    const void *items = NULL;
    size_t count = *(const size_t *)member(value, field->count_offset);
    memcpy(&items, member(value, field->offset), sizeof(items));
    if (count > (size_t)field->max)
        return CX_ERR(INTERNAL);
    CX_TRY(json_begin_array(json, field->name));
    for (size_t i = 0; i < count; i++)
        CX_TRY(write_value(json, NULL, field->item, member(items, i * field->item->size)));
    return json_end(json);
}

static cx_err write_fields(struct json_writer *json, const struct api_schema *schema,
                           const void *value)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct api_field *field = &schema->fields[i];
        bool present = !field->has_flag || *(const bool *)member(value, field->has_offset);
        if (field->kind == API_LIST) {
            if (present || *(const size_t *)member(value, field->count_offset) > 0)
                CX_TRY(write_list(json, field, value));
        } else if (present) {
            CX_TRY(write_value(json, field->name, field, member(value, field->offset)));
        }
    }
    return CX_OK;
}

cx_err api_encode(const struct api_schema *schema, const void *value, struct cx_buf *out)
{
    struct json_writer json = json_writer(out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(write_fields(&json, schema, value));
    return json_end(&json);
}
