#include "cli/output.h"

#include "base/cleanup.h"
#include "base/utf8.h"

enum { CELL_MAX = 512, COLUMN_WIDTH_MAX = 60, COLUMNS_MAX = 16, ROWS_MAX = 100000 };

static cx_err add_clean(struct cx_buf *out, const char *text, size_t len, bool lines)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool control2 =
            c == 0xC2 && i + 1 < len && (unsigned char)text[i + 1] < 0xA0; /* U+0080 … U+009F */
        bool control = c < 0x20 || c == 0x7F || control2;
        CX_TRY(cx_buf_add_u8(out, control && !(lines && c == '\n') ? '?' : c));
        i += control2;
    }
    return CX_OK;
}

/* Objects of two members that are shown as they are written on the command line. */
struct pair_style {
    const char *first, *second;
    char separator;
};
static const struct pair_style *pair_of(const json_t *value)
{
    static const struct pair_style STYLES[] = {
        {"kind", "value", ':'}, {"name", "value", '='}, {"who", "approvers", '='}};
    for (size_t i = 0; i < sizeof(STYLES) / sizeof(STYLES[0]); i++)
        if (json_is_object(value) && json_object_size(value) == 2 &&
            json_is_string(json_object_get(value, STYLES[i].first)) &&
            json_object_get(value, STYLES[i].second))
            return &STYLES[i];
    return NULL;
}

static cx_err add_scalar(const json_t *value, bool lines, struct cx_buf *out)
{
    if (json_is_string(value))
        return add_clean(out, json_string_value(value), json_string_length(value), lines);
    if (json_is_integer(value))
        return cx_buf_addf(out, "%lld", (long long)json_integer_value(value));
    if (json_is_boolean(value))
        return cx_buf_add_str(out, json_is_true(value) ? CX_STR("yes") : CX_STR("no"));
    return CX_OK;
}

/* {"kind":"dns","value":"a"} → dns:a, {"name":"team","value":"x"} → team=x, {"who":"any","approvers":2} → any=2, other
 * objects as JSON. */
static cx_err add_object(const json_t *value, struct cx_buf *out)
{
    const struct pair_style *style = pair_of(value);
    if (style) {
        const char *lead = json_string_value(json_object_get(value, style->first));
        CX_TRY(add_clean(out, lead, strlen(lead), false));
        CX_TRY(cx_buf_add_u8(out, style->separator));
        return add_scalar(json_object_get(value, style->second), false, out);
    }
    char *text = json_dumps(value, JSON_COMPACT);
    if (!text)
        return CX_ERR(NOMEM);
    cx_err err = add_clean(out, text, strlen(text), false);
    free(text);
    return err;
}

static cx_err add_value(const json_t *value, bool lines, struct cx_buf *out)
{
    size_t index;
    json_t *item;
    if (json_is_object(value))
        return add_object(value, out);
    if (!json_is_array(value))
        return add_scalar(value, lines, out);
    json_array_foreach(value, index, item)
    {
        if (index)
            CX_TRY(cx_buf_add_u8(out, ' '));
        CX_TRY(add_value(item, false, out));
    }
    return CX_OK;
}

cx_err output_value(const json_t *value, size_t max, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf whole = CX_BUF_INIT(CLI_FILE_MAX);
    CX_TRY(add_value(value, false, &whole));
    if (whole.len <= max)
        return cx_buf_add(out, cx_buf_view(&whole));
    size_t len = max - 3;
    while (len > 0 && (whole.ptr[len] & 0xC0) == 0x80) /* not inside a character */
        len--;
    CX_TRY(cx_buf_add(out, CX_BYTES(whole.ptr, len)));
    return cx_buf_add_str(out, CX_STR("..."));
}

static cx_err cell(const json_t *item, const char *column, struct cx_buf *text)
{
    cx_buf_reset(text);
    const json_t *value = json_object_get(item, column);
    return value ? output_value(value, COLUMN_WIDTH_MAX, text) : cx_buf_add_u8(text, '-');
}

static void print_padded(const char *text, size_t len, size_t width, bool last)
{
    size_t shown = cx_utf8_count((struct cx_str){text, len});
    fwrite(text, 1, len, stdout);
    for (size_t i = shown; !last && i < width + 2; i++)
        fputc(' ', stdout);
}

static cx_err print_table(const json_t *items, const char *const *columns, size_t count)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CELL_MAX);
    size_t widths[COLUMNS_MAX] = {0}, index;
    json_t *item;
    if (count > COLUMNS_MAX)
        return CX_ERR(INTERNAL);
    for (size_t c = 0; c < count; c++)
        widths[c] = strlen(columns[c]);
    json_array_foreach(items, index, item) for (size_t c = 0; c < count; c++)
    {
        CX_TRY(cell(item, columns[c], &text));
        size_t shown = cx_utf8_count((struct cx_str){(const char *)text.ptr, text.len});
        if (shown > widths[c])
            widths[c] = shown;
    }
    for (size_t c = 0; c < count; c++)
        print_padded(columns[c], strlen(columns[c]), widths[c], c + 1 == count);
    fputc('\n', stdout);
    json_array_foreach(items, index, item)
    {
        for (size_t c = 0; c < count; c++) {
            CX_TRY(cell(item, columns[c], &text));
            print_padded((const char *)text.ptr, text.len, widths[c], c + 1 == count);
        }
        fputc('\n', stdout);
    }
    return CX_OK;
}

static cx_err print_lines(const json_t *object, int indent, const char *mark);

/* A list of objects takes several lines: "- " marks where each begins. */
static bool is_list_of_objects(const json_t *value)
{
    const json_t *first = json_array_get(value, 0);
    return json_is_object(first) && !pair_of(first);
}

static cx_err print_member(const char *key, const json_t *value, int indent, const char *mark)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CLI_FILE_MAX);
    size_t index;
    json_t *item;
    if (json_is_object(value) && !pair_of(value)) {
        printf("%*s%s:\n", indent, mark, key);
        return print_lines(value, indent + 2, "");
    }
    if (is_list_of_objects(value)) {
        printf("%*s%s:\n", indent, mark, key);
        json_array_foreach(value, index, item) CX_TRY(print_lines(item, indent + 4, "- "));
        return CX_OK;
    }
    CX_TRY(add_value(value, true, &text));
    bool block = memchr(text.ptr ? (const char *)text.ptr : "", '\n', text.len) != NULL;
    printf("%*s%s:%s%.*s\n", indent, mark, key, block ? "\n" : " ", (int)text.len,
           text.ptr ? (const char *)text.ptr : "");
    return CX_OK;
}

/* mark stands before the first line, within the indent. */
static cx_err print_lines(const json_t *object, int indent, const char *mark)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        CX_TRY(print_member(key, value, indent, mark));
        mark = "";
    }
    return CX_OK;
}

cx_err output_document(struct cli *cli, const json_t *root, const char *const *columns,
                       size_t column_count)
{
    if (cli->json) {
        if (json_dumpf(root, stdout, JSON_INDENT(2)) != 0)
            return CX_ERR(IO);
        fputc('\n', stdout);
    } else if (columns) {
        CX_TRY(print_table(json_object_get(root, "items"), columns, column_count));
        const char *cursor = json_string_value(json_object_get(root, "next_cursor"));
        if (cursor)
            printf("More: --cursor %s\n", cursor);
    } else if (json_is_object(root)) {
        CX_TRY(print_lines(root, 0, ""));
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? CX_OK : CX_ERR(IO);
}
