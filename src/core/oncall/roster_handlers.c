/* Making, listing and ending rosters, and what they say about the time ahead. */
#include "api_routes.h"
#include "core/core.h"
#include "core/field.h"
#include "core/oncall/view.h"

#define HOUR_US (INT64_C(3600) * CX_US_PER_S)
#define MINUTE_US (INT64_C(60) * CX_US_PER_S)
enum { SCHEDULE_MAX = 1000 };

struct creation {
    struct api_request *request;
    struct row_oncall_roster row;
    struct row_oncall_person people[ONCALL_LEVELS_MAX * ONCALL_PEOPLE_MAX];
    size_t person_count;
    struct api_roster_view view;
};

static const char *const LEVEL_FIELDS[ONCALL_LEVELS_MAX] = {"first_level", "second_level",
                                                            "third_level"};

static cx_err write_roster(struct store_tx *tx, void *arg)
{
    struct creation *creation = arg;
    struct api_request *request = creation->request;
    struct row_oncall_roster *rows = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ROSTERS_MAX, &rows));
    CX_TRY(roster_rows(tx, creation->row.tenant_id, request->arena, rows, &count));
    if (count == ROSTERS_MAX)
        return cx_refuse(request->diag, CX_ERR(LIMIT), "name", "roster-limit",
                         "There are %d rosters, the most there can be: end one.", ROSTERS_MAX);
    CX_TRY(row_oncall_roster_insert(tx, &creation->row));
    for (size_t i = 0; i < creation->person_count; i++) {
        CX_TRY(person_check(tx, request, LEVEL_FIELDS[creation->people[i].level - 1],
                            creation->people[i].user_id));
        CX_TRY(row_oncall_person_insert(tx, &creation->people[i]));
    }
    return roster_view(tx, request, &creation->row, &creation->view);
}

static void add_level(struct creation *creation, int64_t level, const struct cx_id *ids,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        creation->people[creation->person_count++] =
            (struct row_oncall_person){.tenant_id = creation->row.tenant_id,
                                       .roster_id = creation->row.roster_id,
                                       .level = level,
                                       .place = (int64_t)i,
                                       .user_id = ids[i]};
}

static cx_err check_roster(struct api_request *request,
                           const struct api_oncall_roster_create_in *in)
{
    if (in->has_until && in->until <= in->first)
        return cx_refuse(request->diag, CX_ERR(POLICY), "until", "time-order",
                         "A roster ends after it began.");
    if (in->third_level_count && !in->second_level_count)
        return cx_refuse(request->diag, CX_ERR(POLICY), "second_level", "level-missing",
                         "There is a third level, but no second one.");
    return CX_OK;
}

static cx_err fill_roster(struct creation *creation, const struct api_oncall_roster_create_in *in)
{
    struct api_request *request = creation->request;
    creation->row = (struct row_oncall_roster){
        .tenant_id = request->principal.tenant_id,
        .name = in->name,
        .severity = cx_str_from(api_enum_name(&api_enum_incident_severity, (int)in->severity)),
        .warning_percent = in->warning_percent,
        .first_us = in->first,
        .shift_us = in->shift_hours * HOUR_US,
        .has_until_us = in->has_until,
        .until_us = in->until,
        .escalate_us = in->escalate_minutes * MINUTE_US,
        .ahead_us = in->ahead_days * CX_US_PER_DAY,
        .has_test_every_us = in->has_test_every_days,
        .test_every_us = in->test_every_days * CX_US_PER_DAY,
        .has_test_due_us = in->has_test_every_days,
        .test_due_us = request->now_us + in->test_every_days * CX_US_PER_DAY,
        .creator_id = request->principal.user_id,
        .created_us = request->now_us};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &creation->row.roster_id));
    add_level(creation, 1, in->first_level, in->first_level_count);
    add_level(creation, 2, in->second_level, in->second_level_count);
    add_level(creation, 3, in->third_level, in->third_level_count);
    return CX_OK;
}

cx_err handle_oncall_roster_create(struct api_request *request,
                                   const struct api_oncall_roster_create_in *in,
                                   struct api_oncall_roster_create_out *ret_out)
{
    struct creation *creation = NULL;
    CX_TRY(check_roster(request, in));
    CX_TRY(ARENA_NEW(request->arena, &creation));
    creation->request = request;
    CX_TRY(fill_roster(creation, in));
    const struct field_detail details[] = {{"name", in->name},
                                           {"severity", creation->row.severity}};
    struct audit_event event = {.object_type = CX_ID_ROSTER, .object_id = creation->row.roster_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_roster, creation));
    ret_out->body = creation->view;
    return CX_OK;
}

