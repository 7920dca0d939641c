/*
 * The shape that operations of administrators on directories, keys, accounts and windows have in common: a list is one
 * page of rows, a change is one transaction on one object, and an object that is not there, or not for the caller to
 * see, is refused in the same words.
 */
#pragma once
#include "core/api/api.h"
#include "core/page.h"

struct acme_admin_page {
    struct api_request *request;
    struct page_key after;
    size_t limit, count; /* count: what the list's closure read */
};
/* *ret_rows: room for limit rows of that size, in the request's arena. */
cx_err acme_admin_page_open(struct acme_admin_page *page, struct api_request *request,
                            struct cx_str cursor, int64_t limit, size_t row_size, void **ret_rows);
/* Where the next page starts, after a full one. last: the key of the last row, looked at when there is one. */
cx_err acme_admin_page_next(const struct acme_admin_page *page, struct page_key last,
                            bool *ret_has_next, struct cx_str *ret_cursor);

/* One object of the type changed by write, with its audit entry; details may be CX_STR_NONE. */
cx_err acme_admin_change(struct api_request *request, enum cx_id_type type, struct cx_id id,
                         struct cx_str details, store_fn write, void *arg);
/* CX_E_NOTFOUND becomes the refusal for objects of the type; everything else passes as it is. */
cx_err acme_admin_known(struct api_request *request, enum cx_id_type type, cx_err err);
