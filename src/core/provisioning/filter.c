#include "core/provisioning/filter.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "codec/json.h"

#include <strings.h>

struct parser {
    struct cx_str rest;
    struct arena *arena;
    struct cx_diag *diag;
    const char *rule;
};

bool scim_name_is(struct cx_str name, const char *want)
{
    return strlen(want) == name.len &&
           (name.len == 0 || strncasecmp(name.ptr, want, name.len) == 0);
}

struct cx_str scim_name_bare(struct cx_str name)
{
    static const char *const urns[] = {"urn:ietf:params:scim:schemas:core:2.0:User:",
                                       "urn:ietf:params:scim:schemas:core:2.0:Group:"};
    for (size_t i = 0; i < CX_COUNT_OF(urns); i++) {
        size_t len = strlen(urns[i]);
        if (name.len > len && strncasecmp(name.ptr, urns[i], len) == 0)
            return (struct cx_str){name.ptr + len, name.len - len};
    }
    return name;
}

static cx_err refuse(struct parser *p, const char *text)
{
    return cx_refuse(p->diag, CX_ERR(PARSE), "", p->rule, "%s", text);
}

static void skip(struct parser *p, size_t count)
{
    p->rest = (struct cx_str){p->rest.ptr + count, p->rest.len - count};
}

static bool skip_blanks(struct parser *p)
{
    bool any = false;
    for (; p->rest.len && p->rest.ptr[0] == ' '; any = true)
        skip(p, 1);
    return any;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == ':' || c == '_' || c == '-' || c == '$';
}

static cx_err read_name(struct parser *p, struct cx_str *ret_name)
{
    size_t len = 0;
    while (len < p->rest.len && is_name_char(p->rest.ptr[len]))
        len++;
    if (len == 0)
        return refuse(p, "An attribute name is expected: userName eq \"…\".");
    if (len > SCIM_NAME_MAX)
        return refuse(p, "The attribute name is too long.");
    *ret_name = scim_name_bare((struct cx_str){p->rest.ptr, len});
    skip(p, len);
    return CX_OK;
}

/* The octets of a JSON string with its quotes; 0 when it does not end. */
static size_t string_len(struct cx_str text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] == '\\')
            i++;
        else if (text.ptr[i] == '"')
            return i + 1;
    }
    return 0;
}

/* compValue is a JSON string, so the JSON reader judges it: escapes, surrogates, control characters. */
static cx_err read_string(struct parser *p, struct cx_str *ret_value)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf json = CX_BUF_INIT(SCIM_FILTER_MAX + 2);
    json_auto_t *root = NULL;
    struct cx_str value;
    size_t len = string_len(p->rest);
    if (len == 0)
        return refuse(p, "A value in quotes does not end.");
    CX_TRY(cx_buf_addf(&json, "[%.*s]", (int)len, p->rest.ptr));
    if (cx_failed(json_parse(cx_buf_view(&json), SCIM_FILTER_MAX + 2, NULL, &root)))
        return refuse(p, "A value in quotes is not a JSON string.");
    struct json_node top = json_top(root), item = json_item(&top, 0);
    if (cx_failed(json_as_str(&item, SCIM_TEXT_MAX * 4, NULL, &value)))
        return refuse(p, "A value is too long.");
    skip(p, len);
    return arena_copy_str(p->arena, value, ret_value);
}

static cx_err read_value(struct parser *p, struct scim_term *term)
{
    size_t len = 0;
    term->quoted = p->rest.len && p->rest.ptr[0] == '"';
    if (term->quoted)
        return read_string(p, &term->value);
    while (len < p->rest.len && is_name_char(p->rest.ptr[len]))
        len++;
    if (len == 0)
        return refuse(p, "A value is expected after eq.");
    term->value = (struct cx_str){p->rest.ptr, len};
    skip(p, len);
    return CX_OK;
}

static cx_err read_term(struct parser *p, struct scim_term *ret_term)
{
    struct scim_term term = {0};
    struct cx_str operation;
    CX_TRY(read_name(p, &term.attribute));
    if (!skip_blanks(p))
        return refuse(p, "An operator is expected after the attribute: only eq is supported.");
    CX_TRY(read_name(p, &operation));
    if (!scim_name_is(operation, "eq"))
        return refuse(p, "Only comparisons by eq are supported.");
    if (!skip_blanks(p))
        return refuse(p, "A value is expected after eq.");
    CX_TRY(read_value(p, &term));
    *ret_term = term;
    return CX_OK;
}

/* Up to the end or to a ']', which stays. */
static cx_err read_terms(struct parser *p, struct scim_filter *ret_filter)
{
    struct scim_filter filter = {.count = 0};
    struct cx_str word;
    for (;;) {
        skip_blanks(p);
        if (filter.count == SCIM_TERMS_MAX)
            return refuse(p, "The filter has too many terms.");
        CX_TRY(read_term(p, &filter.terms[filter.count++]));
        bool blank = skip_blanks(p);
        if (p->rest.len == 0 || p->rest.ptr[0] == ']')
            break;
        if (!blank)
            return refuse(p, "A blank is expected after a value.");
        CX_TRY(read_name(p, &word));
        if (!scim_name_is(word, "and") || !skip_blanks(p))
            return refuse(p, "Terms are joined by and; nothing else is supported.");
    }
    *ret_filter = filter;
    return CX_OK;
}

cx_err scim_filter_parse(struct cx_str text, struct arena *arena, struct cx_diag *diag,
                         struct scim_filter *ret_filter)
{
    struct parser p = {text, arena, diag, "scim-filter"};
    struct scim_filter filter;
    if (text.len > SCIM_FILTER_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "", p.rule, "The filter is too long.");
    CX_TRY(read_terms(&p, &filter));
    if (p.rest.len)
        return refuse(&p, "The filter does not end where it should.");
    *ret_filter = filter;
    return CX_OK;
}

cx_err scim_path_parse(struct cx_str text, struct arena *arena, struct cx_diag *diag,
                       struct scim_path *ret_path)
{
    struct parser p = {text, arena, diag, "scim-path"};
    struct scim_path path = {.sub = CX_STR_NONE};
    if (text.len > SCIM_FILTER_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "", p.rule, "The path is too long.");
    CX_TRY(read_name(&p, &path.attribute));
    if (p.rest.len && p.rest.ptr[0] == '[') {
        skip(&p, 1);
        CX_TRY(read_terms(&p, &path.filter));
        if (p.rest.len == 0)
            return refuse(&p, "The path lacks a ].");
        skip(&p, 1);
        if (p.rest.len && p.rest.ptr[0] == '.') {
            skip(&p, 1);
            CX_TRY(read_name(&p, &path.sub));
        }
    }
    if (p.rest.len)
        return refuse(&p, "The path does not end where it should.");
    *ret_path = path;
    return CX_OK;
}
