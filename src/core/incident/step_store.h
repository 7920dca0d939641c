/*
 * Which playbooks an incident follows, as rows, and who owns its steps. An attachment is added and ended, never changed
 * otherwise; what the steps are is in the version of the playbook, which is never changed either.
 *
 * Matching and sealing are done outside the store closure (attach_prepare_…), as with everything in record.h; the closure then
 * only looks again whether somebody was first.
 */
#pragma once
#include "core/incident/step.h"
#include "core/playbook/playbook_store.h"

struct attach {
    struct row_incident_playbook row;
    struct row_incident_entry entry;
    bool by_hand; /* takes the place of another version; a matching one leaves it there */
};

struct attach_draft {
    struct cx_id tenant_id, incident_id, actor_id; /* actor zero: the program */
    struct playbook_case is;
    cx_time now_us;
};
/* Those in force that apply, at most STEP_PLAYBOOKS_MAX; a version that does not read is left out with a warning in the
 * log, since the incident has to open all the same. Not inside a closure. */
cx_err attach_prepare_matching(struct core *core, struct arena *arena,
                               const struct attach_draft *draft, struct attach **ret_list,
                               size_t *ret_count);
/* One version, whether it applies or not. Not inside a closure. */
cx_err attach_prepare(struct core *core, struct arena *arena, const struct attach_draft *draft,
                      struct cx_str playbook, int64_t version, struct attach *ret_attach);
/* Inside a closure. By hand: CX_E_CONFLICT when the incident follows this version already, CX_E_LIMIT beyond
 * STEP_PLAYBOOKS_MAX. Matching: nothing happens then. */
cx_err attach_insert(struct store_tx *tx, struct attach *attach);

/* Inside a closure; entry says why. It does not match again by itself. CX_E_NOTFOUND when the incident does not follow it. */
cx_err attach_end(struct store_tx *tx, const struct row_incident_playbook *row,
                  struct row_incident_entry *entry);

/* Versions that were read, so that a list of incidents parses each once. Zeroed at first; in the arena of the reading. */
struct step_cache {
    struct playbook *playbooks[64]; /* beyond, a version is parsed each time */
    int64_t versions[64];
    size_t count;
};

/* The steps of an incident that is complete (record.h). Inside a closure. What does not read is counted and left out. */
cx_err steps_load(struct store_tx *tx, struct cx_id tenant_id, const struct incident *incident,
                  cx_time now_us, struct arena *arena, struct step_cache *cache,
                  struct step_list *ret_list);
/* The version of the playbook that the incident follows; 0: none. Inside a closure. */
cx_err steps_followed(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                      struct cx_str playbook, int64_t *ret_version);

/* CX_E_CONFLICT when there is no such user. */
cx_err step_set_owner(struct store_tx *tx, const struct row_incident_step_owner *row);
