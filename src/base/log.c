#include "base/log.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 4096 };

static const char *log_role = "certinext";
static enum cx_log_level log_minimum = CX_LOG_INFO;

struct line {
    char text[LOG_LINE_MAX];
    size_t len;
};

void cx_log_init(const char *role, enum cx_log_level minimum)
{
    log_role = role;
    log_minimum = minimum;
}

/* Keeps room for the closing brace and newline, so that a cut line is still one JSON line. */
static void put(struct line *line, const char *bytes, size_t len)
{
    if (len > LOG_LINE_MAX - 8 - line->len)
        return;
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

static void put_quoted(struct line *line, const char *text)
{
    struct cx_str s = cx_str_from(text);
    bool valid = cx_utf8_valid(cx_str_bytes(s));
    put(line, "\"", 1);
    for (size_t i = 0; i < s.len && line->len < LOG_LINE_MAX - 64; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        char escaped[8];
        if (c == '"' || c == '\\') {
            snprintf(escaped, sizeof(escaped), "\\%c", c);
            put(line, escaped, 2);
        } else if (c < 0x20 || c == 0x7F || (!valid && c >= 0x80)) {
            snprintf(escaped, sizeof(escaped), "\\u%04x", c);
            put(line, escaped, 6);
        } else {
            put(line, (const char *)&c, 1);
        }
    }
    put(line, "\"", 1);
}

static void put_pair(struct line *line, const char *key, const char *value)
{
    put(line, ",", 1);
    put_quoted(line, key);
    put(line, ":", 1);
    put_quoted(line, value ? value : "");
}

static void log_line(enum cx_log_level level, const char *error, const char *event, va_list args)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    if (level < log_minimum)
        return;
    struct timespec ts = {0};
    clock_gettime(CLOCK_REALTIME, &ts);
    char at[CX_TIME_TEXT_MAX] = "";
    CX_IGNORE(cx_time_format((cx_time)ts.tv_sec * CX_US_PER_S + ts.tv_nsec / 1000, at));
    struct line line = {.len = 0};
    put(&line, "{\"time\":", 8);
    put_quoted(&line, at);
    put_pair(&line, "level", levels[level]);
    put_pair(&line, "role", log_role);
    put_pair(&line, "event", event);
    if (error)
        put_pair(&line, "error", error);
    for (const char *key = va_arg(args, const char *); key; key = va_arg(args, const char *))
        put_pair(&line, key, va_arg(args, const char *));
    memcpy(line.text + line.len, "}\n", 2);
    line.len += 2;
    ssize_t written = write(STDERR_FILENO, line.text, line.len); /* one write: lines do not mix */
    (void)written; /* a log that cannot be written must not stop the work; audit is another thing */
}

void cx_log(enum cx_log_level level, const char *event, ...)
{
    va_list args;
    va_start(args, event);
    log_line(level, NULL, event, args);
    va_end(args);
}

void cx_log_err(enum cx_log_level level, cx_err err, const char *event, ...)
{
    va_list args;
    va_start(args, event);
    log_line(level, cx_err_name(err), event, args);
    va_end(args);
}
