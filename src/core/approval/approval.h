/*
 * Decisions of people on requests: approve or reject, with a comment. Separation of duties is authorise() with the
 * requester, asked inside the transaction that stores the decision, on the row as it is there.
 */
#pragma once
#include "core/issuance/request_store.h"

struct core;

/* Comments are sealed under both parts of the row's key. */
cx_err approval_comment_seal(struct core *core, struct cx_id tenant_id, struct cx_id request_id,
                             struct cx_id approver_id, struct cx_str comment, struct arena *arena,
                             struct cx_sealed *ret_sealed);
cx_err approval_comment_open(struct core *core, struct cx_id tenant_id, struct cx_id request_id,
                             const struct approval_found *approval, struct arena *arena,
                             struct cx_str *ret_comment);
