#include "core/incident/publication_text.h"
#include "core/api/contract.h"
#include "core/incident/words.h"

/* Continues a list item: every further line is indented, and none begins a heading, a list or a table. No '<': a comment
 * that nobody closes would hide the rest of the report. */
static cx_err add_text(struct cx_buf *out, struct cx_str text)
{
    bool line_start = true;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if ((line_start && strchr("#|>-*+=`~", c)) || c == '<')
            CX_TRY(cx_buf_add_u8(out, '\\'));
        if (c == '\n')
            CX_TRY(cx_buf_add_str(out, CX_STR("\n  ")));
        else
            CX_TRY(cx_buf_add_u8(out, (uint8_t)c));
        line_start = c == '\n' || (line_start && (c == ' ' || c == '\t'));
    }
    return CX_OK;
}

static cx_err add_cell(struct cx_buf *out, struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '|' || text.ptr[i] == '<')
            CX_TRY(cx_buf_add_u8(out, '\\'));
        CX_TRY(cx_buf_add_u8(out, text.ptr[i] == '\n' ? ' ' : (uint8_t)text.ptr[i]));
    }
    return CX_OK;
}

/* "- **label:** text" */
static cx_err add_field(struct cx_buf *out, const char *label, struct cx_str text)
{
    CX_TRY(cx_buf_addf(out, "- **%s:** ", label));
    CX_TRY(add_text(out, text.len ? text : CX_STR("N/A")));
    return cx_buf_add_u8(out, '\n');
}

static struct cx_str text_of(const struct account *account, enum api_part_kind kind)
{
    const struct part *part = account_single(account, kind);
    return part ? part->content.text : CX_STR_NONE;
}

static cx_err add_part(struct cx_buf *out, const struct account *account, const char *label,
                       enum api_part_kind kind)
{
    return add_field(out, label, text_of(account, kind));
}

/* "2026-01-02 03:04 UTC" */
static cx_err minute(cx_time at_us, char ret_text[static CX_TIME_TEXT_MAX])
{
    char text[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(at_us, text));
    snprintf(ret_text, CX_TIME_TEXT_MAX, "%.10s %.5s UTC", text, text + 11);
    return CX_OK;
}

static cx_err day(cx_time at_us, char ret_text[static CX_TIME_TEXT_MAX])
{
    CX_TRY(cx_time_format(at_us, ret_text));
    ret_text[10] = '\0';
    return CX_OK;
}

static struct cx_str source_text(enum incident_source source)
{
    static const char *const TEXTS[] = {[SOURCE_SELF] = "Self Reported",
                                        [SOURCE_THIRD_PARTY] = "Third Party Reported",
                                        [SOURCE_AUDIT] = "Audit"};
    return cx_str_from(TEXTS[source]);
}

static cx_err add_source(struct cx_buf *out, const struct account *account)
{
    return add_field(out, "Source of incident disclosure",
                     source_text(account->incident.row.source));
}

static cx_err add_preliminary(struct cx_buf *out, const struct account *account)
{
    bool contained = incident_first(&account->incident, KIND_CONTAINED) != NULL;
    CX_TRY(cx_buf_add_str(out, CX_STR("## Preliminary Incident Report\n\n### Summary\n\n")));
    CX_TRY(add_part(out, account, "Incident description", API_PART_KIND_DESCRIPTION));
    CX_TRY(add_part(out, account, "Relevant policies", API_PART_KIND_POLICIES));
    CX_TRY(add_source(out, account));
    CX_TRY(cx_buf_add_u8(out, '\n'));
    CX_TRY(add_part(out, account, "Known impact", API_PART_KIND_KNOWN_IMPACT));
    return add_field(out, "State", contained ? CX_STR("Contained") : CX_STR("Ongoing"));
}

/* ---- full report ---- */

