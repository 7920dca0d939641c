#include "core/api/text.h"

#include "base/utf8.h"

static bool in_set(const uint8_t set[static 16], unsigned char c)
{
    return c < 128 && (set[c / 8] >> (c % 8) & 1);
}

/* Each part takes as many characters as it can; the generator proved that this is the only reading. */
static bool matches(const struct api_pattern_part *parts, size_t count, struct cx_str text)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t taken = 0;
        while (at < text.len && taken < parts[i].max &&
               in_set(parts[i].set, (unsigned char)text.ptr[at])) {
            at++;
            taken++;
        }
        if (taken < parts[i].min)
            return false;
    }
    return at == text.len;
}

/* Control characters of ASCII and of Latin-1 (U+0080 … U+009F), and the line and paragraph separators: they
 * forge lines in logs and terminals. */
static bool has_control(struct cx_str text, bool block)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool allowed = block && (c == '\n' || c == '\t' || c == '\r');
        if ((c < 0x20 && !allowed) || c == 0x7F)
            return true;
        if (c == 0xC2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] < 0xA0)
            return true;
        if (c == 0xE2 && i + 2 < text.len && (unsigned char)text.ptr[i + 1] == 0x80 &&
            ((unsigned char)text.ptr[i + 2] == 0xA8 || (unsigned char)text.ptr[i + 2] == 0xA9))
            return true;
    }
    return false;
}

cx_err api_text_check(const struct api_field *field, struct cx_str text, const char *pointer,
                      struct cx_diag *diag)
{
    size_t length = cx_utf8_count(text);
    if (length > (size_t)field->max)
        return cx_refuse(diag, CX_ERR(LIMIT), pointer, "too-long", "Use at most %lld characters.",
                         (long long)field->max);
    if (length < (size_t)field->min)
        return cx_refuse(diag, CX_ERR(LIMIT), pointer, "too-short", "Use at least %lld characters.",
                         (long long)field->min);
    if (field->text_class == API_TEXT_PATTERN) {
        if (matches(field->pattern, field->pattern_count, text))
            return CX_OK;
        return cx_refuse(
            diag, CX_ERR(PARSE), pointer, "pattern",
            "The value does not have the form this field requires; see the API reference.");
    }
    if (has_control(text, field->text_class == API_TEXT_BLOCK))
        return cx_refuse(diag, CX_ERR(PARSE), pointer, "control-character",
                         "Control characters are not allowed here.");
    return CX_OK;
}
