/* Dates and validators of RFC 9110. */
#include "codec/http.h"
#include "base/cleanup.h"
#include "codec/hex.h"

static const char DAYS[7][4] = {"Thu", "Fri", "Sat", "Sun",
                                "Mon", "Tue", "Wed"}; /* 1970-01-01 first */
static const char MONTHS[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static size_t weekday(cx_time at_us)
{
    int64_t day = at_us / CX_US_PER_DAY - (at_us % CX_US_PER_DAY < 0);
    return (size_t)((day % 7 + 7) % 7);
}

cx_err http_date_format(cx_time at_us, char ret_text[static HTTP_DATE_MAX])
{
    struct cx_civil civil;
    CX_TRY(cx_civil_from_time(at_us, &civil));
    char text[80];
    int len = snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                       DAYS[weekday(at_us)], civil.day, MONTHS[civil.month - 1], civil.year,
                       civil.hour, civil.minute, civil.second);
    if (len != HTTP_DATE_MAX - 1)
        return CX_ERR(INTERNAL);
    memcpy(ret_text, text, HTTP_DATE_MAX);
    return CX_OK;
}

static bool digits(const char *ptr, size_t count, int *ret_value)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (ptr[i] < '0' || ptr[i] > '9')
            return false;
        value = value * 10 + (ptr[i] - '0');
    }
    *ret_value = value;
    return true;
}

/* Reads by position, then formats and compares: exactly one spelling is accepted. */
cx_err http_date_parse(struct cx_str text, cx_time *ret_us)
{
    if (text.len != HTTP_DATE_MAX - 1)
        return CX_ERR(PARSE);
    struct cx_civil civil = {0};
    if (!digits(text.ptr + 5, 2, &civil.day) || !digits(text.ptr + 12, 4, &civil.year) ||
        !digits(text.ptr + 17, 2, &civil.hour) || !digits(text.ptr + 20, 2, &civil.minute) ||
        !digits(text.ptr + 23, 2, &civil.second))
        return CX_ERR(PARSE);
    for (int month = 0; month < 12; month++) {
        if (cx_str_is((struct cx_str){text.ptr + 8, 3}, MONTHS[month]))
            civil.month = month + 1;
    }
    cx_time at_us = 0;
    char back[HTTP_DATE_MAX];
    if (cx_failed(cx_time_from_civil(&civil, &at_us)) || cx_failed(http_date_format(at_us, back)) ||
        !cx_str_is(text, back))
        return CX_ERR(PARSE);
    *ret_us = at_us;
    return CX_OK;
}

cx_err http_etag_format(struct cx_bytes digest, char ret_text[static HTTP_ETAG_MAX])
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(HTTP_ETAG_MAX);
    CX_TRY(cx_buf_add_u8(&text, '"'));
    CX_TRY(hex_encode(digest, &text));
    CX_TRY(cx_buf_add(&text, CX_BYTES("\"", 2))); /* with its NUL */
    memcpy(ret_text, text.ptr, text.len);
    return CX_OK;
}

bool http_etag_matches(struct cx_str field, const char *etag)
{
    struct cx_str wanted = cx_str_from(etag);
    size_t at = 0;
    while (at < field.len) {
        if (field.ptr[at] == ' ' || field.ptr[at] == '\t' || field.ptr[at] == ',') {
            at++;
            continue;
        }
        if (field.ptr[at] == '*')
            return field.len == at + 1;
        if (field.len - at > 2 && field.ptr[at] == 'W' && field.ptr[at + 1] == '/')
            at += 2;
        if (field.ptr[at] != '"')
            return false;
        const char *close = memchr(field.ptr + at + 1, '"', field.len - at - 1);
        if (!close)
            return false;
        size_t end = (size_t)(close - field.ptr) + 1;
        if (cx_str_eq((struct cx_str){field.ptr + at, end - at}, wanted))
            return true;
        at = end;
    }
    return false;
}
