/*
 * A decided request enters the system: its row, and, where no approval is needed, its intent in the same
 * transaction, followed by issuing it. Shared by create, renew, replace and the OCSP responder's own certificate.
 */
#pragma once
#include "core/approval/plan.h"
#include "core/audit/audit.h"
#include "core/issuance/issue.h"
#include "core/policy/decide.h"

struct api_request;
struct api_request_view;

struct submission {
    enum request_kind kind;
    const struct pki_profile *profile;
    const struct issuer_entry *issuer;
    const struct policy_decision *decision;
    struct cx_id requester_id;   /* zero: the system */
    struct cx_id certificate_id; /* what it renews, replaces or revokes; zero: none */
    uint8_t revoke_reason;
    int64_t approvals_floor; /* what the profile asks for; rules may ask for more */
    struct cx_str comment;   /* empty: none */
    const struct access_tag *tags;
    size_t tag_count;
    struct cx_id group_id; /* that will own it and what comes of it; zero: none */
};

/* Who has to decide on it: what the profile asks for and the rules in force. What the system itself asks for waits for
 * nobody. */
cx_err request_plan(struct core *core, struct cx_id tenant_id, const struct submission *submission,
                    cx_time now_us, struct arena *arena, struct approval_plan *ret_plan);

/* Who writes: api_commit for a person's request, audit_commit for the system's. */
typedef cx_err (*submit_commit)(void *context, struct audit_event *event, store_fn fn, void *arg);

/* run: core, arena, diag, tenant_id, call_id, actor and now_us are set. On success run->request is the row; issued or
 * not (keys busy, approval needed) is its state in the database. CX_E_POLICY: keys refused, the request failed.
 * ret_der may be NULL; it is empty when nothing was issued. */
cx_err request_submit(struct issuance *run, const struct submission *submission,
                      submit_commit commit, void *context, struct cx_bytes *ret_der);
/* Who owns a request that names no group: the group that the principal acts as a member of; else nobody where the right to ask reaches everywhere, else the one group that
 * it reaches; zero when there are several, and then asking is refused. */
struct cx_id request_default_group(const struct principal *me);
/* request_submit for an API call, and the same with what it became. */
cx_err request_submit_api(struct api_request *request, const struct submission *submission,
                          struct cx_id *ret_request_id);
cx_err request_submit_show(struct api_request *request, const struct submission *submission,
                           struct api_request_view *ret_view);
