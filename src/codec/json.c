/* Typed reading from the tree. */
#include "codec/json.h"
#include "base/cleanup.h"
#include "codec/base64.h"

struct json_node json_top(const json_t *root)
{
    return (struct json_node){.value = root};
}

struct json_node json_member(const struct json_node *object, const char *key)
{
    return (struct json_node){json_object_get(object->value, key), object, key, 0};
}

struct json_node json_item(const struct json_node *array, size_t index)
{
    return (struct json_node){json_array_get(array->value, index), array, NULL, index};
}

bool json_has(const struct json_node *object, const char *key)
{
    return json_object_get(object->value, key) != NULL;
}

/* Writes text at the end of pointer as far as it fits; '~' and '/' as RFC 6901 §3 says. */
static size_t put_escaped(char *pointer, size_t at, const char *text)
{
    for (; *text; text++) {
        const char *piece = *text == '~' ? "~0" : *text == '/' ? "~1" : NULL;
        size_t need = piece ? 2 : 1;
        if (at + need >= DIAG_FIELD_MAX)
            break;
        memcpy(pointer + at, piece ? piece : text, need);
        at += need;
    }
    return at;
}

static size_t put_step(const struct json_node *node, char *pointer, size_t at)
{
    if (at + 1 >= DIAG_FIELD_MAX)
        return at;
    pointer[at++] = '/';
    if (node->key)
        return put_escaped(pointer, at, node->key);
    char number[24];
    snprintf(number, sizeof(number), "%zu", node->index);
    return put_escaped(pointer, at, number);
}

void json_pointer(const struct json_node *node, char ret_pointer[static DIAG_FIELD_MAX])
{
    const struct json_node *path[JSON_DEPTH_MAX + 1];
    size_t count = 0;
    for (; node && node->parent && count < JSON_DEPTH_MAX + 1; node = node->parent)
        path[count++] = node;
    size_t at = 0;
    while (count > 0)
        at = put_step(path[--count], ret_pointer, at);
    ret_pointer[at] = 0;
}

cx_err json_refuse(const struct json_node *node, struct cx_diag *diag, cx_err err, const char *rule,
                   const char *text)
{
    char pointer[DIAG_FIELD_MAX];
    json_pointer(node, pointer);
    return cx_refuse(diag, err, pointer, rule, "%s", text);
}

static cx_err refuse_type(const struct json_node *node, struct cx_diag *diag, const char *expected)
{
    char pointer[DIAG_FIELD_MAX];
    json_pointer(node, pointer);
    if (!node->value)
        return cx_refuse(diag, CX_ERR(PARSE), pointer, "json-required", "missing; expected %s",
                         expected);
    return cx_refuse(diag, CX_ERR(PARSE), pointer, "json-type", "wrong type; expected %s",
                     expected);
}

cx_err json_as_object(const struct json_node *node, struct cx_diag *diag)
{
    return json_is_object(node->value) ? CX_OK : refuse_type(node, diag, "an object");
}

cx_err json_as_array(const struct json_node *node, size_t max, struct cx_diag *diag,
                     size_t *ret_count)
{
    if (!json_is_array(node->value))
        return refuse_type(node, diag, "an array");
    size_t count = json_array_size(node->value);
    if (count > max) {
        char pointer[DIAG_FIELD_MAX];
        json_pointer(node, pointer);
        return cx_refuse(diag, CX_ERR(LIMIT), pointer, "json-count",
                         "%zu items; at most %zu are accepted", count, max);
    }
    *ret_count = count;
    return CX_OK;
}

cx_err json_as_str(const struct json_node *node, size_t max, struct cx_diag *diag,
                   struct cx_str *ret_text)
{
    if (!json_is_string(node->value))
        return refuse_type(node, diag, "text");
    struct cx_str text = {json_string_value(node->value), json_string_length(node->value)};
    if (text.len > max) {
        char pointer[DIAG_FIELD_MAX];
        json_pointer(node, pointer);
        return cx_refuse(diag, CX_ERR(LIMIT), pointer, "json-length",
                         "%zu bytes long; at most %zu are accepted", text.len, max);
    }
    *ret_text = text;
    return CX_OK;
}

cx_err json_as_i64(const struct json_node *node, int64_t min, int64_t max, struct cx_diag *diag,
                   int64_t *ret_value)
{
    if (!json_is_integer(node->value))
        return refuse_type(node, diag, "an integer");
    int64_t value = json_integer_value(node->value);
    if (value < min || value > max) {
        char pointer[DIAG_FIELD_MAX];
        json_pointer(node, pointer);
        return cx_refuse(diag, CX_ERR(LIMIT), pointer, "json-range",
                         "out of range; expected a number from %lld to %lld", (long long)min,
                         (long long)max);
    }
    *ret_value = value;
    return CX_OK;
}

cx_err json_as_bool(const struct json_node *node, struct cx_diag *diag, bool *ret_value)
{
    if (!json_is_boolean(node->value))
        return refuse_type(node, diag, "true or false");
    *ret_value = json_is_true(node->value);
    return CX_OK;
}

