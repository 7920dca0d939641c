/* A playbook as YAML again: block style, texts in double quotes. See playbook.h. */
#include "codec/json_write.h"
#include "core/playbook/playbook.h"

static cx_err line(struct cx_buf *out, const char *indent, const char *key, struct cx_str text)
{
    if (!text.len)
        return CX_OK;
    CX_TRY(cx_buf_addf(out, "%s%s: ", indent, key));
    CX_TRY(json_escape(out, text));
    return cx_buf_addf(out, "\n");
}

static cx_err words(struct cx_buf *out, const char *indent, const char *key,
                    const struct incident_words *list, uint32_t bits)
{
    const char *before = "[";
    if (!bits)
        return CX_OK;
    CX_TRY(cx_buf_addf(out, "%s%s: ", indent, key));
    for (size_t i = 0; i < list->count; i++) {
        if (!(bits & 1u << i))
            continue;
        CX_TRY(cx_buf_addf(out, "%s%s", before, list->words[i]));
        before = ", ";
    }
    return cx_buf_addf(out, "]\n");
}

static cx_err scope(struct cx_buf *out, const char *indent, const struct playbook_scope *is)
{
    CX_TRY(words(out, indent, "types", &incident_types, is->types));
    CX_TRY(words(out, indent, "tracks", &incident_tracks, is->tracks));
    CX_TRY(words(out, indent, "severities", &incident_severities, is->severities));
    return words(out, indent, "certificates", &incident_certificates_words, is->certificates);
}

static bool is_any(const struct playbook_scope *is)
{
    return !is->types && !is->tracks && !is->severities && !is->certificates;
}

static cx_err step(struct cx_buf *out, const struct playbook *playbook,
                   const struct playbook_step *is)
{
    CX_TRY(line(out, "  - ", "id", is->id));
    CX_TRY(line(out, "    ", "title", is->title));
    CX_TRY(line(out, "    ", "text", is->text));
    CX_TRY(cx_buf_addf(out, "    role: %s\n    kind: %s\n",
                       incident_word(&incident_roles, (int)is->role),
                       incident_word(&playbook_kinds, (int)is->kind)));
    if (is->after_step != PLAYBOOK_NO_STEP)
        CX_TRY(line(out, "    ", "after_step", playbook->steps[is->after_step].id));
    else if (is->kind != PLAYBOOK_DUTY)
        CX_TRY(cx_buf_addf(out, "    after: %s\n", incident_word(&incident_kinds, (int)is->after)));
    CX_TRY(line(out, "    ", "within", is->within));
    CX_TRY(line(out, "    ", "duty", is->duty));
    CX_TRY(line(out, "    ", "evidence", is->evidence));
    if (is_any(&is->when))
        return CX_OK;
    CX_TRY(cx_buf_addf(out, "    when:\n"));
    return scope(out, "      ", &is->when);
}

cx_err playbook_write(const struct playbook *playbook, struct cx_buf *out)
{
    CX_TRY(line(out, "", "playbook", playbook->name));
    CX_TRY(line(out, "", "title", playbook->title));
    CX_TRY(line(out, "", "description", playbook->description));
    CX_TRY(cx_buf_addf(out, "applies:\n"));
    CX_TRY(scope(out, "  ", &playbook->applies));
    CX_TRY(cx_buf_addf(out, "steps:\n"));
    for (size_t i = 0; i < playbook->step_count; i++)
        CX_TRY(step(out, playbook, &playbook->steps[i]));
    return CX_OK;
}
