#include "core/incident/rule_pack.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "codec/yaml.h"

enum { NAME_MAX_LEN = 64, TEXT_MAX = 200, LIST_MAX = 32 };
#define LIMIT_MAX_S (INT64_C(3) * 366 * 86400)

struct reader {
    struct arena *arena;
    struct cx_diag *diag;
};

static const char *const PACK_KEYS[] = {
    "pack",   "version",        "title",           "document", "read",
    "status", "effective_from", "effective_until", "duties",   "certificates"};
static const char *const DUTY_KEYS[] = {
    "id",      "title",    "obligation",     "trigger",        "start",    "scope",
    "cycle",   "limit",    "satisfied_by",   "replaced_by",    "ended_by", "failed_by",
    "types",   "opens",    "tracks",         "severities",     "items",    "owed_to",
    "section", "warnings", "effective_from", "effective_until"};
static const char *const OBLIGATIONS[] = {"must", "should", "may"};
static const char *const SCOPES[] = {"incident", "subject", "each"};
static const char *const READ_WORDS[] = {"primary", "secondary"};
static const char *const STATUS_WORDS[] = {"in-force", "draft"};
static const char *const OPENS_WORDS[] = {"delayed_revocation"};
static const char *const OWED_WORDS[] = {
    "reporter", "subscriber", "relying_parties", "security",  "public",    "ccadb",     "mozilla",
    "chrome",   "microsoft",  "apple",           "authority", "customers", "leadership"};

static cx_err read_text(struct reader *r, const struct json_node *object, const char *key,
                        struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    struct json_node node = json_member(object, key);
    CX_TRY(json_read_str(object, key, TEXT_MAX, r->diag, &text));
    if (text.len == 0)
        return json_refuse(&node, r->diag, CX_ERR(PARSE), "empty", "The text is empty.");
    for (size_t i = 0; i < text.len; i++) /* it is shown in lines of reports and notices */
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return json_refuse(&node, r->diag, CX_ERR(PARSE), "control-character",
                               "The text is one line, without control characters.");
    return arena_copy_str(r->arena, text, ret_text);
}

/* [a-z0-9.-]: part of the duty's key in the API. */
static cx_err read_name(struct reader *r, const struct json_node *object, const char *key,
                        struct cx_str *ret_name)
{
    struct json_node node = json_member(object, key);
    struct cx_str name = CX_STR_NONE;
    CX_TRY(read_text(r, object, key, &name));
    for (size_t i = 0; i < name.len; i++)
        if (name.len > NAME_MAX_LEN ||
            !memchr("abcdefghijklmnopqrstuvwxyz0123456789.-", name.ptr[i], 38))
            return json_refuse(&node, r->diag, CX_ERR(PARSE), "rule-name",
                               "A name has at most 64 lower-case letters, digits, '.' and '-'.");
    *ret_name = name;
    return CX_OK;
}

/* "2026-03-20": the start of that day, UTC. Absent: fallback. */
static cx_err read_date(struct reader *r, const struct json_node *object, const char *key,
                        cx_time fallback, cx_time *ret_us)
{
    struct json_node node = json_member(object, key);
    struct cx_str date = CX_STR_NONE, whole = CX_STR_NONE;
    *ret_us = fallback;
    if (!json_has(object, key))
        return CX_OK;
    CX_TRY(json_read_str(object, key, 10, r->diag, &date));
    CX_TRY(arena_printf(r->arena, &whole, "%.*sT00:00:00Z", CX_STR_ARG(date)));
    if (cx_failed(cx_time_parse(whole, ret_us)))
        return json_refuse(&node, r->diag, CX_ERR(PARSE), "date",
                           "Write a date as year-month-day: 2026-03-20.");
    return CX_OK;
}

