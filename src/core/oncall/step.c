#include "core/oncall/step.h"
#include "base/cleanup.h"
#include "core/access/secret.h"
#include "core/core.h"
#include "core/field.h"

/* Edges of overrides that are over still say since when nobody is on call. */
#define OVERRIDES_KEPT_US (7 * CX_US_PER_DAY)

bool oncall_is_over(const struct incident_row *incident)
{
    return incident->state == INCIDENT_CLOSED || incident->state == INCIDENT_FALSE_ALARM ||
           incident->state == INCIDENT_MERGED;
}

void oncall_step_next(const struct oncall_plan *plan, int64_t *level, int64_t *round)
{
    if (*level < plan->level_count) {
        ++*level;
        return;
    }
    *level = 1;
    ++*round;
}

cx_err oncall_step_read(struct store_tx *tx, cx_time now_us, struct arena *arena,
                        struct oncall_step *step)
{
    struct oncall_plan plan;
    int64_t level = step->page.level, round = step->page.round;
    step->has_person = false;
    CX_TRY(roster_plan(tx, step->roster, now_us - OVERRIDES_KEPT_US, arena, &plan));
    int64_t tries = step->only_level ? 1 : plan.level_count;
    for (int64_t i = 0; i < tries && !step->has_person; i++) {
        const struct oncall_person *person = oncall_at(&plan, level, now_us);
        step->has_person = person && person->reachable;
        if (step->has_person) {
            step->user_id = person->user_id;
            step->page.level = level;
            step->page.round = round;
        }
        oncall_step_next(&plan, &level, &round);
    }
    step->contact_count = 0;
    if (!step->has_person)
        return CX_OK;
    return person_contacts(tx, step->page.tenant_id, step->user_id, STEP_CONTACTS_MAX,
                           step->contacts, &step->contact_count);
}

/* First line: the subject; second: the link; then the text. */
static cx_err seal_body(struct core *core, struct arena *arena, const struct oncall_step *step,
                        const struct access_secret *secret, struct cx_sealed *ret_body)
{
    char token[ACCESS_SECRET_TEXT_LEN + 1];
    struct cx_str body = CX_STR_NONE;
    struct field_place place = {step->page.tenant_id, "oncall_letter", "body", secret->id};
    access_secret_format(ACCESS_SECRET_PAGE, secret, token);
    CX_TRY(arena_printf(arena, &body, "%.*s\n%.*s/page/%s\n%.*s\n", CX_STR_ARG(step->subject),
                        CX_STR_ARG(core->options.public_url), token, CX_STR_ARG(step->why)));
    return field_seal_text(core, place, body, arena, ret_body);
}

static cx_err add_letter(struct core *core, cx_time now_us, struct arena *arena,
                         struct oncall_step *step, const struct row_notice_contact *contact,
                         struct cx_str channel)
{
    CX_CLEANUP(access_secret_clear) struct access_secret secret = {0};
    struct row_oncall_letter *row = &step->letters[step->letter_count];
    uint8_t hash[ACCESS_HASH_LEN];
    CX_TRY(access_secret_new(core->rng, step->page.tenant_id, &secret));
    CX_TRY(access_secret_hash(&secret, hash));
    *row = (struct row_oncall_letter){.tenant_id = step->page.tenant_id,
                                      .letter_id = secret.id,
                                      .page_id = step->page.page_id,
                                      .user_id = step->user_id,
                                      .contact_id = contact->contact_id,
                                      .channel = channel,
                                      .level = step->page.level,
                                      .round = step->page.round,
                                      .state = CX_STR("waiting"),
                                      .due_us = now_us,
                                      .created_us = now_us};
    CX_TRY(arena_copy(arena, CX_BYTES(hash, sizeof(hash)), &row->token_hash));
    CX_TRY(seal_body(core, arena, step, &secret, &row->body));
    step->letter_count++;
    return CX_OK;
}

cx_err oncall_step_prepare(struct core *core, cx_time now_us, struct arena *arena,
                           struct oncall_step *step)
{
    step->letter_count = 0;
    for (size_t i = 0; i < step->contact_count; i++) {
        const struct row_notice_contact *contact = &step->contacts[i];
        if (contact->has_email)
            CX_TRY(add_letter(core, now_us, arena, step, contact, CX_STR("email")));
        if (contact->has_webhook_url)
            CX_TRY(add_letter(core, now_us, arena, step, contact, CX_STR("webhook")));
    }
    return CX_OK;
}

cx_err oncall_step_insert(struct store_tx *tx, const struct oncall_step *step)
{
    for (size_t i = 0; i < step->letter_count; i++)
        CX_TRY(row_oncall_letter_insert(tx, &step->letters[i]));
    return CX_OK;
}

cx_err oncall_step_open(struct store_tx *tx, const struct oncall_step *step)
{
    CX_TRY(row_oncall_page_insert(tx, &step->page));
    return oncall_step_insert(tx, step);
}

cx_err oncall_test_draft(struct core *core, struct arena *arena,
                         const struct row_oncall_roster *roster, int64_t level, struct cx_str key,
                         cx_time now_us, struct oncall_step *ret_step)
{
    char page[CX_ID_TEXT_MAX];
    *ret_step = (struct oncall_step){.roster = roster,
                                     .only_level = true,
                                     .page = {.tenant_id = roster->tenant_id,
                                              .roster_id = roster->roster_id,
                                              .page_key = key,
                                              .state = CX_STR("open"),
                                              .level = level,
                                              .round = 1,
                                              .escalate_us = now_us + roster->escalate_us,
                                              .created_us = now_us}};
    CX_TRY(cx_id_new_at(core->rng, now_us, &ret_step->page.page_id));
    cx_id_format(CX_ID_PAGE, ret_step->page.page_id, page);
    CX_TRY(arena_printf(arena, &ret_step->subject, "[CertiNext] test page of roster %.*s",
                        CX_STR_ARG(roster->name)));
    return arena_printf(arena, &ret_step->why,
                        "This is a test. Nothing has happened.\nPage: %s\n"
                        "Acknowledge it by the link within %lld minutes, or the test has failed.",
                        page, (long long)(roster->escalate_us / CX_US_PER_S / 60));
}

cx_err oncall_step_text(struct arena *arena, const struct oncall_step *step,
                        struct cx_str *ret_text)
{
    char user[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_USER, step->user_id, user);
    return arena_printf(arena, ret_text, "roster %.*s, level %lld, round %lld: %s",
                        CX_STR_ARG(step->roster->name), (long long)step->page.level,
                        (long long)step->page.round,
                        step->has_person ? user : "nobody can be reached at any level");
}
