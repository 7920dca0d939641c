/*
 * The proof of one entry: what was recorded, and that a signed checkpoint of the tenant's log covers it. It discloses the
 * details of that entry and of no other, and verifies offline: salt and details give the commitment in the leaf, leaf
 * and path give the root, the root is in the checkpoint, the checkpoint is signed. Format: docs/formats/audit.md.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "codec/json.h"
#include "codec/json_write.h"

struct core;

/* The newest entry of that action on that object. CX_E_NOTFOUND: none ("proof-entry"), or no checkpoint covers it yet
 * ("audit-checkpoint"). Reads the hashes of the whole log once, in constant memory. Writes one object under key. */
cx_err audit_proof_write(struct core *core, struct cx_id tenant_id, const char *action,
                         struct cx_id object_id, struct arena *arena, struct cx_diag *diag,
                         struct json_writer *json, const char *key);

struct audit_proven {
    struct cx_str leaf, details; /* JSON texts; in the tree that was read */
    uint64_t index, size;
};
/* Pure. vkey "": the one in the proof, which then proves no more than that its signer said so. CX_E_PARSE: no proof
 * ("proof-format"). CX_E_CRYPTO: "details-altered", "entry-altered", "checkpoint-signature". */
cx_err audit_proof_verify(const struct json_node *proof, struct cx_str vkey, struct cx_diag *diag,
                          struct audit_proven *ret_proven);
