/* Percent-encoding, query strings and header values. Dates and validators are in http_date.c. */
#include "codec/http.h"
#include "base/number.h"
#include "codec/hex.h"

#include <strings.h>

static cx_err decode(struct arena *arena, struct cx_str text, bool plus_is_space,
                     struct cx_str *ret_text)
{
    char *out = NULL;
    CX_TRY(arena_alloc(arena, text.len, (void **)&out));
    size_t len = 0;
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '%') {
            if (text.len - at < 3)
                return CX_ERR(PARSE);
            int high = hex_digit(text.ptr[at + 1]);
            int low = hex_digit(text.ptr[at + 2]);
            if (high < 0 || low < 0)
                return CX_ERR(PARSE);
            c = (char)(high << 4 | low);
            at += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[len++] = c;
    }
    return cx_str_view(CX_BYTES(out, len), ret_text);
}

cx_err http_percent_decode(struct arena *arena, struct cx_str text, struct cx_str *ret_text)
{
    return decode(arena, text, false, ret_text);
}

static bool is_alnum(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_one_of(char c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

cx_err http_percent_encode(struct cx_str text, struct cx_buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (is_alnum((char)c) || is_one_of((char)c, "-._~")) {
            CX_TRY(cx_buf_add_u8(out, c));
            continue;
        }
        char escaped[3] = {'%', digits[c >> 4], digits[c & 0xf]};
        CX_TRY(cx_buf_add(out, CX_BYTES(escaped, 3)));
    }
    return CX_OK;
}

/* Splits off what stands before the first separator, and drops the separator. */
static struct cx_str split(struct cx_str *text, char separator)
{
    size_t len = 0;
    while (len < text->len && text->ptr[len] != separator)
        len++;
    struct cx_str piece = {text->ptr, len};
    size_t used = len < text->len ? len + 1 : len;
    *text = (struct cx_str){text->ptr + used, text->len - used};
    return piece;
}

static size_t count_pieces(struct cx_str text, char separator)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == separator;
    return count;
}

cx_err http_query_parse(struct arena *arena, struct cx_str text, struct http_query *ret_query)
{
    if (text.len == 0) {
        *ret_query = (struct http_query){NULL, 0};
        return CX_OK;
    }
    size_t count = count_pieces(text, '&');
    if (count > HTTP_QUERY_PARAMETERS_MAX)
        return CX_ERR(LIMIT);
    struct http_parameter *parameters = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &parameters));
    for (size_t i = 0; i < count; i++) {
        struct cx_str piece = split(&text, '&');
        size_t whole = piece.len;
        struct cx_str name = split(&piece, '=');
        if (name.len == 0 || name.len == whole) /* no name, or no '=' */
            return CX_ERR(PARSE);
        CX_TRY(decode(arena, name, true, &parameters[i].name));
        CX_TRY(decode(arena, piece, true, &parameters[i].value));
    }
    *ret_query = (struct http_query){parameters, count};
    return CX_OK;
}

cx_err http_query_get(const struct http_query *query, const char *name, size_t nth,
                      struct cx_str *ret_value)
{
    for (size_t i = 0; i < query->count; i++) {
        if (!cx_str_is(query->parameters[i].name, name))
            continue;
        if (nth-- == 0) {
            *ret_value = query->parameters[i].value;
            return CX_OK;
        }
    }
    return CX_ERR(NOTFOUND);
}

