#include "core/access/tag_expression.h"
#include "base/cleanup.h"

enum { WRITTEN_MAX = 128 * 1024 };

struct reader {
    struct cx_str text;
    size_t at;
    struct arena *arena;
    struct cx_diag *diag;
};

static cx_err refuse_form(const struct reader *reader, const char *what)
{
    return cx_refuse(reader->diag, CX_ERR(PARSE), "tags", "tag-expression-form",
                     "At character %zu: %s. Write name=value, \"|\" between alternatives, \"&\" "
                     "between clauses.",
                     reader->at + 1, what);
}

static cx_err refuse_everything(const struct reader *reader)
{
    return cx_refuse(reader->diag, CX_ERR(POLICY), "tags", "scope-everything",
                     "This would mean every object. If that is meant, give all instead of tags.");
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static bool is_bare(char c)
{
    return is_name(c) || (c >= 'A' && c <= 'Z') || c == ':' || c == '@' || c == '/' || c == '+';
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->text.len && reader->text.ptr[reader->at] == ' ')
        reader->at++;
}

static bool next_is(struct reader *reader, char c)
{
    skip_blanks(reader);
    if (reader->at == reader->text.len || reader->text.ptr[reader->at] != c)
        return false;
    reader->at++;
    return true;
}

static struct cx_str read_while(struct reader *reader, bool (*is)(char c))
{
    size_t from = reader->at;
    while (reader->at < reader->text.len && is(reader->text.ptr[reader->at]))
        reader->at++;
    return (struct cx_str){reader->text.ptr + from, reader->at - from};
}

static cx_err read_quoted(struct reader *reader, struct cx_str *ret_value)
{
    char *value = NULL;
    size_t len = 0;
    CX_TRY(arena_alloc(reader->arena, reader->text.len, (void **)&value));
    while (reader->at < reader->text.len && reader->text.ptr[reader->at] != '"') {
        char c = reader->text.ptr[reader->at++];
        if (c == '\\') {
            if (reader->at == reader->text.len)
                break;
            c = reader->text.ptr[reader->at++];
            if (c != '"' && c != '\\')
                return refuse_form(reader, "only \\\" and \\\\ are escapes");
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return refuse_form(reader, "a control character has no place in a value");
        value[len++] = c;
    }
    if (reader->at == reader->text.len)
        return refuse_form(reader, "the closing quote is missing");
    reader->at++;
    *ret_value = (struct cx_str){value, len};
    return CX_OK;
}

static cx_err read_tag(struct reader *reader, struct access_tag *ret_tag)
{
    skip_blanks(reader);
    if (reader->at < reader->text.len && reader->text.ptr[reader->at] == '*')
        return refuse_everything(reader);
    ret_tag->name = read_while(reader, is_name);
    if (ret_tag->name.len == 0 || ret_tag->name.len > TAG_NAME_MAX)
        return refuse_form(reader, "the name of a tag is needed");
    if (!next_is(reader, '='))
        return refuse_form(reader, "\"=\" is needed");
    skip_blanks(reader);
    if (reader->at < reader->text.len && reader->text.ptr[reader->at] == '*')
        return refuse_everything(reader);
    if (next_is(reader, '"'))
        CX_TRY(read_quoted(reader, &ret_tag->value));
    else
        ret_tag->value = read_while(reader, is_bare);
    if (ret_tag->value.len == 0 || ret_tag->value.len > TAG_VALUE_MAX)
        return refuse_form(reader, "a value of the tag is needed");
    return CX_OK;
}

static bool tag_eq(const struct access_tag *a, const struct access_tag *b)
{
    return cx_str_eq(a->name, b->name) && cx_str_eq(a->value, b->value);
}

static cx_err read_clause(struct reader *reader, struct tag_clause *clause)
{
    CX_TRY(ARENA_NEW_ARRAY(reader->arena, TAG_ALTERNATIVES_MAX, &clause->tags));
    do {
        struct access_tag tag = {0};
        bool known = false;
        CX_TRY(read_tag(reader, &tag));
        for (size_t i = 0; i < clause->count && !known; i++)
            known = tag_eq(&clause->tags[i], &tag);
        if (known)
            continue;
        if (clause->count == TAG_ALTERNATIVES_MAX)
            return refuse_form(reader, "a clause has at most 8 alternatives");
        clause->tags[clause->count++] = tag;
    } while (next_is(reader, '|'));
    return CX_OK;
}

cx_err tag_expression_parse(struct arena *arena, struct cx_str text, struct cx_diag *diag,
                            struct tag_expression *ret_expression)
{
    struct reader reader = {.arena = arena, .diag = diag};
    struct tag_expression made = {0};
    if (text.len > TAG_EXPRESSION_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "tags", "tag-expression-long",
                         "A tag expression has at most %d characters.", TAG_EXPRESSION_MAX);
    CX_TRY(arena_copy_str(arena, text, &reader.text));
    skip_blanks(&reader);
    if (reader.at == reader.text.len)
        return refuse_everything(&reader);
    CX_TRY(ARENA_NEW_ARRAY(arena, TAG_CLAUSES_MAX, &made.clauses));
    do {
        if (made.count == TAG_CLAUSES_MAX)
            return refuse_form(&reader, "an expression has at most 8 clauses");
        CX_TRY(read_clause(&reader, &made.clauses[made.count++]));
    } while (next_is(&reader, '&'));
    skip_blanks(&reader);
    if (reader.at < reader.text.len)
        return refuse_form(&reader, "\"&\", \"|\" or the end is needed");
    *ret_expression = made;
    return CX_OK;
}

static cx_err write_value(struct cx_buf *out, struct cx_str value)
{
    bool bare = true;
    for (size_t i = 0; i < value.len; i++)
        bare = bare && is_bare(value.ptr[i]);
    if (bare)
        return cx_buf_add_str(out, value);
    CX_TRY(cx_buf_add_u8(out, '"'));
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '"' || value.ptr[i] == '\\')
            CX_TRY(cx_buf_add_u8(out, '\\'));
        CX_TRY(cx_buf_add_u8(out, (uint8_t)value.ptr[i]));
    }
    return cx_buf_add_u8(out, '"');
}

cx_err tag_expression_write(struct arena *arena, const struct tag_expression *expression,
                            struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(WRITTEN_MAX);
    for (size_t i = 0; i < expression->count; i++) {
        const struct tag_clause *clause = &expression->clauses[i];
        for (size_t j = 0; j < clause->count; j++) {
            CX_TRY(cx_buf_add_str(&out, j ? CX_STR("|") : i ? CX_STR(" & ") : CX_STR("")));
            CX_TRY(cx_buf_add_str(&out, clause->tags[j].name));
            CX_TRY(cx_buf_add_u8(&out, '='));
            CX_TRY(write_value(&out, clause->tags[j].value));
        }
    }
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_text);
}

static bool clause_holds(const struct tag_clause *clause, const struct access_tag *tags,
                         size_t count)
{
    for (size_t i = 0; i < clause->count; i++)
        for (size_t j = 0; j < count; j++)
            if (tag_eq(&clause->tags[i], &tags[j]))
                return true;
    return false;
}

bool tag_expression_holds(const struct tag_expression *expression, const struct access_tag *tags,
                          size_t count)
{
    for (size_t i = 0; i < expression->count; i++)
        if (!clause_holds(&expression->clauses[i], tags, count))
            return false;
    return expression->count > 0;
}
