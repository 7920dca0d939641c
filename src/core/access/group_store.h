/* Groups as rows: making, members, nesting. Inside store closures. Every change that rights are made of moves the tenant's
 * generation on. */
#pragma once
#include "core/access/scope.h"
#include "core/page.h"
#include "store/rows.h"

enum { GROUP_DEPTH_MAX = 8, GROUP_MEMBERS_SHOWN = 10000, GROUP_NESTED_SHOWN = 1000 };

struct group_row {
    struct cx_id group_id;
    struct cx_str name;
    cx_time created_us;
};
cx_err group_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                  struct arena *arena, struct group_row *ret_group);
/* Newest first, those in scope. */
cx_err group_page(struct store_tx *tx, struct cx_id tenant_id, const struct access_scope *scope,
                  const struct page_key *after, size_t limit, struct arena *arena,
                  struct group_row *rows, size_t *ret_count);
cx_err group_members(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                     struct arena *arena, struct cx_id **ret_users, size_t *ret_count);
cx_err group_nested(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                    struct arena *arena, struct cx_id **ret_groups, size_t *ret_count);

/* Idempotent: a member already is a member. Refuses a break-glass account ("break-glass-account") and a group with a
 * role that others decide on ("grant-needs-approval"). */
cx_err group_add_member(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                        struct cx_id user_id, struct cx_id by, cx_time now_us,
                        struct cx_diag *diag);
/* CX_E_NOTFOUND when they are no member. What they activated through the group ends with it. */
cx_err group_end_member(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                        struct cx_id user_id, cx_time now_us);
/* Refuses a cycle ("group-cycle"), more than GROUP_DEPTH_MAX levels ("group-depth"), and a parent with a role that others
 * decide on ("grant-needs-approval"). */
cx_err group_add_nesting(struct store_tx *tx, struct cx_id tenant_id, struct cx_id parent_id,
                         struct cx_id child_id, struct cx_id by, cx_time now_us,
                         struct cx_diag *diag);
/* As group_end_member, for everybody who was in the parent through the child. */
cx_err group_end_nesting(struct store_tx *tx, struct cx_id tenant_id, struct cx_id parent_id,
                         struct cx_id child_id, cx_time now_us);
