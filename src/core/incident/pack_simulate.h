/* Judging open incidents by another version of a rule pack. Reads only. */
#pragma once
#include "core/incident/pack_compare.h"
#include "core/incident/record.h"

enum { PACK_CONSIDERED_MAX = 1000 }; /* incidents, the newest */

/* was, is: a deadline, an obligation or a state, as what says; ptr NULL: there is none. Texts are in arena. */
struct pack_finding {
    struct cx_id incident_id;
    enum pack_touch what;
    struct cx_str duty, was, is; /* duty: its key */
};
struct pack_simulation {
    struct core *core;
    struct cx_id tenant_id;
    const struct rule_pack *pack; /* as it was read */
    cx_time from_us;              /* it applies to what starts from then on; INT64_MIN: to all */
    cx_time now_us;
    struct arena *arena;
    /* What comes of it. */
    struct pack_finding findings[PACK_TOUCHED_MAX];
    size_t finding_count, considered;
    bool complete;
};
/* A struct pack_simulation, inside a closure. */
cx_err pack_simulate(struct store_tx *tx, void *arg);
