/*
 * Rows of requests, their tags and approvals. Inside store closures; inserts are store/rows.h. Sealed fields stay
 * sealed. Views in rows are copied into arena.
 */
#pragma once
#include "core/access/scope.h"
#include "core/issuance/request_state.h"
#include "core/page.h"
#include "pki/profile.h"
#include "store/rows.h"

enum request_kind {
    REQUEST_ISSUE,
    REQUEST_RENEW,
    REQUEST_REPLACE,
    REQUEST_REVOKE,
    REQUEST_KIND_COUNT
};
const char *request_kind_name(enum request_kind kind);
/* CX_E_STORE for another word: the database holds no others. */
cx_err request_kind_from_name(struct cx_str name, enum request_kind *ret_kind);

enum { REQUEST_TAGS_MAX = 32, REQUEST_APPROVALS_MAX = 32 };

struct request_row {
    struct cx_id request_id;
    enum request_kind kind;
    enum request_state state;
    struct cx_id requester_id; /* zero: the system */
    struct cx_id issuer_id;
    struct cx_str profile_name;
    uint32_t profile_version;
    struct cx_id certificate_id; /* what it acts on; zero: none */
    struct cx_id result_id;      /* what was issued; zero: none */
    bool server_key;
    enum pki_key_type key_type;
    int64_t validity_s;
    struct cx_sealed body, comment, failure; /* empty envelope: NULL */
    uint8_t revoke_reason;
    int64_t approvals_needed, approvals_given;
    cx_time created_us, updated_us;
    int64_t attempt_count;
    cx_time retry_us; /* 0: none */
    struct cx_str failure_rule;
    struct cx_id group_id; /* that owns it; zero: none */
};

cx_err request_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                    struct arena *arena, struct request_row *ret_request);

struct request_filter {
    bool has_state, has_kind;
    enum request_state state;
    enum request_kind kind;
    bool has_requester_id;
    struct cx_id requester_id;
    struct access_scope scope; /* of who lists them */
};
/* Newest first, at most limit rows after key, within the scope. */
cx_err request_page(struct store_tx *tx, struct cx_id tenant_id,
                    const struct request_filter *filter, const struct page_key *after, size_t limit,
                    struct arena *arena, struct request_row *rows, size_t *ret_count);

/* Requests for certificates (not revocations) of a profile among the tenant's newest REQUEST_LOOKED_MAX, newest first. */
enum { REQUEST_LOOKED_MAX = 20000 };
cx_err request_page_of_profile(struct store_tx *tx, struct cx_id tenant_id, struct cx_str profile,
                               size_t limit, struct arena *arena, struct request_row *rows,
                               size_t *ret_count);

/* With request_conclude the only writer of request.state: compare-and-set. CX_E_CONFLICT when the request is not in state from (any
 * more); CX_E_INTERNAL for a move that request_state_may forbids. */
cx_err request_transition(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                          enum request_state from, enum request_state to, cx_time now_us);

/* From issuing to done or failed, with the certificate that came of it, in one statement: it is on the path of every
 * certificate. CX_E_CONFLICT like request_transition. */
cx_err request_conclude(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                        enum request_state to, struct cx_id certificate_id, cx_time now_us);

/* Beside a transition, in its transaction. */
/* retry_us 0: no further attempt is planned. */
cx_err request_set_retry(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                         cx_time retry_us, int64_t attempt_count);
cx_err request_set_failure(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                           struct cx_str rule, struct cx_sealed failure);
cx_err request_set_failure_rule(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id request_id, struct cx_str rule);
/* CX_E_CONFLICT when another approval came first (given is not what it was). */
cx_err request_count_approval(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                              int64_t given);

/* tags has room for REQUEST_TAGS_MAX. */
cx_err request_tags(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                    struct arena *arena, struct access_tag *tags, size_t *ret_count);

struct approval_found {
    struct cx_id approver_id;
    struct cx_id behalf_of_id; /* whose right it was; zero: their own */
    bool approve;
    struct cx_sealed comment;
    cx_time decided_us;
};
/* approvals has room for REQUEST_APPROVALS_MAX; oldest first. */
cx_err request_approvals(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                         struct arena *arena, struct approval_found *approvals, size_t *ret_count);

/* Approved requests whose time to retry has come; claims each by moving its retry_us on to lease_us, so that of
 * several nodes one works on it. ids has room for limit. */
cx_err request_claim_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                         cx_time lease_us, size_t limit, struct cx_id *ids, size_t *ret_count);
