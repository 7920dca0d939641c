#include "core/notify/template.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "codec/yaml.h"

enum { TEXT_MAX = 16 * 1024, WORD_MAX_LEN = 32, SET_ARENA_MAX = 4 * 1024 * 1024, NAMES_MAX = 10 };

struct notice_templates {
    struct arena arena;
    struct notice_template templates[NOTICE_TEMPLATES_MAX];
    size_t count;
};

struct member {
    const char *key;
    size_t offset;
    const char *names[NAMES_MAX]; /* placeholders that have a value there */
};

#define MEMBER(key, ...)                                                                           \
    {                                                                                              \
#key, offsetof(struct notice_template, key),                                               \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
static const struct member MEMBERS[] = {
    MEMBER(version, NULL),
    MEMBER(language, NULL),
    MEMBER(subject, "incident", "tenant", "count"),
    MEMBER(reminder, NULL),
    MEMBER(unknown, NULL),
    MEMBER(more_line, "count"),
    MEMBER(certificate_line, "names", "serial", "time"),
    MEMBER(action_line, "time", "action", "seq"),
    MEMBER(step_line, "time", "step", "owner"),
    MEMBER(act_by_text, "time"),
    MEMBER(update_text, "time"),
    MEMBER(body, "incident", "tenant", "count", "act_by", "nature", "impact", "certificates",
           "containment", "steps"),
};
/* Beside those of the table. */
static const char *const BODY_NAMES[] = {"update", "link"};
static const char *const ACTION_WORDS[] = {
#define NOTICE_ACTION_WORD(name, word) word,
    NOTICE_ACTION_LIST(NOTICE_ACTION_WORD)};

/* From '{' on: the name in braces; "" when it is none. */
static struct cx_str placeholder(struct cx_str text, size_t at)
{
    const char *close = memchr(text.ptr + at, '}', text.len - at);
    if (!close)
        return CX_STR_NONE;
    return (struct cx_str){text.ptr + at + 1, (size_t)(close - text.ptr) - at - 1};
}

static bool may(const struct member *member, struct cx_str name)
{
    for (size_t i = 0; i < NAMES_MAX && member->names[i]; i++)
        if (cx_str_is(name, member->names[i]))
            return true;
    for (size_t i = 0; i < CX_COUNT_OF(BODY_NAMES); i++)
        if (cx_str_is(cx_str_from(member->key), "body") && cx_str_is(name, BODY_NAMES[i]))
            return true;
    return false;
}

static cx_err check_names(const struct json_node *node, const struct member *member,
                          struct cx_str text, struct cx_diag *diag)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '{' && !may(member, placeholder(text, i)))
            return json_refuse(node, diag, CX_ERR(PARSE), "placeholder",
                               "There is a placeholder that has no value here.");
    return CX_OK;
}

static cx_err read_text(const struct json_node *object, const char *key, struct arena *arena,
                        struct cx_diag *diag, struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    struct json_node node = json_member(object, key);
    CX_TRY(json_read_str(object, key, TEXT_MAX, diag, &text));
    if (text.len == 0)
        return json_refuse(&node, diag, CX_ERR(PARSE), "empty", "The text is empty.");
    return arena_copy_str(arena, text, ret_text);
}

static cx_err read_members(const struct json_node *top, struct arena *arena, struct cx_diag *diag,
                           struct notice_template *read)
{
    for (size_t i = 0; i < CX_COUNT_OF(MEMBERS); i++) {
        struct json_node node = json_member(top, MEMBERS[i].key);
        struct cx_str text = CX_STR_NONE;
        CX_TRY(read_text(top, MEMBERS[i].key, arena, diag, &text));
        CX_TRY(check_names(&node, &MEMBERS[i], text, diag));
        memcpy((char *)read + MEMBERS[i].offset, &text, sizeof(text));
    }
    return CX_OK;
}

