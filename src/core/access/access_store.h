/*
 * Reading and changing users, tokens and enrolment links; inserts are store/rows.h. Every function runs inside a store closure and has the
 * tenant in its WHERE. Sealed fields stay sealed here: handlers seal before and open after the closure.
 * Views in returned rows are copied into arena.
 */
#pragma once
#include "core/access/scope.h"
#include "core/page.h"
#include "store/store.h"

enum user_state { USER_INVITED, USER_ACTIVE, USER_DISABLED, USER_STATE_COUNT };
const char *user_state_name(enum user_state state);

struct user_row {
    struct cx_id user_id;
    enum user_state state;
    bool service; /* a service account (service_store.h) */
    struct cx_sealed display_name;
    struct cx_sealed email; /* empty envelope: none */
    cx_time created_us;
    cx_time disabled_us; /* 0: not disabled */
};

/* Whether the account works now: it is active, not frozen (freeze.h), and, of a service account, somebody active owns it. */
cx_err user_is_usable(struct store_tx *tx, struct cx_id tenant_id, const struct user_row *user,
                      bool *ret_usable);
/* False for one that is not there. */
cx_err user_is_service(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       bool *ret_service);
/* CX_E_NOTFOUND when there is none in this tenant. */
cx_err user_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                 struct arena *arena, struct user_row *ret_user);
/* At most limit rows after key, newest first: those in scope, and self_id. rows has room for limit. */
cx_err user_page(struct store_tx *tx, struct cx_id tenant_id, const struct access_scope *scope,
                 struct cx_id self_id, const struct page_key *after, size_t limit,
                 struct arena *arena, struct user_row *rows, size_t *ret_count);
/* Compare-and-set; CX_E_CONFLICT when the user is not in state from. */
cx_err user_set_state(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      enum user_state from, enum user_state to, cx_time now_us);
/* The address and its blind index change together. */
cx_err user_set_email(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      struct cx_sealed email, struct cx_bytes email_index);
/* No address, and another user may have the one that was. */
cx_err user_forget_email(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id);

struct token_row {
    struct cx_id token_id, user_id;
    struct cx_id parent_id; /* the token it was made with; zero: none */
    struct cx_sealed label;
    uint8_t secret_hash[32];
    bool narrowed; /* to what its own bindings leave of its user's rights */
    cx_time created_us, expires_us;
    cx_time revoked_us; /* 0: not revoked */
};

/* api_token.roles of a token that is not narrowed (0002 and 0020 of db/migrations say why this number). */
enum { ACCESS_TOKEN_NARROWED = 0, ACCESS_TOKEN_UNNARROWED = 31 };

/* A token made with a token made with … : so many at most. */
enum { ACCESS_TOKEN_CHAIN_MAX = 4 };
struct token_chain {
    cx_time ends_us; /* when the first of them expires; revoked ones have ended */
    bool broken;     /* one of them is revoked or frozen, or its account does not work */
    struct cx_id
        narrowed[ACCESS_TOKEN_CHAIN_MAX]; /* those with bindings of their own, nearest first */
    size_t narrowed_count, length;
    bool service; /* the token's own account is a service account */
};
/* The token and those above it. CX_E_LIMIT when they are more than ACCESS_TOKEN_CHAIN_MAX. */
cx_err token_chain_read(struct store_tx *tx, struct cx_id tenant_id, const struct token_row *token,
                        struct arena *arena, struct token_chain *ret_chain);

cx_err token_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id token_id,
                  struct arena *arena, struct token_row *ret_token);
/* user_id NULL: of every user in scope, and of self_id. */
cx_err token_page(struct store_tx *tx, struct cx_id tenant_id, const struct cx_id *user_id,
                  const struct access_scope *scope, struct cx_id self_id,
                  const struct page_key *after, size_t limit, struct arena *arena,
                  struct token_row *rows, size_t *ret_count);
/* With all that were made with it, and with those. Idempotent: the first time of revocation stays. */
cx_err token_revoke(struct store_tx *tx, struct cx_id tenant_id, struct cx_id token_id,
                    cx_time now_us);

/* Revokes every token of a user that is not revoked. */
cx_err token_revoke_all(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        cx_time now_us);

struct link_row {
    struct cx_id link_id, user_id;
    struct cx_id created_by_id; /* zero: made on the host */
    uint8_t secret_hash[32];
    cx_time created_us, expires_us;
    cx_time redeemed_us; /* 0: not redeemed */
};

cx_err link_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id link_id,
                 struct link_row *ret_link);
/* Compare-and-set: CX_E_CONFLICT when it was redeemed before. */
cx_err link_redeem(struct store_tx *tx, struct cx_id tenant_id, struct cx_id link_id,
                   cx_time now_us);
/* Unredeemed links of a user stop working. */
cx_err link_expire_all(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       cx_time now_us);

/* Whether user_id was enrolled by a link that by_id made, or is known at a provider because by_id said so, directly or through persons enrolled in between. */
cx_err link_enrolled_by(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        struct cx_id by_id, bool *ret_enrolled);
/* The tie between who asked and who approves. */
cx_err access_tie_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id requester_id,
                       struct cx_id approver_id, enum access_tie *ret_tie);
