/*
 * What people on call have to be told of an incident: each written once, in the transaction that makes it so, and taken by
 * core/oncall. Inside store closures.
 */
#pragma once
#include "core/incident/words.h"
#include "base/arena.h"
#include "store/rows.h"

/* Nothing when one as severe was called for before: a severity that falls and rises again tells nobody anything new. */
cx_err call_add_severity(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                         enum incident_severity severity, cx_time now_us);
/* A warning or a miss of a duty: percent of its time have passed. */
cx_err call_add_duty(struct store_tx *tx, const struct row_incident_mark *mark);

struct call {
    struct row_incident_call row;
    bool is_duty;
    enum incident_severity severity; /* not is_duty */
    int64_t percent;                 /* is_duty */
};
/* Those not taken yet, oldest first; calls has room for limit. */
cx_err call_waiting(struct store_tx *tx, struct cx_id tenant_id, size_t limit, struct arena *arena,
                    struct call *calls, size_t *ret_count);
/* CX_E_CONFLICT when another took it. */
cx_err call_take(struct store_tx *tx, const struct row_incident_call *row, cx_time now_us);
