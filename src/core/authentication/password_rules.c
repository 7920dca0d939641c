#include "core/authentication/password_rules.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* One a line, lower case, sorted: data/common-passwords.txt, compiled in. */
extern const char common_passwords[];
extern const size_t common_passwords_len;

enum { TAIL_MAX = 6, WORD_MIN = 4 };

static cx_err refuse(struct cx_diag *diag, const char *rule, const char *text)
{
    return cx_refuse(diag, CX_ERR(POLICY), "password", rule, "%s", text);
}

cx_err password_normalise(struct cx_str text, struct cx_diag *diag, struct cx_buf *out)
{
    for (size_t at = 0; at < text.len;) {
        ucs4_t c = 0;
        int len = u8_mbtouc(&c, (const uint8_t *)text.ptr + at, text.len - at);
        if (uc_is_general_category(c, UC_UNASSIGNED) || uc_is_general_category(c, UC_CONTROL))
            return cx_refuse(diag, CX_ERR(PARSE), "password", "password-character",
                             "The password holds a character that no keyboard has.");
        at += (size_t)len;
    }
    size_t len = 0;
    uint8_t *normal = u8_normalize(UNINORM_NFKC, (const uint8_t *)text.ptr, text.len, NULL, &len);
    if (!normal)
        return CX_ERR(NOMEM);
    cx_err err = cx_buf_add(out, CX_BYTES(normal, len));
    cx_wipe(normal, len);
    free(normal);
    return err;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool starts_line(struct cx_bytes word, const char *line, size_t line_len)
{
    if (word.len != line_len)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (lower(word.ptr[i]) != (uint8_t)line[i])
            return false;
    return true;
}

/* Read end to end: a few thousand lines, beside a hash of 25 ms. */
static bool is_listed(struct cx_bytes word)
{
    const char *at = common_passwords, *end = common_passwords + common_passwords_len;
    bool found = false;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t len = line_end ? (size_t)(line_end - at) : (size_t)(end - at);
        if (len > 0 && at[0] != '#' && starts_line(word, at, len))
            found = true;
        at += len + 1;
    }
    return found;
}

/* "dragon2024!" is "dragon" with a tail that everybody tries. */
static struct cx_bytes without_tail(struct cx_bytes password)
{
    size_t len = password.len;
    while (len > 0 && password.len - len < TAIL_MAX) {
        uint8_t c = lower(password.ptr[len - 1]);
        if ((c >= 'a' && c <= 'z') || c >= 0x80)
            break;
        len--;
    }
    return (struct cx_bytes){password.ptr, len >= WORD_MIN ? len : password.len};
}

/* All characters the same, or each the neighbour of the one before: 12345678, hgfedcba. */
static bool is_run(struct cx_bytes password)
{
    int step = password.len > 1 ? password.ptr[1] - password.ptr[0] : 0;
    if (step < -1 || step > 1)
        return false;
    for (size_t i = 1; i < password.len; i++)
        if (password.ptr[i] - password.ptr[i - 1] != step)
            return false;
    return true;
}

static bool holds_word(struct cx_bytes password, struct cx_bytes word)
{
    if (word.len < WORD_MIN || word.len > password.len)
        return false;
    for (size_t at = 0; at + word.len <= password.len; at++) {
        size_t i = 0;
        while (i < word.len && lower(password.ptr[at + i]) == lower(word.ptr[i]))
            i++;
        /* A name inside a long phrase is fine; a name with a little around it is not. */
        if (i == word.len && password.len - word.len < PASSWORD_CHARS_MIN)
            return true;
    }
    return false;
}

static struct cx_bytes before_at(struct cx_str account)
{
    const char *at = memchr(account.ptr ? account.ptr : "", '@', account.len);
    return CX_BYTES(account.ptr, at ? (size_t)(at - account.ptr) : account.len);
}

cx_err password_check(struct cx_bytes password, struct cx_str account, struct cx_diag *diag)
{
    size_t chars = cx_utf8_count((struct cx_str){(const char *)password.ptr, password.len});
    if (chars < PASSWORD_CHARS_MIN)
        return refuse(diag, "password-too-short", "Take at least 8 characters.");
    if (chars > PASSWORD_CHARS_MAX)
        return refuse(diag, "password-too-long", "Take at most 128 characters.");
    if (is_run(password))
        return refuse(diag, "password-pattern", "One character or one run is guessed first.");
    if (is_listed(password) || is_listed(without_tail(password)))
        return refuse(diag, "password-common",
                      "This password is on the list that everybody tries.");
    if (holds_word(password, CX_BYTES("certinext", 9)) || holds_word(password, before_at(account)))
        return refuse(diag, "password-context",
                      "A password made of your own name or the product's is guessed first.");
    return CX_OK;
}
