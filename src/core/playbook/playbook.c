#include "core/playbook/playbook.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "codec/yaml.h"
#include "core/playbook/playbook_tree.h"

enum { WORDS_MAX = 32 };

static const char *const KINDS[] = {"manual", "containment", "notice", "publication", "duty"};
const struct incident_words playbook_kinds = {KINDS, PLAYBOOK_KIND_COUNT};
_Static_assert(CX_COUNT_OF(KINDS) == PLAYBOOK_KIND_COUNT, "a word for every kind");

static const char *const PLAYBOOK_KEYS[] = {"playbook", "title", "description", "applies", "steps"};
static const char *const SCOPE_KEYS[] = {"types", "tracks", "severities", "certificates"};
static const char *const STEP_KEYS[] = {"id",         "title",  "text", "role", "kind",    "after",
                                        "after_step", "within", "when", "duty", "evidence"};

struct reader {
    struct arena *arena;
    struct cx_diag *diag;
};

bool playbook_name_is(struct cx_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789-", name.ptr[i], 37))
            return false;
    return name.len >= 1 && name.len <= PLAYBOOK_NAME_MAX;
}

static cx_err refuse(const struct json_node *object, const char *key, struct reader *r,
                     const char *rule, const char *text)
{
    struct json_node node = json_member(object, key);
    return json_refuse(&node, r->diag, CX_ERR(PARSE), rule, text);
}

/* Absent: empty. Present: not empty. */
static cx_err read_text(struct reader *r, const struct json_node *object, const char *key,
                        size_t max, struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    if (!json_has(object, key))
        return CX_OK;
    CX_TRY(json_read_str(object, key, max, r->diag, &text));
    if (text.len == 0)
        return refuse(object, key, r, "empty", "The text is empty.");
    return arena_copy_str(r->arena, text, ret_text);
}

static cx_err read_needed(struct reader *r, const struct json_node *object, const char *key,
                          size_t max, struct cx_str *ret_text)
{
    if (!json_has(object, key))
        return refuse(object, key, r, "missing", "The key is missing.");
    return read_text(r, object, key, max, ret_text);
}

static cx_err read_name(struct reader *r, const struct json_node *object, const char *key,
                        struct cx_str *ret_name)
{
    CX_TRY(read_needed(r, object, key, PLAYBOOK_NAME_MAX, ret_name));
    if (!playbook_name_is(*ret_name))
        return refuse(object, key, r, "playbook-name",
                      "A name has at most 64 lower-case letters, digits and '-'.");
    return CX_OK;
}

