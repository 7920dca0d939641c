/*
 * Directories, their users and their groups as rows. Inside store closures; every WHERE has the tenant, and for what a
 * directory asks, the directory. What was removed from a directory is not there for it. What is returned is in arena.
 */
#pragma once
#include "core/access/access_store.h"
#include "core/page.h"
#include "store/rows.h"

enum { SCIM_CLIENTS_MAX = 64, SCIM_GROUPS_SHOWN = 1000 };

struct scim_client {
    struct cx_id user_id, token_id, binding_id;
    cx_time expires_us, created_us, changed_us;
    struct cx_id changed_by_id; /* who was shown its secret last */
    cx_time revoked_us;         /* 0: not revoked */
};
/* CX_E_NOTFOUND. */
cx_err scim_client_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        struct scim_client *ret_client);
/* Newest first; rows has room for SCIM_CLIENTS_MAX. */
cx_err scim_client_list(struct store_tx *tx, struct cx_id tenant_id, struct scim_client *rows,
                        size_t *ret_count);
/* token, binding, expiry, who and when. */
cx_err scim_client_rotate(struct store_tx *tx, struct cx_id tenant_id,
                          const struct scim_client *client);
cx_err scim_client_revoke(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                          cx_time now_us);

struct scim_user {
    struct cx_id user_id;
    enum user_state state;
    struct cx_sealed attributes;
    cx_time created_us, changed_us;
    cx_time deactivated_us; /* 0: not by the directory */
};
/* What users or groups are looked up by. */
enum scim_key_kind {
    SCIM_ALL,
    SCIM_BY_ID,
    SCIM_BY_NAME,
    SCIM_BY_EXTERNAL_ID,
    SCIM_BY_EMAIL,
    SCIM_BY_MEMBER
};
struct scim_key {
    enum scim_key_kind kind;
    struct cx_id id;       /* of the user or group, or of the member */
    struct cx_bytes index; /* of users: by name, external identifier or address */
    struct cx_str
        text; /* of groups: by name (lower-cased ASCII beside it) or external identifier */
    struct cx_str lower;
};
cx_err scim_user_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                      struct cx_id user_id, struct arena *arena, struct scim_user *ret_user);
/* Oldest first, at most limit after offset. rows has room for limit. */
cx_err scim_user_search(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                        const struct scim_key *key, size_t offset, size_t limit,
                        struct arena *arena, struct scim_user *rows, size_t *ret_count);
cx_err scim_user_total(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                       size_t *ret_total);
/* Whether another user than user_id (zero: any) of the directory has the name. */
cx_err scim_user_name_taken(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                            struct cx_bytes index, struct cx_id user_id, bool *ret_taken);
struct scim_user_update {
    struct cx_id tenant_id, user_id;
    struct cx_bytes user_name_index, external_id_index; /* the second empty: none */
    struct cx_sealed attributes;
    cx_time before_us, now_us; /* before: changed_us as read */
};
/* Compare-and-set: CX_E_CONFLICT when the user changed since. */
cx_err scim_user_update(struct store_tx *tx, const struct scim_user_update *update);
/* deactivated_us 0: the directory does not have them inactive. */
cx_err scim_user_set_deactivated(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                                 cx_time deactivated_us, cx_time now_us);
cx_err scim_user_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        cx_time now_us);
/* Forgets that a user was a directory's once, so that another can have them. */
cx_err scim_user_forget_removed(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id);

struct scim_group {
    struct cx_id group_id, client_id;
    struct cx_str name; /* here */
    struct cx_str display_name, external_id;
    bool made_here, privileged_allowed;
    struct cx_id marked_by_id;
    cx_time created_us, changed_us;
    cx_time removed_us; /* 0: not removed */
};
/* client_id zero: whoever's it is, removed or not. */
cx_err scim_group_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                       struct cx_id group_id, struct arena *arena, struct scim_group *ret_group);
cx_err scim_group_search(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                         const struct scim_key *key, size_t offset, size_t limit,
                         struct arena *arena, struct scim_group *rows, size_t *ret_count);
cx_err scim_group_total(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                        size_t *ret_total);
/* Newest first, of every directory, those that are not removed. */
cx_err scim_group_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                       size_t limit, struct arena *arena, struct scim_group *rows,
                       size_t *ret_count);
/* Whether a group has this name here, and if so whether it is one that a directory made and removed. */
cx_err scim_group_name_taken(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                             bool *ret_taken, bool *ret_removed);
/* Whether a privileged role comes with the group, by itself or one above it: now, by a binding that has yet to begin, or to
 * be activated. */
cx_err scim_group_is_privileged(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                                cx_time now_us, struct arena *arena, bool *ret_privileged);
/* Writes all but what is never changed (made_here, created_us): of a group that has a row. */
cx_err scim_group_update(struct store_tx *tx, struct cx_id tenant_id,
                         const struct scim_group *group);

/* Those of the directory's users who are members, directly. */
cx_err scim_members(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                    struct cx_id group_id, struct arena *arena, struct cx_id **ret_users,
                    size_t *ret_count);
cx_err scim_is_member(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                      struct cx_id user_id, bool *ret_member);
/* The directory's groups that a user is in, directly. */
cx_err scim_groups_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                      struct cx_id user_id, struct arena *arena, struct scim_group **ret_groups,
                      size_t *ret_count);
