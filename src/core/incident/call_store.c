#include "core/incident/call_store.h"
#include "core/incident/duty.h"

enum { CALL_KEY_MAX = DUTY_KEY_MAX + 32 };
#define SEVERITY_HEAD "severity/"
#define DUTY_HEAD "duty/"

static cx_err add(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                  const char *key, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "INSERT INTO incident_call (tenant_id, incident_id, call_key, raised_us) "
                         "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_text(q, 3, cx_str_from(key));
    store_bind_int(q, 4, now_us);
    return store_exec(q);
}

static cx_err has(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                  const char *key, bool *ret_has)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM incident_call WHERE tenant_id = $1 AND incident_id = $2 "
                         "AND call_key = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_text(q, 3, cx_str_from(key));
    return store_step(q, ret_has);
}

static void severity_key(enum incident_severity severity, char ret_key[static CALL_KEY_MAX])
{
    snprintf(ret_key, CALL_KEY_MAX, SEVERITY_HEAD "%s",
             incident_word(&incident_severities, (int)severity));
}

cx_err call_add_severity(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                         enum incident_severity severity, cx_time now_us)
{
    char key[CALL_KEY_MAX];
    bool called = false;
    for (int at = (int)severity; at < SEVERITY_COUNT && !called; at++) {
        severity_key((enum incident_severity)at, key);
        CX_TRY(has(tx, tenant_id, incident_id, key, &called));
    }
    if (called)
        return CX_OK;
    severity_key(severity, key);
    return add(tx, tenant_id, incident_id, key, now_us);
}

cx_err call_add_duty(struct store_tx *tx, const struct row_incident_mark *mark)
{
    char key[CALL_KEY_MAX];
    snprintf(key, sizeof(key), DUTY_HEAD "%lld/%.*s", (long long)mark->percent,
             CX_STR_ARG(mark->duty_key));
    return add(tx, mark->tenant_id, mark->incident_id, key, mark->marked_us);
}

/* The key as this file wrote it. */
static cx_err read_key(struct call *call)
{
    struct cx_str key = call->row.call_key;
    int severity = 0;
    call->is_duty = cx_str_starts(key, CX_STR(DUTY_HEAD));
    if (!call->is_duty) {
        struct cx_str word = {key.ptr + sizeof(SEVERITY_HEAD) - 1,
                              key.len - (sizeof(SEVERITY_HEAD) - 1)};
        if (!cx_str_starts(key, CX_STR(SEVERITY_HEAD)) ||
            cx_failed(incident_value(&incident_severities, word, &severity)))
            return CX_ERR(STORE);
        call->severity = (enum incident_severity)severity;
        return CX_OK;
    }
    for (size_t i = sizeof(DUTY_HEAD) - 1; i < key.len && key.ptr[i] >= '0' && key.ptr[i] <= '9';
         i++)
        call->percent = call->percent * 10 + (key.ptr[i] - '0');
    return CX_OK;
}

cx_err call_waiting(struct store_tx *tx, struct cx_id tenant_id, size_t limit, struct arena *arena,
                    struct call *calls, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT incident_id, call_key, raised_us FROM incident_call "
                         "WHERE tenant_id = $1 AND taken_us IS NULL "
                         "ORDER BY raised_us, incident_id, call_key LIMIT $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        struct call *call = &calls[count++];
        *call = (struct call){.row = {.tenant_id = tenant_id,
                                      .incident_id = store_col_id(q, 0),
                                      .raised_us = store_col_int(q, 2)}};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &call->row.call_key));
        CX_TRY(read_key(call));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err call_take(struct store_tx *tx, const struct row_incident_call *row, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_call SET taken_us = $4 WHERE tenant_id = $1 "
                         "AND incident_id = $2 AND call_key = $3 AND taken_us IS NULL",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->incident_id);
    store_bind_text(q, 3, row->call_key);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}
