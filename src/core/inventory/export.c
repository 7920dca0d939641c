#include "core/inventory/export.h"
#include "base/cleanup.h"
#include "codec/csv.h"
#include "core/api/contract.h"
#include "core/api/encode.h"
#include "core/inventory/certificate_view.h"

enum { EXPORT_ARENA_MAX = 32 * 1024 * 1024, CELL_MAX = 256 * 1024 };

static cx_err add_id(struct cx_buf *out, enum cx_id_type type, struct cx_id id, bool has)
{
    char text[CX_ID_TEXT_MAX] = "";
    if (has)
        cx_id_format(type, id, text);
    return csv_cell(out, cx_str_from(text), type == CX_ID_CERTIFICATE);
}

static cx_err add_time(struct cx_buf *out, cx_time time_us, bool has)
{
    char text[CX_TIME_TEXT_MAX] = "";
    if (has)
        CX_TRY(cx_time_format(time_us, text));
    return csv_cell(out, cx_str_from(text), false);
}

static cx_err add_names(struct cx_buf *out, const struct api_certificate_view *view)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf cell = CX_BUF_INIT(CELL_MAX);
    for (size_t i = 0; i < view->names_count; i++) {
        if (i)
            CX_TRY(cx_buf_add_u8(&cell, ' '));
        CX_TRY(cx_buf_add_str(&cell, view->names[i].value));
    }
    return csv_cell(out, (struct cx_str){(const char *)cell.ptr, cell.len}, false);
}

static cx_err add_tags(struct cx_buf *out, const struct api_certificate_view *view)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf cell = CX_BUF_INIT(CELL_MAX);
    for (size_t i = 0; i < view->tags_count; i++) {
        if (i)
            CX_TRY(cx_buf_add_u8(&cell, ';'));
        CX_TRY(cx_buf_add_str(&cell, view->tags[i].name));
        CX_TRY(cx_buf_add_u8(&cell, '='));
        CX_TRY(cx_buf_add_str(&cell, view->tags[i].value));
    }
    return csv_cell(out, (struct cx_str){(const char *)cell.ptr, cell.len}, false);
}

static cx_err add_word(struct cx_buf *out, const struct api_enum *enumeration, int value, bool has)
{
    return csv_cell(out, has ? cx_str_from(api_enum_name(enumeration, value)) : CX_STR(""), false);
}

static cx_err add_header(struct cx_buf *out)
{
    return cx_buf_add_str(
        out, CX_STR("id,serial,status,certificate_profile,issuer_id,requester_id,names,"
                    "not_before,not_after,sha256,spki_sha256,key_type,tags,revoked,reason,"
                    "created\r\n"));
}

static cx_err add_row(struct cx_buf *out, const struct api_certificate_view *view)
{
    CX_TRY(add_id(out, CX_ID_CERTIFICATE, view->id, true));
    CX_TRY(csv_cell(out, view->serial, false));
    CX_TRY(add_word(out, &api_enum_certificate_status, view->status, true));
    CX_TRY(csv_cell(out, view->certificate_profile, false));
    CX_TRY(add_id(out, CX_ID_ISSUER, view->issuer_id, true));
    CX_TRY(add_id(out, CX_ID_USER, view->requester_id, view->has_requester_id));
    CX_TRY(add_names(out, view));
    CX_TRY(add_time(out, view->not_before, true));
    CX_TRY(add_time(out, view->not_after, true));
    CX_TRY(csv_cell(out, view->sha256, false));
    CX_TRY(csv_cell(out, view->spki_sha256, false));
    CX_TRY(add_word(out, &api_enum_key_type, view->key_type, true));
    CX_TRY(add_tags(out, view));
    CX_TRY(add_time(out, view->revoked, view->has_revoked));
    CX_TRY(add_word(out, &api_enum_revocation_reason, view->reason, view->has_reason));
    CX_TRY(add_time(out, view->created, true));
    return cx_buf_add_str(out, CX_STR("\r\n"));
}

static cx_err add_line(struct cx_buf *out, const struct api_certificate_view *view)
{
    CX_TRY(api_encode(&api_schema_certificate_view, view, out));
    return cx_buf_add_u8(out, '\n');
}

cx_err export_next(void *state, struct cx_buf *chunk, bool *ret_done)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(EXPORT_ARENA_MAX);
    struct export *export = state;
    struct certificate_page page = {
        .search = &export->search, .after = export->after, .limit = export->limit, .arena = &arena};
    CX_TRY(certificate_page_read(export->core, &page));
    if (export->csv && !export->headed)
        CX_TRY(add_header(chunk));
    export->headed = true;
    for (size_t i = 0; i < page.count; i++)
        CX_TRY(export->csv ? add_row(chunk, &page.views[i]) : add_line(chunk, &page.views[i]));
    if (page.count > 0) {
        const struct certificate_row *last = &page.rows[page.count - 1];
        export->after = (struct page_key){last->issued_us, last->certificate_id};
    }
    *ret_done = page.count < page.limit;
    return CX_OK;
}
