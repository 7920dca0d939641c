/*
 * Reading what is stored about access, of now or of any time, as the plain rows that rights.h compiles; and the
 * generation that every change of them moves on. Inside store closures; what is returned is in the arena.
 */
#pragma once
#include "core/access/access.h"
#include "store/store.h"

/* The present: rows that have not ended, whenever they were made (clocks of several nodes differ a little). */
#define ACCESS_NOW CX_TIME_NEVER

/* What concerns one person and one of their tokens (zero: none). */
cx_err access_state_of(struct store_tx *tx, struct cx_id tenant_id, struct access_subject_ids who,
                       cx_time at_us, struct arena *arena, struct access_state *ret_state);
/* Everything of the tenant. */
cx_err access_state_all(struct store_tx *tx, struct cx_id tenant_id, cx_time at_us,
                        struct arena *arena, struct access_state *ret_state);

/* The permissions of a role of that name at that time; none when there is no such role. *ret_known may be NULL. */
cx_err access_role_permissions(struct store_tx *tx, struct cx_id tenant_id, struct cx_str role,
                               cx_time at_us, struct permission_set *ret_permissions,
                               bool *ret_known);

cx_err access_generation(struct store_tx *tx, struct cx_id tenant_id, int64_t *ret_generation);
/* Beside every change that rights are made of, in its transaction. */
cx_err access_changed(struct store_tx *tx, struct cx_id tenant_id);

/* The groups of a user, directly. */
cx_err access_groups_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        cx_time at_us, struct arena *arena, struct cx_id **ret_groups,
                        size_t *ret_count);
/* Everybody in a group or in one nested below it, by identifier; now, or at that time. */
cx_err access_people_at(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                        cx_time at_us, struct arena *arena, struct cx_id **ret_users,
                        size_t *ret_count);
cx_err access_people_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                        struct arena *arena, struct cx_id **ret_users, size_t *ret_count);
