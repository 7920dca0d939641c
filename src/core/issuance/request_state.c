#include "core/issuance/request_state.h"

static const char *const NAMES[REQUEST_STATE_COUNT] = {
    [REQUEST_AWAITING_APPROVAL] = "awaiting_approval",
    [REQUEST_APPROVED] = "approved",
    [REQUEST_AWAITING_COLLECTION] = "awaiting_collection",
    [REQUEST_ISSUING] = "issuing",
    [REQUEST_DONE] = "done",
    [REQUEST_REJECTED] = "rejected",
    [REQUEST_CANCELLED] = "cancelled",
    [REQUEST_FAILED] = "failed",
};

#define TO(state) (1u << REQUEST_##state)

/* Bit set of the states that may follow; the final states have none. */
static const unsigned NEXT[REQUEST_STATE_COUNT] = {
    [REQUEST_AWAITING_APPROVAL] =
        TO(APPROVED) | TO(AWAITING_COLLECTION) | TO(REJECTED) | TO(CANCELLED) | TO(FAILED),
    [REQUEST_APPROVED] = TO(ISSUING) | TO(DONE) | TO(CANCELLED) | TO(FAILED),
    [REQUEST_AWAITING_COLLECTION] = TO(ISSUING) | TO(CANCELLED) | TO(FAILED),
    [REQUEST_ISSUING] = TO(DONE) | TO(APPROVED) | TO(AWAITING_COLLECTION) | TO(FAILED),
};

const char *request_state_name(enum request_state state)
{
    return NAMES[state];
}

cx_err request_state_from_name(struct cx_str name, enum request_state *ret_state)
{
    for (int i = 0; i < REQUEST_STATE_COUNT; i++) {
        if (cx_str_is(name, NAMES[i])) {
            *ret_state = (enum request_state)i;
            return CX_OK;
        }
    }
    return CX_ERR(PARSE);
}

bool request_state_may(enum request_state from, enum request_state to)
{
    return (NEXT[from] & (1u << to)) != 0;
}

bool request_state_is_final(enum request_state state)
{
    return NEXT[state] == 0;
}
