#include "base/checked.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "core/playbook/cacao.h"
#include "core/playbook/playbook_tree.h"

enum { IDENTIFIER_MAX = 128, UUID_LEN = 36, WORD_MAX = 256, COMMANDS_MAX = 16 };

static const char *const TOP_KEYS[] = {"type",
                                       "spec_version",
                                       "id",
                                       "name",
                                       "description",
                                       "playbook_types",
                                       "created_by",
                                       "playbook_activities",
                                       "created",
                                       "modified",
                                       "revoked",
                                       "workflow_start",
                                       "workflow",
                                       "agent_definitions",
                                       "extension_definitions",
                                       "playbook_extensions"};
static const char *const START_KEYS[] = {"type", "name", "description", "on_completion"};
static const char *const END_KEYS[] = {"type", "name", "description"};
static const char *const ACTION_KEYS[] = {"type",  "name",          "description",    "commands",
                                          "agent", "on_completion", "step_extensions"};
static const char *const COMMAND_KEYS[] = {"type", "command", "command_b64", "playbook_activity"};
static const char *const AGENT_KEYS[] = {"type", "name", "description"};
/* Agents that are people (CACAO §7). */
static const char *const AGENT_TYPES[] = {"group", "individual", "organization"};
static const char *const EXTENSION_KEYS[] = {"step_id", "role", "kind",     "after", "after_step",
                                             "within",  "duty", "evidence", "when"};

struct reader {
    struct arena *arena;
    struct cx_diag *diag;
    const struct cacao_defaults *defaults;
    struct json_node top, workflow, agents;
    json_t *steps; /* of the tree that is made; borrowed */
};

static cx_err refuse(const struct json_node *object, const char *key, struct reader *r,
                     const char *rule, const char *text)
{
    struct json_node node = key ? json_member(object, key) : *object;
    return json_refuse(&node, r->diag, CX_ERR(PARSE), rule, text);
}

static cx_err set_text(json_t *object, const char *key, struct cx_str text)
{
    return json_object_set_new(object, key, json_stringn(text.ptr, text.len)) == 0 ? CX_OK
                                                                                   : CX_ERR(NOMEM);
}

static cx_err set_copy(json_t *object, const char *key, const json_t *value)
{
    return json_object_set_new(object, key, json_deep_copy(value)) == 0 ? CX_OK : CX_ERR(NOMEM);
}

/* "<type>--<UUID>"; type NULL: any. */
static bool is_identifier(struct cx_str text, const char *type)
{
    size_t type_len = text.len > UUID_LEN + 2 ? text.len - UUID_LEN - 2 : 0;
    const char *uuid = text.ptr + type_len + 2;
    if (!type_len || text.ptr[type_len] != '-' || text.ptr[type_len + 1] != '-')
        return false;
    if (type && !cx_str_is((struct cx_str){text.ptr, type_len}, type))
        return false;
    for (size_t i = 0; i < UUID_LEN; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? uuid[i] != '-' : hex_digit(uuid[i]) < 0)
            return false;
    }
    return true;
}

static cx_err read_identifier(struct reader *r, const struct json_node *object, const char *key,
                              const char *type, struct cx_str *ret_text)
{
    CX_TRY(json_read_str(object, key, IDENTIFIER_MAX, r->diag, ret_text));
    if (!is_identifier(*ret_text, type))
        return refuse(object, key, r, "cacao-identifier",
                      "An identifier is the type of its object, two hyphens and a UUID.");
    return CX_OK;
}

static cx_err read_type(struct reader *r, const struct json_node *object, const char *word)
{
    struct cx_str type = CX_STR_NONE;
    CX_TRY(json_read_str(object, "type", WORD_MAX, r->diag, &type));
    if (!cx_str_is(type, word))
        return refuse(object, "type", r, "cacao-type",
                      "Another type of object is expected here, or cannot be taken over.");
    return CX_OK;
}

