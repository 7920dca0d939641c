/*
 * The objects whose every change is recorded (change.h): which tables, which of their columns, and how one is named. Sealed
 * columns are left out: their ciphertext is bound to its place, changes with the key, and what they hold is personal or
 * secret. A list (the permissions of a role) belongs to its object.
 *
 * One reader for both sides: what is recorded at a change and what is compared with it later is written by the same code.
 * Tables whose rows are deleted have no place here: objects are ended, disabled or replaced.
 */
#pragma once
#include "base/arena.h"
#include "store/store.h"

enum change_object {
    CHANGE_TENANT,
    CHANGE_USER,
    CHANGE_GROUP,
    CHANGE_MEMBER,
    CHANGE_NESTING,
    CHANGE_ROLE,
    CHANGE_ROLE_CONFLICT,
    CHANGE_BINDING,
    CHANGE_ISSUER,
    CHANGE_PROFILE,
    CHANGE_ACME_DIRECTORY,
    CHANGE_OIDC_PROVIDER,
    CHANGE_APPROVAL_RULE,
    CHANGE_DELEGATION,
    CHANGE_BREAK_GLASS_ACCOUNT,
    CHANGE_SETTING,
    CHANGE_RULE_PACK,
    CHANGE_RULE_PACK_USE,
    CHANGE_SCIM_CLIENT,
    CHANGE_SCIM_GROUP,
    CHANGE_SERVICE_OWNER,
    CHANGE_PLAYBOOK,
    CHANGE_OBJECT_COUNT
};

const char *change_object_name(enum change_object object);

enum { CHANGE_CONTENT_MAX = 4 * 1024 * 1024 }; /* octets of a content, at most */

/* All objects of a kind in a tenant, or those whose first key columns have these values. */
struct change_key {
    enum { CHANGE_KEY_ALL, CHANGE_KEY_ID, CHANGE_KEY_IDS, CHANGE_KEY_TEXT } kind;
    struct cx_id id, other_id;
    struct cx_str text;
};

/* key: the key columns, "/" between them, "%" and "/" inside a text as in URLs. content: canonical JSON, columns and then
 * lists in the order of the table in object.c. */
struct change_row {
    struct cx_str key, content;
};
/* Everything is in arena. */
cx_err change_rows_read(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                        const struct change_key *key, struct arena *arena,
                        struct change_row **ret_rows, size_t *ret_count);
