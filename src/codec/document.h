/*
 * A plain document: headings, paragraphs, list items; made, then written as Markdown. Text of people is escaped where it is
 * written, so that it makes no heading, list, link or HTML of its own.
 *
 * Texts are borrowed until the document was written; the blocks are in the arena. A line feed within a text becomes a space.
 */
#pragma once
#include "base/arena.h"

enum { DOCUMENT_BLOCKS_MAX = 20000 };

enum document_kind { DOCUMENT_TITLE, DOCUMENT_HEADING, DOCUMENT_PARAGRAPH, DOCUMENT_ITEM };

struct document_block {
    enum document_kind kind;
    struct cx_str text;
};
struct document {
    struct arena *arena;
    struct document_block *blocks;
    size_t count, room;
};

static inline struct document document(struct arena *arena)
{
    return (struct document){.arena = arena};
}

/* CX_E_LIMIT beyond DOCUMENT_BLOCKS_MAX. */
cx_err document_add(struct document *document, enum document_kind kind, struct cx_str text);
/* The text is formatted into the arena. */
cx_err document_addf(struct document *document, enum document_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

cx_err document_markdown(const struct document *document, struct cx_buf *out);
