/*
 * The states of an incident and the moves between them. incident_transition (incident_store.h) is the only writer of
 * incident.state; it asks incident_state_may first and then compares and sets in SQL. The CHECK in
 * db/migrations/0060_incident.sql lists the same states.
 *
 *   reported ──► triage | false_alarm | merged
 *   triage ──► confirmed | false_alarm | merged
 *   confirmed ──► contained | merged
 *   contained ──► remediated | confirmed (it was not contained)
 *   remediated ──► recovered | contained (the remedy failed)
 *   recovered ──► validated | remediated
 *   validated ──► closed | remediated
 *   closed, false_alarm ──► triage (reopened: no clock starts anew)
 *
 * merged is final; the incident it was merged into goes on.
 */
#pragma once
#include "base/bytes.h"

enum incident_state {
    INCIDENT_REPORTED,
    INCIDENT_TRIAGE,
    INCIDENT_CONFIRMED,
    INCIDENT_CONTAINED,
    INCIDENT_REMEDIATED,
    INCIDENT_RECOVERED,
    INCIDENT_VALIDATED,
    INCIDENT_CLOSED,
    INCIDENT_FALSE_ALARM,
    INCIDENT_MERGED,
    INCIDENT_STATE_COUNT
};

const char *incident_state_name(enum incident_state state);
cx_err incident_state_from_name(struct cx_str name, enum incident_state *ret_state);
bool incident_state_may(enum incident_state from, enum incident_state to);
