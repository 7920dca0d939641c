/* Reading: lists of incidents, their timelines and duties, the queue of what is due, and the rules in force. */
#include "api_routes.h"
#include "core/incident/pack_use.h"
#include "core/incident/step_store.h"
#include "core/incident/view.h"

/* Incidents that the queue and the clocks look at: beyond it the answer says that it is not complete. */
enum { QUEUE_INCIDENTS_MAX = 1000 };

struct listing {
    struct api_request *request;
    bool live, has_state;
    enum incident_state state;
    struct page_key after;
    size_t limit, count;
    struct incident *incidents;
    struct step_list *steps; /* of the live ones, beside incidents */
    struct step_cache cache;
    bool unreadable; /* some steps are not among them */
};

static cx_err read_list(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct api_request *request = list->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct incident_row *rows = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list->limit, &rows));
    if (list->live)
        CX_TRY(incident_live(tx, tenant_id, &list->after, list->limit, request->arena, rows,
                             &list->count));
    else
        CX_TRY(incident_page(tx, tenant_id, list->has_state, list->state, &list->after, list->limit,
                             request->arena, rows, &list->count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list->count, &list->incidents));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list->count, &list->steps));
    for (size_t i = 0; i < list->count; i++) {
        list->incidents[i] = (struct incident){.row = rows[i]};
        CX_TRY(incident_complete(tx, request->core, tenant_id, request->now_us, request->arena,
                                 &list->incidents[i]));
        if (list->live)
            CX_TRY(steps_load(tx, tenant_id, &list->incidents[i], request->now_us, request->arena,
                              &list->cache, &list->steps[i]));
        list->unreadable |= list->steps[i].unreadable > 0;
    }
    return CX_OK;
}

