/*
 * Changes of a directory's groups. Each step is a transaction with its own audit entry. A member who may not come in is
 * left out and noted, the others come in: one person's conflicting roles do not keep a whole department waiting. Whoever
 * goes, goes.
 *
 * Who comes in is checked like in every other way into a group: separation of duties; nobody who knows the directory's
 * secret, or who said what the group may carry, is added by it; and no privileged role comes with the group unless an
 * administrator allowed that.
 */
#pragma once
#include "core/provisioning/directory.h"
#include "core/provisioning/group_change.h"

/* All or nothing. CX_E_CONFLICT "group-name-taken". */
cx_err scim_group_insert(struct scim_call *call, const struct scim_group_document *document,
                         struct cx_id *ret_group_id);
/* Carries out the steps in their order; adds to document->refused. A failure that is no refusal ends it. */
cx_err scim_group_steps(struct scim_call *call, struct cx_id group_id,
                        struct scim_group_document *document);
/* The directory's users leave the group, and it does not know the group any more. */
cx_err scim_group_delete(struct scim_call *call, struct cx_id group_id);
