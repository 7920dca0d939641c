#include "core/api/reason.h"
#include "base/cleanup.h"
#include "codec/http.h"
#include "codec/json.h"

enum { DETAILS_TEXT_MAX = 64 * 1024 };

static cx_err refuse(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(PARSE), API_HEADER_REASON, "reason-header",
                     "A reason is one line of at most %d octets, percent-encoded UTF-8.",
                     API_REASON_MAX);
}

cx_err api_reason_read(struct cx_str header, struct arena *arena, struct cx_diag *diag,
                       struct cx_str *ret_reason)
{
    struct cx_str reason;
    *ret_reason = CX_STR("");
    if (header.len == 0)
        return CX_OK;
    if (header.len > (size_t)3 * API_REASON_MAX)
        return refuse(diag);
    cx_err err = http_percent_decode(arena, header, &reason);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err) || reason.len > API_REASON_MAX)
        return refuse(diag);
    for (size_t i = 0; i < reason.len; i++)
        if ((uint8_t)reason.ptr[i] < 0x20 || reason.ptr[i] == 0x7f)
            return refuse(diag);
    *ret_reason = reason;
    return CX_OK;
}

cx_err api_detail_add(struct cx_str details, const char *name, struct cx_str value,
                      struct arena *arena, struct cx_str *ret_details)
{
    json_auto_t *root = NULL;
    struct cx_diag ignored = CX_DIAG_INIT;
    CX_TRY(json_parse(cx_str_bytes(details.len ? details : CX_STR("{}")), DETAILS_TEXT_MAX,
                      &ignored, &root));
    if (json_object_get(root, name)) {
        *ret_details = details;
        return CX_OK;
    }
    if (json_object_set_new(root, name, json_stringn(value.ptr, value.len)))
        return CX_ERR(NOMEM);
    CX_AUTO_FREE char *text = json_dumps(root, JSON_COMPACT);
    return text ? arena_copy_str(arena, cx_str_from(text), ret_details) : CX_ERR(NOMEM);
}

cx_err api_reason_add(struct cx_str details, struct cx_str reason, struct arena *arena,
                      struct cx_str *ret_details)
{
    *ret_details = details;
    return reason.len ? api_detail_add(details, "reason", reason, arena, ret_details) : CX_OK;
}
