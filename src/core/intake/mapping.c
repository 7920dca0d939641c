#include "core/intake/mapping.h"

#include "api_types.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "core/api/decode.h"
#include "core/intake/pointer.h"
#include "crypto/hash.h"

#include <strings.h>

/* data/alert-mappings, made by tools/embed.py */
extern const char alert_mapping_generic[], alert_mapping_sarif[], alert_mapping_alertmanager[];

enum { MAPPING_JSON_MAX = 16 * 1024, DIGEST_SHOWN = 8, SCORE_MAX = 10 };

/* ---- the mapping itself ---- */

static cx_err check_list(const char *member, const struct cx_str *pointers, size_t count,
                         struct cx_diag *diag)
{
    for (size_t i = 0; i < count; i++)
        if (cx_failed(pointer_check(pointers[i], false)))
            return cx_refuse(diag, CX_ERR(PARSE), member, "pointer",
                             "\"%.*s\" is no JSON pointer (RFC 6901).", CX_STR_ARG(pointers[i]));
    return CX_OK;
}

/* POINTER=VALUE; a pointer of the mapping has no '='. */
static bool split_skip(struct cx_str text, struct cx_str *ret_pointer, struct cx_str *ret_value)
{
    size_t at = 0;
    while (at < text.len && text.ptr[at] != '=')
        at++;
    if (at == text.len)
        return false;
    *ret_pointer = (struct cx_str){text.ptr, at};
    *ret_value = (struct cx_str){text.ptr + at + 1, text.len - at - 1};
    return cx_is_ok(pointer_check(*ret_pointer, false));
}

cx_err mapping_check(const struct api_alert_mapping *mapping, struct cx_diag *diag)
{
    struct cx_str pointer = CX_STR_NONE, value = CX_STR_NONE;
    if (cx_failed(pointer_check(mapping->items, true)))
        return cx_refuse(diag, CX_ERR(PARSE), "mapping/items", "pointer",
                         "\"%.*s\" is no JSON pointer with parts *.", CX_STR_ARG(mapping->items));
    CX_TRY(check_list("mapping/rule", mapping->rule, mapping->rule_count, diag));
    CX_TRY(check_list("mapping/subject", mapping->subject, mapping->subject_count, diag));
    CX_TRY(check_list("mapping/title", mapping->title, mapping->title_count, diag));
    CX_TRY(check_list("mapping/summary", mapping->summary, mapping->summary_count, diag));
    CX_TRY(check_list("mapping/severity", mapping->severity, mapping->severity_count, diag));
    for (size_t i = 0; i < mapping->skip_count; i++)
        if (!split_skip(mapping->skip[i], &pointer, &value))
            return cx_refuse(diag, CX_ERR(PARSE), "mapping/skip", "pointer",
                             "\"%.*s\" is not POINTER=VALUE.", CX_STR_ARG(mapping->skip[i]));
    return CX_OK;
}

cx_err mapping_parse(struct cx_bytes json, struct arena *arena, struct cx_diag *diag,
                     struct api_alert_mapping *ret_mapping, json_t **ret_root)
{
    json_auto_t *root = NULL;
    struct api_alert_mapping mapping = {.items = CX_STR_NONE};
    CX_TRY(api_decode_body(&api_schema_alert_mapping, json, MAPPING_JSON_MAX, arena, diag, &mapping,
                           &root));
    CX_TRY(mapping_check(&mapping, diag));
    *ret_mapping = mapping;
    *ret_root = root;
    root = NULL;
    return CX_OK;
}

cx_err mapping_builtin(enum api_alert_source_kind kind, struct arena *arena,
                       struct api_alert_mapping *ret_mapping, json_t **ret_root)
{
    const char *text = NULL;
    if (kind == API_ALERT_SOURCE_KIND_GENERIC)
        text = alert_mapping_generic;
    else if (kind == API_ALERT_SOURCE_KIND_SARIF)
        text = alert_mapping_sarif;
    else if (kind == API_ALERT_SOURCE_KIND_ALERTMANAGER)
        text = alert_mapping_alertmanager;
    struct cx_diag diag = CX_DIAG_INIT;
    return text
               ? mapping_parse(cx_str_bytes(cx_str_from(text)), arena, &diag, ret_mapping, ret_root)
               : CX_ERR(NOTFOUND);
}

/* ---- texts ---- */

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '+' || c == '-';
}

