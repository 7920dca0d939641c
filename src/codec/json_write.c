#include "codec/json_write.h"
#include "codec/base64.h"
#include "codec/hex.h"

static uint64_t level_bit(const struct json_writer *json)
{
    return UINT64_C(1) << (json->depth - 1);
}

static bool in_array(const struct json_writer *json)
{
    return json->depth > 0 && (json->arrays & level_bit(json)) != 0;
}

/* Comma and name before a value. */
static cx_err place(struct json_writer *json, const char *key)
{
    bool needs_key = json->depth > 0 && !in_array(json);
    if (needs_key != (key != NULL) || json->finished)
        return CX_ERR(USAGE);
    if (json->depth == 0) {
        json->finished = true;
        return CX_OK;
    }
    if (json->nonempty & level_bit(json))
        CX_TRY(cx_buf_add_u8(json->out, ','));
    json->nonempty |= level_bit(json);
    if (!key)
        return CX_OK;
    CX_TRY(json_escape(json->out, cx_str_from(key)));
    return cx_buf_add_u8(json->out, ':');
}

static cx_err begin(struct json_writer *json, const char *key, bool array)
{
    if (json->depth == JSON_WRITE_DEPTH_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(place(json, key));
    json->finished = false;
    json->depth++;
    json->nonempty &= ~level_bit(json);
    json->arrays &= ~level_bit(json);
    if (array)
        json->arrays |= level_bit(json);
    return cx_buf_add_u8(json->out, array ? '[' : '{');
}

cx_err json_begin_object(struct json_writer *json, const char *key)
{
    return begin(json, key, false);
}

cx_err json_begin_array(struct json_writer *json, const char *key)
{
    return begin(json, key, true);
}

cx_err json_end(struct json_writer *json)
{
    if (json->depth == 0)
        return CX_ERR(USAGE);
    CX_TRY(cx_buf_add_u8(json->out, in_array(json) ? ']' : '}'));
    json->depth--;
    json->finished = json->depth == 0;
    return CX_OK;
}

bool json_complete(const struct json_writer *json)
{
    return json->finished;
}

static const char *short_escape(uint8_t c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

/* A character that JSON takes as it is and others do not: DEL and the controls of Latin-1, the line and paragraph
 * separators (line ends to YAML, which our files are read as, and to terminals), byte order marks and non-characters.
 * How many octets it has; 0 when there is none here. */
static size_t awkward_len(const uint8_t *at, size_t left)
{
    if (at[0] == 0x7F)
        return 1;
    if (at[0] == 0xC2 && left > 1 && at[1] < 0xA0)
        return 2;
    if (left < 3)
        return 0;
    bool separator = at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9);
    bool mark =
        at[0] == 0xEF && ((at[1] == 0xBB && at[2] == 0xBF) || (at[1] == 0xBF && at[2] >= 0xBE));
    return separator || mark ? 3 : 0;
}

static unsigned code_point(const uint8_t *at, size_t len)
{
    if (len == 3)
        return (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
    return len == 2 ? (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu) : at[0];
}

static bool is_plain(const uint8_t *at, size_t left)
{
    uint8_t c = at[0];
    return c >= 0x20 && c != '"' && c != '\\' && (c < 0x7F || awkward_len(at, left) == 0);
}

cx_err json_escape(struct cx_buf *out, struct cx_str value)
{
    struct cx_bytes bytes = cx_str_bytes(value);
    CX_TRY(cx_buf_add_u8(out, '"'));
    for (size_t at = 0; at < bytes.len;) {
        size_t run = 0;
        while (at + run < bytes.len && is_plain(bytes.ptr + at + run, bytes.len - at - run))
            run++;
        CX_TRY(cx_buf_add(out, CX_BYTES(bytes.ptr + at, run)));
        at += run;
        if (at == bytes.len)
            break;
        const char *escape = short_escape(bytes.ptr[at]);
        size_t len = awkward_len(bytes.ptr + at, bytes.len - at);
        len = len ? len : 1;
        if (escape)
            CX_TRY(cx_buf_add(out, CX_BYTES(escape, 2)));
        else
            CX_TRY(cx_buf_addf(out, "\\u%04x", code_point(bytes.ptr + at, len)));
        at += len;
    }
    return cx_buf_add_u8(out, '"');
}

cx_err json_write_raw(struct json_writer *json, const char *key, struct cx_bytes text)
{
    CX_TRY(place(json, key));
    return cx_buf_add(json->out, text);
}

cx_err json_write_str(struct json_writer *json, const char *key, struct cx_str value)
{
    CX_TRY(place(json, key));
    return json_escape(json->out, value);
}

cx_err json_write_text(struct json_writer *json, const char *key, const char *value)
{
    return json_write_str(json, key, cx_str_from(value));
}

cx_err json_write_i64(struct json_writer *json, const char *key, int64_t value)
{
    char number[24];
    int len = snprintf(number, sizeof(number), "%lld", (long long)value);
    return json_write_raw(json, key, CX_BYTES(number, (size_t)len));
}

cx_err json_write_bool(struct json_writer *json, const char *key, bool value)
{
    return json_write_raw(json, key, value ? CX_BYTES("true", 4) : CX_BYTES("false", 5));
}

cx_err json_write_null(struct json_writer *json, const char *key)
{
    return json_write_raw(json, key, CX_BYTES("null", 4));
}

cx_err json_write_id(struct json_writer *json, const char *key, enum cx_id_type type,
                     struct cx_id id)
{
    char text[CX_ID_TEXT_MAX];
    cx_id_format(type, id, text);
    return json_write_text(json, key, text);
}

cx_err json_write_time(struct json_writer *json, const char *key, cx_time at_us)
{
    char text[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(at_us, text));
    return json_write_text(json, key, text);
}

cx_err json_write_hex(struct json_writer *json, const char *key, struct cx_bytes bytes)
{
    CX_TRY(place(json, key));
    CX_TRY(cx_buf_add_u8(json->out, '"'));
    CX_TRY(hex_encode(bytes, json->out));
    return cx_buf_add_u8(json->out, '"');
}

cx_err json_write_base64url(struct json_writer *json, const char *key, struct cx_bytes bytes)
{
    CX_TRY(place(json, key));
    CX_TRY(cx_buf_add_u8(json->out, '"'));
    CX_TRY(base64url_encode(bytes, json->out));
    return cx_buf_add_u8(json->out, '"');
}
