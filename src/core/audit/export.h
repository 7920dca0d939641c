/*
 * An export of a tenant's log that verifies offline: one JSON object a line (docs/formats/audit.md). Produced piece by
 * piece, each piece a short read of the database, so that a long export holds neither memory nor a snapshot.
 *
 * It ends at a checkpoint: an export whose limit falls between two runs on to the next.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "base/id.h"

struct core;
struct audit_export; /* in the arena that it was started with */

/* Entries from index from, limit at least. CX_E_NOTFOUND when there is no checkpoint beyond from yet. */
cx_err audit_export_start(struct core *core, struct cx_id tenant_id, uint64_t from, uint64_t limit,
                          struct arena *arena, struct cx_diag *diag,
                          struct audit_export **ret_export);
/* Appends whole lines to out; *ret_done after the last. state is the struct audit_export *: the signature is that
 * of a streamed answer (src/core/api/contract.h). */
cx_err audit_export_next(void *state, struct cx_buf *out, bool *ret_done);

/* The newest checkpoint and the key that verifies it. CX_E_NOTFOUND before the first. */
struct audit_latest {
    uint64_t size;
    uint8_t root[32];
    struct cx_str note, vkey;
};
cx_err audit_latest_checkpoint(struct core *core, struct cx_id tenant_id, struct arena *arena,
                               struct audit_latest *ret_latest);