static cx_err add_date(struct cx_buf *out, const struct account *account, const char *label,
                       enum incident_kind kind)
{
    char text[CX_TIME_TEXT_MAX] = "N/A";
    cx_time at_us = 0;
    const struct part *remediation = account_single(account, API_PART_KIND_REMEDIATION);
    CX_TRY(cx_buf_addf(out, "   - **%s:** ", label));
    if (account_time_of(account, kind, &at_us)) {
        CX_TRY(minute(at_us, text));
    } else if (kind == KIND_NON_COMPLIANCE_ENDED && remediation && remediation->content.has_due) {
        CX_TRY(minute(remediation->content.due, text));
        CX_TRY(cx_buf_add_str(out, CX_STR("expected ")));
    }
    return cx_buf_addf(out, "%s\n", text);
}

static cx_err add_summary(struct cx_buf *out, const struct account *account)
{
    const struct part *owner = account_single(account, API_PART_KIND_OWNER);
    CX_TRY(cx_buf_add_str(out, CX_STR("## Full Incident Report\n\n### Summary\n\n")));
    CX_TRY(add_field(out, "CA Owner CCADB unique ID",
                     owner ? owner->content.owner_code : CX_STR_NONE));
    CX_TRY(add_part(out, account, "Incident description", API_PART_KIND_DESCRIPTION));
    CX_TRY(cx_buf_add_str(out, CX_STR("- **Timeline summary:**\n")));
    CX_TRY(add_date(out, account, "Non-compliance start date", KIND_NON_COMPLIANCE_STARTED));
    CX_TRY(add_date(out, account, "Non-compliance identified date", KIND_AWARE));
    CX_TRY(add_date(out, account, "Non-compliance end date", KIND_NON_COMPLIANCE_ENDED));
    CX_TRY(add_part(out, account, "Relevant policies", API_PART_KIND_POLICIES));
    return add_source(out, account);
}

static cx_err add_count(struct cx_buf *out, const char *label, int64_t count)
{
    return cx_buf_addf(out, "- **%s:** %lld\n", label, (long long)count);
}

static cx_err add_impact(struct cx_buf *out, const struct account *account)
{
    const struct part *stop = account_single(account, API_PART_KIND_ISSUANCE_STOP);
    CX_TRY(cx_buf_add_str(out, CX_STR("\n### Impact\n\n")));
    CX_TRY(add_count(out, "Total number of certificates", account->affected.total));
    CX_TRY(add_count(out, "Total number of \"remaining valid\" certificates",
                     account->affected.remaining_valid));
    CX_TRY(add_part(out, account, "Affected certificate types", API_PART_KIND_CERTIFICATE_TYPES));
    CX_TRY(add_part(out, account, "Incident heuristic", API_PART_KIND_HEURISTIC));
    CX_TRY(cx_buf_add_str(
        out,
        CX_STR("- **Was issuance stopped in response to this incident, and why or why not?:** ")));
    if (stop)
        CX_TRY(cx_buf_add_str(out, stop->content.answer ? CX_STR("Yes. ") : CX_STR("No. ")));
    CX_TRY(add_text(out, stop ? stop->content.text : CX_STR("N/A")));
    CX_TRY(cx_buf_add_u8(out, '\n'));
    CX_TRY(add_part(out, account, "Analysis", API_PART_KIND_ANALYSIS));
    return add_part(out, account, "Additional considerations", API_PART_KIND_CONSIDERATIONS);
}

/* What belongs into a public timeline: neither the inner life of the record nor notes. */
static bool is_public(const struct duty_entry *clock)
{
    if (clock->corrects || clock->kind == KIND_NOTE)
        return false;
    return incident_kind_is_told(clock->kind) || clock->kind == KIND_AWARE ||
           clock->kind == KIND_CONTAINED;
}

struct moment {
    cx_time at_us;
    size_t entry;
};

