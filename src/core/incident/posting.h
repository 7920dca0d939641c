/*
 * A publication that went out: where it stands, and the entry of the timeline that meets the duty. Shared by people who post by
 * hand and by the tracker's worker.
 */
#pragma once
#include "core/incident/account_store.h"
#include "core/incident/record.h"

/* What a posted text is in the timeline. restricted: the preliminary report is a secure bug, and disclosed to nobody yet. */
enum incident_kind posting_kind(enum api_publication_form form, bool restricted);

struct posting {
    struct core *core;
    struct arena *arena;
    struct cx_id tenant_id, incident_id, publication_id;
    struct cx_id actor_id; /* zero: the program */
    struct cx_str url;
    cx_time at_us, now_us;
    enum incident_kind kind;
    struct row_incident_entry entry; /* posting_prepare's */
};
/* Seals: outside a store closure. */
cx_err posting_prepare(struct posting *posting);
/* Inside one. CX_E_CONFLICT: it is not approved, or was posted before. */
cx_err posting_write(struct store_tx *tx, struct posting *posting);
