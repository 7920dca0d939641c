/*
 * A report from outside as a new incident: its rows and the entries that start its clocks, whatever way it came. Sealing is done before the
 * store closure.
 */
#pragma once
#include "core/incident/intake_store.h"
#include "core/incident/record.h"

struct core;

struct report_draft {
    struct cx_id tenant_id;
    struct cx_str problem;  /* at most REPORT_PROBLEM_MAX characters */
    struct cx_str reporter; /* empty: anonymous */
    struct cx_str origin;   /* address that limits count by; kept as a keyed token */
    bool may_be_named;
    struct cx_bytes proven_spki; /* empty: nothing was proven */
    struct cx_str certificates;  /* those of the key, as text; empty: there are none */
    struct cx_str receipt;       /* how the sender got it; empty: not yet */
    cx_time now_us;
};
struct report_new {
    struct incident_new made;
    struct row_incident_report row;
    struct row_incident_entry received, acknowledged, required;
    bool has_acknowledged, has_required;
    struct cx_str tracking; /* "rpt_…" */
};
/* Not inside a store closure. The draft's texts and arena outlive the report. */
cx_err report_prepare(struct core *core, struct arena *arena, const struct report_draft *draft,
                      struct report_new *ret_report);
/* Inside a store closure. */
cx_err report_insert(struct store_tx *tx, struct report_new *report);
