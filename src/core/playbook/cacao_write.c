#include "base/checked.h"
#include "base/cleanup.h"
#include "codec/json_write.h"
#include "core/playbook/cacao.h"
#include "crypto/hash.h"

enum { UUID_TEXT_MAX = 37, IDENTIFIER_MAX = 64 };

const char cacao_extension_id[] = "extension-definition--15c8b3fb-d63e-4522-832c-3a35a827df38";
static const char identity_id[] = "identity--fee5bbf7-2155-48c4-a2b8-566c2374d68b";

/* What each kind of step is in the vocabulary of activities (CACAO §3.1.2). */
static const char *const ACTIVITIES[PLAYBOOK_KIND_COUNT] = {
    [PLAYBOOK_MANUAL] = "step-sequence",   [PLAYBOOK_CONTAINMENT] = "restrict-access",
    [PLAYBOOK_NOTICE] = "deliver-content", [PLAYBOOK_PUBLICATION] = "compose-content",
    [PLAYBOOK_DUTY] = "step-sequence",
};

struct writer {
    struct json_writer json;
    const struct playbook *playbook;
    const struct cacao_origin *origin;
};

/* "<type>--<UUID>". CACAO §10.10: of version 4, unique whatever the type. Its bits come from a digest over tenant, playbook and
 * part in place of a generator, so that a document written twice is the same one. */
static cx_err identifier(const struct writer *w, const char *type, struct cx_str part,
                         char ret_text[static IDENTIFIER_MAX])
{
    const struct cx_bytes pieces[] = {cx_id_bytes(&w->origin->tenant_id),
                                      cx_str_bytes(w->playbook->name),
                                      CX_BYTES("\0", 1),
                                      CX_BYTES(type, strlen(type)),
                                      CX_BYTES("\0", 1),
                                      cx_str_bytes(part)};
    uint8_t hash[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_digest(CRYPTO_SHA256, pieces, CX_COUNT_OF(pieces), hash));
    hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x40); /* version 4 */
    hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80); /* variant of RFC 4122 */
    snprintf(ret_text, IDENTIFIER_MAX,
             "%s--%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", type,
             hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7], hash[8],
             hash[9], hash[10], hash[11], hash[12], hash[13], hash[14], hash[15]);
    return CX_OK;
}

static cx_err write_identifier(struct writer *w, const char *key, const char *type,
                               struct cx_str part)
{
    char text[IDENTIFIER_MAX];
    CX_TRY(identifier(w, type, part, text));
    return json_write_text(&w->json, key, text);
}

/* With exactly three digits after the point (CACAO §3.1). */
static cx_err write_time(struct writer *w, const char *key, cx_time at_us)
{
    char text[CX_TIME_TEXT_MAX], whole[CX_TIME_TEXT_MAX + 8];
    CX_TRY(cx_time_format(at_us - at_us % CX_US_PER_S, text));
    snprintf(whole, sizeof(whole), "%.19s.%03dZ", text, (int)(at_us % CX_US_PER_S / 1000));
    return json_write_text(&w->json, key, whole);
}

static cx_err write_words(struct writer *w, const char *key, const struct incident_words *words,
                          uint32_t bits)
{
    if (!bits)
        return CX_OK;
    CX_TRY(json_begin_array(&w->json, key));
    for (size_t i = 0; i < words->count; i++)
        if (bits & 1u << i)
            CX_TRY(json_write_text(&w->json, NULL, words->words[i]));
    return json_end(&w->json);
}

static cx_err write_scope(struct writer *w, const char *key, const struct playbook_scope *scope)
{
    if (!scope->types && !scope->tracks && !scope->severities && !scope->certificates)
        return CX_OK;
    CX_TRY(json_begin_object(&w->json, key));
    CX_TRY(write_words(w, "types", &incident_types, scope->types));
    CX_TRY(write_words(w, "tracks", &incident_tracks, scope->tracks));
    CX_TRY(write_words(w, "severities", &incident_severities, scope->severities));
    CX_TRY(write_words(w, "certificates", &incident_certificates_words, scope->certificates));
    return json_end(&w->json);
}

