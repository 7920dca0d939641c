#include "core/incident/gate.h"
#include "base/checked.h"
#include "core/api/contract.h"

#include <stdarg.h>

#define YEAR_US (INT64_C(365) * 86400 * CX_US_PER_S)

struct judging {
    const struct account *account;
    struct arena *arena;
    struct gap_list list;
};

__attribute__((format(printf, 4, 5))) static cx_err add(struct judging *judging, const char *gate,
                                                        const char *field, const char *format, ...)
{
    char text[400];
    va_list args;
    struct cx_str copy = CX_STR_NONE;
    if (judging->list.count == GAPS_MAX)
        return CX_OK; /* enough to do already */
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    CX_TRY(arena_copy_str(judging->arena, cx_str_from(text), &copy));
    judging->list.gaps[judging->list.count++] = (struct gap){gate, field, copy};
    return CX_OK;
}

static cx_err need(struct judging *judging, enum api_part_kind kind)
{
    const char *name = api_enum_name(&api_enum_part_kind, kind);
    const struct part *part = account_single(judging->account, kind);
    if (!part)
        return add(judging, "part-missing", name, "Add a part of kind %s.", name);
    return CX_OK;
}

/* ---- what every text needs ---- */

/* A reader has to find what is asked here, not elsewhere. */
static cx_err check_free_standing(struct judging *judging, const struct part *part)
{
    static const char *const POINTERS[] = {"see bug",    "see comment",      "see above",
                                           "see below",  "as stated in bug", "see other bug",
                                           "see the bug"};
    if (part->content.text.len > 200)
        return CX_OK;
    for (size_t i = 0; i < CX_COUNT_OF(POINTERS); i++)
        if (part_text_has(part->content.text, POINTERS[i]))
            return add(judging, "free-standing", api_enum_name(&api_enum_part_kind, part->kind),
                       "Part %lld points elsewhere (\"%s\"): say it here.", (long long)part->number,
                       POINTERS[i]);
    return CX_OK;
}

/* IRG: speculation about impact is bad practice. NULL: the text says none of it. */
static const char *speculation_in(struct cx_str text)
{
    static const char *const PHRASES[] = {
        "no security impact", "no impact on security", "no security risk",
        "low security risk",  "no harm was",           "could not have been exploited",
        "was not exploited",  "no evidence of",        "no risk to"};
    for (size_t i = 0; i < CX_COUNT_OF(PHRASES); i++)
        if (part_text_has(text, PHRASES[i]))
            return PHRASES[i];
    return NULL;
}

static cx_err check_speculation(struct judging *judging, const struct part *part)
{
    const struct api_part_content *c = &part->content;
    const struct cx_str texts[] = {c->text, c->title, c->timeline, c->detection, c->interaction};
    if (c->has_evidence)
        return CX_OK;
    for (size_t t = 0; t < CX_COUNT_OF(texts); t++) {
        const char *phrase = speculation_in(texts[t]);
        if (phrase)
            return add(judging, "speculation", api_enum_name(&api_enum_part_kind, part->kind),
                       "Part %lld says \"%s\": give the evidence, or leave it out.",
                       (long long)part->number, phrase);
    }
    return CX_OK;
}

static cx_err check_reporters(struct judging *judging, struct cx_str text)
{
    if (!account_names_reporter(judging->account, text))
        return CX_OK;
    return add(judging, "reporter-named", "",
               "The text names a reporter who did not agree to be named.");
}

static cx_err check_length(struct judging *judging, struct cx_str text)
{
    size_t characters = 0;
    for (size_t i = 0; i < text.len; i++)
        characters += ((uint8_t)text.ptr[i] & 0xc0) != 0x80;
    if (characters > PUBLICATION_TEXT_MAX)
        CX_TRY(add(judging, "text-length", "", "The text has %zu characters; %d is the most.",
                   characters, PUBLICATION_TEXT_MAX));
    return CX_OK;
}

