/*
 * The states of a request and the moves between them. request_transition (request_store.h) is the only
 * writer of request.state; it asks request_state_may first and then compares and sets in SQL, so that two
 * nodes cannot both move a request. The CHECK in db/migrations/0003_issuance.sql lists the same states.
 *
 *   awaiting_approval ──► approved | awaiting_collection | rejected | cancelled | failed
 *   approved            ──► issuing | done (kind revoke) | cancelled | failed
 *   awaiting_collection ──► issuing | cancelled | failed
 *   issuing             ──► done | failed | approved, awaiting_collection (keys busy: nothing was signed)
 */
#pragma once
#include "base/bytes.h"

enum request_state {
    REQUEST_AWAITING_APPROVAL,
    REQUEST_APPROVED, /* acted on at once; stays here while keys is busy, the worker retries */
    REQUEST_AWAITING_COLLECTION, /* approved; the key is generated when the requester collects it */
    REQUEST_ISSUING,             /* an intent is open */
    REQUEST_DONE,                /* the certificate is issued, or revoked */
    REQUEST_REJECTED,            /* a person said no */
    REQUEST_CANCELLED,           /* the requester took it back */
    REQUEST_FAILED,              /* a rule forbids it by now: failure_rule */
    REQUEST_STATE_COUNT
};

const char *request_state_name(enum request_state state);
cx_err request_state_from_name(struct cx_str name, enum request_state *ret_state);
bool request_state_may(enum request_state from, enum request_state to);
bool request_state_is_final(enum request_state state);
