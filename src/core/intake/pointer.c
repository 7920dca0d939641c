#include "core/intake/pointer.h"

#include "base/number.h"

/* The next part, unescaped into ret_part; rest goes past it. false: it is none. */
static bool take_part(struct cx_str *rest, char ret_part[static POINTER_PART_MAX + 1])
{
    size_t i = 1, n = 0;
    if (rest->len == 0 || rest->ptr[0] != '/')
        return false;
    while (i < rest->len && rest->ptr[i] != '/' && n < POINTER_PART_MAX) {
        char c = rest->ptr[i++];
        if (c == '~' && i < rest->len && (rest->ptr[i] == '0' || rest->ptr[i] == '1'))
            c = rest->ptr[i++] == '0' ? '~' : '/'; /* RFC 6901 §4 */
        else if (c == '~' || c == '\0')
            return false;
        ret_part[n++] = c;
    }
    if (i < rest->len && rest->ptr[i] != '/')
        return false;
    ret_part[n] = '\0';
    *rest = (struct cx_str){rest->ptr + i, rest->len - i};
    return true;
}

static bool is_star(const char *part)
{
    return part[0] == '*' && part[1] == '\0';
}

cx_err pointer_check(struct cx_str pointer, bool pattern)
{
    char part[POINTER_PART_MAX + 1];
    struct cx_str rest = pointer;
    size_t count = 0;
    while (rest.len > 0)
        if (!take_part(&rest, part) || ++count > POINTER_PARTS_MAX || (!pattern && is_star(part)))
            return CX_ERR(PARSE);
    return pointer.len <= POINTER_MAX ? CX_OK : CX_ERR(PARSE);
}

/* RFC 6901 §4: an index has no leading zero. */
static bool read_index(const char *part, size_t *ret_index)
{
    int64_t index = 0;
    if ((part[0] == '0' && part[1] != '\0') ||
        cx_failed(cx_parse_i64(cx_str_from(part), 0, INT32_MAX, &index)))
        return false;
    *ret_index = (size_t)index;
    return true;
}

static struct json_node child_of(const struct json_node *node, const char *part)
{
    size_t index = 0;
    if (json_is_object(node->value))
        return json_member(node, part);
    if (json_is_array(node->value) && read_index(part, &index) &&
        index < json_array_size(node->value))
        return json_item(node, index);
    return (struct json_node){.value = NULL, .parent = node, .key = part};
}

static cx_err scalar_text(const json_t *value, struct arena *arena, bool *ret_found,
                          struct cx_str *ret_text)
{
    *ret_found = true;
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return arena_copy_str(
            arena, (struct cx_str){json_string_value(value), json_string_length(value)}, ret_text);
    case JSON_INTEGER:
        return arena_printf(arena, ret_text, "%lld", (long long)json_integer_value(value));
    case JSON_REAL:
        return arena_printf(arena, ret_text, "%.6g", json_real_value(value));
    case JSON_TRUE:
    case JSON_FALSE:
        return arena_copy_str(arena, json_is_true(value) ? CX_STR("true") : CX_STR("false"),
                              ret_text);
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
        break;
    }
    *ret_found = false;
    return CX_OK;
}

cx_err pointer_text(const struct json_node *node, struct cx_str pointer, struct arena *arena,
                    bool *ret_found, struct cx_str *ret_text)
{
    char part[POINTER_PART_MAX + 1];
    struct json_node at = *node;
    while (pointer.len > 0) {
        if (!take_part(&pointer, part))
            return CX_ERR(PARSE);
        struct json_node from = at;
        at = child_of(&from, part);
        at.parent = NULL; /* only its value is wanted */
        if (!at.value)
            break;
    }
    return scalar_text(at.value, arena, ret_found, ret_text);
}

/* One level a part, of which pointer_check allows POINTER_PARTS_MAX; the nodes of the way stand on the stack. */
cx_err pointer_each(const struct json_node *node, struct cx_str pattern, struct cx_diag *diag,
                    pointer_visit visit, void *arg)
{
    char part[POINTER_PART_MAX + 1];
    size_t count = 0;
    if (pattern.len == 0)
        return visit(node, arg);
    if (!take_part(&pattern, part))
        return CX_ERR(PARSE);
    if (!is_star(part)) {
        struct json_node child = child_of(node, part);
        return child.value ? pointer_each(&child, pattern, diag, visit, arg)
                           : json_refuse(&child, diag, CX_ERR(PARSE), "json-missing",
                                         "the mapping expects this member");
    }
    CX_TRY(json_as_array(node, SIZE_MAX, diag, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(node, i);
        CX_TRY(pointer_each(&item, pattern, diag, visit, arg));
    }
    return CX_OK;
}
