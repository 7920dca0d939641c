#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

/* Control characters from input must not reach a terminal or a log line. */
static void tidy(char *text)
{
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p == 0x7F)
            *p = '?';
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
