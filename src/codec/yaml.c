/* libyaml's events become a tree by recursive descent, at most JSON_DEPTH_MAX deep. */
#include "codec/yaml.h"
#include "base/cleanup.h"
#include "base/number.h"

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one; its type is YAML_NO_EVENT before the first */
    struct cx_diag *diag;
};

static void reader_clear(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    yaml_parser_delete(&reader->parser);
}

static cx_err refuse(struct reader *reader, const char *rule, const char *text)
{
    return cx_refuse(reader->diag, CX_ERR(PARSE), "", rule, "line %zu, column %zu: %s",
                     reader->event.start_mark.line + 1, reader->event.start_mark.column + 1, text);
}

static cx_err next(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    if (yaml_parser_parse(&reader->parser, &reader->event))
        return CX_OK;
    if (reader->parser.error == YAML_MEMORY_ERROR)
        return CX_ERR(NOMEM);
    const char *problem = reader->parser.problem ? reader->parser.problem : "not YAML";
    return cx_refuse(reader->diag, CX_ERR(PARSE), "", "yaml-syntax", "line %zu, column %zu: %s",
                     reader->parser.problem_mark.line + 1, reader->parser.problem_mark.column + 1,
                     problem);
}

static bool has_decoration(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor || event->data.scalar.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor || event->data.mapping_start.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor || event->data.sequence_start.tag;
    default:
        return false;
    }
}

static json_t *plain_value(struct cx_str text)
{
    if (cx_str_is(text, "true"))
        return json_true();
    if (cx_str_is(text, "false"))
        return json_false();
    if (text.len == 0 || cx_str_is(text, "~") || cx_str_is(text, "null"))
        return json_null();
    int64_t number = 0;
    if (cx_is_ok(cx_parse_i64(text, INT64_MIN, INT64_MAX, &number)))
        return json_integer(number);
    return json_stringn(text.ptr, text.len);
}

static cx_err scalar(struct reader *reader, json_t **ret_value)
{
    struct cx_str text = CX_STR_NONE;
    struct cx_bytes bytes =
        CX_BYTES(reader->event.data.scalar.value, reader->event.data.scalar.length);
    if (cx_failed(cx_str_view(bytes, &text)))
        return refuse(reader, "yaml-text", "text is not UTF-8 or holds a NUL");
    bool plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    json_t *value = plain ? plain_value(text) : json_stringn(text.ptr, text.len);
    if (!value)
        return CX_ERR(NOMEM);
    *ret_value = value;
    return CX_OK;
}

static cx_err value_at(struct reader *reader, unsigned depth, json_t **ret_value);

static cx_err sequence(struct reader *reader, unsigned depth, json_t **ret_value)
{
    json_auto_t *array = json_array();
    if (!array)
        return CX_ERR(NOMEM);
    CX_TRY(next(reader));
    while (reader->event.type != YAML_SEQUENCE_END_EVENT) {
        json_t *item = NULL;
        CX_TRY(value_at(reader, depth + 1, &item));
        if (json_array_append_new(array, item) != 0)
            return CX_ERR(NOMEM);
        CX_TRY(next(reader));
    }
    *ret_value = CX_TAKE(array);
    return CX_OK;
}

/* The current event as a key that object does not have yet; copied, the event goes away. */
static cx_err key_copy(struct reader *reader, const json_t *object, char **ret_key)
{
    if (has_decoration(&reader->event))
        return refuse(reader, "yaml-decoration", "anchors and tags are not accepted");
    if (reader->event.type != YAML_SCALAR_EVENT)
        return refuse(reader, "yaml-key", "a key must be text on one line");
    const char *key = (const char *)reader->event.data.scalar.value;
    struct cx_str view = CX_STR_NONE;
    if (cx_failed(cx_str_view(CX_BYTES(key, reader->event.data.scalar.length), &view)))
        return refuse(reader, "yaml-key", "the key is not UTF-8 or holds a NUL");
    if (cx_str_is(view, "<<"))
        return refuse(reader, "yaml-merge", "merge keys are not accepted");
    if (json_object_get(object, key))
        return refuse(reader, "yaml-duplicate", "the key appears twice in this mapping");
    char *copy = strndup(key, view.len);
    if (!copy)
        return CX_ERR(NOMEM);
    *ret_key = copy;
    return CX_OK;
}

static cx_err mapping(struct reader *reader, unsigned depth, json_t **ret_value)
{
    json_auto_t *object = json_object();
    if (!object)
        return CX_ERR(NOMEM);
    CX_TRY(next(reader));
    while (reader->event.type != YAML_MAPPING_END_EVENT) {
        CX_AUTO_FREE char *key = NULL;
        CX_TRY(key_copy(reader, object, &key));
        CX_TRY(next(reader));
        json_t *value = NULL;
        CX_TRY(value_at(reader, depth + 1, &value));
        if (json_object_set_new(object, key, value) != 0)
            return CX_ERR(NOMEM);
        CX_TRY(next(reader));
    }
    *ret_value = CX_TAKE(object);
    return CX_OK;
}

/* The value that starts at the current event; depth counts the containers around it. */
static cx_err value_at(struct reader *reader, unsigned depth, json_t **ret_value)
{
    if (has_decoration(&reader->event))
        return refuse(reader, "yaml-decoration", "anchors and tags are not accepted");
    switch (reader->event.type) {
    case YAML_SCALAR_EVENT:
        return scalar(reader, ret_value);
    case YAML_ALIAS_EVENT:
        return refuse(reader, "yaml-alias", "aliases are not accepted");
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (depth == JSON_DEPTH_MAX)
            return refuse(reader, "yaml-depth", "mappings and sequences nest too deep");
        return reader->event.type == YAML_MAPPING_START_EVENT ? mapping(reader, depth, ret_value)
                                                              : sequence(reader, depth, ret_value);
    default:
        return refuse(reader, "yaml-syntax", "a value was expected here");
    }
}

static cx_err document(struct reader *reader, json_t **ret_root)
{
    CX_TRY(next(reader)); /* stream start */
    CX_TRY(next(reader));
    if (reader->event.type != YAML_DOCUMENT_START_EVENT)
        return refuse(reader, "yaml-syntax", "the file has no content");
    if (reader->event.data.document_start.version_directive ||
        reader->event.data.document_start.tag_directives.start !=
            reader->event.data.document_start.tag_directives.end)
        return refuse(reader, "yaml-decoration", "directives are not accepted");
    CX_TRY(next(reader));
    if (reader->event.type == YAML_SCALAR_EVENT)
        return refuse(reader, "yaml-root", "the file must hold a mapping or a sequence");
    json_auto_t *root = NULL;
    CX_TRY(value_at(reader, 0, &root));
    CX_TRY(next(reader)); /* document end */
    CX_TRY(next(reader));
    if (reader->event.type != YAML_STREAM_END_EVENT)
        return refuse(reader, "yaml-documents", "the file must hold one document");
    *ret_root = CX_TAKE(root);
    return CX_OK;
}

cx_err yaml_parse(struct cx_bytes text, size_t max, struct cx_diag *diag, json_t **ret_root)
{
    if (text.len > max)
        return cx_refuse(diag, CX_ERR(LIMIT), "", "yaml-size",
                         "the text is %zu bytes long; at most %zu are accepted", text.len, max);
    if (text.len == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "", "yaml-syntax", "the file has no content");
    CX_CLEANUP(reader_clear) struct reader reader = {.diag = diag};
    if (!yaml_parser_initialize(&reader.parser))
        return CX_ERR(NOMEM);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, text.ptr, text.len);
    return document(&reader, ret_root);
}
