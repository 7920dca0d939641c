/*
 * The mails that the Microsoft Trusted Root Program asks for (Incident-Reporting, TRP 1.2): within 24 hours of a security incident,
 * then every 24 hours, and a final one. Plain text; each question is a numbered line, and none is left out: what is not known yet says
 * so in the initial and the further ones, what does not apply says N/A in the final one.
 */
#include "core/api/contract.h"
#include "core/incident/publication_text.h"
#include "core/incident/words.h"

/* Lines of people are indented, so that none of them looks like a question of the form. */
static cx_err add_answer(struct cx_buf *out, int *number, const char *question,
                         struct cx_str answer)
{
    CX_TRY(cx_buf_addf(out, "%d. %s\n   ", ++*number, question));
    for (size_t i = 0; i < answer.len; i++) {
        CX_TRY(cx_buf_add_u8(out, (uint8_t)answer.ptr[i]));
        if (answer.ptr[i] == '\n')
            CX_TRY(cx_buf_add_str(out, CX_STR("   ")));
    }
    return cx_buf_add_str(out, CX_STR("\n\n"));
}

static cx_err add_part(struct cx_buf *out, const struct account *account, int *number,
                       const char *question, enum api_part_kind kind, const char *absent)
{
    const struct part *part = account_single(account, kind);
    return add_answer(out, number, question, part ? part->content.text : cx_str_from(absent));
}

static cx_err add_head(struct cx_buf *out, const struct account *account, const char *title)
{
    const struct part *owner = account_single(account, API_PART_KIND_OWNER);
    char now[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(account->now_us, now));
    CX_TRY(cx_buf_addf(out, "%s\n\nCA owner: %.*s (%.*s)\n", title,
                       CX_STR_ARG(owner ? owner->content.text : CX_STR("N/A")),
                       CX_STR_ARG(owner ? owner->content.owner_code : CX_STR("N/A"))));
    return cx_buf_addf(out, "As of: %.10s %.5s UTC\n\n", now, now + 11);
}

static cx_err add_when(struct cx_buf *out, const struct account *account, int *number)
{
    char text[CX_TIME_TEXT_MAX], line[CX_TIME_TEXT_MAX];
    cx_time at_us = 0;
    if (!account_time_of(account, KIND_AWARE, &at_us))
        return add_answer(out, number, "When was it discovered?", CX_STR("N/A"));
    CX_TRY(cx_time_format(at_us, text));
    snprintf(line, sizeof(line), "%.10s %.5s UTC", text, text + 11);
    return add_answer(out, number, "When was it discovered?", cx_str_from(line));
}

/* Every part of one kind, as one answer. */
static cx_err add_all(struct cx_buf *out, const struct account *account, int *number,
                      const char *question, enum api_part_kind kind)
{
    static const char *const STATES[API_ACTION_STATUS_COUNT] = {"ongoing", "complete", "delayed",
                                                                "canceled"};
    bool any = false;
    CX_TRY(cx_buf_addf(out, "%d. %s\n", ++*number, question));
    for (size_t i = 0; i < account->part_count; i++) {
        const struct api_part_content *c = &account->parts[i].content;
        if (account->parts[i].kind != kind)
            continue;
        any = true;
        CX_TRY(cx_buf_addf(out, "   - %.*s", CX_STR_ARG(c->title)));
        if (kind == API_PART_KIND_ACTION)
            CX_TRY(cx_buf_addf(out, " (%s)", STATES[c->status]));
        CX_TRY(cx_buf_add_str(out, CX_STR(": ")));
        for (size_t k = 0; k < c->text.len; k++)
            CX_TRY(cx_buf_add_u8(out, c->text.ptr[k] == '\n' ? ' ' : (uint8_t)c->text.ptr[k]));
        CX_TRY(cx_buf_add_u8(out, '\n'));
    }
    return cx_buf_add_str(out, any ? CX_STR("\n") : CX_STR("   not known yet\n\n"));
}

static cx_err add_counts(struct cx_buf *out, const struct account *account, int *number)
{
    char line[160];
    snprintf(line, sizeof(line), "%lld, of which %lld are neither revoked nor expired",
             (long long)account->affected.total, (long long)account->affected.remaining_valid);
    return add_answer(out, number, "How many end-user certificates?", cx_str_from(line));
}

