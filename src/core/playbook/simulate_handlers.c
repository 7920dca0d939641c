/* Asking beforehand which incidents a playbook would apply to, and which steps they would gain or lose. */
#include "api_routes.h"
#include "core/incident/step_store.h"
#include "core/playbook/view.h"

struct simulation {
    struct api_request *request;
    const struct playbook *playbook;
    size_t limit;
    struct incident_row *rows;
    int64_t *followed; /* one a row; 0: follows none of this name */
    size_t count;
};

static cx_err read_incidents(struct store_tx *tx, void *arg)
{
    struct simulation *it = arg;
    struct arena *arena = it->request->arena;
    struct cx_id tenant_id = it->request->principal.tenant_id;
    const struct page_key first = PAGE_START;
    CX_TRY(ARENA_NEW_ARRAY(arena, it->limit, &it->rows));
    CX_TRY(ARENA_NEW_ARRAY(arena, it->limit, &it->followed));
    CX_TRY(incident_page(tx, tenant_id, false, INCIDENT_REPORTED, &first, it->limit, arena,
                         it->rows, &it->count));
    for (size_t i = 0; i < it->count; i++)
        CX_TRY(steps_followed(tx, tenant_id, it->rows[i].incident_id, it->playbook->name,
                              &it->followed[i]));
    return CX_OK;
}

static cx_err find_playbook(struct api_request *request, const struct api_playbook_simulate_in *in,
                            struct playbook *ret_playbook)
{
    struct playbook_read read;
    if (in->has_text == in->has_name || (in->has_text && in->has_version))
        return cx_refuse(request->diag, CX_ERR(POLICY), "text", "text-or-name",
                         "Send either the text of a playbook, or the name of one that is there.");
    if (in->has_text)
        return playbook_parse(request->arena, cx_str_bytes(in->text), request->diag, ret_playbook);
    CX_TRY(playbook_read(request, in->name, in->has_version ? in->version : 0, &read));
    *ret_playbook = read.playbook;
    return CX_OK;
}

/* The versions that incidents follow are few: each is read and compared once. */
struct compared {
    int64_t version;
    const struct cx_str *names[3]; /* by enum playbook_difference */
    size_t counts[3];
};

static cx_err compare(struct simulation *it, int64_t version, struct compared *ret_compared)
{
    struct api_request *request = it->request;
    struct playbook_read was = {0};
    struct playbook_differences *found = NULL;
    struct cx_str *names = NULL;
    CX_TRY(ARENA_NEW(request->arena, &found));
    if (version)
        CX_TRY(playbook_read(request, it->playbook->name, version, &was));
    playbook_compare(&was.playbook, it->playbook, found);
    *ret_compared = (struct compared){.version = version};
    for (int what = 0; what < 3; what++) {
        size_t *count = &ret_compared->counts[what];
        CX_TRY(ARENA_NEW_ARRAY(request->arena, found->count, &names));
        for (size_t i = 0; i < found->count; i++)
            if ((int)found->list[i].what == what)
                names[(*count)++] = found->list[i].step->id;
        ret_compared->names[what] = names;
    }
    return CX_OK;
}

static cx_err compared_with(struct simulation *it, int64_t version, struct compared *list,
                            size_t *count, const struct compared **ret_compared)
{
    size_t i = 0;
    while (i < *count && list[i].version != version)
        i++;
    if (i == *count) {
        CX_TRY(compare(it, version, &list[i]));
        (*count)++;
    }
    *ret_compared = &list[i];
    return CX_OK;
}

static struct api_playbook_simulated_incident view_of(const struct incident_row *row, bool applies,
                                                      const struct compared *with)
{
    return (struct api_playbook_simulated_incident){.incident_id = row->incident_id,
                                                    .state = (enum api_incident_state)row->state,
                                                    .applies = applies,
                                                    .followed = with->version,
                                                    .gained = with->names[PLAYBOOK_GAINED],
                                                    .gained_count = with->counts[PLAYBOOK_GAINED],
                                                    .lost = with->names[PLAYBOOK_LOST],
                                                    .lost_count = with->counts[PLAYBOOK_LOST],
                                                    .changed = with->names[PLAYBOOK_CHANGED],
                                                    .changed_count =
                                                        with->counts[PLAYBOOK_CHANGED]};
}

/* Incidents that it applies to, and those that follow it although it would not. */
static cx_err tell(struct simulation *it, struct api_playbook_simulation *simulation)
{
    struct api_playbook_simulated_incident *items = NULL;
    struct compared *list = NULL;
    size_t compared = 0;
    CX_TRY(ARENA_NEW_ARRAY(it->request->arena, it->count, &items));
    CX_TRY(ARENA_NEW_ARRAY(it->request->arena, it->count, &list));
    for (size_t i = 0; i < it->count; i++) {
        const struct playbook_case is = step_case(&it->rows[i]);
        bool applies = playbook_scope_has(&it->playbook->applies, &is);
        const struct compared *with = NULL;
        if (!applies && !it->followed[i])
            continue;
        CX_TRY(compared_with(it, it->followed[i], list, &compared, &with));
        items[simulation->items_count++] = view_of(&it->rows[i], applies, with);
        simulation->applies += applies;
    }
    simulation->items = items;
    simulation->considered = (int64_t)it->count;
    return CX_OK;
}

cx_err handle_playbook_simulate(struct api_request *request,
                                const struct api_playbook_simulate_in *in,
                                struct api_playbook_simulate_out *ret_out)
{
    struct playbook playbook;
    struct simulation it = {
        .request = request, .playbook = &playbook, .limit = (size_t)in->incidents};
    CX_TRY(find_playbook(request, in, &playbook));
    CX_TRY(store_read(request->core->store, read_incidents, &it));
    return tell(&it, &ret_out->body);
}