cx_err handle_incident_list(struct api_request *request, const struct api_incident_list_in *in,
                            struct api_incident_list_out *ret_out)
{
    struct listing list = {.request = request,
                           .has_state = in->has_state,
                           .state = (enum incident_state)in->state,
                           .limit = (size_t)in->limit};
    struct api_incident_view *items = NULL;
    CX_TRY(page_cursor_parse("incident", in->cursor, request->diag, &list.after));
    CX_TRY(store_read(request->core->store, read_list, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(incident_view(request, &list.incidents[i], &items[i]));
    struct api_incident_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct incident_row *last = &list.incidents[list.count - 1].row;
        struct page_key key = {last->created_us, last->incident_id};
        CX_TRY(page_cursor_write(request->arena, "incident", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_incident_get(struct api_request *request, const struct api_incident_get_in *in,
                           struct api_incident_get_out *ret_out)
{
    return incident_show(request, in->incident_id, &ret_out->body);
}

cx_err handle_incident_timeline(struct api_request *request,
                                const struct api_incident_timeline_in *in,
                                struct api_incident_timeline_out *ret_out)
{
    struct incident incident;
    struct api_incident_entry_view *items = NULL;
    size_t first = (size_t)in->after, count = 0;
    CX_TRY(incident_read(request, in->incident_id, &incident));
    if (first < incident.entry_count)
        count = incident.entry_count - first;
    bool more = count > (size_t)in->limit;
    if (more)
        count = (size_t)in->limit;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &items));
    for (size_t i = 0; i < count; i++) /* numbers have no gaps: entry n is at n - 1 */
        CX_TRY(incident_entry_view(request, &incident.entries[first + i], &items[i]));
    ret_out->body = (struct api_incident_timeline){.items = items,
                                                   .items_count = count,
                                                   .has_next_after = more,
                                                   .next_after = (int64_t)(first + count)};
    return CX_OK;
}

cx_err handle_incident_duties(struct api_request *request, const struct api_incident_duties_in *in,
                              struct api_incident_duties_out *ret_out)
{
    struct incident incident;
    struct api_duty_view *items = NULL;
    CX_TRY(incident_read(request, in->incident_id, &incident));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, incident.duties.count, &items));
    for (size_t i = 0; i < incident.duties.count; i++)
        CX_TRY(incident_duty_view(request, in->incident_id, &incident.duties.duties[i], &items[i]));
    ret_out->body = (struct api_duty_list){
        .items = items, .items_count = incident.duties.count, .complete = true};
    return CX_OK;
}

/* A duty, or a step of a playbook. */
struct due {
    struct cx_id incident_id;
    const struct duty *duty; /* NULL: a step */
    const struct step *step;
    cx_time deadline_us;
    struct cx_str key, playbook; /* playbook: of a step */
};

static int by_deadline(const void *a, const void *b)
{
    const struct due *left = a, *right = b;
    if (left->deadline_us != right->deadline_us)
        return left->deadline_us < right->deadline_us ? -1 : 1;
    int order = cx_bytes_cmp(cx_id_bytes(&left->incident_id), cx_id_bytes(&right->incident_id));
    if (!order)
        order = cx_bytes_cmp(cx_str_bytes(left->playbook), cx_str_bytes(right->playbook));
    return order ? order : cx_bytes_cmp(cx_str_bytes(left->key), cx_str_bytes(right->key));
}

static size_t add_duties(const struct incident *incident, struct due *due)
{
    size_t count = 0;
    for (size_t i = 0; i < incident->duties.count; i++) {
        const struct duty *duty = &incident->duties.duties[i];
        if (duty_is_open(duty))
            due[count++] = (struct due){.incident_id = incident->row.incident_id,
                                        .duty = duty,
                                        .deadline_us = duty->deadline_us,
                                        .key = duty->key};
    }
    return count;
}

/* Those that stand for a duty are there as that duty. */
static size_t add_steps(const struct incident *incident, const struct step_list *steps,
                        struct due *due)
{
    size_t count = 0;
    for (size_t i = 0; i < steps->count; i++) {
        const struct step *step = &steps->steps[i];
        if (step_is_due(step) && step->is->kind != PLAYBOOK_DUTY)
            due[count++] = (struct due){.incident_id = incident->row.incident_id,
                                        .step = step,
                                        .deadline_us = step->deadline_us,
                                        .key = step->is->id,
                                        .playbook = step->book->playbook->name};
    }
    return count;
}

static cx_err collect_due(struct arena *arena, const struct listing *list, struct due **ret_due,
                          size_t *ret_count)
{
    struct due *due = NULL;
    size_t room = 0, count = 0;
    for (size_t i = 0; i < list->count; i++)
        room += list->incidents[i].duties.count + list->steps[i].count;
    CX_TRY(ARENA_NEW_ARRAY(arena, room, &due));
    for (size_t i = 0; i < list->count; i++) {
        count += add_duties(&list->incidents[i], &due[count]);
        count += add_steps(&list->incidents[i], &list->steps[i], &due[count]);
    }
    if (count)
        qsort(due, count, sizeof(*due), by_deadline);
    *ret_due = due;
    *ret_count = count;
    return CX_OK;
}

static cx_err view_due(struct api_request *request, const struct due *due,
                       struct api_duty_view *ret_view)
{
    return due->duty ? incident_duty_view(request, due->incident_id, due->duty, ret_view)
                     : incident_step_due_view(request, due->incident_id, due->step, ret_view);
}

cx_err handle_incident_due(struct api_request *request, const struct api_incident_due_in *in,
                           struct api_incident_due_out *ret_out)
{
    struct listing list = {
        .request = request, .live = true, .after = PAGE_START, .limit = QUEUE_INCIDENTS_MAX};
    struct due *due = NULL;
    size_t count = 0;
    struct api_duty_view *items = NULL;
    CX_TRY(store_read(request->core->store, read_list, &list));
    CX_TRY(collect_due(request->arena, &list, &due, &count));
    bool complete =
        list.count < QUEUE_INCIDENTS_MAX && count <= (size_t)in->limit && !list.unreadable;
    if (count > (size_t)in->limit)
        count = (size_t)in->limit;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &items));
    for (size_t i = 0; i < count; i++)
        CX_TRY(view_due(request, &due[i], &items[i]));
    ret_out->body =
        (struct api_duty_list){.items = items, .items_count = count, .complete = complete};
    return CX_OK;
}

