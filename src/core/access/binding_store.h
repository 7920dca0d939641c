/*
 * Bindings as rows: making, ending, reading. A grant is prepared outside the closure (identifier, sealed reason, parsed
 * tag expression), checked and written inside. Every write moves the tenant's generation on.
 */
#pragma once
#include "core/access/state_store.h"
#include "core/page.h"
#include "store/rows.h"

struct core;

enum {
    ACCESS_PRIVILEGED_LIFE_DAYS = 90, /* where a shorthand gives a privileged role */
    ACCESS_BINDING_GROUPS_MAX = 64,
    ACCESS_GRANTS_MAX = 16, /* of one call */
};

/* What a stored binding is worth. */
enum binding_standing {
    BINDING_BOUND,    /* in force between start and end */
    BINDING_ELIGIBLE, /* gives nothing by itself: its subject may activate it for a time */
    BINDING_PROPOSED, /* awaits approval */
    BINDING_DECLINED, /* did not get it */
    BINDING_STANDING_COUNT
};

struct access_grant {
    enum binding_standing standing;
    struct cx_id source_id; /* the eligible binding that it activates; zero: none */
    bool break_glass;
    enum access_subject subject;
    struct cx_id subject_id;
    struct cx_str role;
    bool everywhere;
    const struct cx_id *groups;
    size_t group_count;
    struct cx_str tags;           /* expression; empty: none */
    cx_time start_us, expires_us; /* CX_TIME_NEVER: does not end */
    struct cx_str reason;
    struct cx_id by; /* zero: the system */
    cx_time now_us;
    bool
        first; /* of the tenant's first administrator: the one privileged binding that need not end */
};
struct access_grant_row {
    struct row_role_binding row;
    const struct cx_id *groups;
    size_t group_count;
    struct tag_expression tags;
    bool first;
};
/* Refuses a scope that is not said ("scope-missing"), said twice ("scope-both"), or that means everything without
 * saying so ("scope-everything"), and an end that does not come after the start. */
cx_err access_grant_prepare(struct core *core, struct cx_id tenant_id,
                            const struct access_grant *grant, struct arena *arena,
                            struct cx_diag *diag, struct access_grant_row *ret_row);
/* Changes what a prepared grant will be worth. */
void access_grant_stand(struct access_grant_row *grant, enum binding_standing standing);
/* Inside a closure. Refuses a grant in force to which a rule says that others decide on it ("grant-needs-approval"),
 * one to a break-glass account ("break-glass-account"),
 * an unknown role, an unknown group, and a privileged role without an end or with
 * one too far away. Then separation of duties is asked (conflict.h). */
cx_err access_grant_write(struct store_tx *tx, const struct access_grant_row *grant,
                          struct cx_diag *diag);

struct binding_row {
    struct cx_id binding_id;
    enum access_subject subject;
    struct cx_id subject_id;
    struct cx_str role, tags;
    enum binding_standing standing;
    struct cx_id source_id; /* zero: none */
    bool everywhere, break_glass;
    struct cx_id *groups;
    size_t group_count;
    cx_time start_us, expires_us; /* CX_TIME_NEVER: does not end */
    struct cx_sealed reason;
    cx_time created_us, ended_us;            /* ended_us 0: not ended */
    struct cx_id created_by_id, ended_by_id; /* zero: the system */
};
cx_err binding_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                    struct arena *arena, struct binding_row *ret_binding);
cx_err binding_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                    size_t limit, struct arena *arena, struct binding_row *rows, size_t *ret_count);
/* CX_E_CONFLICT when it has ended already. */
cx_err binding_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                   struct cx_id by, cx_time now_us);

/* Of one person (user_id zero: of everybody): ends what they activated through a group that they are no longer in, neither
 * directly nor through others. Nobody ended it: it ends with what it rested on. */
cx_err binding_end_unfounded(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                             cx_time now_us);

/* Takes what was opened on a break-glass account. */
cx_err binding_end_break_glass(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                               struct cx_id by, cx_time now_us);

/* Compare-and-set of what it is worth. Bound: from start_us to expires_us (CX_TIME_NEVER: does not end). CX_E_CONFLICT
 * when it is not from (any more) or has ended. */
cx_err binding_settle(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                      enum binding_standing from, enum binding_standing to, cx_time start_us,
                      cx_time expires_us);

struct role_names {
    struct cx_str *names; /* sorted, each once */
    size_t count;
};
/* The roles that are bound to the subject itself and in force now. */
cx_err binding_roles(struct store_tx *tx, struct cx_id tenant_id, struct cx_id subject_id,
                     cx_time now_us, struct arena *arena, struct role_names *ret_roles);
/* Ends the user's own bindings everywhere to roles that are not among the grants, and writes the grants whose role is
 * not held so already: "the roles of a user", as the shorthand knows them. */
cx_err binding_replace(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       const struct access_grant_row *grants, size_t count, struct cx_id by,
                       cx_time now_us, struct cx_diag *diag);
/* Whether no other binding makes an active person an administrator everywhere. */
cx_err binding_is_last_administrator(struct store_tx *tx, struct cx_id tenant_id,
                                     struct cx_id binding_id, cx_time now_us, bool *ret_last);
/* How many active users are administrators everywhere by a binding of their own: the last one cannot go. */
cx_err binding_count_administrators(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                                    int64_t *ret_count);
/* Whether one of those is this user. */
cx_err binding_is_administrator(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                                cx_time now_us, bool *ret_is);
