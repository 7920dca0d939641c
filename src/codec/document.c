#include "codec/document.h"

#include <stdarg.h>

enum { FIRST_ROOM = 64, LINE_MAX = 4096 };

cx_err document_add(struct document *document, enum document_kind kind, struct cx_str text)
{
    if (document->count == DOCUMENT_BLOCKS_MAX)
        return CX_ERR(LIMIT);
    if (document->count == document->room) {
        struct document_block *more = NULL;
        size_t room = document->room ? document->room * 2 : FIRST_ROOM;
        CX_TRY(ARENA_NEW_ARRAY(document->arena, room, &more));
        for (size_t i = 0; i < document->count; i++)
            more[i] = document->blocks[i];
        document->blocks = more;
        document->room = room;
    }
    document->blocks[document->count++] = (struct document_block){kind, text};
    return CX_OK;
}

cx_err document_addf(struct document *document, enum document_kind kind, const char *format, ...)
{
    char line[LINE_MAX];
    struct cx_str text = CX_STR_NONE;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= sizeof(line))
        return CX_ERR(LIMIT);
    CX_TRY(arena_copy_str(document->arena, (struct cx_str){line, (size_t)len}, &text));
    return document_add(document, kind, text);
}

static bool is_word(struct cx_str text, size_t at)
{
    uint8_t c = (uint8_t)(text.ptr[at] | 0x20);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Everything that Markdown or HTML would read as more than text: CommonMark 0.31 §2.4; within a word '_' is text (§6.2), as
 * in identifiers. A block never begins with its own text, but for a paragraph, whose first character is looked at too. */
static cx_err add_escaped(struct cx_buf *out, struct cx_str text, bool first)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool within =
            c == '_' && i > 0 && i + 1 < text.len && is_word(text, i - 1) && is_word(text, i + 1);
        bool mark = c != '\0' && strchr("\\`*_[]<>|#&~", c) && !within;
        bool opens = first && i == 0 && (c == '-' || c == '+' || c == '=');
        if (mark || opens)
            CX_TRY(cx_buf_add_u8(out, '\\'));
        CX_TRY(cx_buf_add_u8(out, c == '\n' || c == '\r' || c == '\t' ? ' ' : (uint8_t)c));
    }
    return CX_OK;
}

cx_err document_markdown(const struct document *document, struct cx_buf *out)
{
    static const char *const STARTS[] = {"# ", "## ", "", "- "};
    for (size_t i = 0; i < document->count; i++) {
        const struct document_block *block = &document->blocks[i];
        bool item = block->kind == DOCUMENT_ITEM;
        bool list = i > 0 && item && document->blocks[i - 1].kind == DOCUMENT_ITEM;
        if (i > 0 && !list)
            CX_TRY(cx_buf_add_u8(out, '\n'));
        CX_TRY(cx_buf_add_str(out, cx_str_from(STARTS[block->kind])));
        CX_TRY(add_escaped(out, block->text, block->kind == DOCUMENT_PARAGRAPH));
        CX_TRY(cx_buf_add_u8(out, '\n'));
    }
    return CX_OK;
}
