#include "codec/pem.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "codec/base64.h"

static const struct cx_str BEGIN = {"-----BEGIN ", 11};
static const struct cx_str END = {"-----END ", 9};
static const struct cx_str DASHES = {"-----", 5};

struct pem_cursor {
    struct cx_str rest;
    unsigned line; /* of the line last taken, from 1 */
};

/* The next line without its end (LF, CRLF or CR). */
static struct cx_str line_take(struct pem_cursor *cursor)
{
    struct cx_str rest = cursor->rest;
    size_t len = 0;
    while (len < rest.len && rest.ptr[len] != '\n' && rest.ptr[len] != '\r')
        len++;
    size_t used = len;
    if (used < rest.len && rest.ptr[used] == '\r')
        used++;
    if (used < rest.len && rest.ptr[used] == '\n' && (used == len || rest.ptr[used - 1] == '\r'))
        used++;
    cursor->rest = (struct cx_str){rest.ptr + used, rest.len - used};
    cursor->line++;
    return (struct cx_str){rest.ptr, len};
}

static struct cx_str trim_end(struct cx_str line)
{
    while (line.len > 0 && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\t'))
        line.len--;
    return line;
}

/* RFC 7468 §3: printable characters without '-'; '-' and ' ' only between others. */
static bool label_valid(struct cx_str label)
{
    if (label.len == 0 || label.len > PEM_LABEL_MAX)
        return false;
    bool separator = true;
    for (size_t i = 0; i < label.len; i++) {
        char c = label.ptr[i];
        if (c < 0x20 || c > 0x7e)
            return false;
        bool here = c == ' ' || c == '-';
        if (here && separator)
            return false;
        separator = here;
    }
    return !separator;
}

/* Recognises a boundary line that starts with prefix. */
static bool boundary(struct cx_str line, struct cx_str prefix, struct cx_str *ret_label)
{
    line = trim_end(line);
    if (!cx_str_starts(line, prefix) || !cx_str_ends(line, DASHES) ||
        line.len < prefix.len + DASHES.len)
        return false;
    *ret_label = (struct cx_str){line.ptr + prefix.len, line.len - prefix.len - DASHES.len};
    return label_valid(*ret_label);
}

static cx_err refuse_line(struct cx_diag *diag, const struct pem_cursor *cursor, const char *rule,
                          const char *text)
{
    return cx_refuse(diag, CX_ERR(PARSE), "", rule, "line %u: %s", cursor->line, text);
}

/* From after the BEGIN line to and with the END line. */
static cx_err block_take(struct arena *arena, struct pem_cursor *cursor, struct cx_str label,
                         struct cx_diag *diag, struct pem_block *ret_block)
{
    struct cx_str body = cursor->rest;
    struct cx_str end_label = CX_STR_NONE;
    for (;;) {
        if (cursor->rest.len == 0)
            return refuse_line(diag, cursor, "pem-end", "the block has no END line");
        size_t before = body.len - cursor->rest.len;
        if (boundary(line_take(cursor), END, &end_label)) {
            body.len = before;
            break;
        }
    }
    if (!cx_str_eq(label, end_label))
        return refuse_line(diag, cursor, "pem-label", "the labels of BEGIN and END differ");
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(body.len + 1);
    cx_err err = base64_decode_lines(body, &der);
    if (err.code == CX_E_PARSE || (cx_is_ok(err) && der.len == 0))
        return refuse_line(diag, cursor, "pem-base64", "the block that ends here is not base64");
    CX_TRY(err);
    ret_block->label = label;
    return arena_copy(arena, cx_buf_view(&der), &ret_block->der);
}

/* Finds the next BEGIN line; *ret_found is false at the end of the text. */
static cx_err begin_take(struct pem_cursor *cursor, const struct pem_limits *limits,
                         struct cx_diag *diag, struct cx_str *ret_label, bool *ret_found)
{
    *ret_found = false;
    while (cursor->rest.len > 0) {
        struct cx_str line = line_take(cursor);
        if (cx_str_starts(line, BEGIN)) {
            if (!boundary(line, BEGIN, ret_label))
                return refuse_line(diag, cursor, "pem-begin",
                                   "this is not a well-formed BEGIN line");
            if (limits->label && !cx_str_is(*ret_label, limits->label))
                return cx_refuse(diag, CX_ERR(PARSE), "", "pem-label",
                                 "line %u: expected a block labelled %s", cursor->line,
                                 limits->label);
            *ret_found = true;
            return CX_OK;
        }
        if (cx_str_starts(line, END))
            return refuse_line(diag, cursor, "pem-begin", "an END line without its BEGIN");
        if (!limits->skip_text && trim_end(line).len > 0)
            return refuse_line(diag, cursor, "pem-text",
                               "text outside of PEM blocks is not accepted");
    }
    return CX_OK;
}

cx_err pem_parse(struct arena *arena, struct cx_bytes text, const struct pem_limits *limits,
                 struct cx_diag *diag, struct pem_block **ret_blocks, size_t *ret_count)
{
    if (limits->blocks_max == 0 || limits->blocks_max > PEM_BLOCKS_MAX)
        return CX_ERR(USAGE);
    if (text.len > limits->text_max)
        return cx_refuse(diag, CX_ERR(LIMIT), "", "pem-size", "at most %zu bytes are accepted",
                         limits->text_max);
    struct pem_cursor cursor = {{(const char *)text.ptr, text.len}, 0};
    struct pem_block *blocks = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, limits->blocks_max, &blocks));
    size_t count = 0;
    for (;;) {
        struct cx_str label = CX_STR_NONE;
        bool found = false;
        CX_TRY(begin_take(&cursor, limits, diag, &label, &found));
        if (!found)
            break;
        if (count == limits->blocks_max)
            return cx_refuse(diag, CX_ERR(LIMIT), "", "pem-count",
                             "at most %zu blocks are accepted", limits->blocks_max);
        CX_TRY(block_take(arena, &cursor, label, diag, &blocks[count]));
        count++;
    }
    if (count == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "", "pem-begin", "no PEM block found");
    *ret_blocks = blocks;
    *ret_count = count;
    return CX_OK;
}

cx_err pem_write(const char *label, struct cx_bytes der, struct cx_buf *out)
{
    enum { OCTETS_A_LINE = 48 };
    CX_TRY(cx_buf_addf(out, "-----BEGIN %s-----\n", label));
    for (size_t at = 0; at < der.len; at += OCTETS_A_LINE) {
        size_t left = der.len - at;
        CX_TRY(base64_encode(CX_BYTES(der.ptr + at, left < OCTETS_A_LINE ? left : OCTETS_A_LINE),
                             out));
        CX_TRY(cx_buf_add_u8(out, '\n'));
    }
    return cx_buf_addf(out, "-----END %s-----\n", label);
}

bool pem_looks_like(struct cx_bytes text)
{
    return text.len > BEGIN.len && memmem(text.ptr, text.len, BEGIN.ptr, BEGIN.len) != NULL;
}