static cx_err read_words(struct reader *r, const char *key)
{
    struct json_node list = {0};
    size_t count = 0;
    if (!json_has(&r->top, key))
        return CX_OK;
    CX_TRY(json_read_array(&r->top, key, PLAYBOOK_STEPS_MAX, r->diag, &list, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        struct cx_str word = CX_STR_NONE;
        CX_TRY(json_as_str(&item, WORD_MAX, r->diag, &word));
    }
    return CX_OK;
}

static cx_err read_times(struct reader *r)
{
    cx_time created_us = 0, modified_us = 0;
    CX_TRY(json_read_time(&r->top, "created", r->diag, &created_us));
    CX_TRY(json_read_time(&r->top, "modified", r->diag, &modified_us));
    if (modified_us < created_us)
        return refuse(&r->top, "modified", r, "cacao-modified",
                      "It was modified before it was created.");
    return CX_OK;
}

static cx_err read_metadata(struct reader *r)
{
    struct cx_str text = CX_STR_NONE;
    bool revoked = false;
    CX_TRY(json_as_object(&r->top, r->diag));
    CX_TRY(json_only(&r->top, TOP_KEYS, CX_COUNT_OF(TOP_KEYS), r->diag));
    CX_TRY(read_type(r, &r->top, "playbook"));
    CX_TRY(json_read_str(&r->top, "spec_version", WORD_MAX, r->diag, &text));
    if (!cx_str_is(text, "cacao-2.0"))
        return refuse(&r->top, "spec_version", r, "cacao-version",
                      "Only documents of the version cacao-2.0 are read.");
    CX_TRY(read_identifier(r, &r->top, "id", "playbook", &text));
    CX_TRY(read_identifier(r, &r->top, "created_by", "identity", &text));
    CX_TRY(read_times(r));
    if (json_has(&r->top, "revoked"))
        CX_TRY(json_read_bool(&r->top, "revoked", r->diag, &revoked));
    if (revoked)
        return refuse(&r->top, "revoked", r, "cacao-revoked", "Its creator took it back.");
    CX_TRY(read_words(r, "playbook_types"));
    return read_words(r, "playbook_activities");
}

/* The object of our extension among those at the node; value NULL: none. Any other is refused: what it asks for would be lost. */
static cx_err find_extension(struct reader *r, const struct json_node *object, const char *key,
                             struct json_node *extensions, struct json_node *ret_ours)
{
    static const char *const KEYS[] = {cacao_extension_id};
    *ret_ours = (struct json_node){0};
    if (!json_has(object, key))
        return CX_OK;
    CX_TRY(json_read_object(object, key, r->diag, extensions));
    CX_TRY(json_only(extensions, KEYS, 1, r->diag));
    if (!json_has(extensions, cacao_extension_id))
        return CX_OK;
    return json_read_object(extensions, cacao_extension_id, r->diag, ret_ours);
}

static cx_err set_scope(json_t *tree, const struct playbook_scope *scope)
{
    json_t *types = json_array(), *applies = json_object();
    if (!types || !applies || json_object_set_new(applies, "types", types) != 0 ||
        json_object_set_new(tree, "applies", applies) != 0)
        return CX_ERR(NOMEM);
    for (size_t i = 0; i < incident_types.count; i++)
        if (scope->types & 1u << i &&
            json_array_append_new(types, json_string(incident_types.words[i])) != 0)
            return CX_ERR(NOMEM);
    return CX_OK;
}

/* Name and scope: what the caller says goes before what the document says. */
static cx_err read_head(struct reader *r, json_t *tree)
{
    static const char *const KEYS[] = {"playbook_name", "applies"};
    struct json_node extensions = {0}, ours = {0}, defined = {0};
    struct cx_str text = CX_STR_NONE;
    CX_TRY(find_extension(r, &r->top, "extension_definitions", &extensions, &defined));
    CX_TRY(find_extension(r, &r->top, "playbook_extensions", &extensions, &ours));
    if (ours.value)
        CX_TRY(json_only(&ours, KEYS, CX_COUNT_OF(KEYS), r->diag));
    if (r->defaults->name.len)
        CX_TRY(set_text(tree, "playbook", r->defaults->name));
    else if (ours.value && json_has(&ours, "playbook_name"))
        CX_TRY(set_copy(tree, "playbook", json_object_get(ours.value, "playbook_name")));
    else
        return refuse(&r->top, "playbook_extensions", r, "playbook-name-missing",
                      "The document gives no name to the playbook: give one.");
    if (r->defaults->applies.types)
        CX_TRY(set_scope(tree, &r->defaults->applies));
    else if (ours.value && json_has(&ours, "applies"))
        CX_TRY(set_copy(tree, "applies", json_object_get(ours.value, "applies")));
    else
        return refuse(&r->top, "playbook_extensions", r, "types-missing",
                      "The document does not say which types of incident it applies to: say it.");
    CX_TRY(json_read_str(&r->top, "name", PLAYBOOK_TITLE_MAX, r->diag, &text));
    CX_TRY(set_text(tree, "title", text));
    if (!json_has(&r->top, "description"))
        return CX_OK;
    CX_TRY(json_read_str(&r->top, "description", PLAYBOOK_TEXT_MAX, r->diag, &text));
    return set_text(tree, "description", text);
}

static cx_err add_command(struct reader *r, const struct json_node *command, struct cx_buf *text)
{
    struct cx_str piece = CX_STR_NONE;
    CX_TRY(json_as_object(command, r->diag));
    CX_TRY(read_type(r, command, "manual"));
    CX_TRY(json_only(command, COMMAND_KEYS, CX_COUNT_OF(COMMAND_KEYS), r->diag));
    if (json_has(command, "command") == json_has(command, "command_b64"))
        return refuse(command, NULL, r, "either-or",
                      "A manual command has its text as command or as command_b64.");
    if (text->len)
        CX_TRY(cx_buf_add(text, CX_BYTES("\n", 1)));
    if (json_has(command, "command")) {
        CX_TRY(json_read_str(command, "command", PLAYBOOK_TEXT_MAX, r->diag, &piece));
        return cx_buf_add(text, cx_str_bytes(piece));
    }
    CX_TRY(json_read_str(command, "command_b64", PLAYBOOK_TEXT_MAX, r->diag, &piece));
    if (cx_failed(base64_decode(piece, text)))
        return refuse(command, "command_b64", r, "base64", "This is no base64.");
    return CX_OK;
}

static cx_err read_commands(struct reader *r, const struct json_node *action, json_t *step)
{
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf text = CX_BUF_INIT(COMMANDS_MAX * (PLAYBOOK_TEXT_MAX + 1));
    struct json_node list = {0};
    struct cx_str whole;
    size_t count = 0;
    CX_TRY(json_read_array(action, "commands", COMMANDS_MAX, r->diag, &list, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        CX_TRY(add_command(r, &item, &text));
    }
    /* Decoded octets: text as YAML would have it, without NUL. */
    if (cx_failed(cx_str_view(cx_buf_view(&text), &whole)) ||
        (whole.len && memchr(whole.ptr, 0, whole.len)))
        return refuse(action, "commands", r, "utf-8", "The commands are no text in UTF-8.");
    return set_text(step, "text", whole);
}

/* The role whose name the agent has. */
static cx_err read_agent(struct reader *r, const struct json_node *action, bool has_role,
                         json_t *step)
{
    struct cx_str id = CX_STR_NONE, name = CX_STR_NONE;
    char key[IDENTIFIER_MAX + 1];
    struct json_node agent = {0};
    size_t type = 0;
    int role = 0;
    CX_TRY(read_identifier(r, action, "agent", NULL, &id));
    snprintf(key, sizeof(key), "%.*s", CX_STR_ARG(id));
    if (!r->agents.value || !json_has(&r->agents, key))
        return refuse(action, "agent", r, "cacao-agent", "agent_definitions has no such agent.");
    CX_TRY(json_read_object(&r->agents, key, r->diag, &agent));
    CX_TRY(json_read_word(&agent, "type", AGENT_TYPES, CX_COUNT_OF(AGENT_TYPES), r->diag, &type));
    CX_TRY(json_only(&agent, AGENT_KEYS, CX_COUNT_OF(AGENT_KEYS), r->diag));
    CX_TRY(json_read_str(&agent, "name", WORD_MAX, r->diag, &name));
    if (has_role)
        return CX_OK;
    if (cx_failed(incident_value(&incident_roles, name, &role))) {
        if (!r->defaults->has_role)
            return refuse(&agent, "name", r, "cacao-role",
                          "The agent has no name of a role: say which role such steps are for.");
        role = (int)r->defaults->role;
    }
    return set_text(step, "role", cx_str_from(incident_word(&incident_roles, role)));
}

static cx_err take_extension(struct reader *r, const struct json_node *action, json_t *step)
{
    struct json_node extensions = {0}, ours = {0};
    CX_TRY(find_extension(r, action, "step_extensions", &extensions, &ours));
    if (!ours.value)
        return CX_OK;
    CX_TRY(json_only(&ours, EXTENSION_KEYS, CX_COUNT_OF(EXTENSION_KEYS), r->diag));
    for (size_t i = 0; i < CX_COUNT_OF(EXTENSION_KEYS); i++) {
        const char *key = EXTENSION_KEYS[i];
        if (json_has(&ours, key))
            CX_TRY(set_copy(step, i == 0 ? "id" : key, json_object_get(ours.value, key)));
    }
    return CX_OK;
}

static cx_err read_action(struct reader *r, const struct json_node *action)
{
    struct cx_str text = CX_STR_NONE;
    json_t *step = json_object();
    if (!step || json_array_append_new(r->steps, step) != 0)
        return CX_ERR(NOMEM);
    CX_TRY(json_only(action, ACTION_KEYS, CX_COUNT_OF(ACTION_KEYS), r->diag));
    CX_TRY(json_read_str(action, "name", PLAYBOOK_TITLE_MAX, r->diag, &text));
    CX_TRY(set_text(step, "title", text));
    CX_TRY(take_extension(r, action, step));
    CX_TRY(read_commands(r, action, step));
    CX_TRY(read_agent(r, action, json_object_get(step, "role") != NULL, step));
    if (json_has(action, "description"))
        return refuse(action, "description", r, "cacao-description",
                      "A step has a name and its commands here: put the description there.");
    if (!json_object_get(step, "kind"))
        CX_TRY(set_text(step, "kind", CX_STR("manual")));
    if (json_object_get(step, "id"))
        return CX_OK;
    CX_TRY(arena_printf(r->arena, &text, "step-%zu", json_array_size(r->steps)));
    return set_text(step, "id", text);
}

/* The step that the member names. */
static cx_err find_step(struct reader *r, const struct json_node *object, const char *key,
                        char ret_key[static IDENTIFIER_MAX + 1])
{
    struct cx_str id = CX_STR_NONE;
    CX_TRY(read_identifier(r, object, key, NULL, &id));
    snprintf(ret_key, IDENTIFIER_MAX + 1, "%.*s", CX_STR_ARG(id));
    if (!json_has(&r->workflow, ret_key))
        return refuse(object, key, r, "cacao-step", "The workflow has no such step.");
    return CX_OK;
}

static cx_err follow(struct reader *r)
{
    static const char *const TYPES[] = {"start", "action", "end"};
    struct json_node step = r->top;
    const char *key = "workflow_start";
    char keys[2][IDENTIFIER_MAX + 1]; /* a node borrows its key: that of the step before stays */
    size_t seen = 0, type = 0;
    for (; type != 2; seen++, key = "on_completion") {
        struct json_node next = {0};
        if (seen > PLAYBOOK_STEPS_MAX + 1)
            return refuse(&r->top, "workflow", r, "cacao-steps",
                          "More than 64 steps one after another, or they go round in a circle.");
        CX_TRY(find_step(r, &step, key, keys[seen % 2]));
        CX_TRY(json_read_object(&r->workflow, keys[seen % 2], r->diag, &next));
        CX_TRY(json_read_word(&next, "type", TYPES, CX_COUNT_OF(TYPES), r->diag, &type));
        if ((type == 0) != (seen == 0))
            return refuse(&next, "type", r, "cacao-start",
                          "A workflow begins with its one start step.");
        if (type == 1)
            CX_TRY(read_action(r, &next));
        else
            CX_TRY(json_only(&next, type ? END_KEYS : START_KEYS,
                             type ? CX_COUNT_OF(END_KEYS) : CX_COUNT_OF(START_KEYS), r->diag));
        step = next;
    }
    if (seen != json_object_size(r->workflow.value))
        return refuse(&r->top, "workflow", r, "cacao-unreached",
                      "Some steps are not on the way from start to end.");
    return CX_OK;
}

static cx_err read_document(struct reader *r, json_t *tree)
{
    json_t *steps = json_array();
    if (!steps || json_object_set_new(tree, "steps", steps) != 0)
        return CX_ERR(NOMEM);
    r->steps = steps;
    CX_TRY(read_metadata(r));
    CX_TRY(json_read_object(&r->top, "workflow", r->diag, &r->workflow));
    if (json_has(&r->top, "agent_definitions"))
        CX_TRY(json_read_object(&r->top, "agent_definitions", r->diag, &r->agents));
    CX_TRY(read_head(r, tree));
    return follow(r);
}

cx_err cacao_read(struct arena *arena, struct cx_bytes text, const struct cacao_defaults *defaults,
                  struct cx_diag *diag, struct playbook *ret_playbook)
{
    json_auto_t *root = NULL, *tree = json_object();
    if (!tree)
        return CX_ERR(NOMEM);
    CX_TRY(json_parse(text, CACAO_MAX, diag, &root));
    struct reader r = {.arena = arena, .diag = diag, .defaults = defaults, .top = json_top(root)};
    CX_TRY(read_document(&r, tree));
    struct json_node made = json_top(tree);
    return playbook_tree_read(arena, &made, diag, ret_playbook);
}
