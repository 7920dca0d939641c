#include "core/api/route.h"

static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static bool next_element(struct cx_str *rest, struct cx_str *ret_element)
{
    if (rest->len == 0 || rest->ptr[0] != '/')
        return false;
    size_t end = 1;
    while (end < rest->len && rest->ptr[end] != '/')
        end++;
    *ret_element = (struct cx_str){rest->ptr + 1, end - 1};
    *rest = (struct cx_str){rest->ptr + end, rest->len - end};
    return true;
}

static const struct api_field *path_field(const struct api_operation *operation,
                                          struct cx_str variable)
{
    for (size_t i = 0; i < operation->in->field_count; i++) {
        const struct api_field *field = &operation->in->fields[i];
        if (field->place == API_IN_PATH && cx_str_is(variable, field->name))
            return field;
    }
    return NULL;
}

static bool plain_element(struct cx_str element)
{
    return element.len > 0 && !cx_str_is(element, ".") && !cx_str_is(element, "..");
}

/* Does path have the template's shape? Variables are taken raw. */
static bool match(const struct api_operation *operation, struct cx_str path,
                  struct api_route *route)
{
    struct cx_str tmpl = cx_str_from(operation->path), want, got;
    route->value_count = 0;
    while (tmpl.len > 0) {
        struct cx_str whole = path;
        if (!next_element(&tmpl, &want) || !next_element(&path, &got))
            return false;
        if (want.len < 2 || want.ptr[0] != '{') {
            if (!cx_str_eq(want, got))
                return false;
            continue;
        }
        const struct api_field *field =
            path_field(operation, (struct cx_str){want.ptr + 1, want.len - 2});
        if (!field || route->value_count == API_PATH_VALUES_MAX)
            return false;
        if (field->tail) {
            got = (struct cx_str){whole.ptr + 1, whole.len - 1};
            path = CX_STR_NONE;
        } else if (!plain_element(got)) {
            return false;
        }
        route->values[route->value_count++] = (struct api_path_value){field, got};
    }
    return path.len == 0;
}

static cx_err decode_values(struct api_route *route, struct arena *arena, struct cx_diag *diag)
{
    for (size_t i = 0; i < route->value_count; i++) {
        struct api_path_value *value = &route->values[i];
        cx_err err = http_percent_decode(arena, value->text, &value->text);
        if (cx_failed(err))
            return cx_refuse(diag, err, value->field->name, "percent-encoding",
                             "The path is not valid percent-encoded UTF-8.");
    }
    return CX_OK;
}

static bool method_is(const struct api_operation *operation, struct cx_str method)
{
    return cx_str_is(method, method_names[operation->method]) ||
           (operation->method == API_GET && cx_str_is(method, "HEAD"));
}

/* Literal templates win over variables ("/v1/certificates/export"): the one with fewer variables is taken. */
static cx_err find(const struct api_operation *operations, size_t count, struct cx_str method,
                   struct cx_str path, struct arena *arena, struct cx_str *ret_allow,
                   struct api_route *ret_route)
{
    struct api_route best = {0};
    struct cx_str allow = CX_STR_NONE;
    for (size_t i = 0; i < count; i++) {
        struct api_route route = {.operation = &operations[i], .index = i};
        if (!match(&operations[i], path, &route))
            continue;
        if (method_is(&operations[i], method)) {
            if (!best.operation || route.value_count < best.value_count)
                best = route;
            continue;
        }
        CX_TRY(arena_printf(arena, &allow, "%.*s%s%s", CX_STR_ARG(allow), allow.len ? ", " : "",
                            method_names[operations[i].method]));
    }
    if (best.operation) {
        *ret_route = best;
        return CX_OK;
    }
    *ret_allow = allow;
    return allow.len ? CX_ERR(USAGE) : CX_ERR(NOTFOUND);
}

cx_err api_route_find(const struct api_operation *operations, size_t count, struct cx_str method,
                      struct cx_str path, struct arena *arena, struct cx_diag *diag,
                      struct cx_str *ret_allow, struct api_route *ret_route)
{
    struct api_route route = {0};
    if (path.len > API_PATH_MAX)
        return cx_refuse(diag, CX_ERR(NOTFOUND), "", "path-too-long", "The path is too long.");
    cx_err err = find(operations, count, method, path, arena, ret_allow, &route);
    if (err.code == CX_E_USAGE)
        return cx_refuse(diag, err, "", "method-not-allowed",
                         "This path exists, but not with this method.");
    if (cx_failed(err))
        return cx_refuse(diag, err, "", "no-such-path", "There is no such path.");
    CX_TRY(decode_values(&route, arena, diag));
    *ret_route = route;
    return CX_OK;
}