cx_err json_as_word(const struct json_node *node, const char *const *words, size_t count,
                    struct cx_diag *diag, size_t *ret_index)
{
    if (!json_is_string(node->value))
        return refuse_type(node, diag, "text");
    struct cx_str text = {json_string_value(node->value), json_string_length(node->value)};
    for (size_t i = 0; i < count; i++) {
        if (cx_str_is(text, words[i])) {
            *ret_index = i;
            return CX_OK;
        }
    }
    CX_CLEANUP(cx_buf_clear) struct cx_buf list = CX_BUF_INIT(DIAG_TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        if (cx_failed(cx_buf_addf(&list, "%s%s", i ? ", " : "", words[i])))
            break; /* a list longer than the diagnostic is cut */
    }
    char pointer[DIAG_FIELD_MAX];
    json_pointer(node, pointer);
    return cx_refuse(diag, CX_ERR(PARSE), pointer, "json-word",
                     "not a known word; expected one of %.*s", (int)list.len,
                     list.len ? (const char *)list.ptr : "");
}

cx_err json_as_id(const struct json_node *node, enum cx_id_type type, struct cx_diag *diag,
                  struct cx_id *ret_id)
{
    struct cx_str text;
    CX_TRY(json_as_str(node, CX_ID_TEXT_MAX, diag, &text));
    if (cx_failed(cx_id_parse(type, text, ret_id))) {
        char pointer[DIAG_FIELD_MAX];
        json_pointer(node, pointer);
        return cx_refuse(diag, CX_ERR(PARSE), pointer, "json-id",
                         "not an identifier of this type; expected %s_ and 26 characters",
                         cx_id_prefix(type));
    }
    return CX_OK;
}

cx_err json_as_time(const struct json_node *node, struct cx_diag *diag, cx_time *ret_us)
{
    struct cx_str text;
    CX_TRY(json_as_str(node, CX_TIME_TEXT_MAX, diag, &text));
    if (cx_failed(cx_time_parse(text, ret_us)))
        return json_refuse(node, diag, CX_ERR(PARSE), "json-time",
                           "not a time; expected the form 2026-01-31T23:59:59Z");
    return CX_OK;
}

cx_err json_as_base64url(const struct json_node *node, size_t max, struct arena *arena,
                         struct cx_diag *diag, struct cx_bytes *ret_bytes)
{
    struct cx_str text;
    CX_TRY(json_as_str(node, base64url_len(max), diag, &text));
    CX_CLEANUP(cx_buf_clear) struct cx_buf decoded = CX_BUF_INIT(max);
    cx_err err = base64url_decode(text, &decoded);
    if (err.code == CX_E_PARSE)
        return json_refuse(node, diag, err, "json-base64url",
                           "not base64url without padding (RFC 4648 §5)");
    CX_TRY(err);
    return arena_copy(arena, cx_buf_view(&decoded), ret_bytes);
}

cx_err json_read_object(const struct json_node *object, const char *key, struct cx_diag *diag,
                        struct json_node *ret_member)
{
    struct json_node member = json_member(object, key);
    CX_TRY(json_as_object(&member, diag));
    *ret_member = member;
    return CX_OK;
}

cx_err json_read_array(const struct json_node *object, const char *key, size_t max,
                       struct cx_diag *diag, struct json_node *ret_member, size_t *ret_count)
{
    struct json_node member = json_member(object, key);
    CX_TRY(json_as_array(&member, max, diag, ret_count));
    *ret_member = member;
    return CX_OK;
}

cx_err json_read_str(const struct json_node *object, const char *key, size_t max,
                     struct cx_diag *diag, struct cx_str *ret_text)
{
    struct json_node member = json_member(object, key);
    return json_as_str(&member, max, diag, ret_text);
}

cx_err json_read_i64(const struct json_node *object, const char *key, int64_t min, int64_t max,
                     struct cx_diag *diag, int64_t *ret_value)
{
    struct json_node member = json_member(object, key);
    return json_as_i64(&member, min, max, diag, ret_value);
}

cx_err json_read_bool(const struct json_node *object, const char *key, struct cx_diag *diag,
                      bool *ret_value)
{
    struct json_node member = json_member(object, key);
    return json_as_bool(&member, diag, ret_value);
}

cx_err json_read_word(const struct json_node *object, const char *key, const char *const *words,
                      size_t count, struct cx_diag *diag, size_t *ret_index)
{
    struct json_node member = json_member(object, key);
    return json_as_word(&member, words, count, diag, ret_index);
}

cx_err json_read_id(const struct json_node *object, const char *key, enum cx_id_type type,
                    struct cx_diag *diag, struct cx_id *ret_id)
{
    struct json_node member = json_member(object, key);
    return json_as_id(&member, type, diag, ret_id);
}

cx_err json_read_time(const struct json_node *object, const char *key, struct cx_diag *diag,
                      cx_time *ret_us)
{
    struct json_node member = json_member(object, key);
    return json_as_time(&member, diag, ret_us);
}

cx_err json_read_base64url(const struct json_node *object, const char *key, size_t max,
                           struct arena *arena, struct cx_diag *diag, struct cx_bytes *ret_bytes)
{
    struct json_node member = json_member(object, key);
    return json_as_base64url(&member, max, arena, diag, ret_bytes);
}

cx_err json_only(const struct json_node *object, const char *const *keys, size_t count,
                 struct cx_diag *diag)
{
    CX_TRY(json_as_object(object, diag));
    /* jansson iterates over a mutable object only; nothing is changed here. */
    json_t *value = (json_t *)(uintptr_t)object->value;
    for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
        const char *key = json_object_iter_key(at);
        bool known = false;
        for (size_t i = 0; i < count && !known; i++)
            known = cx_str_is(cx_str_from(key), keys[i]);
        if (!known) {
            struct json_node member = json_member(object, key);
            return json_refuse(&member, diag, CX_ERR(PARSE), "json-unknown",
                               "unknown member; remove it or correct its name");
        }
    }
    return CX_OK;
}
