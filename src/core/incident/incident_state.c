#include "core/incident/incident_state.h"

static const char *const NAMES[INCIDENT_STATE_COUNT] = {
    [INCIDENT_REPORTED] = "reported",       [INCIDENT_TRIAGE] = "triage",
    [INCIDENT_CONFIRMED] = "confirmed",     [INCIDENT_CONTAINED] = "contained",
    [INCIDENT_REMEDIATED] = "remediated",   [INCIDENT_RECOVERED] = "recovered",
    [INCIDENT_VALIDATED] = "validated",     [INCIDENT_CLOSED] = "closed",
    [INCIDENT_FALSE_ALARM] = "false_alarm", [INCIDENT_MERGED] = "merged",
};

#define TO(state) (1u << INCIDENT_##state)

/* Bit set of the states that may follow. */
static const unsigned NEXT[INCIDENT_STATE_COUNT] = {
    [INCIDENT_REPORTED] = TO(TRIAGE) | TO(FALSE_ALARM) | TO(MERGED),
    [INCIDENT_TRIAGE] = TO(CONFIRMED) | TO(FALSE_ALARM) | TO(MERGED),
    [INCIDENT_CONFIRMED] = TO(CONTAINED) | TO(MERGED),
    [INCIDENT_CONTAINED] = TO(REMEDIATED) | TO(CONFIRMED),
    [INCIDENT_REMEDIATED] = TO(RECOVERED) | TO(CONTAINED),
    [INCIDENT_RECOVERED] = TO(VALIDATED) | TO(REMEDIATED),
    [INCIDENT_VALIDATED] = TO(CLOSED) | TO(REMEDIATED),
    [INCIDENT_CLOSED] = TO(TRIAGE),
    [INCIDENT_FALSE_ALARM] = TO(TRIAGE),
};

const char *incident_state_name(enum incident_state state)
{
    return NAMES[state];
}

cx_err incident_state_from_name(struct cx_str name, enum incident_state *ret_state)
{
    for (int i = 0; i < INCIDENT_STATE_COUNT; i++) {
        if (cx_str_is(name, NAMES[i])) {
            *ret_state = (enum incident_state)i;
            return CX_OK;
        }
    }
    return CX_ERR(PARSE);
}

bool incident_state_may(enum incident_state from, enum incident_state to)
{
    return (NEXT[from] & (1u << to)) != 0;
}
