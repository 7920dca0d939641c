/*
 * Incidents in the database. Inside store closures. There is no statement here that deletes, and none that changes an
 * entry of a timeline (tests/unit/core/incident/test_append_only.py looks for one).
 */
#pragma once
#include "core/incident/duty.h"
#include "core/incident/incident_state.h"
#include "core/page.h"
#include "store/rows.h"

enum { INCIDENT_ENTRIES_MAX = DUTY_ENTRIES_MAX };

struct incident_row {
    struct cx_id incident_id, parent_id, merged_into, creator_id; /* zero: none */
    enum incident_type type;
    enum incident_state state;
    uint32_t tracks, certificates;
    enum incident_level impact, urgency;
    enum incident_source source;
    struct cx_sealed title, summary;
    int64_t entry_count;
    cx_time created_us, updated_us;
};

/* CX_E_NOTFOUND. */
cx_err incident_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                     struct arena *arena, struct incident_row *ret_incident);
/* Newest first. rows has room for limit. */
cx_err incident_page(struct store_tx *tx, struct cx_id tenant_id, bool has_state,
                     enum incident_state state, const struct page_key *after, size_t limit,
                     struct arena *arena, struct incident_row *rows, size_t *ret_count);
/* Those whose clocks run: neither false alarms nor merged ones. Newest first; rows has room for limit. */
cx_err incident_live(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                     size_t limit, struct arena *arena, struct incident_row *rows,
                     size_t *ret_count);

/* The one writer of incident.state. CX_E_INTERNAL on a move that is not allowed, CX_E_CONFLICT when another came first. */
cx_err incident_transition(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                           enum incident_state from, enum incident_state to, cx_time now_us);
cx_err incident_set_merged(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                           struct cx_id into);
cx_err incident_set_assessment(struct store_tx *tx, struct cx_id tenant_id,
                               const struct incident_row *incident, cx_time now_us);

/* Gives the entry the next number of its incident and inserts it. CX_E_LIMIT when the timeline is full. */
cx_err incident_append(struct store_tx *tx, struct row_incident_entry *entry);

struct incident_entry {
    struct duty_entry clock; /* what the clocks see */
    struct cx_id entry_id, actor_id;
    struct cx_sealed detail, proof;
    cx_time recorded_us;
};
/* In the order of recording, after number after. entries has room for limit. */
cx_err incident_entries(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        int64_t after, size_t limit, struct arena *arena,
                        struct incident_entry *entries, size_t *ret_count);

struct incident_role_row {
    enum incident_role role;
    struct cx_id user_id;
    cx_time assigned_us;
};
/* roles has room for INCIDENT_ROLE_COUNT. */
cx_err incident_roles_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                         struct incident_role_row *roles, size_t *ret_count);
cx_err incident_set_role(struct store_tx *tx, const struct row_incident_role *row);

/* The highest mark of the duty; 0: none. */
cx_err incident_mark_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct cx_str duty_key, int64_t *ret_percent);
