/*
 * Access reviews: whether people should still have the rights they have. A review takes the bindings in force that it is
 * about when it is opened; another person than those who hold one certifies it or revokes it, with a comment, before the
 * deadline. What nobody answered lapses at the deadline: the worker ends the binding. Then the review is closed with a
 * document of all that, whose hash is in the closing entry of the audit log (evidence.h).
 *
 * Every three months the worker opens one of all privileged roles by itself (NCSSR 2.2.1.4). By whatever restarts and
 * however many nodes run, each of these acts happens once: the row changes by compare-and-set in the transaction of its
 * audit entry.
 */
#pragma once
#include "core/review/review_store.h"

struct core;
struct principal;

enum {
    REVIEW_PERIOD_DAYS = 90, /* the period whose reviews have no period in their key */
    REVIEW_ANSWER_DAYS_MAX = 90,
    REVIEW_ITEMS_MAX = 20000,
    REVIEW_SCOPE_MAX = 64, /* roles and groups named */
    LEAVER_GRACE_HOURS = 24,
};

/* What a review is about: bindings of a user or a group, to one of the roles (none: any), of or in one of the groups
 * (none: any), and to privileged roles only. */
struct review_scope {
    const struct cx_str *roles;
    size_t role_count;
    const struct cx_id *groups;
    size_t group_count;
    bool privileged;
};
struct review_draft {
    struct cx_id tenant_id, by; /* by zero: the clock */
    struct cx_str key;          /* what the clock opens it for; "": a person */
    struct review_scope scope;
    struct cx_str reason;
    cx_time deadline_us, now_us;
};
struct review_opening {
    struct core *core;
    struct arena *arena;
    struct review_scope scope;
    struct row_access_review row;
    size_t item_count; /* after review_open */
};
/* Seals: outside the closure. */
cx_err review_prepare(struct core *core, struct arena *arena, const struct review_draft *draft,
                      struct review_opening *ret_opening);
/* Inside it: the row and its items. CX_E_CONFLICT when the clock opened it before; CX_E_LIMIT beyond
 * REVIEW_ITEMS_MAX. */
cx_err review_open(struct store_tx *tx, struct review_opening *opening);

/* Inside: whether the clock has a review of privileged roles to open, and under which key. Periods count from the tenant's
 * creation, and those of another length for themselves, so that changing the length back and forth skips none. */
cx_err review_due(struct store_tx *tx, struct cx_id tenant_id, int64_t period_days, cx_time now_us,
                  struct arena *arena, struct cx_str *ret_key, bool *ret_due);

/* Whether the person holds the binding: themselves, or as somebody in its group. */
cx_err review_is_subject(struct store_tx *tx, struct cx_id tenant_id,
                         const struct binding_row *binding, struct cx_id user_id,
                         struct arena *arena, bool *ret_subject);

/* Ends everything of a user: the account, tokens, sessions, browsers, links, bindings, memberships. */
cx_err leaver_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id, cx_time now_us,
                  struct arena *arena);
struct leaver_draft {
    struct cx_id tenant_id, user_id, by; /* by zero: a directory */
    struct cx_str reason;
    cx_time left_us, now_us;
    bool has_due;
    cx_time due_us;
};
/* For whoever learns that somebody is gone: a person through the API, or a directory that does not know them any more
 * (SCIM, OIDC). prepare seals, outside the closure; "leaver-too-late" when due lies more than 24 hours after leaving. */
cx_err leaver_prepare(struct core *core, struct arena *arena, const struct leaver_draft *draft,
                      struct cx_diag *diag, struct row_leaver *ret_row);
/* Inside it. Whoever waits already keeps the earlier time. */
cx_err leaver_mark(struct store_tx *tx, const struct row_leaver *row, struct arena *arena);
