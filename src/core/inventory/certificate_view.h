/* From certificate rows to what the contract shows. Outside store closures. */
#pragma once
#include "api_types.h"
#include "core/inventory/search_store.h"

struct core;

/* One page with names and tags, read in one snapshot. */
struct certificate_page {
    const struct search *search;
    struct page_key after;
    size_t limit;
    struct arena *arena;
    struct certificate_row *rows; /* filled: room for limit is taken from arena */
    struct api_certificate_view *views;
    size_t count;
};
cx_err certificate_page_read(struct core *core, struct certificate_page *page);
/* Cursor of the next page; empty after the last. */
cx_err certificate_page_cursor(const struct certificate_page *page, struct cx_str *ret_cursor);

/* One certificate with subject and PEM. CX_E_NOTFOUND when there is none in this tenant that the principal reads. */
cx_err certificate_show(struct core *core, const struct principal *principal,
                        struct cx_id certificate_id, cx_time now_us, struct arena *arena,
                        struct api_certificate_view *ret_view);
