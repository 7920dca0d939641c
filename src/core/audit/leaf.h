/*
 * The leaf of an audit entry: the bytes that the tree hashes. One canonical JSON object, members in a fixed order,
 * absent ones left out; it holds a salted commitment to the details, not the details. It is made from the columns of
 * audit_entry whenever it is needed and is not stored, so a column that was altered alters the leaf.
 * Format: docs/formats/audit.md.
 */
#pragma once
#include "base/clock.h"
#include "base/id.h"

enum {
    AUDIT_LEAF_VERSION = 1,
    AUDIT_LEAF_MAX = 4096,
    AUDIT_ACTION_MAX = 64,
    AUDIT_SALT_LEN = 16,
    AUDIT_COMMITMENT_LEN = 32,
    AUDIT_STATE_HASH_LEN = 32
};

/* A zero id is absent. Texts are borrowed. */
struct audit_record {
    int64_t version;
    struct cx_id entry_id, tenant_id;
    cx_time time_us;
    struct cx_str action, outcome, object_type;
    struct cx_id user_id, token_id, call_id, object_id;
    struct cx_bytes commitment;
    struct cx_bytes
        state_hash; /* of the versions that the entry brought (core/change); empty: none */
};

/* CX_E_PARSE when the record is no entry of a version known here: the database was altered. */
cx_err audit_leaf_write(const struct audit_record *record, struct cx_buf *out);

/* SHA-256(salt ‖ details). */
cx_err audit_commitment(struct cx_bytes salt, struct cx_bytes details,
                        uint8_t ret_commitment[static AUDIT_COMMITMENT_LEN]);
/* "crt" … as stored in object_type. CX_E_PARSE when it is no identifier's prefix. */
cx_err audit_object_type(struct cx_str prefix, enum cx_id_type *ret_type);