static cx_err make_word(struct cx_str text, struct arena *arena, struct cx_str *ret_word)
{
    char word[MAPPING_WORD_MAX + 1];
    uint8_t digest[CRYPTO_SHA256_LEN];
    bool as_is = text.len <= MAPPING_WORD_MAX;
    for (size_t i = 0; i < text.len && as_is; i++)
        as_is = word_char(text.ptr[i]);
    if (as_is)
        return arena_copy_str(arena, text, ret_word);
    size_t keep = MAPPING_WORD_MAX - 1 - 2 * DIGEST_SHOWN, len = 0;
    for (; len < keep && len < text.len; len++)
        word[len] = word_char(text.ptr[len]) ? text.ptr[len] : '-';
    CX_TRY(crypto_sha256(cx_str_bytes(text), digest));
    word[len++] = ':';
    for (size_t i = 0; i < DIGEST_SHOWN; i++, len += 2)
        snprintf(word + len, sizeof(word) - len, "%02x", digest[i]);
    return arena_copy_str(arena, (struct cx_str){word, len}, ret_word);
}

/* Octets of the control character or separator that stands at i (core/api/text.c has the same list); 0: none does. */
static size_t control_at(struct cx_str text, size_t i, bool block)
{
    const uint8_t *c = (const uint8_t *)text.ptr + i;
    size_t left = text.len - i;
    if (c[0] < 0x20 || c[0] == 0x7f)
        return block && (c[0] == '\n' || c[0] == '\t') ? 0 : 1;
    if (left > 1 && c[0] == 0xc2 && c[1] < 0xa0)
        return 2;
    return left > 2 && c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9) ? 3 : 0;
}

/* At most max characters; control characters become blanks, save line feeds and tabs of a block. */
static cx_err make_text(struct cx_str text, size_t max, bool block, struct arena *arena,
                        struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(MAPPING_BODY_MAX + 8);
    size_t characters = 0;
    for (size_t i = 0; i < text.len; i++) {
        size_t control = control_at(text, i, block);
        characters += ((uint8_t)text.ptr[i] & 0xc0) != 0x80; /* not inside a character */
        if (characters > max)
            break;
        CX_TRY(cx_buf_add_u8(&out, control ? ' ' : (uint8_t)text.ptr[i]));
        i += control ? control - 1 : 0;
    }
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_text);
}

static bool score_level(struct cx_str word, enum incident_level *ret_level)
{
    size_t i = 0;
    unsigned whole = 0;
    for (; i < word.len && i < 2 && word.ptr[i] >= '0' && word.ptr[i] <= '9'; i++)
        whole = whole * 10 + (unsigned)(word.ptr[i] - '0');
    if (i == 0 || whole > SCORE_MAX || (i < word.len && word.ptr[i] != '.'))
        return false;
    /* CVSS v3.1 §5: 7.0 and above is high, 4.0 to 6.9 medium. */
    *ret_level = whole >= 7 ? LEVEL_HIGH : whole >= 4 ? LEVEL_MEDIUM : LEVEL_LOW;
    return true;
}

enum incident_level mapping_level(struct cx_str word)
{
    static const struct {
        const char *word;
        enum incident_level level;
    } words[] = {
        {"emergency", LEVEL_HIGH}, {"alert", LEVEL_HIGH},        {"critical", LEVEL_HIGH},
        {"fatal", LEVEL_HIGH},     {"page", LEVEL_HIGH},         {"high", LEVEL_HIGH},
        {"error", LEVEL_HIGH},     {"low", LEVEL_LOW},           {"minor", LEVEL_LOW},
        {"note", LEVEL_LOW},       {"notice", LEVEL_LOW},        {"info", LEVEL_LOW},
        {"none", LEVEL_LOW},       {"informational", LEVEL_LOW}, {"debug", LEVEL_LOW},
    };
    enum incident_level level = LEVEL_MEDIUM;
    if (score_level(word, &level))
        return level;
    for (size_t i = 0; i < CX_COUNT_OF(words); i++) {
        struct cx_str known = cx_str_from(words[i].word);
        if (known.len == word.len && strncasecmp(known.ptr, word.ptr, word.len) == 0)
            return words[i].level;
    }
    return LEVEL_MEDIUM;
}

/* ---- items ---- */

