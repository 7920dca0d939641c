#include "core/oncall/view.h"
#include "core/core.h"
#include "core/field.h"

#define HOUR_US (INT64_C(3600) * CX_US_PER_S)
#define MINUTE_US (INT64_C(60) * CX_US_PER_S)

static cx_err view_level(struct api_request *request, const struct row_oncall_person *people,
                         size_t count, int64_t level, const struct cx_id **ret_ids,
                         size_t *ret_count)
{
    struct cx_id *ids = NULL;
    size_t found = 0;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ONCALL_PEOPLE_MAX, &ids));
    for (size_t i = 0; i < count && found < ONCALL_PEOPLE_MAX; i++)
        if (people[i].level == level)
            ids[found++] = people[i].user_id;
    *ret_ids = ids;
    *ret_count = found;
    return CX_OK;
}

static cx_err view_people(struct store_tx *tx, struct api_request *request,
                          const struct row_oncall_roster *row, struct api_roster_view *view)
{
    struct row_oncall_person *people = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, (size_t)ONCALL_LEVELS_MAX * ONCALL_PEOPLE_MAX, &people));
    CX_TRY(roster_people(tx, row->tenant_id, row->roster_id, people, &count));
    CX_TRY(view_level(request, people, count, 1, &view->first_level, &view->first_level_count));
    CX_TRY(view_level(request, people, count, 2, &view->second_level, &view->second_level_count));
    return view_level(request, people, count, 3, &view->third_level, &view->third_level_count);
}

cx_err roster_view(struct store_tx *tx, struct api_request *request,
                   const struct row_oncall_roster *row, struct api_roster_view *ret_view)
{
    struct api_roster_view view = {.id = row->roster_id,
                                   .name = row->name,
                                   .warning_percent = row->warning_percent,
                                   .first = row->first_us,
                                   .shift_hours = row->shift_us / HOUR_US,
                                   .has_until = row->has_until_us,
                                   .until = row->until_us,
                                   .escalate_minutes = row->escalate_us / MINUTE_US,
                                   .ahead_days = row->ahead_us / CX_US_PER_DAY,
                                   .has_test_every_days = row->has_test_every_us,
                                   .test_every_days = row->test_every_us / CX_US_PER_DAY,
                                   .has_test_due = row->has_test_due_us,
                                   .test_due = row->test_due_us,
                                   .creator_id = row->creator_id,
                                   .created = row->created_us,
                                   .has_ender_id = row->has_ender_id,
                                   .ender_id = row->ender_id,
                                   .has_ended = row->has_ended_us,
                                   .ended = row->ended_us};
    int severity = 0;
    CX_TRY(api_enum_value(&api_enum_incident_severity, row->severity, &severity));
    view.severity = (enum api_incident_severity)severity;
    CX_TRY(view_people(tx, request, row, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err roster_find_for(struct store_tx *tx, struct api_request *request, struct cx_id roster_id,
                       struct row_oncall_roster *ret_row)
{
    cx_err err = roster_find(tx, request->principal.tenant_id, roster_id, request->arena, ret_row);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "roster_id", "roster-unknown",
                         "There is no such roster.");
    return err;
}

cx_err person_check(struct store_tx *tx, struct api_request *request, const char *field,
                    struct cx_id user_id)
{
    bool reachable = false;
    cx_err err =
        person_is_reachable(tx, request->principal.tenant_id, user_id, request->arena, &reachable);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), field, "user-unknown",
                         "There is no such user.");
    CX_TRY(err);
    return reachable
               ? CX_OK
               : cx_refuse(request->diag, CX_ERR(POLICY), field, "person-unreachable",
                           "Who is on call needs an active account and a contact of their own "
                           "with an address.");
}

cx_err page_view(const struct row_oncall_page *row, struct api_page_view *ret_view)
{
    struct api_page_view view = {.id = row->page_id,
                                 .roster_id = row->roster_id,
                                 .has_incident_id = row->has_incident_id,
                                 .incident_id = row->incident_id,
                                 .test = !row->has_incident_id,
                                 .cause = row->page_key,
                                 .level = row->level,
                                 .round = row->round,
                                 .created = row->created_us,
                                 .has_escalates = cx_str_is(row->state, "open"),
                                 .escalates = row->escalate_us,
                                 .has_acknowledger_id = row->has_acknowledger_id,
                                 .acknowledger_id = row->acknowledger_id,
                                 .has_acknowledged = row->has_acknowledged_us,
                                 .acknowledged = row->acknowledged_us,
                                 .has_finished = row->has_finished_us,
                                 .finished = row->finished_us};
    int state = 0;
    CX_TRY(api_enum_value(&api_enum_page_state, row->state, &state));
    view.state = (enum api_page_state)state;
    *ret_view = view;
    return CX_OK;
}

static cx_err view_letter(struct api_request *request, const struct row_oncall_letter *row,
                          struct api_page_letter_view *ret_view)
{
    struct field_place place = {row->tenant_id, "oncall_letter", "answer", row->letter_id};
    struct api_page_letter_view view = {.id = row->letter_id,
                                        .user_id = row->user_id,
                                        .contact_id = row->contact_id,
                                        .level = row->level,
                                        .round = row->round,
                                        .attempt_count = row->attempt_count,
                                        .has_sent = row->has_sent_us,
                                        .sent = row->sent_us,
                                        .has_answer = row->has_answer};
    int state = 0, channel = 0;
    CX_TRY(api_enum_value(&api_enum_page_letter_state, row->state, &state));
    CX_TRY(api_enum_value(&api_enum_page_channel, row->channel, &channel));
    view.state = (enum api_page_letter_state)state;
    view.channel = (enum api_page_channel)channel;
    if (row->has_answer)
        CX_TRY(field_open_text(request->core, place, row->answer, request->arena, &view.answer));
    *ret_view = view;
    return CX_OK;
}

struct showing {
    struct api_request *request;
    struct cx_id page_id;
    struct row_oncall_page page;
    struct row_oncall_letter *letters;
    size_t letter_count;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct showing *show = arg;
    struct api_request *request = show->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(page_find(tx, tenant_id, show->page_id, request->arena, &show->page));
    return page_letter_rows(tx, tenant_id, show->page_id, request->arena, show->letters,
                            &show->letter_count);
}

cx_err page_show(struct api_request *request, struct cx_id page_id, struct api_page_view *ret_view)
{
    struct showing show = {.request = request, .page_id = page_id};
    struct api_page_letter_view *letters = NULL;
    struct api_page_view view = {0};
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PAGE_LETTERS_MAX, &show.letters));
    cx_err err = store_read(request->core->store, read_page, &show);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "page_id", "page-unknown", "There is no such page.");
    CX_TRY(err);
    CX_TRY(page_view(&show.page, &view));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, show.letter_count, &letters));
    for (size_t i = 0; i < show.letter_count; i++)
        CX_TRY(view_letter(request, &show.letters[i], &letters[i]));
    view.letters = letters;
    view.letters_count = show.letter_count;
    *ret_view = view;
    return CX_OK;
}