/* A list of words as a set; each once, at least one. Absent: any. */
static cx_err read_set(struct reader *r, const struct json_node *object, const char *key,
                       const struct incident_words *words, uint32_t *ret_bits)
{
    struct json_node list = {0};
    uint32_t bits = 0;
    size_t count = 0;
    if (!json_has(object, key))
        return CX_OK;
    CX_TRY(json_read_array(object, key, WORDS_MAX, r->diag, &list, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        size_t index = 0;
        CX_TRY(json_as_word(&item, words->words, words->count, r->diag, &index));
        if (bits & 1u << index)
            return json_refuse(&item, r->diag, CX_ERR(PARSE), "duplicate",
                               "The word is listed twice.");
        bits |= 1u << index;
    }
    if (count == 0)
        return json_refuse(&list, r->diag, CX_ERR(PARSE), "empty", "The list is empty.");
    *ret_bits = bits;
    return CX_OK;
}

static cx_err read_scope(struct reader *r, const struct json_node *object, const char *key,
                         size_t first_key, struct playbook_scope *ret_scope)
{
    struct json_node node = {0};
    CX_TRY(json_read_object(object, key, r->diag, &node));
    CX_TRY(json_only(&node, SCOPE_KEYS + first_key, CX_COUNT_OF(SCOPE_KEYS) - first_key, r->diag));
    CX_TRY(read_set(r, &node, "types", &incident_types, &ret_scope->types));
    CX_TRY(read_set(r, &node, "tracks", &incident_tracks, &ret_scope->tracks));
    CX_TRY(read_set(r, &node, "severities", &incident_severities, &ret_scope->severities));
    return read_set(r, &node, "certificates", &incident_certificates_words,
                    &ret_scope->certificates);
}

static cx_err read_limit(struct reader *r, const struct json_node *node, struct playbook_step *step)
{
    CX_TRY(read_text(r, node, "within", PLAYBOOK_LIMIT_MAX, &step->within));
    if (step->within.len && !rule_period_parse(step->within, &step->limit))
        return refuse(node, "within", r, "limit",
                      "A limit is 15m, 24h, 5d, 3mo or 1bd, 3 years at most.");
    return CX_OK;
}

/* What it is due from: a kind of entry, or an earlier step. */
static cx_err read_after(struct reader *r, const struct json_node *node,
                         const struct playbook *before, struct playbook_step *step)
{
    struct cx_str id = CX_STR_NONE;
    size_t kind = KIND_REPORTED;
    step->after_step = PLAYBOOK_NO_STEP;
    if (json_has(node, "after"))
        CX_TRY(json_read_word(node, "after", incident_kinds.words, incident_kinds.count, r->diag,
                              &kind));
    step->after = (enum incident_kind)kind;
    CX_TRY(read_text(r, node, "after_step", PLAYBOOK_NAME_MAX, &id));
    if (!id.len)
        return CX_OK;
    if (json_has(node, "after"))
        return refuse(node, "after_step", r, "either-or",
                      "A step is due from an entry or from a step, not both.");
    const struct playbook_step *earlier = playbook_step_of(before, id);
    if (!earlier)
        return refuse(node, "after_step", r, "step-unknown",
                      "There is no earlier step with this id.");
    step->after_step = (int)(earlier - before->steps);
    return CX_OK;
}

/* "<pack>/<id>", both names of rule packs. */
static bool is_duty(struct cx_str text)
{
    const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
    for (size_t i = 0; i < text.len; i++)
        if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789.-/", text.ptr[i], 39) ||
            (text.ptr[i] == '/' && text.ptr + i != slash))
            return false;
    return slash && slash > text.ptr && slash < text.ptr + text.len - 1;
}

/* A step that stands for a duty has its time and its proof from there. */
static cx_err read_duty(struct reader *r, const struct json_node *node, struct playbook_step *step)
{
    static const char *const OTHERS[] = {"after", "after_step", "within", "evidence"};
    CX_TRY(read_text(r, node, "duty", PLAYBOOK_DUTY_MAX, &step->duty));
    if (step->kind != PLAYBOOK_DUTY)
        return step->duty.len
                   ? refuse(node, "duty", r, "duty-kind", "Only a step of the kind duty names one.")
                   : CX_OK;
    if (!is_duty(step->duty))
        return refuse(node, "duty", r, "duty-name", "Name the duty as pack/id.");
    for (size_t i = 0; i < CX_COUNT_OF(OTHERS); i++)
        if (json_has(node, OTHERS[i]))
            return refuse(node, OTHERS[i], r, "duty-has-it",
                          "The duty itself says when it is due and what meets it.");
    return CX_OK;
}

