/* Swaps and absences. */
#include "api_routes.h"
#include "core/core.h"
#include "core/field.h"
#include "core/oncall/view.h"

static struct api_override_view view_of(const struct row_oncall_override *row)
{
    return (struct api_override_view){.id = row->override_id,
                                      .roster_id = row->roster_id,
                                      .level = row->level,
                                      .from = row->from_us,
                                      .until = row->until_us,
                                      .has_user_id = row->has_user_id,
                                      .user_id = row->user_id,
                                      .creator_id = row->creator_id,
                                      .created = row->created_us,
                                      .has_ender_id = row->has_ender_id,
                                      .ender_id = row->ender_id,
                                      .has_ended = row->has_ended_us,
                                      .ended = row->ended_us};
}

struct listing {
    struct api_request *request;
    struct cx_id roster_id;
    struct row_oncall_override *rows;
    size_t count;
};

static cx_err read_overrides(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct api_request *request = list->request;
    struct row_oncall_roster roster;
    CX_TRY(roster_find_for(tx, request, list->roster_id, &roster));
    return roster_overrides(tx, roster.tenant_id, roster.roster_id, request->now_us, list->rows,
                            &list->count);
}

cx_err handle_oncall_overrides(struct api_request *request,
                               const struct api_oncall_overrides_in *in,
                               struct api_oncall_overrides_out *ret_out)
{
    struct listing list = {.request = request, .roster_id = in->roster_id};
    struct api_override_view *items = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ONCALL_OVERRIDES_MAX, &list.rows));
    CX_TRY(store_read(request->core->store, read_overrides, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        items[i] = view_of(&list.rows[i]);
    ret_out->body = (struct api_override_list){.items = items, .items_count = list.count};
    return CX_OK;
}

struct adding {
    struct api_request *request;
    struct row_oncall_override row;
};

static cx_err write_override(struct store_tx *tx, void *arg)
{
    struct adding *adding = arg;
    struct api_request *request = adding->request;
    struct row_oncall_override *row = &adding->row, *others = NULL;
    struct row_oncall_roster roster;
    struct oncall_plan plan;
    size_t count = 0;
    CX_TRY(roster_find_for(tx, request, row->roster_id, &roster));
    if (roster.has_ended_us)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "roster_id", "roster-ended",
                         "The roster has ended.");
    CX_TRY(roster_plan(tx, &roster, request->now_us, request->arena, &plan));
    if (row->level > plan.level_count)
        return cx_refuse(request->diag, CX_ERR(POLICY), "level", "level-missing",
                         "The roster has %lld levels.", (long long)plan.level_count);
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ONCALL_OVERRIDES_MAX, &others));
    CX_TRY(roster_overrides(tx, row->tenant_id, row->roster_id, request->now_us - 7 * CX_US_PER_DAY,
                            others, &count));
    if (count == ONCALL_OVERRIDES_MAX)
        return cx_refuse(request->diag, CX_ERR(LIMIT), "from", "override-limit",
                         "There are %d overrides: take some back.", ONCALL_OVERRIDES_MAX);
    if (row->has_user_id)
        CX_TRY(person_check(tx, request, "user_id", row->user_id));
    return row_oncall_override_insert(tx, row);
}

cx_err handle_oncall_override_add(struct api_request *request,
                                  const struct api_oncall_override_add_in *in,
                                  struct api_oncall_override_add_out *ret_out)
{
    struct adding adding = {.request = request,
                            .row = {.tenant_id = request->principal.tenant_id,
                                    .roster_id = in->roster_id,
                                    .level = in->level,
                                    .from_us = in->from,
                                    .until_us = in->until,
                                    .has_user_id = in->has_user_id,
                                    .user_id = in->user_id,
                                    .creator_id = request->principal.user_id,
                                    .created_us = request->now_us}};
    struct cx_str user = CX_STR_NONE, roster = CX_STR_NONE;
    if (in->until <= in->from)
        return cx_refuse(request->diag, CX_ERR(POLICY), "until", "time-order",
                         "A time ends after it began.");
    if (in->until <= request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "until", "time-in-past",
                         "This time is over.");
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &adding.row.override_id));
    CX_TRY(field_id_text(request->arena, CX_ID_ROSTER, in->roster_id, &roster));
    if (in->has_user_id)
        CX_TRY(field_id_text(request->arena, CX_ID_USER, in->user_id, &user));
    const struct field_detail details[] = {{"roster", roster}, {"user", user}};
    struct audit_event event = {.object_type = CX_ID_ROSTER_OVERRIDE,
                                .object_id = adding.row.override_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_override, &adding));
    ret_out->body = view_of(&adding.row);
    return CX_OK;
}

struct ending {
    struct api_request *request;
    struct cx_id override_id;
    struct row_oncall_override row;
};

static cx_err write_end(struct store_tx *tx, void *arg)
{
    struct ending *ending = arg;
    struct api_request *request = ending->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err = override_end(tx, tenant_id, ending->override_id, request->principal.user_id,
                              request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "override_id", "override-state",
                         "There is no such override, or it has ended.");
    CX_TRY(err);
    return override_find(tx, tenant_id, ending->override_id, &ending->row);
}

cx_err handle_oncall_override_end(struct api_request *request,
                                  const struct api_oncall_override_end_in *in,
                                  struct api_oncall_override_end_out *ret_out)
{
    struct ending ending = {.request = request, .override_id = in->override_id};
    struct audit_event event = {.object_type = CX_ID_ROSTER_OVERRIDE, .object_id = in->override_id};
    CX_TRY(api_commit(request, &event, write_end, &ending));
    ret_out->body = view_of(&ending.row);
    return CX_OK;
}
