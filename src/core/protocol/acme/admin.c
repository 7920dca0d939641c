#include "core/protocol/acme/admin.h"

#include "core/api/contract.h"

cx_err acme_admin_page_open(struct acme_admin_page *page, struct api_request *request,
                            struct cx_str cursor, int64_t limit, size_t row_size, void **ret_rows)
{
    *page = (struct acme_admin_page){.request = request, .limit = (size_t)limit};
    CX_TRY(page_cursor_parse(request->operation->name, cursor, request->diag, &page->after));
    return arena_alloc_array(request->arena, page->limit, row_size, ret_rows);
}

cx_err acme_admin_page_next(const struct acme_admin_page *page, struct page_key last,
                            bool *ret_has_next, struct cx_str *ret_cursor)
{
    *ret_has_next = page->count == page->limit;
    if (!*ret_has_next)
        return CX_OK;
    return page_cursor_write(page->request->arena, page->request->operation->name, &last,
                             ret_cursor);
}

cx_err acme_admin_known(struct api_request *request, enum cx_id_type type, cx_err err)
{
    if (err.code != CX_E_NOTFOUND)
        return err;
    switch (type) {
    case CX_ID_ACME_DIRECTORY:
        return cx_refuse(request->diag, err, "directory_id", "directory-unknown",
                         "There is no such directory.");
    case CX_ID_ACME_EAB:
        return cx_refuse(request->diag, err, "eab_id", "eab-unknown", "There is no such key.");
    case CX_ID_ACME_ACCOUNT:
        return cx_refuse(request->diag, err, "account_id", "account-unknown",
                         "There is no such account.");
    case CX_ID_RENEWAL_WINDOW:
        return cx_refuse(request->diag, err, "window_id", "window-unknown",
                         "There is no such renewal window.");
    default:
        return CX_ERR(INTERNAL);
    }
}

cx_err acme_admin_change(struct api_request *request, enum cx_id_type type, struct cx_id id,
                         struct cx_str details, store_fn write, void *arg)
{
    struct audit_event event = {.object_type = type, .object_id = id, .details = details};
    return acme_admin_known(request, type, api_commit(request, &event, write, arg));
}
