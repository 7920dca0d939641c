/*
 * Static separation of duties: pairs of terms that no person holds together, however the two reached them: by a
 * binding of their own, by a group, by a group nested in another, by a service account that they own, or by a role that
 * gained a permission. A term is the
 * name of a role or of a permission. Asked inside the transaction, after the change, of every person it touched, so
 * that a refusal takes the change back. Nobody is exempt, the administrator neither.
 */
#pragma once
#include "core/access/state_store.h"

struct access_conflict {
    struct cx_str one, other;
    bool builtin;
};
/* Those that every tenant has, then the tenant's own, in the arena. */
cx_err access_conflicts(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                        struct access_conflict **ret_conflicts, size_t *ret_count);

/* CX_E_POLICY with rule "roles-conflict" when the person would hold both terms of a pair, now or by a binding that
 * has yet to begin. */
cx_err access_conflict_check(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                             cx_time now_us, struct cx_diag *diag);
/* The same for everybody in a group and below it. */
cx_err access_conflict_check_group(struct store_tx *tx, struct cx_id tenant_id,
                                   struct cx_id group_id, cx_time now_us, struct arena *arena,
                                   struct cx_diag *diag);
/* The same for everybody who has a role (role empty: any role). */
cx_err access_conflict_check_role(struct store_tx *tx, struct cx_id tenant_id, struct cx_str role,
                                  cx_time now_us, struct arena *arena, struct cx_diag *diag);
/* CX_E_DENIED with rule "roles-conflict" when the delegate holds what excludes deciding by the delegator's roles: what
 * they may not be given, they do not get by delegation either. */
cx_err access_conflict_check_delegate(struct store_tx *tx, const struct principal *delegate,
                                      const struct principal *delegator, struct arena *arena,
                                      struct cx_diag *diag);