static cx_err read_step(struct reader *r, const struct json_node *node,
                        const struct playbook *before, struct playbook_step *ret_step)
{
    struct playbook_step step = {0};
    size_t role = 0, kind = 0;
    CX_TRY(json_as_object(node, r->diag));
    CX_TRY(json_only(node, STEP_KEYS, CX_COUNT_OF(STEP_KEYS), r->diag));
    CX_TRY(read_name(r, node, "id", &step.id));
    if (playbook_step_of(before, step.id))
        return refuse(node, "id", r, "duplicate", "Another step has this id.");
    CX_TRY(read_needed(r, node, "title", PLAYBOOK_TITLE_MAX, &step.title));
    CX_TRY(read_needed(r, node, "text", PLAYBOOK_TEXT_MAX, &step.text));
    CX_TRY(
        json_read_word(node, "role", incident_roles.words, incident_roles.count, r->diag, &role));
    CX_TRY(json_read_word(node, "kind", KINDS, CX_COUNT_OF(KINDS), r->diag, &kind));
    step.role = (enum incident_role)role;
    step.kind = (enum playbook_kind)kind;
    CX_TRY(read_after(r, node, before, &step));
    CX_TRY(read_limit(r, node, &step));
    CX_TRY(read_text(r, node, "evidence", PLAYBOOK_TITLE_MAX, &step.evidence));
    CX_TRY(read_duty(r, node, &step));
    if (json_has(node, "when"))
        CX_TRY(read_scope(r, node, "when", 1, &step.when));
    *ret_step = step;
    return CX_OK;
}

static cx_err read_steps(struct reader *r, const struct json_node *top, struct playbook *playbook)
{
    struct json_node list = {0};
    size_t count = 0;
    CX_TRY(json_read_array(top, "steps", PLAYBOOK_STEPS_MAX, r->diag, &list, &count));
    if (count == 0)
        return json_refuse(&list, r->diag, CX_ERR(PARSE), "empty", "The list is empty.");
    CX_TRY(ARENA_NEW_ARRAY(r->arena, count, &playbook->steps));
    for (; playbook->step_count < count; playbook->step_count++) {
        struct json_node item = json_item(&list, playbook->step_count);
        CX_TRY(read_step(r, &item, playbook, &playbook->steps[playbook->step_count]));
    }
    return CX_OK;
}

static cx_err read_playbook(struct reader *r, const struct json_node *top,
                            struct playbook *playbook)
{
    CX_TRY(json_as_object(top, r->diag));
    CX_TRY(json_only(top, PLAYBOOK_KEYS, CX_COUNT_OF(PLAYBOOK_KEYS), r->diag));
    CX_TRY(read_name(r, top, "playbook", &playbook->name));
    CX_TRY(read_needed(r, top, "title", PLAYBOOK_TITLE_MAX, &playbook->title));
    CX_TRY(read_text(r, top, "description", PLAYBOOK_TEXT_MAX, &playbook->description));
    CX_TRY(read_scope(r, top, "applies", 0, &playbook->applies));
    /* One that applies to everything is an oversight. */
    if (!playbook->applies.types)
        return refuse(top, "applies", r, "types-missing",
                      "Say under types which types of incident it applies to.");
    return read_steps(r, top, playbook);
}

cx_err playbook_tree_read(struct arena *arena, const struct json_node *top, struct cx_diag *diag,
                          struct playbook *ret_playbook)
{
    struct reader reader = {arena, diag};
    struct playbook playbook = {0};
    CX_TRY(read_playbook(&reader, top, &playbook));
    *ret_playbook = playbook;
    return CX_OK;
}

cx_err playbook_parse(struct arena *arena, struct cx_bytes text, struct cx_diag *diag,
                      struct playbook *ret_playbook)
{
    json_auto_t *root = NULL;
    CX_TRY(yaml_parse(text, PLAYBOOK_MAX, diag, &root));
    struct json_node top = json_top(root);
    return playbook_tree_read(arena, &top, diag, ret_playbook);
}

bool playbook_scope_has(const struct playbook_scope *scope, const struct playbook_case *incident)
{
    return (!scope->types || scope->types & 1u << incident->type) &&
           (!scope->severities || scope->severities & 1u << incident->severity) &&
           (!scope->tracks || scope->tracks & incident->tracks) &&
           (!scope->certificates || scope->certificates & incident->certificates);
}

const struct playbook_step *playbook_step_of(const struct playbook *playbook, struct cx_str id)
{
    for (size_t i = 0; i < playbook->step_count; i++)
        if (cx_str_eq(playbook->steps[i].id, id))
            return &playbook->steps[i];
    return NULL;
}
