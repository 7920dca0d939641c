/*
 * Keyset paging, newest first: a page starts after the last row of the page before it, named by (time, id).
 * Rows that appear meanwhile never shift a page, so nothing is skipped or shown twice. The cursor is opaque to
 * clients and carries no right: every query has the tenant of its caller in its WHERE. It does carry a mark of the list
 * that gave it, since in another list its row would be a place at random. Pure functions.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/id.h"

struct page_key {
    cx_time time_us;
    struct cx_id id;
};

/* Before every row: where the first page starts. */
#define PAGE_START                                                                                 \
    ((struct page_key){                                                                            \
        INT64_MAX,                                                                                 \
        {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}}})

/* list: what is listed, one name a list. */
cx_err page_cursor_write(struct arena *arena, const char *list, const struct page_key *key,
                         struct cx_str *ret_cursor);
/* An empty cursor is PAGE_START. CX_E_PARSE with field "cursor" on anything else that was not written here for this list. */
cx_err page_cursor_parse(const char *list, struct cx_str cursor, struct cx_diag *diag,
                         struct page_key *ret_key);

/* For a list whose rows are known by name: the cursor is the last name. An empty cursor is an empty name. */
enum { PAGE_NAME_MAX = 128 };
cx_err page_name_cursor_write(struct arena *arena, const char *list, struct cx_str name,
                              struct cx_str *ret_cursor);
cx_err page_name_cursor_parse(struct arena *arena, const char *list, struct cx_str cursor,
                              struct cx_diag *diag, struct cx_str *ret_name);

/* Lower-case hexadecimal, as serial numbers and digests are shown. */
cx_err page_hex_write(struct arena *arena, struct cx_bytes bytes, struct cx_str *ret_text);
/* Even number of digits; CX_E_PARSE otherwise. */
cx_err page_hex_parse(struct arena *arena, struct cx_str text, struct cx_bytes *ret_bytes);