static cx_err check_text(struct judging *judging, struct cx_str text)
{
    CX_TRY(check_length(judging, text));
    CX_TRY(check_reporters(judging, text));
    for (size_t i = 0; i < judging->account->part_count; i++) {
        CX_TRY(check_free_standing(judging, &judging->account->parts[i]));
        CX_TRY(check_speculation(judging, &judging->account->parts[i]));
    }
    return CX_OK;
}

/* ---- the full report ---- */

static cx_err check_dates(struct judging *judging)
{
    const struct account *account = judging->account;
    const struct part *remediation = account_single(account, API_PART_KIND_REMEDIATION);
    cx_time start_us = 0, aware_us = 0, end_us = 0;
    bool has_start = account_time_of(account, KIND_NON_COMPLIANCE_STARTED, &start_us);
    bool has_end = account_time_of(account, KIND_NON_COMPLIANCE_ENDED, &end_us);
    (void)account_time_of(account, KIND_AWARE, &aware_us); /* every incident has it */
    if (!has_start)
        return add(judging, "timeline", "non_compliance_started",
                   "Record when the non-compliance began.");
    if (start_us > aware_us)
        CX_TRY(add(judging, "timeline", "non_compliance_started",
                   "It began after you became aware of it: the timeline has to begin before "
                   "discovery."));
    if (!has_end && !(remediation && remediation->content.has_due))
        CX_TRY(
            add(judging, "timeline", "non_compliance_ended",
                "Record when it ended, or give the remediation part the day it is expected to."));
    if (has_end && end_us < start_us)
        CX_TRY(add(judging, "timeline", "non_compliance_ended", "It ended before it began."));
    return CX_OK;
}

static bool is_answered(const struct account *account, int64_t number)
{
    for (size_t i = 0; i < account->part_count; i++) {
        const struct part *part = &account->parts[i];
        if (part->kind != API_PART_KIND_ACTION ||
            part->content.status == API_ACTION_STATUS_CANCELED)
            continue;
        for (size_t k = 0; k < part->content.answers_count; k++)
            if (part->content.answers[k] == number)
                return true;
    }
    return false;
}

/* Each root cause, each thing that went wrong and each further lesson leads to something that is done. */
static cx_err check_coverage(struct judging *judging)
{
    const struct account *account = judging->account;
    bool protects = false, has_cause = false;
    for (size_t i = 0; i < account->part_count; i++) {
        const struct part *part = &account->parts[i];
        bool asks = part->kind == API_PART_KIND_CAUSE || part->kind == API_PART_KIND_WENT_WRONG ||
                    part->kind == API_PART_KIND_ADDITIONAL;
        has_cause = has_cause || part->kind == API_PART_KIND_CAUSE;
        protects = protects || (part->kind == API_PART_KIND_ACTION &&
                                part->content.status != API_ACTION_STATUS_CANCELED &&
                                part->content.action_kind != API_ACTION_KIND_DETECT);
        if (asks && !is_answered(account, part->number))
            CX_TRY(add(judging, "action-coverage", api_enum_name(&api_enum_part_kind, part->kind),
                       "No action item answers part %lld.", (long long)part->number));
    }
    if (!has_cause)
        CX_TRY(add(judging, "part-missing", "cause", "Add at least one contributing factor."));
    if (!protects)
        CX_TRY(add(judging, "new-protection", "action",
                   "At least one action item has to prevent or mitigate a repetition."));
    return CX_OK;
}

static cx_err check_related(struct judging *judging)
{
    const struct part *search = account_single(judging->account, API_PART_KIND_RELATED_SEARCH);
    cx_time aware_us = 0;
    if (!search)
        return need(judging, API_PART_KIND_RELATED_SEARCH);
    (void)account_time_of(judging->account, KIND_AWARE, &aware_us);
    if (search->content.opened > aware_us - 2 * YEAR_US)
        CX_TRY(add(judging, "related-incidents", "related_search",
                   "The search for related incidents has to go back two years."));
    if (!search->content.other_owners)
        CX_TRY(add(judging, "related-incidents", "related_search",
                   "The search for related incidents has to include those of other CAs."));
    return CX_OK;
}

