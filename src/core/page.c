#include "core/page.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/hex.h"

enum { MARK_LEN = 3, PLACE_LEN = 8 + 16, HEX_MAX = 4096 };

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

/* FNV-1a, its lower octets. A mark against mistakes, not against forgers: a cursor gives no right. */
static void mark_of(const char *list, uint8_t ret_mark[static MARK_LEN])
{
    uint32_t hash = 2166136261u;
    for (const char *at = list; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    for (int i = 0; i < MARK_LEN; i++)
        ret_mark[i] = (uint8_t)(hash >> (8 * i));
}

static cx_err cursor_write(struct arena *arena, const char *list, struct cx_bytes place,
                           struct cx_str *ret_cursor)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(MARK_LEN + PAGE_NAME_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(2 * (MARK_LEN + PAGE_NAME_MAX));
    uint8_t mark[MARK_LEN];
    mark_of(list, mark);
    CX_TRY(cx_buf_add(&bytes, CX_BYTES(mark, MARK_LEN)));
    CX_TRY(cx_buf_add(&bytes, place));
    CX_TRY(base64url_encode(cx_buf_view(&bytes), &out));
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_cursor);
}

static cx_err refuse(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(PARSE), "cursor", "cursor-invalid",
                     "Send next_cursor of the page before, of the same list and unchanged.");
}

/* Appends the place that the cursor names. */
static cx_err cursor_parse(const char *list, struct cx_str cursor, struct cx_diag *diag,
                           struct cx_buf *place)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(MARK_LEN + PAGE_NAME_MAX);
    uint8_t mark[MARK_LEN];
    mark_of(list, mark);
    if (cx_failed(base64url_decode(cursor, &bytes)) || bytes.len <= MARK_LEN ||
        !cx_bytes_eq(CX_BYTES(bytes.ptr, MARK_LEN), CX_BYTES(mark, MARK_LEN)))
        return refuse(diag);
    return cx_buf_add(place, CX_BYTES(bytes.ptr + MARK_LEN, bytes.len - MARK_LEN));
}

cx_err page_cursor_write(struct arena *arena, const char *list, const struct page_key *key,
                         struct cx_str *ret_cursor)
{
    uint8_t bytes[PLACE_LEN];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)key->time_us >> (56 - 8 * i));
    memcpy(bytes + 8, key->id.b, sizeof(key->id.b));
    return cursor_write(arena, list, CX_BYTES(bytes, sizeof(bytes)), ret_cursor);
}

cx_err page_cursor_parse(const char *list, struct cx_str cursor, struct cx_diag *diag,
                         struct page_key *ret_key)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf place = CX_BUF_INIT(PAGE_NAME_MAX);
    uint64_t time_us = 0;
    if (cursor.len == 0) {
        *ret_key = PAGE_START;
        return CX_OK;
    }
    CX_TRY(cursor_parse(list, cursor, diag, &place));
    if (place.len != PLACE_LEN)
        return refuse(diag);
    for (int i = 0; i < 8; i++)
        time_us = time_us << 8 | place.ptr[i];
    ret_key->time_us = (cx_time)time_us;
    memcpy(ret_key->id.b, place.ptr + 8, sizeof(ret_key->id.b));
    return CX_OK;
}

cx_err page_name_cursor_write(struct arena *arena, const char *list, struct cx_str name,
                              struct cx_str *ret_cursor)
{
    return cursor_write(arena, list, cx_str_bytes(name), ret_cursor);
}

cx_err page_name_cursor_parse(struct arena *arena, const char *list, struct cx_str cursor,
                              struct cx_diag *diag, struct cx_str *ret_name)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf place = CX_BUF_INIT(PAGE_NAME_MAX);
    struct cx_str name = CX_STR("");
    if (cursor.len > 0) {
        CX_TRY(cursor_parse(list, cursor, diag, &place));
        if (cx_failed(cx_str_view(cx_buf_view(&place), &name)))
            return refuse(diag);
    }
    return arena_copy_str(arena, name, ret_name);
}
