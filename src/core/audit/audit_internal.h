/* Inside src/core/audit: what the sequencer, the export and the handlers share. */
#pragma once
#include "base/arena.h"
#include "core/audit/audit.h"
#include "core/audit/leaf.h"
#include "core/audit/merkle.h"

/* The columns of audit_entry that make a leaf, in the order audit_record_read expects from column first on. */
#define AUDIT_RECORD_COLUMNS                                                                       \
    "version, entry_id, tenant_id, time_us, action, outcome, object_type, user_id, token_id, "     \
    "call_id, object_id, commitment, state_hash"
enum { AUDIT_RECORD_COLUMN_COUNT = 13 };
/* Texts and hashes are views into the row: valid until the next step. */
struct audit_record audit_record_read(const struct store_stmt *q, int first);

/* Entries that the sequencer works on at once; one statement numbers AUDIT_GROUP of them. */
enum { AUDIT_BATCH = 512, AUDIT_GROUP = 32, AUDIT_TENANTS_MAX = 4096, AUDIT_TREES_MAX = 128 };

struct audit_batch {
    struct cx_id tenant_id;
    struct merkle_tree tree; /* before the batch, as stored */
    size_t count;
    struct cx_id entries[AUDIT_BATCH];
    struct merkle_hash leaves[AUDIT_BATCH];
};

/* Tenants with entries that wait for their index, at most AUDIT_TENANTS_MAX. */
cx_err audit_store_pending(struct store *store, struct arena *arena, struct cx_id **ret_tenants,
                           size_t *ret_count);
/* batch->tenant_id says whose. */
cx_err audit_store_read_batch(struct store *store, struct audit_batch *batch);
/* Inside a transaction: entries get their index, the tree becomes grown. CX_E_CONFLICT when somebody else
 * sequenced meanwhile: read again. */
cx_err audit_store_sequence(struct store_tx *tx, const struct audit_batch *batch,
                            const struct merkle_tree *grown);

/* Inside the transaction that appends the entry, where store_tx_is_alone: extends the tenant's tree by it. */
cx_err audit_store_number(struct store_tx *tx, const struct audit_record *record,
                          uint64_t *ret_index, struct merkle_hash *ret_leaf);

struct audit_unsigned {
    struct cx_id tenant_id;
    struct merkle_tree tree;
};
/* Trees that grew since their last checkpoint, at most AUDIT_TREES_MAX. */
cx_err audit_store_unsigned(struct store *store, struct arena *arena,
                            struct audit_unsigned **ret_trees, size_t *ret_count);
/* The size of the newest stored checkpoint, 0 when there is none. */
cx_err audit_store_signed_size(struct store *store, struct cx_id tenant_id, uint64_t *ret_size);
cx_err audit_store_checkpoint(struct store_tx *tx, struct cx_id tenant_id, uint64_t size,
                              struct cx_str note, cx_time now_us);

/* Tells the sequencer that something was committed. NULL-safe. */
void audit_wake(struct audit *audit);
