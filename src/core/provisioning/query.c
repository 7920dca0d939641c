#include "core/provisioning/query.h"

#include "base/number.h"
#include "codec/http.h"

/* RFC 7644 §3.4.2.4: what is below 1 is 1 for startIndex, what is below 0 is 0 for count. */
static cx_err read_number(struct cx_str text, int64_t least, int64_t most, const char *name,
                          struct cx_diag *diag, size_t *ret_number)
{
    int64_t number = 0;
    if (cx_failed(cx_parse_i64(text, -1000000000, 1000000000, &number)))
        return cx_refuse(diag, CX_ERR(PARSE), name, "scim-value", "%s is a number.", name);
    if (number < least)
        number = least;
    *ret_number = (size_t)(number > most ? most : number);
    return CX_OK;
}

static cx_err decode(struct cx_str text, struct arena *arena, struct cx_str *ret_text)
{
    char *plain = NULL;
    CX_TRY(arena_alloc(arena, text.len + 1, (void **)&plain));
    for (size_t i = 0; i < text.len; i++)
        plain[i] = text.ptr[i] == '+' ? ' ' : text.ptr[i];
    return http_percent_decode(arena, (struct cx_str){plain, text.len}, ret_text);
}

static cx_err read_piece(struct cx_str piece, struct arena *arena, struct cx_diag *diag,
                         struct scim_query *query)
{
    size_t eq = 0;
    struct cx_str value;
    while (eq < piece.len && piece.ptr[eq] != '=')
        eq++;
    if (eq == piece.len)
        return CX_OK;
    struct cx_str name = {piece.ptr, eq};
    if (cx_failed(decode((struct cx_str){piece.ptr + eq + 1, piece.len - eq - 1}, arena, &value)))
        return cx_refuse(diag, CX_ERR(PARSE), "", "scim-syntax",
                         "The query string is not percent-encoded UTF-8.");
    if (scim_name_is(name, "filter"))
        return scim_filter_parse(value, arena, diag, &query->filter);
    if (scim_name_is(name, "startIndex"))
        return read_number(value, 1, 1000000000, "startIndex", diag, &query->start_index);
    if (scim_name_is(name, "count"))
        return read_number(value, 0, SCIM_COUNT_MAX, "count", diag, &query->count);
    if (scim_name_is(name, "attributes"))
        query->attributes = value;
    else if (scim_name_is(name, "excludedAttributes"))
        query->excluded = value;
    return CX_OK;
}

cx_err scim_query_read(struct cx_str target, struct arena *arena, struct cx_diag *diag,
                       struct scim_query *ret_query)
{
    struct scim_query query = {.start_index = 1, .count = SCIM_COUNT_DEFAULT};
    size_t at = 0;
    if (target.len > SCIM_QUERY_MAX)
        return cx_refuse(diag, CX_ERR(PARSE), "", "scim-syntax", "The query string is too long.");
    while (at < target.len && target.ptr[at] != '?')
        at++;
    while (at++ < target.len) {
        size_t start = at;
        while (at < target.len && target.ptr[at] != '&')
            at++;
        CX_TRY(read_piece((struct cx_str){target.ptr + start, at - start}, arena, diag, &query));
    }
    *ret_query = query;
    return CX_OK;
}

/* Whether a list separated by commas names the attribute; parts: or a part of it. */
static bool names(struct cx_str list, const char *attribute, bool parts)
{
    for (size_t at = 0; at < list.len; at++) {
        while (at < list.len && list.ptr[at] == ' ')
            at++;
        size_t start = at;
        while (at < list.len && list.ptr[at] != ',' && list.ptr[at] != ' ')
            at++;
        struct cx_str name = scim_name_bare((struct cx_str){list.ptr + start, at - start});
        size_t len = strlen(attribute);
        if (parts && name.len > len && name.ptr[len] == '.')
            name.len = len;
        if (scim_name_is(name, attribute))
            return true;
        while (at < list.len && list.ptr[at] != ',')
            at++;
    }
    return false;
}

bool scim_query_wants(const struct scim_query *query, const char *attribute)
{
    if (query->attributes.len)
        return names(query->attributes, attribute, true);
    return !names(query->excluded, attribute, false);
}
