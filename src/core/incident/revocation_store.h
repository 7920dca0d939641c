/*
 * Mass revocations and legal holds in the database. Inside store closures. A plan is a scope, a reason and where it stands;
 * one step works on the certificates of the scope after after_id and until until_id, set by set, so that its cost is that
 * of its certificates and not of trips to the database.
 */
#pragma once
#include "api_types.h" /* generated */
#include "core/incident/incident_store.h"

struct revocation_counts {
    int64_t revoked /* by this plan, or to be */, revoked_before, expired, held;
};
struct revocation_plan {
    struct row_incident_revocation row; /* views into arena */
    enum api_mass_revocation_state state;
    struct revocation_counts counts;
};
enum { REVOCATIONS_MAX = 200, REVOCATION_STEP = 5000, HOLDS_MAX = 500 };

/* Oldest first; rows has room for REVOCATIONS_MAX. */
cx_err revocation_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                       struct arena *arena, struct revocation_plan *rows, size_t *ret_count);
/* The approved plan that waits longest. CX_E_NOTFOUND when none does. */
cx_err revocation_next(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                       struct revocation_plan *ret_plan);
/* CX_E_CONFLICT when its state is another. */
cx_err revocation_approve(struct store_tx *tx, struct cx_id tenant_id, struct cx_id revocation_id,
                          struct cx_id approver_id, cx_time now_us);
cx_err revocation_withdraw(struct store_tx *tx, struct cx_id tenant_id, struct cx_id revocation_id,
                           cx_time now_us);

/* The last certificate of the step that begins after that one; *ret_last: nothing comes after it. */
cx_err revocation_step_end(struct store_tx *tx, const struct revocation_plan *plan,
                           struct cx_id *ret_until_id, bool *ret_last);
/* What a step would do now; with the whole range, what the plan would. */
cx_err revocation_count(struct store_tx *tx, const struct revocation_plan *plan,
                        struct cx_id until_id, cx_time now_us,
                        struct revocation_counts *ret_counts);
/* Revokes, marks the shards of CRLs, and moves the plan on. CX_E_CONFLICT when another node took the step. */
cx_err revocation_step(struct store_tx *tx, const struct revocation_plan *plan,
                       struct cx_id until_id, bool last, cx_time now_us);
/* Issuers with certificates in the step; ids has room for limit. */
cx_err revocation_issuers(struct store_tx *tx, const struct revocation_plan *plan,
                          struct cx_id until_id, struct cx_id *ids, size_t limit,
                          size_t *ret_count);

/* Standing and lifted ones of an incident, oldest first; rows has room for HOLDS_MAX. */
cx_err hold_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                 struct arena *arena, struct row_certificate_hold *rows, size_t *ret_count);
/* CX_E_CONFLICT when it was lifted before or is not of the incident. */
cx_err hold_lift(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                 struct cx_id hold_id, struct cx_id lifter_id, cx_time now_us);
