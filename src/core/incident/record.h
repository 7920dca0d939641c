/*
 * The incident as a whole: reading it with its timeline and duties, and the parts of a change (a new incident, an
 * entry) that handlers and the worker share. What is prepared here is sealed outside the store closure; the closure then
 * only appends.
 */
#pragma once
#include "core/incident/incident_store.h"
#include "core/incident/rule_set.h"

struct core;

struct incident {
    struct incident_row row;
    struct incident_entry *entries;
    size_t entry_count;
    struct incident_role_row roles[INCIDENT_ROLE_COUNT];
    size_t role_count;
    struct duty_list duties;
};

/* Inside a store closure. CX_E_NOTFOUND. */
cx_err incident_load(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                     struct cx_id incident_id, cx_time now_us, struct arena *arena,
                     struct incident *ret_incident);
/* Of a row that was read already: its timeline, roles and duties. */
cx_err incident_complete(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                         cx_time now_us, struct arena *arena, struct incident *incident);

/* The duties of an incident that was read, by these packs. Pure. */
cx_err incident_judge(const struct incident *incident, const struct rule_pack *packs,
                      size_t pack_count, cx_time now_us, struct arena *arena,
                      struct duty_list *ret_duties);

/* The first entry of the kind that corrects none; NULL when there is none. */
const struct incident_entry *incident_first(const struct incident *incident,
                                            enum incident_kind kind);
/* Who has the role; zero: nobody. */
struct cx_id incident_holder(const struct incident *incident, enum incident_role role);
const struct duty *incident_duty(const struct incident *incident, struct cx_str key);

struct entry_draft {
    struct cx_id tenant_id, incident_id, actor_id; /* actor zero: the program */
    enum incident_kind kind;
    cx_time at_us, now_us;
    bool has_due;
    cx_time due_us;
    int64_t item, corrects;
    struct cx_str subject, detail, proof;
};
/* Seals detail and proof. Not inside a store closure. */
cx_err incident_entry_prepare(struct core *core, struct arena *arena,
                              const struct entry_draft *draft, struct row_incident_entry *ret_row);

struct incident_draft {
    struct cx_id tenant_id, parent_id, creator_id;
    enum incident_type type;
    uint32_t tracks, certificates;
    enum incident_level impact, urgency;
    enum incident_source source;
    struct cx_str title, summary, opened_by_key; /* key empty: a person opened it */
    cx_time aware_us, now_us;
    struct cx_str aware_reason;
};
enum { INCIDENT_FIRST_ENTRIES = 2 }; /* reported, aware */
struct attach;
struct incident_new {
    struct row_incident row;
    enum incident_severity severity; /* people on call are told of it */
    struct row_incident_entry entries[INCIDENT_FIRST_ENTRIES];
    struct attach *playbooks; /* those in force that apply; in arena */
    size_t playbook_count;
};
/* Not inside a store closure. */
cx_err incident_new_prepare(struct core *core, struct arena *arena,
                            const struct incident_draft *draft, struct incident_new *ret_new);
/* Inside a store closure. */
cx_err incident_new_insert(struct store_tx *tx, struct incident_new *made);
