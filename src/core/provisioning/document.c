#include "core/provisioning/document.h"

#include "core/api/text.h"

cx_err scim_body_parse(struct cx_bytes body, size_t max, struct cx_diag *diag, json_t **ret_root)
{
    json_t *root = NULL;
    CX_TRY(json_parse(body, max, diag, &root));
    if (!json_is_object(root)) {
        json_decref(root);
        return cx_refuse(diag, CX_ERR(PARSE), "", "scim-syntax", "Send a JSON object.");
    }
    *ret_root = root;
    return CX_OK;
}

const json_t *scim_member(const json_t *object, const char *name)
{
    const char *key = NULL;
    json_t *value = NULL;
    const json_t *found = NULL;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (scim_name_is(cx_str_from(key), name))
            found = value;
    }
    return found;
}

cx_err scim_operations(const json_t *root, struct cx_diag *diag, const json_t **ret_list)
{
    const json_t *list = scim_member(root, "Operations");
    if (!json_is_array(list) || json_array_size(list) == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "", "scim-syntax",
                         "A PATCH document has Operations, a list that is not empty.");
    *ret_list = list;
    return CX_OK;
}

static cx_err read_op(const json_t *item, struct cx_diag *diag, enum scim_op *ret_op)
{
    static const char *const names[] = {
        [SCIM_ADD] = "add", [SCIM_REPLACE] = "replace", [SCIM_REMOVE] = "remove"};
    const json_t *op = scim_member(item, "op");
    for (int i = SCIM_ADD; i <= SCIM_REMOVE; i++) {
        if (!json_is_string(op) || !scim_name_is(cx_str_from(json_string_value(op)), names[i]))
            continue;
        *ret_op = (enum scim_op)i;
        return CX_OK;
    }
    return cx_refuse(diag, CX_ERR(PARSE), "", "scim-syntax",
                     "The op of an operation is add, replace or remove.");
}

cx_err scim_operation_read(const json_t *item, struct arena *arena, struct cx_diag *diag,
                           struct scim_operation *ret_operation)
{
    struct scim_operation operation = {.op = SCIM_ADD};
    if (!json_is_object(item))
        return cx_refuse(diag, CX_ERR(PARSE), "", "scim-syntax", "An operation is an object.");
    CX_TRY(read_op(item, diag, &operation.op));
    const json_t *path = scim_member(item, "path");
    operation.value = scim_member(item, "value");
    operation.has_path =
        path && !json_is_null(path) && !(json_is_string(path) && json_string_length(path) == 0);
    if (operation.has_path && !json_is_string(path))
        return cx_refuse(diag, CX_ERR(PARSE), "", "scim-path", "A path is a text.");
    if (operation.has_path)
        CX_TRY(scim_path_parse((struct cx_str){json_string_value(path), json_string_length(path)},
                               arena, diag, &operation.path));
    else if (operation.op == SCIM_REMOVE) /* RFC 7644 §3.5.2.2 */
        return cx_refuse(diag, CX_ERR(PARSE), "", "scim-target", "What is removed needs a path.");
    *ret_operation = operation;
    return CX_OK;
}

const json_t *scim_unwrap(const json_t *value)
{
    if (json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0);
    return json_is_object(value) && scim_member(value, "value") ? scim_member(value, "value")
                                                                : value;
}

cx_err scim_text_of(const json_t *value, const char *name, size_t max, struct cx_diag *diag,
                    struct cx_str *ret_text)
{
    const struct api_field line = {.text_class = API_TEXT_LINE, .max = (int64_t)max};
    value = scim_unwrap(value);
    if (!value || json_is_null(value)) {
        *ret_text = CX_STR_NONE;
        return CX_OK;
    }
    if (!json_is_string(value))
        return cx_refuse(diag, CX_ERR(PARSE), name, "scim-value", "%s is a text.", name);
    struct cx_str text = {json_string_value(value), json_string_length(value)};
    if (cx_failed(api_text_check(&line, text, name, NULL)))
        return cx_refuse(diag, CX_ERR(PARSE), name, "scim-value",
                         "%s has at most %zu characters, and none that controls.", name, max);
    *ret_text = text;
    return CX_OK;
}

cx_err scim_bool_of(const json_t *value, const char *name, struct cx_diag *diag, bool *ret_value)
{
    value = scim_unwrap(value);
    struct cx_str text =
        json_is_string(value) ? cx_str_from(json_string_value(value)) : CX_STR_NONE;
    bool yes = json_is_true(value) || scim_name_is(text, "true");
    if (!yes && !json_is_false(value) && !scim_name_is(text, "false"))
        return cx_refuse(diag, CX_ERR(PARSE), name, "scim-value", "%s is true or false.", name);
    *ret_value = yes;
    return CX_OK;
}
