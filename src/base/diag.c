#include "base/diag.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

static size_t sequence_len(unsigned char lead)
{
    if (lead < 0xC0)
        return 1;
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* C0, DEL, C1 (U+0080 … U+009F), and the line and paragraph separators. */
static bool is_control(const unsigned char *at, size_t len)
{
    if (len == 1)
        return at[0] < 0x20 || at[0] == 0x7F;
    if (len == 2)
        return at[0] == 0xC2 && at[1] < 0xA0;
    return len == 3 && at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9);
}

/* Control characters from input must not reach a terminal or a log line; and a name that was cut to fit may end in half
 * a character, which no JSON text can carry. Both become '?'. */
static void tidy(char *text)
{
    for (size_t at = 0, left = strlen(text); left > 0;) {
        unsigned char *p = (unsigned char *)text + at;
        size_t len = sequence_len(*p);
        if (len > left || !cx_utf8_valid(CX_BYTES(p, len)))
            len = 1;
        if (is_control(p, len) || (len == 1 && *p >= 0x80))
            memset(p, '?', len);
        at += len;
        left -= len;
    }
}

static void mark_cut(char *text, size_t size, int need)
{
    if (need >= 0 && (size_t)need < size)
        return;
    size_t at = size - 4;
    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80)
        at--; /* never leave half a UTF-8 sequence */
    memcpy(text + at, "...", 4);
}

cx_err cx_refuse(struct cx_diag *diag, cx_err err, const char *field, const char *rule,
                 const char *format, ...)
{
    if (!diag || diag->text[0])
        return err;
    mark_cut(diag->field, sizeof(diag->field),
             snprintf(diag->field, sizeof(diag->field), "%s", field ? field : ""));
    mark_cut(diag->rule, sizeof(diag->rule),
             snprintf(diag->rule, sizeof(diag->rule), "%s", rule ? rule : ""));
    va_list args;
    va_start(args, format);
    mark_cut(diag->text, sizeof(diag->text),
             vsnprintf(diag->text, sizeof(diag->text), format, args));
    va_end(args);
    tidy(diag->field);
    tidy(diag->rule);
    tidy(diag->text);
    return err;
}
