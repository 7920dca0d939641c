/*
 * Scopes: what an incident reaches, as a query over the certificates and what it found. One statement finds and keeps the
 * certificates, so the time does not grow with trips to the database. Inside store closures; rows are never changed.
 */
#pragma once
#include "core/incident/incident_store.h"

enum { SCOPES_MAX = 500, SCOPE_SERIALS_MAX = 500 };

/* Runs the query of the row, which is inserted with its serial numbers and certificates. */
cx_err scope_run(struct store_tx *tx, const struct row_incident_scope *row,
                 const struct cx_bytes *serials, size_t serial_count);

struct scope_row {
    struct row_incident_scope row; /* texts and bytes are in arena */
    int64_t certificate_count, valid_count, revoked_count, name_count, requester_count;
};
/* CX_E_NOTFOUND; only of that incident. */
cx_err scope_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                  struct cx_id scope_id, struct arena *arena, struct scope_row *ret_scope);
/* Oldest first; ids has room for SCOPES_MAX. */
cx_err scope_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                  struct cx_id *ids, size_t *ret_count);

struct scope_certificate {
    struct cx_id certificate_id, requester_id; /* requester zero: the system itself */
    struct cx_bytes serial;
    bool was_revoked;
};
/* By identifier, after that one; rows has room for limit. */
cx_err scope_certificates(struct store_tx *tx, struct cx_id tenant_id, struct cx_id scope_id,
                          struct cx_id after, size_t limit, struct arena *arena,
                          struct scope_certificate *rows, size_t *ret_count);