static cx_err check_certificates(struct judging *judging)
{
    const struct account *account = judging->account;
    const uint32_t public_rules = 1u << CERTIFICATES_TLS | 1u << CERTIFICATES_SMIME;
    if (account->affected.total == 0 && account->incident.row.certificates & public_rules)
        return add(judging, "certificates", "scope",
                   "The incident concerns certificates: keep a scope that finds them.");
    if (account->affected.total > 0)
        CX_TRY(need(judging, API_PART_KIND_CERTIFICATE_TYPES));
    return CX_OK;
}

static cx_err check_full(struct judging *judging)
{
    static const enum api_part_kind NEEDED[] = {
        API_PART_KIND_OWNER,     API_PART_KIND_DESCRIPTION,   API_PART_KIND_POLICIES,
        API_PART_KIND_HEURISTIC, API_PART_KIND_ISSUANCE_STOP, API_PART_KIND_WENT_WRONG};
    for (size_t i = 0; i < CX_COUNT_OF(NEEDED); i++)
        CX_TRY(need(judging, NEEDED[i]));
    if (judging->account->incident.row.type == INCIDENT_DELAYED_REVOCATION)
        CX_TRY(need(judging, API_PART_KIND_ANALYSIS));
    CX_TRY(check_dates(judging));
    CX_TRY(check_coverage(judging));
    CX_TRY(check_related(judging));
    return check_certificates(judging);
}

/* ---- the request for closure ---- */

static cx_err check_actions(struct judging *judging)
{
    const struct account *account = judging->account;
    for (size_t i = 0; i < account->part_count; i++) {
        const struct part *part = &account->parts[i];
        if (part->kind != API_PART_KIND_ACTION ||
            part->content.status == API_ACTION_STATUS_CANCELED)
            continue;
        if (part->content.status != API_ACTION_STATUS_COMPLETE)
            CX_TRY(add(judging, "action-open", "action", "Action item %lld is not complete.",
                       (long long)part->number));
        else if (!account_is_validated(account, part))
            CX_TRY(add(judging, "action-unconfirmed", "action",
                       "Nobody but its people has confirmed action item %lld.",
                       (long long)part->number));
    }
    return CX_OK;
}

static size_t count_of(const struct account *account, enum incident_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < account->incident.entry_count; i++)
        count += account->incident.entries[i].clock.kind == kind &&
                 account->incident.entries[i].clock.corrects == 0;
    return count;
}

/* Whoever reported, asked or was hit has to have heard from us. */
static cx_err check_answers(struct judging *judging)
{
    static const struct {
        enum incident_kind asked, answered;
        const char *gate;
    } PAIRS[] = {{KIND_COMMENT_RECEIVED, KIND_COMMENT_ANSWERED, "comment-unanswered"},
                 {KIND_REPORT_RECEIVED, KIND_FINDINGS_SENT_REPORTER, "reporter-unanswered"},
                 {KIND_REPORT_RECEIVED, KIND_FINDINGS_SENT_SUBSCRIBER, "subscriber-unanswered"},
                 {KIND_CHROME_QUESTION, KIND_CHROME_ANSWERED, "chrome-unanswered"},
                 {KIND_APPLE_QUESTION, KIND_APPLE_ANSWERED, "apple-unanswered"}};
    for (size_t i = 0; i < CX_COUNT_OF(PAIRS); i++) {
        size_t asked = count_of(judging->account, PAIRS[i].asked);
        size_t answered = count_of(judging->account, PAIRS[i].answered);
        if (answered < asked)
            CX_TRY(add(judging, PAIRS[i].gate, incident_word(&incident_kinds, PAIRS[i].answered),
                       "%zu of %zu are not answered.", asked - answered, asked));
    }
    return CX_OK;
}