struct listing {
    struct api_request *request;
    struct row_oncall_roster *rows;
    struct api_roster_view *items;
    size_t count;
};

static cx_err read_rosters(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct api_request *request = list->request;
    CX_TRY(roster_rows(tx, request->principal.tenant_id, request->arena, list->rows, &list->count));
    for (size_t i = 0; i < list->count; i++)
        CX_TRY(roster_view(tx, request, &list->rows[i], &list->items[i]));
    return CX_OK;
}

cx_err handle_oncall_rosters(struct api_request *request, const struct api_oncall_rosters_in *in,
                             struct api_oncall_rosters_out *ret_out)
{
    struct listing list = {.request = request};
    (void)in;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ROSTERS_MAX, &list.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ROSTERS_MAX, &list.items));
    CX_TRY(store_read(request->core->store, read_rosters, &list));
    ret_out->body = (struct api_roster_list){.items = list.items, .items_count = list.count};
    return CX_OK;
}

struct ending {
    struct api_request *request;
    struct cx_id roster_id;
    struct api_roster_view view;
};

static cx_err write_end(struct store_tx *tx, void *arg)
{
    struct ending *ending = arg;
    struct api_request *request = ending->request;
    struct row_oncall_roster row;
    CX_TRY(roster_find_for(tx, request, ending->roster_id, &row));
    cx_err err =
        roster_end(tx, row.tenant_id, row.roster_id, request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "roster_id", "roster-ended", "It has ended already.");
    CX_TRY(err);
    CX_TRY(roster_find_for(tx, request, ending->roster_id, &row));
    return roster_view(tx, request, &row, &ending->view);
}

cx_err handle_oncall_roster_end(struct api_request *request,
                                const struct api_oncall_roster_end_in *in,
                                struct api_oncall_roster_end_out *ret_out)
{
    struct ending ending = {.request = request, .roster_id = in->roster_id};
    struct audit_event event = {.object_type = CX_ID_ROSTER, .object_id = in->roster_id};
    CX_TRY(api_commit(request, &event, write_end, &ending));
    ret_out->body = ending.view;
    return CX_OK;
}

struct scheduling {
    struct api_request *request;
    struct cx_id roster_id;
    struct oncall_plan plan;
};

static cx_err read_plan(struct store_tx *tx, void *arg)
{
    struct scheduling *scheduling = arg;
    struct api_request *request = scheduling->request;
    struct row_oncall_roster row;
    CX_TRY(roster_find_for(tx, request, scheduling->roster_id, &row));
    return roster_plan(tx, &row, request->now_us - 7 * CX_US_PER_DAY, request->arena,
                       &scheduling->plan);
}

static struct api_schedule_turn view_turn(const struct oncall_turn *turn)
{
    const struct oncall_person *person = turn->person;
    struct api_schedule_turn view = {.level = turn->level,
                                     .from = turn->from_us,
                                     .has_until = turn->until_us != ONCALL_NEVER,
                                     .until = turn->until_us,
                                     .has_user_id = person != NULL};
    if (person) {
        view.user_id = person->user_id;
        view.reachable = person->reachable;
    }
    return view;
}

cx_err handle_oncall_schedule(struct api_request *request, const struct api_oncall_schedule_in *in,
                              struct api_oncall_schedule_out *ret_out)
{
    struct scheduling scheduling = {.request = request, .roster_id = in->roster_id};
    struct api_schedule_turn *items = NULL;
    cx_time until_us = request->now_us + in->days * CX_US_PER_DAY;
    size_t count = 0;
    CX_TRY(store_read(request->core->store, read_plan, &scheduling));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, SCHEDULE_MAX, &items));
    for (int64_t level = 1; level <= scheduling.plan.level_count; level++) {
        for (cx_time at_us = request->now_us; at_us < until_us && count < SCHEDULE_MAX;) {
            struct oncall_turn turn = oncall_turn_at(&scheduling.plan, level, at_us);
            items[count++] = view_turn(&turn);
            at_us = turn.until_us;
        }
    }
    ret_out->body = (struct api_schedule_list){.items = items, .items_count = count};
    return CX_OK;
}
