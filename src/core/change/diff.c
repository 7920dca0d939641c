#include "core/change/diff.h"
#include "base/cleanup.h"
#include "codec/json.h"
#include "core/change/object.h"

static cx_err value_text(json_t *value, struct arena *arena, struct cx_str *ret_text)
{
    *ret_text = CX_STR_NONE;
    if (!value)
        return CX_OK;
    if (json_is_string(value))
        return arena_copy_str(
            arena, (struct cx_str){json_string_value(value), json_string_length(value)}, ret_text);
    CX_AUTO_FREE char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    return text ? arena_copy_str(arena, cx_str_from(text), ret_text) : CX_ERR(NOMEM);
}

static cx_err add(const char *field, json_t *was, json_t *is, struct arena *arena,
                  struct change_difference *list, size_t *count)
{
    struct change_difference difference;
    if (*count == CHANGE_DIFF_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(arena_copy_str(arena, cx_str_from(field), &difference.field));
    CX_TRY(value_text(was, arena, &difference.was));
    CX_TRY(value_text(is, arena, &difference.is));
    list[(*count)++] = difference;
    return CX_OK;
}

cx_err change_diff(struct cx_str before, struct cx_str content, struct arena *arena,
                   struct change_difference ret_list[static CHANGE_DIFF_MAX], size_t *ret_count)
{
    json_auto_t *was = NULL, *is = NULL;
    struct cx_diag ignored = CX_DIAG_INIT;
    const char *name;
    json_t *value;
    size_t count = 0;
    if (before.len)
        CX_TRY(json_parse(cx_str_bytes(before), CHANGE_CONTENT_MAX, &ignored, &was));
    CX_TRY(json_parse(cx_str_bytes(content), CHANGE_CONTENT_MAX, &ignored, &is));
    json_object_foreach(is, name, value)
    {
        json_t *old = json_object_get(was, name);
        if (!old || !json_equal(old, value))
            CX_TRY(add(name, old, value, arena, ret_list, &count));
    }
    json_object_foreach(was, name, value)
    {
        if (!json_object_get(is, name))
            CX_TRY(add(name, value, NULL, arena, ret_list, &count));
    }
    *ret_count = count;
    return CX_OK;
}