bool http_token_valid(struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_alnum(text.ptr[i]) && !is_one_of(text.ptr[i], "!#$%&'*+-.^_`|~"))
            return false;
    }
    return text.len > 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool http_field_value_valid(struct cx_str text)
{
    if (text.len > 0 && (is_blank(text.ptr[0]) || is_blank(text.ptr[text.len - 1])))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static struct cx_str trim(struct cx_str text)
{
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = (struct cx_str){text.ptr + 1, text.len - 1};
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

static bool same_word(struct cx_str text, const char *word)
{
    return text.len == strlen(word) &&
           (text.len == 0 || strncasecmp(text.ptr, word, text.len) == 0);
}

/* One ";name=value" piece; the value may be quoted (without escapes: no type here needs them). */
static bool parameter_split(struct cx_str piece, struct cx_str *ret_name, struct cx_str *ret_value)
{
    struct cx_str value = trim(piece);
    struct cx_str name = split(&value, '=');
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        value = (struct cx_str){value.ptr + 1, value.len - 2};
    *ret_name = name;
    *ret_value = value;
    return http_token_valid(name) && http_token_valid(value);
}

bool http_media_type_is(struct cx_str field, const char *type)
{
    if (!same_word(trim(split(&field, ';')), type))
        return false;
    while (field.len > 0) {
        struct cx_str name;
        struct cx_str value;
        if (!parameter_split(split(&field, ';'), &name, &value))
            return false;
        if (same_word(name, "charset") && !same_word(value, "utf-8"))
            return false;
    }
    return true;
}

/* "type/" + "*" covers "type/subtype". */
static bool range_covers(struct cx_str range, const char *type)
{
    if (same_word(range, type) || same_word(range, "*/*"))
        return true;
    const char *slash = strchr(type, '/');
    size_t main_len = slash ? (size_t)(slash - type) + 1 : 0;
    return range.len == main_len + 1 && main_len > 0 && range.ptr[main_len] == '*' &&
           strncasecmp(range.ptr, type, main_len) == 0;
}

static bool is_zero_quality(struct cx_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] != '0' && value.ptr[i] != '.')
            return false;
    }
    return true;
}

bool http_accepts(struct cx_str field, const char *type)
{
    if (trim(field).len == 0)
        return true;
    bool accepted = false;
    while (field.len > 0) {
        struct cx_str element = split(&field, ',');
        struct cx_str range = trim(split(&element, ';'));
        bool excluded = false;
        while (element.len > 0) {
            struct cx_str name;
            struct cx_str value;
            if (parameter_split(split(&element, ';'), &name, &value) && same_word(name, "q"))
                excluded = is_zero_quality(value);
        }
        if (!range_covers(range, type))
            continue;
        if (same_word(range, type)) /* the most specific range decides (RFC 9110 §12.5.1) */
            return !excluded;
        accepted = accepted || !excluded;
    }
    return accepted;
}

cx_err http_bearer(struct cx_str field, struct cx_str *ret_token)
{
    struct cx_str token = trim(field);
    struct cx_str scheme = split(&token, ' ');
    if (!same_word(scheme, "bearer") || token.len == 0)
        return CX_ERR(PARSE);
    for (size_t i = 0; i < token.len; i++) { /* RFC 6750 §2.1: b64token */
        if (!is_alnum(token.ptr[i]) && !is_one_of(token.ptr[i], "-._~+/="))
            return CX_ERR(PARSE);
    }
    *ret_token = token;
    return CX_OK;
}

/* RFC 6265 §4.1.1: cookie-octet. */
static bool cookie_value_valid(struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c <= ' ' || c > '~' || c == '"' || c == ',' || c == ';' || c == '\\')
            return false;
    }
    return true;
}

cx_err http_cookie(struct cx_str field, struct cx_str name, struct cx_str *ret_value)
{
    struct cx_str value = CX_STR_NONE;
    bool found = false;
    size_t at = 0;
    while (at < field.len) {
        const char *pair = field.ptr + at;
        const char *end = memchr(pair, ';', field.len - at);
        size_t len = end ? (size_t)(end - pair) : field.len - at;
        at += len + 1;
        if (at < field.len && field.ptr[at] == ' ')
            at++;
        if (len <= name.len || pair[name.len] != '=' ||
            !cx_str_eq((struct cx_str){pair, name.len}, name))
            continue;
        if (found)
            return CX_ERR(PARSE);
        found = true;
        value = (struct cx_str){pair + name.len + 1, len - name.len - 1};
    }
    if (!found)
        return CX_ERR(NOTFOUND);
    if (!cookie_value_valid(value))
        return CX_ERR(PARSE);
    *ret_value = value;
    return CX_OK;
}

cx_err http_content_length(struct cx_str field, int64_t max, int64_t *ret_len)
{
    return cx_parse_i64(field, 0, max, ret_len);
}
