/*
 * What else there was: merged, followed and recurring incidents whenever they were, and those of the last two years that have the same
 * type or reached the same key. Merging loses nothing, so the parts of a merged incident can still be seen apart: each keeps its
 * number, timeline and clocks.
 */
#include "api_routes.h"
#include "core/field.h"
#include "core/incident/view.h"

enum { RELATED_MAX = 200, RELATED_DAYS = 731 };

struct looking {
    struct api_request *request;
    struct cx_id incident_id;
    struct incident_row row;
    struct api_related_view *items;
    struct cx_sealed titles[RELATED_MAX];
    size_t count;
    bool complete;
};

/* Columns: incident_id, type, state, created_us, merged_into, parent_id, same_key, again (1: this one is it again, 2: it is this
 * one again), title. $3 to $4: when the others were opened. */
static const char *const RELATED =
    "SELECT i.incident_id, i.type, i.state, i.created_us, i.merged_into, i.parent_id, "
    "CASE WHEN EXISTS (SELECT 1 FROM incident_scope a JOIN incident_scope b "
    "ON b.tenant_id = a.tenant_id AND b.spki_sha256 = a.spki_sha256 WHERE a.tenant_id = $1 "
    "AND a.incident_id = $2 AND b.incident_id = i.incident_id) THEN 1 ELSE 0 END, "
    "CASE WHEN EXISTS (SELECT 1 FROM incident_recurrence r WHERE r.tenant_id = $1 "
    "AND r.incident_id = $2 AND r.earlier_id = i.incident_id) THEN 1 "
    "WHEN EXISTS (SELECT 1 FROM incident_recurrence r WHERE r.tenant_id = $1 "
    "AND r.earlier_id = $2 AND r.incident_id = i.incident_id) THEN 2 ELSE 0 END, i.title "
    "FROM incident i WHERE i.tenant_id = $1 AND i.incident_id <> $2 AND (i.merged_into = $2 "
    "OR i.parent_id = $2 OR i.incident_id = $5 OR i.incident_id = $6 OR i.incident_id IN "
    "(SELECT r.earlier_id FROM incident_recurrence r WHERE r.tenant_id = $1 "
    "AND r.incident_id = $2 UNION SELECT r.incident_id FROM incident_recurrence r "
    "WHERE r.tenant_id = $1 AND r.earlier_id = $2) OR (i.created_us >= $3 "
    "AND i.created_us <= $4 AND (i.type = $7 OR EXISTS (SELECT 1 FROM incident_scope a "
    "JOIN incident_scope b ON b.tenant_id = a.tenant_id AND b.spki_sha256 = a.spki_sha256 "
    "WHERE a.tenant_id = $1 AND a.incident_id = $2 AND b.incident_id = i.incident_id)))) "
    "ORDER BY i.created_us DESC, i.incident_id DESC LIMIT $8";

static void bind_or_null(struct store_stmt *q, int index, struct cx_id id)
{
    if (cx_id_is_zero(id))
        store_bind_null(q, index);
    else
        store_bind_id(q, index, id);
}

static cx_err relations_of(const struct store_stmt *q, struct looking *looking,
                           struct api_related_view *view, int type)
{
    struct cx_id id = looking->incident_id;
    enum api_relation *relations = NULL;
    CX_TRY(ARENA_NEW_ARRAY(looking->request->arena, API_RELATION_COUNT, &relations));
    const bool holds[API_RELATION_COUNT] = {
        [API_RELATION_MERGED_FROM] = cx_id_eq(store_col_id(q, 4), id),
        [API_RELATION_MERGED_INTO] = cx_id_eq(view->id, looking->row.merged_into),
        [API_RELATION_CHILD] = cx_id_eq(store_col_id(q, 5), id),
        [API_RELATION_PARENT] = cx_id_eq(view->id, looking->row.parent_id),
        [API_RELATION_RECURRENCE_OF] = store_col_int(q, 7) == 1,
        [API_RELATION_RECURRED_AS] = store_col_int(q, 7) == 2,
        [API_RELATION_SAME_KEY] = store_col_int(q, 6) == 1,
        [API_RELATION_SAME_TYPE] = type == (int)looking->row.type,
    };
    for (int i = 0; i < API_RELATION_COUNT; i++)
        if (holds[i])
            relations[view->relations_count++] = (enum api_relation)i;
    view->relations = relations;
    return CX_OK;
}

static cx_err view_of(const struct store_stmt *q, struct looking *looking,
                      struct api_related_view *view)
{
    enum incident_state state;
    int type = 0;
    CX_TRY(incident_value(&incident_types, store_col_text(q, 1), &type));
    CX_TRY(incident_state_from_name(store_col_text(q, 2), &state));
    *view = (struct api_related_view){.id = store_col_id(q, 0),
                                      .type = (enum api_incident_type)type,
                                      .state = (enum api_incident_state)state,
                                      .created = store_col_int(q, 3)};
    return relations_of(q, looking, view, type);
}

static cx_err read_related(struct store_tx *tx, void *arg)
{
    struct looking *looking = arg;
    struct api_request *request = looking->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct store_stmt *q = NULL;
    cx_err err = incident_find(tx, tenant_id, looking->incident_id, request->arena, &looking->row);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(store_prepare(tx, RELATED, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, looking->incident_id);
    store_bind_int(q, 3, looking->row.created_us - RELATED_DAYS * CX_US_PER_DAY);
    store_bind_int(q, 4, request->now_us);
    bind_or_null(q, 5, looking->row.merged_into);
    bind_or_null(q, 6, looking->row.parent_id);
    store_bind_text(q, 7, cx_str_from(incident_word(&incident_types, (int)looking->row.type)));
    store_bind_int(q, 8, RELATED_MAX + 1);
    for (;;) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        looking->complete = !has;
        if (!has || looking->count == RELATED_MAX)
            return CX_OK;
        CX_TRY(arena_copy(request->arena, store_col_sealed(q, 8).envelope,
                          &looking->titles[looking->count].envelope));
        CX_TRY(view_of(q, looking, &looking->items[looking->count++]));
    }
}

cx_err incident_related_show(struct api_request *request, struct cx_id incident_id,
                             struct api_related_list *ret_list)
{
    struct looking *looking = NULL;
    CX_TRY(ARENA_NEW(request->arena, &looking));
    looking->request = request;
    looking->incident_id = incident_id;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, RELATED_MAX, &looking->items));
    CX_TRY(store_read(request->core->store, read_related, looking));
    for (size_t i = 0; i < looking->count; i++) {
        struct field_place title = {request->principal.tenant_id, "incident", "title",
                                    looking->items[i].id};
        CX_TRY(field_open_text(request->core, title, looking->titles[i], request->arena,
                               &looking->items[i].title));
    }
    *ret_list = (struct api_related_list){
        .items = looking->items, .items_count = looking->count, .complete = looking->complete};
    return CX_OK;
}

cx_err handle_incident_related(struct api_request *request,
                               const struct api_incident_related_in *in,
                               struct api_incident_related_out *ret_out)
{
    return incident_related_show(request, in->incident_id, &ret_out->body);
}