static cx_err write_optional(struct writer *w, const char *key, struct cx_str text)
{
    return text.len ? json_write_str(&w->json, key, text) : CX_OK;
}

/* Names of properties have three characters at least (CACAO §9.1). */
static cx_err write_step_extension(struct writer *w, const struct playbook_step *step)
{
    CX_TRY(json_begin_object(&w->json, "step_extensions"));
    CX_TRY(json_begin_object(&w->json, cacao_extension_id));
    CX_TRY(json_write_str(&w->json, "step_id", step->id));
    CX_TRY(json_write_text(&w->json, "role", incident_word(&incident_roles, (int)step->role)));
    CX_TRY(json_write_text(&w->json, "kind", incident_word(&playbook_kinds, (int)step->kind)));
    if (step->after_step != PLAYBOOK_NO_STEP)
        CX_TRY(json_write_str(&w->json, "after_step", w->playbook->steps[step->after_step].id));
    else if (step->kind != PLAYBOOK_DUTY)
        CX_TRY(
            json_write_text(&w->json, "after", incident_word(&incident_kinds, (int)step->after)));
    CX_TRY(write_optional(w, "within", step->within));
    CX_TRY(write_optional(w, "duty", step->duty));
    CX_TRY(write_optional(w, "evidence", step->evidence));
    CX_TRY(write_scope(w, "when", &step->when));
    CX_TRY(json_end(&w->json));
    return json_end(&w->json);
}

static cx_err begin_step(struct writer *w, const char *type, struct cx_str part)
{
    char text[IDENTIFIER_MAX];
    CX_TRY(identifier(w, type, part, text));
    CX_TRY(json_begin_object(&w->json, text));
    return json_write_text(&w->json, "type", type);
}

/* To the step at the index, or to the end. */
static cx_err write_next(struct writer *w, size_t index)
{
    return index < w->playbook->step_count
               ? write_identifier(w, "on_completion", "action", w->playbook->steps[index].id)
               : write_identifier(w, "on_completion", "end", CX_STR(""));
}

static cx_err write_action(struct writer *w, size_t index)
{
    const struct playbook_step *step = &w->playbook->steps[index];
    CX_TRY(begin_step(w, "action", step->id));
    CX_TRY(json_write_str(&w->json, "name", step->title));
    CX_TRY(write_next(w, index + 1));
    CX_TRY(json_begin_array(&w->json, "commands"));
    CX_TRY(json_begin_object(&w->json, NULL));
    CX_TRY(json_write_text(&w->json, "type", "manual"));
    CX_TRY(json_write_str(&w->json, "command", step->text));
    CX_TRY(json_write_text(&w->json, "playbook_activity", ACTIVITIES[step->kind]));
    CX_TRY(json_end(&w->json));
    CX_TRY(json_end(&w->json));
    CX_TRY(write_identifier(w, "agent", "group",
                            cx_str_from(incident_word(&incident_roles, (int)step->role))));
    CX_TRY(write_step_extension(w, step));
    return json_end(&w->json);
}

static cx_err write_workflow(struct writer *w)
{
    CX_TRY(write_identifier(w, "workflow_start", "start", CX_STR("")));
    CX_TRY(json_begin_object(&w->json, "workflow"));
    CX_TRY(begin_step(w, "start", CX_STR("")));
    CX_TRY(write_next(w, 0));
    CX_TRY(json_end(&w->json));
    for (size_t i = 0; i < w->playbook->step_count; i++)
        CX_TRY(write_action(w, i));
    CX_TRY(begin_step(w, "end", CX_STR("")));
    CX_TRY(json_end(&w->json));
    return json_end(&w->json);
}

