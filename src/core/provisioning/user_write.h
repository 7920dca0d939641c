/*
 * Changes of a directory's users. Prepared outside the transaction (sealed values, indexes), written inside: user, what the
 * directory says of them, and whether they are active, which ends their sessions, tokens, browsers and links at once.
 */
#pragma once
#include "core/provisioning/directory.h"

/* Audit details of a change: which attributes, never their values. */
struct scim_user_work {
    struct scim_call *call;
    struct cx_id user_id;
    struct scim_user before; /* as read */
    struct scim_user_change change;
    bool attributes_change;
    struct scim_user_update update; /* when they do */
    struct cx_sealed display_name, email;
    struct cx_bytes email_index; /* empty: no address */
    bool email_changes;
};

/* CX_E_CONFLICT "user-name-taken", "email-taken"; CX_E_POLICY "user-disabled-here"; what a store does. */
cx_err scim_user_insert(struct scim_call *call, const struct scim_user_change *change,
                        struct cx_id *ret_user_id);
/* replace: texts that the change does not set are taken away. Reads, decides and writes; again when somebody else was faster. */
cx_err scim_user_change_write(struct scim_call *call, struct cx_id user_id,
                              const struct scim_user_change *change, bool replace);
/* active:false alone: nothing but the database keeps it from happening. */
cx_err scim_user_deactivate(struct scim_call *call, struct cx_id user_id);
/* The user leaves: everything of theirs ends, and the directory does not know them any more. */
cx_err scim_user_leave(struct scim_call *call, struct cx_id user_id);
