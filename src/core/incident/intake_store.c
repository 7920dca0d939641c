#include "core/incident/intake_store.h"

cx_err alert_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_str alert_key,
                  struct cx_id *ret_incident_id, int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT incident_id, count FROM incident_alert "
                         "WHERE tenant_id = $1 AND alert_key = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, alert_key);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    *ret_incident_id = store_col_id(q, 0);
    *ret_count = store_col_int(q, 1);
    return CX_OK;
}

cx_err alert_put(struct store_tx *tx, const struct row_incident_alert *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_alert SET incident_id = $3, count = $4, last_us = $5 "
                         "WHERE tenant_id = $1 AND alert_key = $2",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_text(q, 2, row->alert_key);
    store_bind_id(q, 3, row->incident_id);
    store_bind_int(q, 4, row->count);
    store_bind_int(q, 5, row->last_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : row_incident_alert_insert(tx, row);
}

static cx_err report_of(const struct store_stmt *q, struct arena *arena, struct report_row *ret)
{
    struct report_row row = {.report_id = store_col_id(q, 0),
                             .may_be_named = store_col_int(q, 3) == 1,
                             .received_us = store_col_int(q, 5)};
    CX_TRY(arena_copy(arena, store_col_sealed(q, 1).envelope, &row.problem.envelope));
    if (!store_col_is_null(q, 2))
        CX_TRY(arena_copy(arena, store_col_sealed(q, 2).envelope, &row.reporter.envelope));
    if (!store_col_is_null(q, 4))
        CX_TRY(arena_copy(arena, store_col_bytes(q, 4), &row.proven_spki));
    *ret = row;
    return CX_OK;
}

cx_err report_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                   struct arena *arena, struct report_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT report_id, problem, reporter, may_be_named, proven_spki, "
                         "received_us FROM incident_report WHERE tenant_id = $1 "
                         "AND incident_id = $2 ORDER BY received_us, report_id LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, REPORTS_MAX);
    while (count < REPORTS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(report_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err count_of(struct store_stmt *q, int64_t *ret_count)
{
    bool row = false;
    CX_TRY(store_step(q, &row));
    *ret_count = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err report_count(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes address_index,
                    cx_time since_us, int64_t *ret_from_address, int64_t *ret_all)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT COUNT(*) FROM incident_report WHERE tenant_id = $1 "
                         "AND address_index = $2 AND received_us > $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, address_index);
    store_bind_int(q, 3, since_us);
    CX_TRY(count_of(q, ret_from_address));
    CX_TRY(store_prepare(
        tx, "SELECT COUNT(*) FROM incident_report WHERE tenant_id = $1 AND received_us > $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, since_us);
    return count_of(q, ret_all);
}