static cx_err add_initial(struct cx_buf *out, const struct account *account, int *number)
{
    static const char LATER[] = "not known yet", NONE[] = "none";
    CX_TRY(add_part(out, account, number, "What happened?", API_PART_KIND_DESCRIPTION, LATER));
    CX_TRY(add_part(out, account, number, "Who detected it?", API_PART_KIND_DETECTED_BY, LATER));
    CX_TRY(
        add_part(out, account, number, "Who did it, if known?", API_PART_KIND_ATTRIBUTION, LATER));
    CX_TRY(add_when(out, account, number));
    CX_TRY(add_part(out, account, number, "Where did it happen?", API_PART_KIND_PLACE, LATER));
    CX_TRY(add_part(out, account, number, "Which roots and subordinate CAs are affected?",
                    API_PART_KIND_AFFECTED_CAS, LATER));
    CX_TRY(add_counts(out, account, number));
    CX_TRY(add_all(out, account, number, "What is believed to be the cause?", API_PART_KIND_CAUSE));
    CX_TRY(add_all(out, account, number, "What was done about it, and what is planned?",
                   API_PART_KIND_ACTION));
    CX_TRY(add_part(out, account, number, "Other information", API_PART_KIND_CONSIDERATIONS, NONE));
    CX_TRY(add_part(out, account, number, "Information that Microsoft asked for",
                    API_PART_KIND_PROGRAM_QUESTIONS, NONE));
    return add_part(out, account, number, "What the CA asks Microsoft to do",
                    API_PART_KIND_PROGRAM_REQUEST, "nothing");
}

static cx_err add_timeline(struct cx_buf *out, const struct account *account, int *number)
{
    const struct incident *incident = &account->incident;
    CX_TRY(cx_buf_addf(out, "%d. Timeline\n", ++*number));
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct duty_entry *clock = &incident->entries[i].clock;
        char text[CX_TIME_TEXT_MAX];
        bool told = incident_kind_is_told(clock->kind) || clock->kind == KIND_AWARE ||
                    clock->kind == KIND_CONTAINED;
        if (clock->corrects || clock->kind == KIND_NOTE || !told)
            continue;
        CX_TRY(cx_time_format(clock->at_us, text));
        CX_TRY(cx_buf_addf(out, "   %.10s %.5s UTC: ", text, text + 11));
        for (const char *c = incident_word(&incident_kinds, (int)clock->kind); *c; c++)
            CX_TRY(cx_buf_add_u8(out, *c == '_' ? ' ' : (uint8_t)*c));
        CX_TRY(cx_buf_add_u8(out, '\n'));
    }
    return cx_buf_add_u8(out, '\n');
}

static cx_err add_final(struct cx_buf *out, const struct account *account, int *number)
{
    static const char NONE[] = "N/A";
    CX_TRY(add_part(out, account, number, "What happened?", API_PART_KIND_DESCRIPTION, NONE));
    CX_TRY(add_answer(out, number, "Which certificates and domains?",
                      account->affected.total ? CX_STR("those of the list at the end of this mail")
                                              : CX_STR("none")));
    CX_TRY(add_counts(out, account, number));
    CX_TRY(add_part(out, account, number, "Of which types are they?",
                    API_PART_KIND_CERTIFICATE_TYPES, NONE));
    CX_TRY(add_part(out, account, number, "How was it detected?", API_PART_KIND_DETECTED_BY, NONE));
    CX_TRY(add_part(out, account, number, "Why was it not detected earlier?",
                    API_PART_KIND_DETECTION_GAP, NONE));
    CX_TRY(add_part(out, account, number, "Why did the reports differ over time?",
                    API_PART_KIND_REPORT_HISTORY, NONE));
    CX_TRY(add_part(out, account, number, "Details of the exploit", API_PART_KIND_EXPLOIT, NONE));
    CX_TRY(add_part(out, account, number, "What infrastructure was compromised, and how?",
                    API_PART_KIND_COMPROMISE, NONE));
    CX_TRY(add_timeline(out, account, number));
    CX_TRY(add_part(out, account, number, "Attribution", API_PART_KIND_ATTRIBUTION, NONE));
    CX_TRY(add_part(out, account, number, "Was it visible in normal operation?",
                    API_PART_KIND_NORMAL_OPERATION, NONE));
    CX_TRY(add_part(out, account, number, "Was it in the last audit, and was it fixed?",
                    API_PART_KIND_LAST_AUDIT, NONE));
    CX_TRY(add_part(out, account, number, "Changes of CP and CPS", API_PART_KIND_POLICY_CHANGES,
                    NONE));
    return add_part(out, account, number, "How was it closed?", API_PART_KIND_REMEDIATION, NONE);
}

cx_err microsoft_text(const struct account *account, enum api_publication_form form,
                      struct cx_buf *out)
{
    int number = 0;
    bool final = form == API_PUBLICATION_FORM_MICROSOFT_FINAL;
    CX_TRY(add_head(out, account,
                    final ? "Security incident: final report"
                    : form == API_PUBLICATION_FORM_MICROSOFT_UPDATE
                        ? "Security incident: update"
                        : "Security incident: initial report"));
    return final ? add_final(out, account, &number) : add_initial(out, account, &number);
}