static cx_err write_agents(struct writer *w)
{
    char text[IDENTIFIER_MAX];
    uint32_t roles = 0;
    for (size_t i = 0; i < w->playbook->step_count; i++)
        roles |= 1u << w->playbook->steps[i].role;
    CX_TRY(json_begin_object(&w->json, "agent_definitions"));
    for (size_t i = 0; i < incident_roles.count; i++) {
        if (!(roles & 1u << i))
            continue;
        CX_TRY(identifier(w, "group", cx_str_from(incident_roles.words[i]), text));
        CX_TRY(json_begin_object(&w->json, text));
        CX_TRY(json_write_text(&w->json, "type", "group"));
        CX_TRY(json_write_text(&w->json, "name", incident_roles.words[i]));
        CX_TRY(json_end(&w->json));
    }
    return json_end(&w->json);
}

static cx_err write_extension(struct writer *w)
{
    CX_TRY(json_begin_object(&w->json, "extension_definitions"));
    CX_TRY(json_begin_object(&w->json, cacao_extension_id));
    CX_TRY(json_write_text(&w->json, "type", "extension-definition"));
    CX_TRY(json_write_text(&w->json, "name", "CertiNext playbook"));
    CX_TRY(json_write_text(&w->json, "description",
                           "Which incidents a playbook applies to; role, kind, time, evidence and "
                           "condition of a step."));
    CX_TRY(json_write_text(&w->json, "created_by", identity_id));
    CX_TRY(json_write_text(&w->json, "schema",
                           "The keys of a CertiNext playbook in YAML (playbooks/README.md)"));
    CX_TRY(json_write_text(&w->json, "version", "1.0.0"));
    CX_TRY(json_end(&w->json));
    CX_TRY(json_end(&w->json));
    CX_TRY(json_begin_object(&w->json, "playbook_extensions"));
    CX_TRY(json_begin_object(&w->json, cacao_extension_id));
    CX_TRY(json_write_str(&w->json, "playbook_name", w->playbook->name));
    CX_TRY(write_scope(w, "applies", &w->playbook->applies));
    CX_TRY(json_end(&w->json));
    return json_end(&w->json);
}

/* CACAO §3.1: each listed activity is that of a command. */
static cx_err write_activities(struct writer *w)
{
    bool told[PLAYBOOK_KIND_COUNT] = {false};
    CX_TRY(json_begin_array(&w->json, "playbook_activities"));
    for (size_t i = 0; i < w->playbook->step_count; i++) {
        enum playbook_kind kind = w->playbook->steps[i].kind;
        if (kind == PLAYBOOK_DUTY)
            kind = PLAYBOOK_MANUAL; /* the same activity */
        if (!told[kind])
            CX_TRY(json_write_text(&w->json, NULL, ACTIVITIES[kind]));
        told[kind] = true;
    }
    return json_end(&w->json);
}

cx_err cacao_write(const struct playbook *playbook, const struct cacao_origin *origin,
                   struct cx_buf *out)
{
    struct writer w = {.json = json_writer(out), .playbook = playbook, .origin = origin};
    CX_TRY(json_begin_object(&w.json, NULL));
    CX_TRY(json_write_text(&w.json, "type", "playbook"));
    CX_TRY(json_write_text(&w.json, "spec_version", "cacao-2.0"));
    CX_TRY(write_identifier(&w, "id", "playbook", CX_STR("")));
    CX_TRY(json_write_str(&w.json, "name", playbook->title));
    CX_TRY(write_optional(&w, "description", playbook->description));
    CX_TRY(write_activities(&w));
    CX_TRY(json_write_text(&w.json, "created_by", identity_id));
    CX_TRY(write_time(&w, "created", origin->created_us));
    CX_TRY(write_time(&w, "modified", origin->modified_us));
    CX_TRY(write_workflow(&w));
    CX_TRY(write_agents(&w));
    CX_TRY(write_extension(&w));
    return json_end(&w.json);
}
