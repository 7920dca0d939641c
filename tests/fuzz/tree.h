/* Writes a parsed tree with json_write: what the JSON and YAML targets read back. */
#pragma once
#include "codec/json.h"
#include "codec/json_write.h"

static inline cx_err tree_write(struct json_writer *json, const char *key, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        const char *name = NULL;
        json_t *member = NULL;
        CX_TRY(json_begin_object(json, key));
        json_object_foreach(value, name, member) CX_TRY(tree_write(json, name, member));
        return json_end(json);
    }
    case JSON_ARRAY: {
        size_t index = 0;
        json_t *item = NULL;
        CX_TRY(json_begin_array(json, key));
        json_array_foreach(value, index, item) CX_TRY(tree_write(json, NULL, item));
        return json_end(json);
    }
    case JSON_STRING:
        return json_write_str(json, key,
                              (struct cx_str){json_string_value(value), json_string_length(value)});
    case JSON_INTEGER:
        return json_write_i64(json, key, json_integer_value(value));
    case JSON_REAL: {
        char number[40];
        int len = snprintf(number, sizeof(number), "%.17e", json_real_value(value));
        return json_write_raw(json, key, CX_BYTES(number, (size_t)len));
    }
    case JSON_TRUE:
    case JSON_FALSE:
        return json_write_bool(json, key, json_is_true(value));
    case JSON_NULL:
        break;
    }
    return json_write_null(json, key);
}
