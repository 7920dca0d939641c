#include "core/incident/incident_store.h"
#include "core/incident/call_store.h"

#define INCIDENT_COLUMNS                                                                           \
    "incident_id, type, state, tracks, certificates, impact, urgency, source, parent_id, "         \
    "merged_into, creator_id, title, summary, entry_count, created_us, updated_us"

static cx_err word_of(const struct incident_words *words, struct cx_str text, int *ret_value)
{
    return cx_failed(incident_value(words, text, ret_value)) ? CX_ERR(STORE) : CX_OK;
}

static cx_err words_of(const struct store_stmt *q, struct incident_row *row)
{
    int type = 0, impact = 0, urgency = 0, source = 0;
    CX_TRY(word_of(&incident_types, store_col_text(q, 1), &type));
    CX_TRY(incident_state_from_name(store_col_text(q, 2), &row->state));
    CX_TRY(word_of(&incident_levels, store_col_text(q, 5), &impact));
    CX_TRY(word_of(&incident_levels, store_col_text(q, 6), &urgency));
    CX_TRY(word_of(&incident_sources, store_col_text(q, 7), &source));
    row->type = (enum incident_type)type;
    row->impact = (enum incident_level)impact;
    row->urgency = (enum incident_level)urgency;
    row->source = (enum incident_source)source;
    return CX_OK;
}

static cx_err row_of(const struct store_stmt *q, struct arena *arena,
                     struct incident_row *ret_incident)
{
    struct incident_row row = {.incident_id = store_col_id(q, 0),
                               .tracks = (uint32_t)store_col_int(q, 3),
                               .certificates = (uint32_t)store_col_int(q, 4),
                               .parent_id = store_col_id(q, 8),
                               .merged_into = store_col_id(q, 9),
                               .creator_id = store_col_id(q, 10),
                               .entry_count = store_col_int(q, 13),
                               .created_us = store_col_int(q, 14),
                               .updated_us = store_col_int(q, 15)};
    CX_TRY(words_of(q, &row));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 11).envelope, &row.title.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 12).envelope, &row.summary.envelope));
    *ret_incident = row;
    return CX_OK;
}

static cx_err rows_of(struct store_stmt *q, size_t limit, struct arena *arena,
                      struct incident_row *rows, size_t *ret_count)
{
    size_t count = 0;
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err incident_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                     struct arena *arena, struct incident_row *ret_incident)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE tenant_id = $1 AND incident_id = $2",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_incident) : CX_ERR(NOTFOUND);
}

cx_err incident_page(struct store_tx *tx, struct cx_id tenant_id, bool has_state,
                     enum incident_state state, const struct page_key *after, size_t limit,
                     struct arena *arena, struct incident_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " INCIDENT_COLUMNS " FROM incident WHERE tenant_id = $1 "
                         "AND (created_us, incident_id) < ($2, $3) AND (state = $5 OR $5 IS NULL) "
                         "ORDER BY created_us DESC, incident_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    if (has_state)
        store_bind_text(q, 5, cx_str_from(incident_state_name(state)));
    else
        store_bind_null(q, 5);
    return rows_of(q, limit, arena, rows, ret_count);
}

cx_err incident_live(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                     size_t limit, struct arena *arena, struct incident_row *rows,
                     size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " INCIDENT_COLUMNS " FROM incident WHERE tenant_id = $1 "
                         "AND state NOT IN ('false_alarm', 'merged') "
                         "AND (created_us, incident_id) < ($2, $3) "
                         "ORDER BY created_us DESC, incident_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    return rows_of(q, limit, arena, rows, ret_count);
}

cx_err incident_transition(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                           enum incident_state from, enum incident_state to, cx_time now_us)
{
    struct store_stmt *q = NULL;
    if (!incident_state_may(from, to))
        return CX_ERR(INTERNAL);
    CX_TRY(store_prepare(tx,
                         "UPDATE incident SET state = $4, updated_us = $5 "
                         "WHERE tenant_id = $1 AND incident_id = $2 AND state = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_text(q, 3, cx_str_from(incident_state_name(from)));
    store_bind_text(q, 4, cx_str_from(incident_state_name(to)));
    store_bind_int(q, 5, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err incident_set_merged(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                           struct cx_id into)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident SET merged_into = $3 "
                         "WHERE tenant_id = $1 AND incident_id = $2 AND merged_into IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_id(q, 3, into);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err incident_set_assessment(struct store_tx *tx, struct cx_id tenant_id,
                               const struct incident_row *incident, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident SET impact = $3, urgency = $4, tracks = $5, "
                         "certificates = $6, updated_us = $7 "
                         "WHERE tenant_id = $1 AND incident_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident->incident_id);
    store_bind_text(q, 3, cx_str_from(incident_word(&incident_levels, incident->impact)));
    store_bind_text(q, 4, cx_str_from(incident_word(&incident_levels, incident->urgency)));
    store_bind_int(q, 5, incident->tracks);
    store_bind_int(q, 6, incident->certificates);
    store_bind_int(q, 7, now_us);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(NOTFOUND);
    return call_add_severity(tx, tenant_id, incident->incident_id,
                             incident_severity(incident->impact, incident->urgency), now_us);
}
