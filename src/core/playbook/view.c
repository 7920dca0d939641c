#include "core/playbook/view.h"

_Static_assert((int)API_PLAYBOOK_KIND_COUNT == (int)PLAYBOOK_KIND_COUNT &&
                   (int)API_PLAYBOOK_KIND_DUTY == (int)PLAYBOOK_DUTY,
               "the contract lists kinds in the order of playbook.h");

struct reading {
    struct api_request *request;
    struct cx_str name;
    int64_t version;
    struct playbook_read *read;
};

static cx_err read_rows(struct store_tx *tx, void *arg)
{
    struct reading *it = arg;
    struct api_request *request = it->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct playbook_row other;
    CX_TRY(playbook_find(tx, tenant_id, it->name, it->version, request->arena, &it->read->row));
    CX_TRY(playbook_find(tx, tenant_id, it->name, 1, request->arena, &other));
    it->read->first_us = other.created_us;
    cx_err err =
        playbook_in_force(tx, tenant_id, it->name, request->now_us, request->arena, &other);
    it->read->in_force = cx_is_ok(err) && other.version == it->read->row.version;
    return err.code == CX_E_NOTFOUND ? CX_OK : err;
}

cx_err playbook_read(struct api_request *request, struct cx_str name, int64_t version,
                     struct playbook_read *ret_read)
{
    struct reading it = {request, name, version, ret_read};
    cx_err err = store_read(request->core->store, read_rows, &it);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, version ? "version" : "name", "playbook-unknown",
                         "There is no such playbook, or no such version of it.");
    CX_TRY(err);
    return playbook_parse(request->arena, cx_str_bytes(ret_read->row.content), request->diag,
                          &ret_read->playbook);
}

static void summarise(const struct playbook_row *row, bool in_force,
                      const struct playbook *playbook, struct api_playbook_summary *summary)
{
    *summary = (struct api_playbook_summary){.name = row->name,
                                             .version = row->version,
                                             .state = row->retired ? API_PLAYBOOK_STATE_RETIRED
                                                                   : API_PLAYBOOK_STATE_ACTIVE,
                                             .in_force = in_force,
                                             .title = playbook->title,
                                             .step_count = (int64_t)playbook->step_count,
                                             .effective = row->effective_us,
                                             .created = row->created_us,
                                             .has_created_by = !cx_id_is_zero(row->created_by_id),
                                             .created_by = row->created_by_id};
}

cx_err playbook_summary(struct api_request *request, const struct playbook_row *row, bool in_force,
                        struct api_playbook_summary *ret_summary)
{
    struct playbook playbook;
    CX_TRY(playbook_parse(request->arena, cx_str_bytes(row->content), request->diag, &playbook));
    summarise(row, in_force, &playbook, ret_summary);
    return CX_OK;
}

static cx_err list_bits(struct arena *arena, uint32_t bits, const void **ret_list,
                        size_t *ret_count)
{
    int *list = NULL; /* an enum of the contract has the size of an int */
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, 32, &list));
    for (int i = 0; i < 32; i++)
        if (bits & 1u << i)
            list[count++] = i;
    *ret_list = list;
    *ret_count = count;
    return CX_OK;
}
_Static_assert(sizeof(enum api_incident_type) == sizeof(int) &&
                   sizeof(enum api_incident_track) == sizeof(int) &&
                   sizeof(enum api_incident_severity) == sizeof(int) &&
                   sizeof(enum api_incident_certificates) == sizeof(int),
               "list_bits writes enums as ints");

static cx_err view_scope(struct arena *arena, const struct playbook_scope *scope,
                         struct api_playbook_scope *view)
{
    const void *lists[4];
    CX_TRY(list_bits(arena, scope->types, &lists[0], &view->types_count));
    CX_TRY(list_bits(arena, scope->tracks, &lists[1], &view->tracks_count));
    CX_TRY(list_bits(arena, scope->severities, &lists[2], &view->severities_count));
    CX_TRY(list_bits(arena, scope->certificates, &lists[3], &view->certificates_count));
    view->types = lists[0];
    view->tracks = lists[1];
    view->severities = lists[2];
    view->certificates = lists[3];
    return CX_OK;
}

static cx_err view_step(struct arena *arena, const struct playbook *playbook,
                        const struct playbook_step *step, struct api_playbook_step *view)
{
    bool follows = step->after_step != PLAYBOOK_NO_STEP;
    *view = (struct api_playbook_step){.step = step->id,
                                       .title = step->title,
                                       .text = step->text,
                                       .role = (enum api_incident_role)step->role,
                                       .kind = (enum api_playbook_kind)step->kind,
                                       .has_after = !follows && step->kind != PLAYBOOK_DUTY,
                                       .after = (enum api_incident_kind)step->after,
                                       .has_after_step = follows,
                                       .has_within = step->within.len > 0,
                                       .within = step->within,
                                       .has_duty = step->duty.len > 0,
                                       .duty = step->duty,
                                       .has_evidence = step->evidence.len > 0,
                                       .evidence = step->evidence};
    if (follows)
        view->after_step = playbook->steps[step->after_step].id;
    return view_scope(arena, &step->when, &view->when);
}

cx_err playbook_view(struct api_request *request, const struct playbook_read *read,
                     struct api_playbook_view *ret_view)
{
    const struct playbook *playbook = &read->playbook;
    struct api_playbook_step *steps = NULL;
    struct api_playbook_view view = {.description = playbook->description,
                                     .text = read->row.content};
    summarise(&read->row, read->in_force, playbook, &view.playbook);
    CX_TRY(view_scope(request->arena, &playbook->applies, &view.applies));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, playbook->step_count, &steps));
    for (size_t i = 0; i < playbook->step_count; i++)
        CX_TRY(view_step(request->arena, playbook, &playbook->steps[i], &steps[i]));
    view.steps = steps;
    view.steps_count = playbook->step_count;
    *ret_view = view;
    return CX_OK;
}
