/*
 * The content of an earlier version, for an edit that brings it back. It is what the log vouches for: a version that was
 * altered in the database, or that hangs on no entry, is refused, so that nobody is made to bring a forgery into force.
 */
#pragma once
#include "base/diag.h"
#include "codec/json.h"
#include "core/change/object.h"

struct core;

/* CX_E_NOTFOUND with rule version-unknown, CX_E_CONFLICT with version-altered; field "version". The caller frees *ret_root.
 * Not inside a closure. */
cx_err change_rollback_read(struct core *core, struct cx_id tenant_id, enum change_object object,
                            struct cx_str key, int64_t version, struct arena *arena,
                            struct cx_diag *diag, json_t **ret_root);
/* The text of a member in arena; "" when it is absent or no text. */
cx_err change_rollback_text(const json_t *root, const char *name, struct arena *arena,
                            struct cx_str *ret_text);
