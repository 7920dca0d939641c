/* Alerts and reports in the database. Inside store closures. */
#pragma once
#include "core/incident/incident_store.h"

/* CX_E_NOTFOUND when the alert is new. */
cx_err alert_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_str alert_key,
                  struct cx_id *ret_incident_id, int64_t *ret_count);
/* The alert with its incident and count as they are from now on. */
cx_err alert_put(struct store_tx *tx, const struct row_incident_alert *row);

struct report_row {
    struct cx_id report_id;
    struct cx_sealed problem, reporter; /* reporter empty: anonymous */
    bool may_be_named;
    struct cx_bytes proven_spki; /* SHA-256; empty: no key was proven compromised */
    cx_time received_us;
};
enum { REPORTS_MAX = 500 };
/* Oldest first; rows has room for REPORTS_MAX. */
cx_err report_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                   struct arena *arena, struct report_row *rows, size_t *ret_count);
/* Reports since then: from this address, and in all. */
cx_err report_count(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes address_index,
                    cx_time since_us, int64_t *ret_from_address, int64_t *ret_all);
