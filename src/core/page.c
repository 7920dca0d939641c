#include "core/page.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/hex.h"

enum { CURSOR_LEN = 8 + 16, HEX_MAX = 4096 };

cx_err page_hex_write(struct arena *arena, struct cx_bytes bytes, struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(HEX_MAX);
    CX_TRY(hex_encode(bytes, &out));
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_text);
}

cx_err page_hex_parse(struct arena *arena, struct cx_str text, struct cx_bytes *ret_bytes)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(HEX_MAX);
    CX_TRY(hex_decode(text, &out));
    return arena_copy(arena, cx_buf_view(&out), ret_bytes);
}

cx_err page_cursor_write(struct arena *arena, const struct page_key *key, struct cx_str *ret_cursor)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(2 * CURSOR_LEN);
    uint8_t bytes[CURSOR_LEN];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)key->time_us >> (56 - 8 * i));
    memcpy(bytes + 8, key->id.b, sizeof(key->id.b));
    CX_TRY(base64url_encode(CX_BYTES(bytes, sizeof(bytes)), &out));
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_cursor);
}

cx_err page_cursor_parse(struct cx_str cursor, struct cx_diag *diag, struct page_key *ret_key)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(CURSOR_LEN);
    uint64_t time_us = 0;
    if (cursor.len == 0) {
        *ret_key = PAGE_START;
        return CX_OK;
    }
    if (cx_failed(base64url_decode(cursor, &bytes)) || bytes.len != CURSOR_LEN)
        return cx_refuse(diag, CX_ERR(PARSE), "cursor", "cursor-invalid",
                         "Send next_cursor of the page before, unchanged.");
    for (int i = 0; i < 8; i++)
        time_us = time_us << 8 | bytes.ptr[i];
    ret_key->time_us = (cx_time)time_us;
    memcpy(ret_key->id.b, bytes.ptr + 8, sizeof(ret_key->id.b));
    return CX_OK;
}
