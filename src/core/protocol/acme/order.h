/*
 * Orders and authorizations, and what clients see of them.
 *
 * Only facts are stored: what a validation found (authorization.state), which request an order became (order.request_id).
 * The status of RFC 8555 §7.1.6 follows from them and the time, so that no node can see a status that the facts do not
 * carry, and an order completes by itself when its request is approved:
 *
 *   order   a request: done → valid; failed, rejected, cancelled → invalid; else processing
 *           no request: expired, or an authorization neither valid nor pending → invalid; all valid → ready; else pending
 *   authorization   valid or pending beyond its expiry → expired; a challenge under way → pending
 */
#pragma once
#include "core/issuance/request_state.h"
#include "core/page.h"
#include "core/protocol/acme/acme.h"

enum acme_authorization_state {
    ACME_AUTHORIZATION_PENDING,
    ACME_AUTHORIZATION_PROCESSING, /* a challenge is being validated */
    ACME_AUTHORIZATION_VALID,
    ACME_AUTHORIZATION_INVALID,
    ACME_AUTHORIZATION_DEACTIVATED,
    ACME_AUTHORIZATION_STATE_COUNT
};
const char *acme_authorization_state_name(enum acme_authorization_state state);

struct acme_authorization {
    struct cx_id authorization_id, account_id;
    struct pki_name name; /* without "*." */
    struct cx_str value;  /* the same as text */
    bool wildcard;
    enum acme_authorization_state state;
    struct cx_str token, challenge,
        error; /* challenge: that was tried, or ""; error: JSON, or "" */
    cx_time validated_us, created_us, expires_us;
    int64_t attempt_count;
};

enum acme_order_status {
    ACME_ORDER_PENDING,
    ACME_ORDER_READY,
    ACME_ORDER_PROCESSING,
    ACME_ORDER_VALID,
    ACME_ORDER_INVALID
};

struct acme_order {
    struct cx_id order_id, account_id, replaces_id, request_id; /* zero: none */
    struct cx_str profile_name;
    struct cx_bytes replaces_serial; /* of the certificate that it replaces; empty: none */
    cx_time created_us, expires_us;
    const struct acme_authorization *authorizations; /* in the order of the identifiers */
    size_t authorization_count;
    enum request_state request_state; /* when there is a request */
    struct cx_id certificate_id;      /* zero: none yet */
    struct cx_str failure_rule;
};

enum acme_order_status acme_order_status(const struct acme_order *order, cx_time now_us);
/* The identifiers as they will stand in the certificate. */
cx_err acme_order_names(const struct acme_order *order, struct arena *arena,
                        const struct pki_name **ret_names);
bool acme_authorization_is_valid(const struct acme_authorization *authorization, cx_time now_us);
/* The challenges that this authorization offers: bit set of 1 << enum acme_challenge. */
uint32_t acme_challenges_for(const struct acme_directory *directory,
                             const struct acme_authorization *authorization);

/* Answers; status 0 = the operation's own. Location, Retry-After and links are added. */
cx_err acme_answer_order(struct acme_call *call, uint16_t status, const struct acme_order *order);
cx_err acme_answer_authorization(struct acme_call *call, uint16_t status,
                                 const struct acme_authorization *authorization);
cx_err acme_answer_challenge(struct acme_call *call, const struct acme_authorization *authorization,
                             enum acme_challenge challenge);
