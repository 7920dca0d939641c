/* Streaming export: one page at a time, each in its own snapshot and its own memory, until there are no more. */
#pragma once
#include "core/inventory/search_store.h"

struct core;

struct export
{
    struct core *core;
    struct search search; /* views live as long as the request's arena */
    struct page_key after;
    size_t limit; /* rows a page */
    bool csv;
    bool headed; /* the CSV header is written */
};

/* struct api_raw's next. */
cx_err export_next(void *state, struct cx_buf *chunk, bool *ret_done);
