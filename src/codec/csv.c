#include "codec/csv.h"

cx_err csv_cell(struct cx_buf *out, struct cx_str text, bool first)
{
    if (!first)
        CX_TRY(cx_buf_add_u8(out, ','));
    CX_TRY(cx_buf_add_u8(out, '"'));
    if (text.len && memchr("=+-@\t\r", text.ptr[0], 6))
        CX_TRY(cx_buf_add_u8(out, '\''));
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            CX_TRY(cx_buf_add_u8(out, '"'));
        CX_TRY(cx_buf_add_u8(out, (uint8_t)text.ptr[i]));
    }
    return cx_buf_add_u8(out, '"');
}
