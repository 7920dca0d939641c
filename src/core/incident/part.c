#include "core/incident/part.h"
#include "base/checked.h"
#include "core/api/contract.h"

enum field {
    TITLE = 1 << 0,
    OWNER_CODE = 1 << 1,
    ANSWER = 1 << 2,
    TIMELINE = 1 << 3,
    DETECTION = 1 << 4,
    INTERACTION = 1 << 5,
    METHODOLOGY = 1 << 6,
    ANSWERS = 1 << 7,
    ACTION_KIND = 1 << 8,
    CRITERION = 1 << 9,
    DUE = 1 << 10,
    OWNER = 1 << 11,
    STATUS = 1 << 12,
    URL = 1 << 13,
    REFERENCE = 1 << 14,
    OPENED = 1 << 15,
    OTHER_OWNERS = 1 << 16,
};
enum { FIELD_COUNT = 17 };
static const char *const FIELD_NAMES[FIELD_COUNT] = {
    "title",       "owner_code", "answer",      "timeline",  "detection",   "interaction",
    "methodology", "answers",    "action_kind", "criterion", "due",         "owner_id",
    "status",      "url",        "reference",   "opened",    "other_owners"};

/* text and evidence belong to every kind. */
static const struct {
    unsigned needs, may;
} RULES[API_PART_KIND_COUNT] = {
    [API_PART_KIND_OWNER] = {OWNER_CODE, 0},
    [API_PART_KIND_ISSUANCE_STOP] = {ANSWER, 0},
    [API_PART_KIND_RELATED_SEARCH] = {OPENED | OTHER_OWNERS, 0},
    [API_PART_KIND_REMEDIATION] = {0, DUE},
    [API_PART_KIND_CAUSE] = {TITLE | TIMELINE | DETECTION, INTERACTION | METHODOLOGY},
    [API_PART_KIND_ACTION] = {TITLE | ANSWERS | ACTION_KIND | CRITERION | DUE | OWNER | STATUS, 0},
    [API_PART_KIND_RELATED] = {TITLE | URL | REFERENCE | OPENED, 0},
};

static unsigned fields_of(const struct api_part_content *c)
{
    return (c->has_title ? TITLE : 0u) | (c->has_owner_code ? OWNER_CODE : 0u) |
           (c->has_answer ? ANSWER : 0u) | (c->has_timeline ? TIMELINE : 0u) |
           (c->has_detection ? DETECTION : 0u) | (c->has_interaction ? INTERACTION : 0u) |
           (c->has_methodology ? METHODOLOGY : 0u) | (c->answers_count ? ANSWERS : 0u) |
           (c->has_action_kind ? ACTION_KIND : 0u) | (c->has_criterion ? CRITERION : 0u) |
           (c->has_due ? DUE : 0u) | (c->has_owner_id ? OWNER : 0u) |
           (c->has_status ? STATUS : 0u) | (c->has_url ? URL : 0u) |
           (c->has_reference ? REFERENCE : 0u) | (c->has_opened ? OPENED : 0u) |
           (c->has_other_owners ? OTHER_OWNERS : 0u);
}

bool part_kind_is_single(enum api_part_kind kind)
{
    return kind < API_PART_KIND_CAUSE;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool part_text_has(struct cx_str text, const char *phrase)
{
    size_t len = strlen(phrase);
    for (size_t at = 0; len > 0 && at + len <= text.len; at++) {
        size_t same = 0;
        while (same < len && lower((uint8_t)text.ptr[at + same]) == lower((uint8_t)phrase[same]))
            same++;
        if (same == len)
            return true;
    }
    return false;
}

static cx_err check_fields(enum api_part_kind kind, unsigned has, struct cx_diag *diag)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        unsigned field = 1u << i;
        char pointer[64];
        snprintf(pointer, sizeof(pointer), "content.%s", FIELD_NAMES[i]);
        if (RULES[kind].needs & field & ~has)
            return cx_refuse(diag, CX_ERR(POLICY), pointer, "part-field-missing",
                             "A part of kind %s needs this.",
                             api_enum_name(&api_enum_part_kind, kind));
        if (has & field & ~(RULES[kind].needs | RULES[kind].may))
            return cx_refuse(diag, CX_ERR(POLICY), pointer, "part-field-unused",
                             "A part of kind %s does not have this.",
                             api_enum_name(&api_enum_part_kind, kind));
    }
    return CX_OK;
}

/* CCADB: "A" and six digits. */
static bool is_owner_code(struct cx_str code)
{
    if (code.len != 7 || code.ptr[0] != 'A')
        return false;
    for (size_t i = 1; i < code.len; i++)
        if (code.ptr[i] < '0' || code.ptr[i] > '9')
            return false;
    return true;
}

/* A person's slip is where the search for the cause begins, not its result. */
static cx_err check_cause(const struct api_part_content *content, struct cx_diag *diag)
{
    static const char *const BLAME[] = {"human error",      "operator error", "human mistake",
                                        "individual error", "employee error", "oversight"};
    for (size_t i = 0; i < CX_COUNT_OF(BLAME); i++) {
        bool blames =
            part_text_has(content->title, BLAME[i]) || part_text_has(content->text, BLAME[i]);
        if (blames && !content->has_interaction)
            return cx_refuse(diag, CX_ERR(POLICY), "content.interaction", "cause-human-error",
                             "\"%s\" alone is no cause: say which control should have caught it, "
                             "and why it did not.",
                             BLAME[i]);
    }
    return CX_OK;
}

static bool has_digit(struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9')
            return true;
    return false;
}

/* It is put into a Markdown link. */
static bool is_address(struct cx_str url)
{
    for (size_t i = 0; i < url.len; i++)
        if (strchr(" ()<>|\\", url.ptr[i]))
            return false;
    return cx_str_starts(url, CX_STR("https://"));
}

cx_err part_check(enum api_part_kind kind, const struct api_part_content *content,
                  struct cx_diag *diag)
{
    CX_TRY(check_fields(kind, fields_of(content), diag));
    if ((content->has_url && !is_address(content->url)) ||
        (content->has_evidence && !is_address(content->evidence)))
        return cx_refuse(diag, CX_ERR(POLICY),
                         content->has_url ? "content.url" : "content.evidence", "url-https",
                         "Give an https address without spaces, brackets and bars.");
    if (kind == API_PART_KIND_OWNER && !is_owner_code(content->owner_code))
        return cx_refuse(diag, CX_ERR(POLICY), "content.owner_code", "owner-code",
                         "The CCADB unique ID is the letter A and six digits.");
    if (kind == API_PART_KIND_POLICIES && !has_digit(content->text))
        return cx_refuse(diag, CX_ERR(POLICY), "content.text", "policy-version",
                         "Name each policy with its version and section.");
    return kind == API_PART_KIND_CAUSE ? check_cause(content, diag) : CX_OK;
}

bool part_is_of(const struct part *versions, size_t count, struct cx_id user_id)
{
    for (size_t i = 0; i < count; i++) {
        if (cx_id_eq(versions[i].author_id, user_id) ||
            (versions[i].content.has_owner_id && cx_id_eq(versions[i].content.owner_id, user_id)))
            return true;
    }
    return false;
}