struct applying {
    const struct api_alert_mapping *mapping;
    struct arena *arena;
    struct cx_diag *diag;
    struct mapped mapped;
};

/* The first of the pointers that leads to a text that is not empty. */
static cx_err first_text(const struct applying *applying, const struct json_node *item,
                         const struct cx_str *pointers, size_t count, struct cx_str *ret_text)
{
    *ret_text = CX_STR_NONE;
    for (size_t i = 0; i < count && ret_text->len == 0; i++) {
        bool found = false;
        struct cx_str text = CX_STR_NONE;
        CX_TRY(pointer_text(item, pointers[i], applying->arena, &found, &text));
        if (found)
            *ret_text = text;
    }
    return CX_OK;
}

static cx_err is_skipped(const struct applying *applying, const struct json_node *item,
                         bool *ret_skipped)
{
    *ret_skipped = false;
    for (size_t i = 0; i < applying->mapping->skip_count && !*ret_skipped; i++) {
        struct cx_str pointer = CX_STR_NONE, value = CX_STR_NONE, text = CX_STR_NONE;
        bool found = false;
        if (!split_skip(applying->mapping->skip[i], &pointer, &value))
            return CX_ERR(INTERNAL); /* mapping_check let it in */
        CX_TRY(pointer_text(item, pointer, applying->arena, &found, &text));
        *ret_skipped = found && cx_str_eq(text, value);
    }
    return CX_OK;
}

static cx_err make_alert(const struct applying *applying, const struct json_node *item,
                         struct mapped_alert *ret_alert)
{
    const struct api_alert_mapping *mapping = applying->mapping;
    struct mapped_alert alert = {.subject = CX_STR("-")};
    struct cx_str rule, subject, title, summary, severity;
    CX_TRY(first_text(applying, item, mapping->rule, mapping->rule_count, &rule));
    CX_TRY(first_text(applying, item, mapping->subject, mapping->subject_count, &subject));
    CX_TRY(first_text(applying, item, mapping->title, mapping->title_count, &title));
    CX_TRY(first_text(applying, item, mapping->summary, mapping->summary_count, &summary));
    CX_TRY(first_text(applying, item, mapping->severity, mapping->severity_count, &severity));
    if (rule.len == 0)
        return json_refuse(item, applying->diag, CX_ERR(PARSE), "alert-rule",
                           "none of the mapping's pointers leads to the rule of this alert");
    title = title.len ? title : rule;
    summary = summary.len ? summary : title;
    CX_TRY(make_word(rule, applying->arena, &alert.rule));
    if (subject.len)
        CX_TRY(make_word(subject, applying->arena, &alert.subject));
    CX_TRY(make_text(title, MAPPING_TITLE_MAX, false, applying->arena, &alert.title));
    CX_TRY(make_text(summary, MAPPING_SUMMARY_MAX, true, applying->arena, &alert.summary));
    alert.level = mapping_level(severity);
    *ret_alert = alert;
    return CX_OK;
}

static cx_err visit_item(const struct json_node *item, void *arg)
{
    struct applying *applying = arg;
    bool skipped = false;
    CX_TRY(json_as_object(item, applying->diag));
    CX_TRY(is_skipped(applying, item, &skipped));
    if (skipped) {
        applying->mapped.skipped++;
        return CX_OK;
    }
    if (applying->mapped.count == MAPPING_ITEMS_MAX)
        return json_refuse(item, applying->diag, CX_ERR(LIMIT), "alert-count",
                           "a delivery has at most 200 alerts");
    CX_TRY(make_alert(applying, item, &applying->mapped.alerts[applying->mapped.count]));
    applying->mapped.count++;
    return CX_OK;
}

cx_err mapping_apply(const struct api_alert_mapping *mapping, struct cx_bytes body,
                     struct arena *arena, struct cx_diag *diag, struct mapped *ret_mapped)
{
    json_auto_t *root = NULL;
    struct applying applying = {.mapping = mapping, .arena = arena, .diag = diag};
    CX_TRY(json_parse(body, MAPPING_BODY_MAX, diag, &root));
    CX_TRY(ARENA_NEW_ARRAY(arena, MAPPING_ITEMS_MAX, &applying.mapped.alerts));
    struct json_node top = json_top(root);
    CX_TRY(pointer_each(&top, mapping->items, diag, visit_item, &applying));
    *ret_mapped = applying.mapped;
    return CX_OK;
}