static int by_time(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* When the entry happened according to its last correction. */
static cx_time corrected_time(const struct incident *incident, size_t entry)
{
    const struct duty_entry *clock = &incident->entries[entry].clock;
    cx_time at_us = clock->at_us;
    for (size_t i = entry + 1; i < incident->entry_count; i++)
        if (incident->entries[i].clock.corrects == clock->seq)
            at_us = incident->entries[i].clock.at_us;
    return at_us;
}

static cx_err add_moment(struct cx_buf *out, const struct account *account, struct moment moment)
{
    char text[CX_TIME_TEXT_MAX];
    const char *word =
        incident_word(&incident_kinds, account->incident.entries[moment.entry].clock.kind);
    CX_TRY(minute(moment.at_us, text));
    CX_TRY(cx_buf_addf(out, "- %s: ", text));
    for (size_t i = 0; word[i]; i++)
        CX_TRY(cx_buf_add_u8(out, word[i] == '_' ? ' ' : (uint8_t)word[i]));
    if (account->details[moment.entry].len) {
        CX_TRY(cx_buf_add_str(out, CX_STR(". ")));
        CX_TRY(add_text(out, account->details[moment.entry]));
    }
    return cx_buf_add_u8(out, '\n');
}

static cx_err add_timeline(struct cx_buf *out, const struct account *account)
{
    const struct incident *incident = &account->incident;
    struct moment moments[DUTY_ENTRIES_MAX];
    size_t count = 0;
    CX_TRY(cx_buf_add_str(out, CX_STR("\n### Timeline\n\n")));
    for (size_t i = 0; i < incident->entry_count && count < DUTY_ENTRIES_MAX; i++)
        if (is_public(&incident->entries[i].clock))
            moments[count++] = (struct moment){corrected_time(incident, i), i};
    qsort(moments, count, sizeof(moments[0]), by_time);
    for (size_t i = 0; i < count; i++)
        CX_TRY(add_moment(out, account, moments[i]));
    return CX_OK;
}

static cx_err add_related(struct cx_buf *out, const struct account *account)
{
    size_t rows = 0;
    CX_TRY(cx_buf_add_str(out, CX_STR("\n### Related Incidents\n\n| Bug | Date | Description |\n"
                                      "|-----|------|-------------|\n")));
    for (size_t i = 0; i < account->part_count; i++) {
        const struct api_part_content *c = &account->parts[i].content;
        char text[CX_TIME_TEXT_MAX];
        if (account->parts[i].kind != API_PART_KIND_RELATED)
            continue;
        CX_TRY(day(c->opened, text));
        CX_TRY(cx_buf_add_str(out, CX_STR("| [")));
        CX_TRY(add_cell(out, c->reference));
        CX_TRY(cx_buf_add_str(out, CX_STR("](")));
        CX_TRY(add_cell(out, c->url));
        CX_TRY(cx_buf_addf(out, ") | %s | ", text));
        CX_TRY(add_cell(out, c->text));
        CX_TRY(cx_buf_add_str(out, CX_STR(" |\n")));
        rows++;
    }
    return rows ? CX_OK : cx_buf_add_str(out, CX_STR("| N/A | N/A | N/A |\n"));
}

static cx_err add_causes(struct cx_buf *out, const struct account *account)
{
    int number = 0;
    CX_TRY(cx_buf_add_str(out, CX_STR("\n### Root Cause Analysis\n")));
    for (size_t i = 0; i < account->part_count; i++) {
        const struct api_part_content *c = &account->parts[i].content;
        if (account->parts[i].kind != API_PART_KIND_CAUSE)
            continue;
        CX_TRY(cx_buf_addf(out, "\n**Contributing Factor %d: ", ++number));
        CX_TRY(add_cell(out, c->title));
        CX_TRY(cx_buf_add_str(out, CX_STR("**\n")));
        CX_TRY(add_field(out, "Description", c->text));
        CX_TRY(add_field(out, "Timeline", c->timeline));
        CX_TRY(add_field(out, "Detection", c->detection));
        CX_TRY(add_field(out, "Interaction with other factors", c->interaction));
        CX_TRY(add_field(out, "Root Cause Analysis methodology used", c->methodology));
    }
    return CX_OK;
}

static cx_err add_lesson(struct cx_buf *out, const struct account *account, const char *label,
                         enum api_part_kind kind)
{
    size_t count = 0;
    CX_TRY(cx_buf_addf(out, "- **%s:**", label));
    for (size_t i = 0; i < account->part_count; i++) {
        if (account->parts[i].kind != kind)
            continue;
        CX_TRY(cx_buf_add_str(out, CX_STR("\n  - ")));
        CX_TRY(add_text(out, account->parts[i].content.text));
        count++;
    }
    return cx_buf_add_str(out, count ? CX_STR("\n") : CX_STR(" N/A\n"));
}

/* The factors and lessons that an action item answers, as the report numbers and names them. */
static cx_err add_answered(struct cx_buf *out, const struct account *account,
                           const struct api_part_content *action)
{
    for (size_t k = 0; k < action->answers_count; k++) {
        const struct part *part = account_part(account, action->answers[k]);
        int number = 0;
        if (k > 0)
            CX_TRY(cx_buf_add_str(out, CX_STR("; ")));
        for (size_t i = 0; i < account->part_count; i++)
            if (account->parts[i].kind == API_PART_KIND_CAUSE &&
                account->parts[i].number <= action->answers[k])
                number++;
        if (part && part->kind == API_PART_KIND_CAUSE)
            CX_TRY(cx_buf_addf(out, "Contributing Factor %d", number));
        else
            CX_TRY(cx_buf_add_str(out, CX_STR("Lesson learned")));
    }
    return CX_OK;
}

static cx_err add_action(struct cx_buf *out, const struct account *account,
                         const struct api_part_content *action)
{
    static const char *const KINDS[API_ACTION_KIND_COUNT] = {"Prevent", "Mitigate", "Detect"};
    static const char *const STATES[API_ACTION_STATUS_COUNT] = {"Ongoing", "Complete", "Delayed",
                                                                "Canceled"};
    char due[CX_TIME_TEXT_MAX];
    CX_TRY(day(action->due, due));
    CX_TRY(cx_buf_add_str(out, CX_STR("| ")));
    CX_TRY(add_cell(out, action->title));
    CX_TRY(cx_buf_addf(out, " | %s | ", KINDS[action->action_kind]));
    CX_TRY(add_answered(out, account, action));
    CX_TRY(cx_buf_add_str(out, CX_STR(" | ")));
    CX_TRY(add_cell(out, action->criterion));
    return cx_buf_addf(out, " | %s | %s |\n", due, STATES[action->status]);
}

static cx_err add_actions(struct cx_buf *out, const struct account *account)
{
    CX_TRY(cx_buf_add_str(
        out,
        CX_STR("| Action Item | Kind | Corresponding Root Cause(s) | Evaluation Criteria | Due "
               "Date | Status |\n"
               "| ----------- | ---- | --------------------------- | ------------------- | "
               "-------- | ------ |\n")));
    for (size_t i = 0; i < account->part_count; i++)
        if (account->parts[i].kind == API_PART_KIND_ACTION)
            CX_TRY(add_action(out, account, &account->parts[i].content));
    return CX_OK;
}

static cx_err add_full(struct cx_buf *out, const struct account *account)
{
    CX_TRY(add_summary(out, account));
    CX_TRY(add_impact(out, account));
    CX_TRY(add_timeline(out, account));
    CX_TRY(add_related(out, account));
    CX_TRY(add_causes(out, account));
    CX_TRY(cx_buf_add_str(out, CX_STR("\n### Lessons Learned\n\n")));
    CX_TRY(add_lesson(out, account, "What went well", API_PART_KIND_WENT_WELL));
    CX_TRY(add_lesson(out, account, "What didn’t go well", API_PART_KIND_WENT_WRONG));
    CX_TRY(add_lesson(out, account, "Where we got lucky", API_PART_KIND_LUCKY));
    CX_TRY(add_lesson(out, account, "Additional", API_PART_KIND_ADDITIONAL));
    CX_TRY(cx_buf_add_str(out, CX_STR("\n### Action Items\n\n")));
    CX_TRY(add_actions(out, account));
    CX_TRY(cx_buf_add_str(out, CX_STR("\n### Appendix\n\n")));
    return cx_buf_add_str(out, account->affected.total
                                   ? CX_STR("The affected certificates are in the attached list.\n")
                                   : CX_STR("N/A\n"));
}

/* ---- update and closure ---- */

static cx_err add_update(struct cx_buf *out, const struct account *account)
{
    char today[CX_TIME_TEXT_MAX], next[CX_TIME_TEXT_MAX] = "N/A";
    const struct incident *incident = &account->incident;
    CX_TRY(day(account->now_us, today));
    for (size_t i = 0; i < incident->entry_count; i++)
        if (incident->entries[i].clock.kind == KIND_NEXT_UPDATE_SET &&
            incident->entries[i].clock.has_due)
            CX_TRY(day(incident->entries[i].clock.due_us, next));
    CX_TRY(cx_buf_addf(out, "### Update %s\n\n", today));
    CX_TRY(add_actions(out, account));
    if (incident->row.type == INCIDENT_DELAYED_REVOCATION) {
        CX_TRY(cx_buf_add_u8(out, '\n'));
        CX_TRY(add_count(out, "Certificates in all", account->affected.total));
        CX_TRY(add_count(out, "Remaining valid", account->affected.remaining_valid));
        CX_TRY(add_count(out, "Expired", account->affected.expired));
        CX_TRY(add_count(out, "Revoked before they expired",
                         account->affected.total - account->affected.remaining_valid -
                             account->affected.expired));
    }
    return cx_buf_addf(out, "\n- **Next update:** %s\n", next);
}

static cx_err add_closure(struct cx_buf *out, const struct account *account)
{
    CX_TRY(cx_buf_add_str(out, CX_STR("### Report Closure Summary\n\n")));
    CX_TRY(add_part(out, account, "Incident description", API_PART_KIND_DESCRIPTION));
    CX_TRY(add_part(out, account, "Incident Root Cause(s)", API_PART_KIND_ROOT_CAUSE_SUMMARY));
    CX_TRY(add_part(out, account, "Remediation description", API_PART_KIND_REMEDIATION));
    CX_TRY(add_part(out, account, "Commitment summary", API_PART_KIND_COMMITMENTS));
    return cx_buf_add_str(
        out, CX_STR("\nAll Action Items disclosed in this report have been completed as described, "
                    "and we request its closure.\n"));
}

struct cx_str publication_template(enum api_publication_form form)
{
    return form >= API_PUBLICATION_FORM_MICROSOFT_INITIAL
               ? CX_STR("Microsoft Trusted Root Program 1.2, Incident Reporting")
               : CX_STR("CCADB Incident Reporting Guidelines 3.2");
}

cx_err publication_text(const struct account *account, enum api_publication_form form,
                        struct cx_buf *out)
{
    switch (form) {
    case API_PUBLICATION_FORM_PRELIMINARY:
        return add_preliminary(out, account);
    case API_PUBLICATION_FORM_FULL:
        return add_full(out, account);
    case API_PUBLICATION_FORM_UPDATE:
        return add_update(out, account);
    case API_PUBLICATION_FORM_CLOSURE:
        return add_closure(out, account);
    case API_PUBLICATION_FORM_MICROSOFT_INITIAL:
    case API_PUBLICATION_FORM_MICROSOFT_UPDATE:
    case API_PUBLICATION_FORM_MICROSOFT_FINAL:
        return microsoft_text(account, form, out);
    case API_PUBLICATION_FORM_COUNT:
        break;
    }
    return CX_ERR(INTERNAL);
}