static cx_err check_revocations(struct judging *judging)
{
    const struct account *account = judging->account;
    bool required = incident_first(&account->incident, KIND_LEAF_REVOCATION_REQUIRED) ||
                    incident_first(&account->incident, KIND_CA_REVOCATION_REQUIRED);
    if (required && account->affected.remaining_valid > 0)
        return add(judging, "revocation-open", "scope",
                   "%lld affected certificates are neither revoked nor expired.",
                   (long long)account->affected.remaining_valid);
    return CX_OK;
}

static cx_err check_closing(struct judging *judging)
{
    static const enum api_part_kind NEEDED[] = {
        API_PART_KIND_DESCRIPTION, API_PART_KIND_ROOT_CAUSE_SUMMARY, API_PART_KIND_REMEDIATION,
        API_PART_KIND_COMMITMENTS};
    for (size_t i = 0; i < CX_COUNT_OF(NEEDED); i++)
        CX_TRY(need(judging, NEEDED[i]));
    CX_TRY(check_actions(judging));
    CX_TRY(check_answers(judging));
    return check_revocations(judging);
}

static cx_err check_preliminary(struct judging *judging)
{
    static const enum api_part_kind NEEDED[] = {API_PART_KIND_OWNER, API_PART_KIND_DESCRIPTION,
                                                API_PART_KIND_POLICIES, API_PART_KIND_KNOWN_IMPACT};
    for (size_t i = 0; i < CX_COUNT_OF(NEEDED); i++)
        CX_TRY(need(judging, NEEDED[i]));
    return CX_OK;
}

/* Incident-Reporting of the Microsoft Trusted Root Program: what each of its mails has to say. */
static cx_err check_microsoft(struct judging *judging, bool final)
{
    static const enum api_part_kind INITIAL[] = {API_PART_KIND_OWNER, API_PART_KIND_DESCRIPTION,
                                                 API_PART_KIND_DETECTED_BY, API_PART_KIND_PLACE,
                                                 API_PART_KIND_AFFECTED_CAS};
    static const enum api_part_kind FINAL[] = {
        API_PART_KIND_OWNER,         API_PART_KIND_DESCRIPTION,    API_PART_KIND_DETECTED_BY,
        API_PART_KIND_DETECTION_GAP, API_PART_KIND_REPORT_HISTORY, API_PART_KIND_EXPLOIT,
        API_PART_KIND_COMPROMISE,    API_PART_KIND_ATTRIBUTION,    API_PART_KIND_NORMAL_OPERATION,
        API_PART_KIND_LAST_AUDIT,    API_PART_KIND_POLICY_CHANGES, API_PART_KIND_REMEDIATION};
    for (size_t i = 0; !final && i < CX_COUNT_OF(INITIAL); i++)
        CX_TRY(need(judging, INITIAL[i]));
    for (size_t i = 0; final && i < CX_COUNT_OF(FINAL); i++)
        CX_TRY(need(judging, FINAL[i]));
    return final ? check_certificates(judging) : CX_OK;
}

static cx_err begin(const struct account *account, struct arena *arena, struct judging *judging)
{
    *judging = (struct judging){.account = account, .arena = arena};
    return ARENA_NEW_ARRAY(arena, GAPS_MAX, &judging->list.gaps);
}

cx_err gate_publication(const struct account *account, enum api_publication_form form,
                        struct cx_str text, struct arena *arena, struct gap_list *ret_list)
{
    struct judging judging;
    CX_TRY(begin(account, arena, &judging));
    if (form == API_PUBLICATION_FORM_PRELIMINARY)
        CX_TRY(check_preliminary(&judging));
    if (form == API_PUBLICATION_FORM_FULL)
        CX_TRY(check_full(&judging));
    if (form == API_PUBLICATION_FORM_CLOSURE)
        CX_TRY(check_closing(&judging));
    if (form >= API_PUBLICATION_FORM_MICROSOFT_INITIAL)
        CX_TRY(check_microsoft(&judging, form == API_PUBLICATION_FORM_MICROSOFT_FINAL));
    CX_TRY(check_text(&judging, text));
    *ret_list = judging.list;
    return CX_OK;
}