cx_err notice_template_parse(struct cx_bytes yaml, struct arena *arena, struct cx_diag *diag,
                             struct notice_template *ret_template)
{
    const char *keys[CX_COUNT_OF(MEMBERS) + 2] = {"template", "actions"};
    struct notice_template read = {0};
    struct json_node actions = {0};
    json_auto_t *root = NULL;
    int64_t version = 0;
    for (size_t i = 0; i < CX_COUNT_OF(MEMBERS); i++)
        keys[2 + i] = MEMBERS[i].key;
    CX_TRY(yaml_parse(yaml, NOTICE_TEMPLATE_MAX, diag, &root));
    struct json_node top = json_top(root);
    CX_TRY(json_only(&top, keys, CX_COUNT_OF(keys), diag));
    CX_TRY(read_text(&top, "template", arena, diag, &read.name));
    CX_TRY(read_members(&top, arena, diag, &read));
    CX_TRY(json_read_object(&top, "actions", diag, &actions));
    CX_TRY(json_only(&actions, ACTION_WORDS, NOTICE_ACTION_COUNT, diag));
    for (size_t i = 0; i < NOTICE_ACTION_COUNT; i++)
        CX_TRY(read_text(&actions, ACTION_WORDS[i], arena, diag, &read.actions[i]));
    if (cx_failed(cx_parse_i64(read.version, 1, 1000000, &version)) ||
        read.name.len > WORD_MAX_LEN || read.language.len > 8)
        return cx_refuse(diag, CX_ERR(PARSE), "version", "version",
                         "A version is a number; names and languages are short.");
    *ret_template = read;
    return CX_OK;
}

cx_err notice_expand(struct cx_str text, const struct notice_value *values, size_t count,
                     struct cx_buf *out)
{
    for (size_t at = 0; at < text.len;) {
        const char *open = memchr(text.ptr + at, '{', text.len - at);
        size_t plain = open ? (size_t)(open - text.ptr) - at : text.len - at;
        CX_TRY(cx_buf_add_str(out, (struct cx_str){text.ptr + at, plain}));
        at += plain;
        if (at == text.len)
            break;
        struct cx_str name = placeholder(text, at);
        size_t i = 0;
        while (i < count && !cx_str_is(name, values[i].name))
            i++;
        if (i == count)
            return CX_ERR(INTERNAL);
        CX_TRY(cx_buf_add_str(out, values[i].text));
        at += name.len + 2;
    }
    return CX_OK;
}

cx_err notice_templates_new(const struct notice_text_file *files, size_t count,
                            struct cx_diag *diag, struct notice_templates **ret_templates)
{
    struct notice_templates *set = calloc(1, sizeof(*set));
    if (!set)
        return CX_ERR(NOMEM);
    set->arena = (struct arena)ARENA_INIT(SET_ARENA_MAX);
    cx_err err = count > NOTICE_TEMPLATES_MAX ? CX_ERR(LIMIT) : CX_OK;
    for (size_t i = 0; cx_is_ok(err) && i < count; i++)
        err = notice_template_parse(CX_BYTES(files[i].text, files[i].len), &set->arena, diag,
                                    &set->templates[set->count++]);
    if (cx_failed(err)) {
        notice_templates_free(set);
        return err;
    }
    *ret_templates = set;
    return CX_OK;
}

void notice_templates_free(struct notice_templates *templates)
{
    if (!templates)
        return;
    arena_clear(&templates->arena);
    free(templates);
}

static int64_t version_of(const struct notice_template *one)
{
    int64_t version = 0;
    return cx_is_ok(cx_parse_i64(one->version, 1, 1000000, &version)) ? version : 0;
}

const struct notice_template *notice_templates_find(const struct notice_templates *templates,
                                                    struct cx_str language)
{
    const struct notice_template *found = NULL;
    for (size_t i = 0; i < templates->count; i++) {
        const struct notice_template *one = &templates->templates[i];
        if (cx_str_eq(one->language, language) && (!found || version_of(one) > version_of(found)))
            found = one;
    }
    return found;
}
