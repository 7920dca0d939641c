/*
 * Alerts: what a rule of the platform or of its tools says is wrong. The first opens an incident; equal ones (same rule,
 * same subject) count on it while it goes on.
 */
#pragma once
#include "core/incident/intake_store.h"
#include "core/incident/record.h"

struct core;

struct alert_draft {
    struct cx_id tenant_id, creator_id; /* creator zero: the program */
    struct cx_str rule, subject, title, summary;
    struct cx_str proof; /* "": none; where the evidence is */
    enum incident_level impact, urgency;
    uint32_t tracks; /* of the incident that it opens, as in record.h */
    cx_time at_us, now_us;
};
struct alert {
    struct cx_id tenant_id;
    struct arena *arena;
    struct row_incident_alert row;
    struct incident_new made;
    struct row_incident_entry raised;
    bool opened; /* by this alert */
};
/* Seals: outside a closure. The draft's texts and arena outlive the alert. */
cx_err alert_prepare(struct core *core, struct arena *arena, const struct alert_draft *draft,
                     struct alert *ret_alert);
/* Inside a closure; row.incident_id then says where it counts. */
cx_err alert_write(struct store_tx *tx, struct alert *alert);
/* One alert of the program itself, in a transaction of its own. */
cx_err alert_raise(struct core *core, struct arena *arena, const struct alert_draft *draft);