static cx_err limit_text(struct arena *arena, const struct rule_limit *limit, struct cx_str *ret)
{
    static const char *const SUFFIX[] = {[RULE_MONTHS] = "mo", [RULE_BUSINESS_DAYS] = "bd"};
    if (limit->unit == RULE_MONTHS || limit->unit == RULE_BUSINESS_DAYS)
        return arena_printf(arena, ret, "%lld%s", (long long)limit->value, SUFFIX[limit->unit]);
    const char *before = limit->unit == RULE_STATED ? limit->value ? "stated-" : "stated" : "";
    if (limit->unit == RULE_STATED && limit->value == 0)
        return arena_printf(arena, ret, "%s", before);
    int64_t hours = limit->value / 3600;
    if (limit->value % 3600)
        return arena_printf(arena, ret, "%s%lldm", before, (long long)limit->value / 60);
    if (hours % 24 || hours == 24)
        return arena_printf(arena, ret, "%s%lldh", before, (long long)hours);
    return arena_printf(arena, ret, "%s%lldd", before, (long long)hours / 24);
}

static cx_err view_pack(struct arena *arena, const struct rule_pack *pack,
                        struct api_rule_pack_view *ret_view)
{
    struct api_rule_duty_view *duties = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, pack->duty_count, &duties));
    for (size_t i = 0; i < pack->duty_count; i++) {
        const struct rule_duty *rule = &pack->duties[i];
        enum api_incident_kind *triggers = NULL;
        CX_TRY(ARENA_NEW_ARRAY(arena, rule->triggers.count, &triggers));
        for (size_t j = 0; j < rule->triggers.count; j++)
            triggers[j] = (enum api_incident_kind)rule->triggers.kinds[j];
        duties[i] = (struct api_rule_duty_view){.id = rule->id,
                                                .title = rule->title,
                                                .obligation = (enum api_obligation)rule->obligation,
                                                .section = rule->section,
                                                .trigger = triggers,
                                                .trigger_count = rule->triggers.count};
        CX_TRY(limit_text(arena, &rule->limit, &duties[i].limit));
    }
    *ret_view = (struct api_rule_pack_view){
        .name = pack->name,
        .version = pack->version,
        .document = pack->document,
        .status = pack->draft ? API_RULE_STATUS_DRAFT : API_RULE_STATUS_IN_FORCE,
        .primary = pack->primary,
        .has_effective_from = pack->from_us != INT64_MIN,
        .effective_from = pack->from_us,
        .has_effective_until = pack->until_us != INT64_MAX,
        .effective_until = pack->until_us,
        .duties = duties,
        .duties_count = pack->duty_count,
    };
    return CX_OK;
}

struct applying {
    struct api_request *request;
    const struct rule_pack *packs;
    size_t count;
};

static cx_err read_applying(struct store_tx *tx, void *arg)
{
    struct applying *it = arg;
    return pack_list_of(tx, it->request->core, it->request->principal.tenant_id, it->request->arena,
                        &it->packs, &it->count);
}

cx_err handle_incident_rules(struct api_request *request, const struct api_incident_rules_in *in,
                             struct api_incident_rules_out *ret_out)
{
    (void)in;
    struct applying applying = {.request = request};
    struct api_rule_pack_view *items = NULL;
    CX_TRY(store_read(request->core->store, read_applying, &applying));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, applying.count, &items));
    for (size_t i = 0; i < applying.count; i++)
        CX_TRY(view_pack(request->arena, &applying.packs[i], &items[i]));
    ret_out->body = (struct api_rule_pack_list){.items = items, .items_count = applying.count};
    return CX_OK;
}