/* A list of words as indexes into words, each once. */
static cx_err read_words(struct reader *r, const struct json_node *object, const char *key,
                         const struct incident_words *words, size_t max, uint8_t *indexes,
                         size_t *ret_count)
{
    struct json_node list = {0};
    size_t count = 0;
    *ret_count = 0;
    if (!json_has(object, key))
        return CX_OK;
    CX_TRY(json_read_array(object, key, max, r->diag, &list, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        size_t index = 0;
        CX_TRY(json_as_word(&item, words->words, words->count, r->diag, &index));
        for (size_t j = 0; j < i; j++)
            if (indexes[j] == index)
                return json_refuse(&item, r->diag, CX_ERR(PARSE), "duplicate",
                                   "The word is listed twice.");
        indexes[i] = (uint8_t)index;
    }
    if (count == 0)
        return json_refuse(&list, r->diag, CX_ERR(PARSE), "empty", "The list is empty.");
    *ret_count = count;
    return CX_OK;
}

static cx_err read_kinds(struct reader *r, const struct json_node *duty, const char *key,
                         struct rule_kinds *ret_kinds)
{
    return read_words(r, duty, key, &incident_kinds, RULE_KINDS_MAX, ret_kinds->kinds,
                      &ret_kinds->count);
}

static cx_err read_set(struct reader *r, const struct json_node *object, const char *key,
                       const struct incident_words *words, uint32_t *ret_bits)
{
    uint8_t indexes[LIST_MAX];
    size_t count = 0;
    CX_TRY(read_words(r, object, key, words, LIST_MAX, indexes, &count));
    for (size_t i = 0; i < count; i++)
        *ret_bits |= 1u << indexes[i];
    return CX_OK;
}

static cx_err read_items(struct reader *r, const struct json_node *duty, uint32_t *ret_bits)
{
    struct json_node list = {0};
    size_t count = 0;
    if (!json_has(duty, "items"))
        return CX_OK;
    CX_TRY(json_read_array(duty, "items", RULE_ITEM_MAX, r->diag, &list, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        int64_t value = 0;
        CX_TRY(json_as_i64(&item, 1, RULE_ITEM_MAX, r->diag, &value));
        *ret_bits |= 1u << value;
    }
    return CX_OK;
}

static const struct {
    const char *suffix;
    enum rule_unit unit;
    int64_t scale;
} UNITS[] = {
    {"mo", RULE_MONTHS, 1},    {"bd", RULE_BUSINESS_DAYS, 1}, {"m", RULE_SECONDS, 60},
    {"h", RULE_SECONDS, 3600}, {"d", RULE_SECONDS, 86400},
};

bool rule_period_parse(struct cx_str text, struct rule_limit *ret_limit)
{
    for (size_t i = 0; i < CX_COUNT_OF(UNITS); i++) {
        struct cx_str suffix = cx_str_from(UNITS[i].suffix);
        int64_t value = 0;
        if (text.len <= suffix.len || !cx_str_ends(text, suffix))
            continue;
        struct cx_str digits = {text.ptr, text.len - suffix.len};
        int64_t max = UNITS[i].unit == RULE_SECONDS ? LIMIT_MAX_S / UNITS[i].scale : 36;
        if (cx_failed(cx_parse_i64(digits, 1, max, &value)))
            return false;
        *ret_limit = (struct rule_limit){UNITS[i].unit, value * UNITS[i].scale};
        return true;
    }
    return false;
}

static cx_err read_limit(struct reader *r, const struct json_node *duty,
                         struct rule_limit *ret_limit)
{
    struct json_node node = json_member(duty, "limit");
    struct cx_str text = CX_STR_NONE, stated = CX_STR("stated"), before = CX_STR("stated-");
    struct rule_limit limit = {0};
    CX_TRY(json_read_str(duty, "limit", 16, r->diag, &text));
    if (cx_str_eq(text, stated)) {
        *ret_limit = (struct rule_limit){RULE_STATED, 0};
        return CX_OK;
    }
    bool is_before = cx_str_starts(text, before);
    if (is_before)
        text = (struct cx_str){text.ptr + before.len, text.len - before.len};
    if (!rule_period_parse(text, &limit) || (is_before && limit.unit != RULE_SECONDS))
        return json_refuse(
            &node, r->diag, CX_ERR(PARSE), "limit",
            "A limit is 15m, 24h, 5d, 3mo, 1bd, stated or stated-30d, 3 years at most.");
    if (is_before)
        limit.unit = RULE_STATED;
    *ret_limit = limit;
    return CX_OK;
}

static cx_err read_warnings(struct reader *r, const struct json_node *duty,
                            struct rule_duty *ret_duty)
{
    struct json_node list = {0};
    CX_TRY(json_read_array(duty, "warnings", RULE_WARNINGS_MAX, r->diag, &list,
                           &ret_duty->warning_count));
    for (size_t i = 0; i < ret_duty->warning_count; i++) {
        struct json_node item = json_item(&list, i);
        int64_t value = 0;
        CX_TRY(json_as_i64(&item, 1, 99, r->diag, &value));
        if (i > 0 && value <= ret_duty->warnings[i - 1])
            return json_refuse(&item, r->diag, CX_ERR(PARSE), "order",
                               "Warnings ascend: each is later than the one before.");
        ret_duty->warnings[i] = (uint8_t)value;
    }
    return CX_OK;
}

static cx_err read_owed_to(struct reader *r, const struct json_node *duty, struct cx_str *ret_text)
{
    const struct incident_words words = {OWED_WORDS, CX_COUNT_OF(OWED_WORDS)};
    uint8_t indexes[LIST_MAX];
    size_t count = 0;
    struct cx_str text = CX_STR_NONE;
    struct json_node node = json_member(duty, "owed_to");
    CX_TRY(read_words(r, duty, "owed_to", &words, LIST_MAX, indexes, &count));
    if (count == 0)
        return json_refuse(&node, r->diag, CX_ERR(PARSE), "missing", "The key is missing.");
    for (size_t i = 0; i < count; i++)
        CX_TRY(arena_printf(r->arena, &text, "%.*s%s%s", CX_STR_ARG(text), i ? ", " : "",
                            OWED_WORDS[indexes[i]]));
    *ret_text = text;
    return CX_OK;
}

static cx_err read_entries(struct reader *r, const struct json_node *node, struct rule_duty *duty)
{
    struct json_node trigger = json_member(node, "trigger");
    CX_TRY(read_kinds(r, node, "trigger", &duty->triggers));
    CX_TRY(read_kinds(r, node, "start", &duty->starts));
    CX_TRY(read_kinds(r, node, "satisfied_by", &duty->satisfiers));
    CX_TRY(read_kinds(r, node, "replaced_by", &duty->replacers));
    CX_TRY(read_kinds(r, node, "ended_by", &duty->enders));
    CX_TRY(read_kinds(r, node, "failed_by", &duty->failers));
    if (duty->triggers.count == 0 || duty->satisfiers.count == 0)
        return json_refuse(&trigger, r->diag, CX_ERR(PARSE), "missing",
                           "A duty needs trigger and satisfied_by.");
    if (duty->starts.count == 0)
        duty->starts = duty->triggers;
    return CX_OK;
}

static cx_err read_conditions(struct reader *r, const struct json_node *node,
                              struct rule_duty *duty)
{
    size_t opens = 0;
    CX_TRY(read_set(r, node, "types", &incident_types, &duty->types));
    CX_TRY(read_set(r, node, "tracks", &incident_tracks, &duty->tracks));
    CX_TRY(read_set(r, node, "severities", &incident_severities, &duty->severities));
    CX_TRY(read_items(r, node, &duty->items));
    if (json_has(node, "cycle"))
        CX_TRY(json_read_bool(node, "cycle", r->diag, &duty->cycle));
    if (json_has(node, "opens")) {
        CX_TRY(
            json_read_word(node, "opens", OPENS_WORDS, CX_COUNT_OF(OPENS_WORDS), r->diag, &opens));
        duty->opens_delayed_revocation = true;
    }
    return CX_OK;
}

static cx_err read_duty(struct reader *r, const struct json_node *node,
                        const struct rule_pack *pack, struct rule_duty *ret_duty)
{
    struct rule_duty duty = {0};
    size_t obligation = 0, scope = 0;
    CX_TRY(json_as_object(node, r->diag));
    CX_TRY(json_only(node, DUTY_KEYS, CX_COUNT_OF(DUTY_KEYS), r->diag));
    CX_TRY(read_name(r, node, "id", &duty.id));
    CX_TRY(read_text(r, node, "title", &duty.title));
    CX_TRY(read_text(r, node, "section", &duty.section));
    CX_TRY(json_read_word(node, "obligation", OBLIGATIONS, CX_COUNT_OF(OBLIGATIONS), r->diag,
                          &obligation));
    CX_TRY(json_read_word(node, "scope", SCOPES, CX_COUNT_OF(SCOPES), r->diag, &scope));
    duty.obligation = (enum rule_obligation)obligation;
    duty.scope = (enum rule_scope)scope;
    CX_TRY(read_entries(r, node, &duty));
    CX_TRY(read_conditions(r, node, &duty));
    CX_TRY(read_limit(r, node, &duty.limit));
    CX_TRY(read_owed_to(r, node, &duty.owed_to));
    CX_TRY(read_warnings(r, node, &duty));
    CX_TRY(read_date(r, node, "effective_from", pack->from_us, &duty.from_us));
    CX_TRY(read_date(r, node, "effective_until", pack->until_us, &duty.until_us));
    if (duty.from_us < pack->from_us || duty.until_us > pack->until_us ||
        duty.from_us >= duty.until_us)
        return json_refuse(node, r->diag, CX_ERR(PARSE), "effective",
                           "A duty is in force within the time of its pack, and for some time.");
    *ret_duty = duty;
    return CX_OK;
}

static cx_err read_duties(struct reader *r, const struct json_node *top, struct rule_pack *pack)
{
    struct json_node list = {0};
    struct rule_duty *duties = NULL;
    CX_TRY(json_read_array(top, "duties", RULE_DUTIES_MAX, r->diag, &list, &pack->duty_count));
    if (pack->duty_count == 0)
        return json_refuse(&list, r->diag, CX_ERR(PARSE), "empty", "A pack has a duty.");
    CX_TRY(ARENA_NEW_ARRAY(r->arena, pack->duty_count, &duties));
    for (size_t i = 0; i < pack->duty_count; i++) {
        struct json_node item = json_item(&list, i);
        CX_TRY(read_duty(r, &item, pack, &duties[i]));
        for (size_t j = 0; j < i; j++)
            if (cx_str_eq(duties[i].id, duties[j].id))
                return json_refuse(&item, r->diag, CX_ERR(PARSE), "duplicate",
                                   "The id is used twice.");
    }
    pack->duties = duties;
    return CX_OK;
}

static cx_err read_pack(struct reader *r, const struct json_node *top, struct rule_pack *pack)
{
    size_t read = 0, status = 0;
    struct json_node from = json_member(top, "effective_from");
    CX_TRY(json_only(top, PACK_KEYS, CX_COUNT_OF(PACK_KEYS), r->diag));
    CX_TRY(read_name(r, top, "pack", &pack->name));
    CX_TRY(read_name(r, top, "version", &pack->version));
    CX_TRY(read_text(r, top, "title", &pack->title));
    CX_TRY(read_text(r, top, "document", &pack->document));
    CX_TRY(json_read_word(top, "read", READ_WORDS, CX_COUNT_OF(READ_WORDS), r->diag, &read));
    CX_TRY(
        json_read_word(top, "status", STATUS_WORDS, CX_COUNT_OF(STATUS_WORDS), r->diag, &status));
    pack->primary = read == 0;
    pack->draft = status == 1;
    CX_TRY(read_set(r, top, "certificates", &incident_certificates_words, &pack->certificates));
    CX_TRY(read_date(r, top, "effective_from", INT64_MIN, &pack->from_us));
    CX_TRY(read_date(r, top, "effective_until", INT64_MAX, &pack->until_us));
    if (!pack->draft && !json_has(top, "effective_from"))
        return json_refuse(&from, r->diag, CX_ERR(PARSE), "missing",
                           "A pack in force says since when.");
    if (pack->from_us >= pack->until_us)
        return json_refuse(&from, r->diag, CX_ERR(PARSE), "effective",
                           "The pack ends before it starts.");
    return read_duties(r, top, pack);
}

cx_err rule_pack_parse(struct arena *arena, struct cx_bytes text, struct cx_diag *diag,
                       struct rule_pack *ret_pack)
{
    json_auto_t *root = NULL;
    struct reader reader = {arena, diag};
    struct rule_pack pack = {0};
    CX_TRY(yaml_parse(text, RULE_PACK_MAX, diag, &root));
    struct json_node top = json_top(root);
    CX_TRY(json_as_object(&top, diag));
    CX_TRY(read_pack(&reader, &top, &pack));
    *ret_pack = pack;
    return CX_OK;
}

bool rule_kinds_have(const struct rule_kinds *kinds, enum incident_kind kind)
{
    return memchr(kinds->kinds, (int)kind, kinds->count) != NULL;
}

const char *rule_obligation_name(enum rule_obligation obligation)
{
    return OBLIGATIONS[obligation];
}