cx_err gate_text(const struct account *account, struct cx_str text, bool written,
                 struct arena *arena, struct gap_list *ret_list)
{
    struct judging judging;
    CX_TRY(begin(account, arena, &judging));
    CX_TRY(check_length(&judging, text));
    CX_TRY(check_reporters(&judging, text));
    const char *phrase = written ? speculation_in(text) : NULL;
    if (phrase)
        CX_TRY(add(&judging, "speculation", "",
                   "The text says \"%s\": leave it out, or say it in the "
                   "report with its evidence.",
                   phrase));
    *ret_list = judging.list;
    return CX_OK;
}

static const struct sign_off *last_signature(const struct account *account,
                                             enum api_sign_off_side side)
{
    const struct sign_off *last = NULL;
    for (size_t i = 0; i < account->sign_off_count; i++)
        if (account->sign_offs[i].side == side)
            last = &account->sign_offs[i];
    return last;
}

static cx_err check_signatures(struct judging *judging)
{
    const struct sign_off *security = last_signature(judging->account, API_SIGN_OFF_SIDE_SECURITY);
    const struct sign_off *operations =
        last_signature(judging->account, API_SIGN_OFF_SIDE_OPERATIONS);
    if (!security)
        CX_TRY(add(judging, "sign-off", "security", "The leadership of security has not signed."));
    if (!operations)
        CX_TRY(
            add(judging, "sign-off", "operations", "The leadership of operations has not signed."));
    if (security && operations && cx_id_eq(security->signer_id, operations->signer_id))
        CX_TRY(add(judging, "sign-off", "operations", "One person signed for both leaderships."));
    return CX_OK;
}

/* Each is done, or somebody said why it does not apply. What stands for a duty is a gap as that duty. */
static cx_err check_steps(struct judging *judging)
{
    const struct step_list *steps = &judging->account->steps;
    if (steps->unreadable)
        CX_TRY(add(judging, "playbook-altered", "steps",
                   "The database does not hold the version of a playbook that it follows."));
    for (size_t i = 0; i < steps->count; i++) {
        const struct step *step = &steps->steps[i];
        if (step->is->kind != PLAYBOOK_DUTY &&
            (step->state == STEP_OPEN || step->state == STEP_OVERDUE))
            CX_TRY(add(judging, "step-open", "steps", "Playbook %.*s, step %.*s: %.*s.",
                       CX_STR_ARG(step->book->playbook->name), CX_STR_ARG(step->is->id),
                       CX_STR_ARG(step->is->title)));
    }
    return CX_OK;
}

cx_err gate_closure(const struct account *account, struct arena *arena, struct gap_list *ret_list)
{
    struct judging judging;
    CX_TRY(begin(account, arena, &judging));
    if (account->incident.row.type != INCIDENT_OBLIGATION) { /* where nothing went wrong */
        CX_TRY(check_closing(&judging));
        CX_TRY(check_coverage(&judging));
    }
    CX_TRY(check_signatures(&judging));
    CX_TRY(check_steps(&judging));
    bool in_public = account->incident.row.tracks >> TRACK_PUBLIC & 1;
    if (in_public && !account->closure_posted)
        CX_TRY(add(&judging, "closure-unposted", "closure",
                   "Publish and post the closure summary first."));
    *ret_list = judging.list;
    return CX_OK;
}

cx_err gaps_view(struct arena *arena, const struct gap_list *list,
                 const struct api_gap_view **ret_views, size_t *ret_count)
{
    struct api_gap_view *views = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, list->count, &views));
    for (size_t i = 0; i < list->count; i++)
        views[i] = (struct api_gap_view){.gate = cx_str_from(list->gaps[i].gate),
                                         .has_field = list->gaps[i].field[0] != '\0',
                                         .field = cx_str_from(list->gaps[i].field),
                                         .text = list->gaps[i].text};
    *ret_views = views;
    *ret_count = list->count;
    return CX_OK;
}
