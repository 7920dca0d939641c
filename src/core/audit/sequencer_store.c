/* The sequencer's SQL. Reads that need no agreement with the write run outside its transaction; the write
 * compares the tree's size, so that of two nodes only one gives out the same indexes. */
#include "core/audit/audit_internal.h"

#include <pthread.h>

enum { LEAF_BUF_MAX = AUDIT_LEAF_MAX };

static struct cx_id optional_id(const struct store_stmt *q, int column)
{
    return store_col_is_null(q, column) ? (struct cx_id){{0}} : store_col_id(q, column);
}

struct audit_record audit_record_read(const struct store_stmt *q, int first)
{
    return (struct audit_record){
        .version = store_col_int(q, first),
        .entry_id = store_col_id(q, first + 1),
        .tenant_id = store_col_id(q, first + 2),
        .time_us = store_col_int(q, first + 3),
        .action = store_col_text(q, first + 4),
        .outcome = store_col_text(q, first + 5),
        .object_type = store_col_text(q, first + 6),
        .user_id = optional_id(q, first + 7),
        .token_id = optional_id(q, first + 8),
        .call_id = optional_id(q, first + 9),
        .object_id = optional_id(q, first + 10),
        .commitment = store_col_bytes(q, first + 11),
        .state_hash = store_col_bytes(q, first + 12),
    };
}

struct pending {
    struct cx_id *tenants;
    size_t count;
};

static cx_err read_pending(struct store_tx *tx, void *arg)
{
    struct pending *pending = arg;
    pending->count = 0;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT tenant_id FROM audit_entry WHERE leaf_index IS NULL "
                         "GROUP BY tenant_id LIMIT $1",
                         &q));
    store_bind_int(q, 1, AUDIT_TENANTS_MAX);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row || pending->count == AUDIT_TENANTS_MAX)
            return CX_OK;
        pending->tenants[pending->count++] = store_col_id(q, 0);
    }
}

cx_err audit_store_pending(struct store *store, struct arena *arena, struct cx_id **ret_tenants,
                           size_t *ret_count)
{
    struct pending pending = {0};
    CX_TRY(ARENA_NEW_ARRAY(arena, AUDIT_TENANTS_MAX, &pending.tenants));
    CX_TRY(store_read(store, read_pending, &pending));
    *ret_tenants = pending.tenants;
    *ret_count = pending.count;
    return CX_OK;
}

static cx_err read_tree(struct store_tx *tx, struct cx_id tenant_id, struct merkle_tree *ret_tree)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT size, frontier FROM audit_tree WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, tenant_id);
    bool row = false;
    CX_TRY(store_step(q, &row));
    *ret_tree = (struct merkle_tree){0};
    if (!row)
        return CX_OK;
    return merkle_frontier_read((uint64_t)store_col_int(q, 0), store_col_bytes(q, 1), ret_tree);
}

static cx_err hash_record(const struct audit_record *record, struct merkle_hash *ret_leaf)
{
    uint8_t memory[LEAF_BUF_MAX] __attribute__((uninitialized)); /* written before it is read */
    struct cx_buf leaf = {.ptr = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    CX_TRY(audit_leaf_write(record, &leaf));
    return merkle_leaf(cx_buf_view(&leaf), ret_leaf);
}

static cx_err read_batch(struct store_tx *tx, void *arg)
{
    struct audit_batch *batch = arg;
    batch->count = 0;
    CX_TRY(read_tree(tx, batch->tenant_id, &batch->tree));
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT " AUDIT_RECORD_COLUMNS " FROM audit_entry WHERE tenant_id = $1 "
                         "AND leaf_index IS NULL ORDER BY time_us, entry_id LIMIT $2",
                         &q));
    store_bind_id(q, 1, batch->tenant_id);
    store_bind_int(q, 2, AUDIT_BATCH);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row || batch->count == AUDIT_BATCH)
            return CX_OK;
        const struct audit_record record = audit_record_read(q, 0);
        CX_TRY(hash_record(&record, &batch->leaves[batch->count]));
        batch->entries[batch->count++] = record.entry_id;
    }
}

cx_err audit_store_read_batch(struct store *store, struct audit_batch *batch)
{
    return store_read(store, read_batch, batch);
}

/* ---- writing ---- */

static char number_sql[AUDIT_GROUP * 24 + 256];
static pthread_once_t number_sql_once = PTHREAD_ONCE_INIT;

/* One statement numbers AUDIT_GROUP entries: on PostgreSQL a round trip costs more than the work. */
static void make_number_sql(void)
{
    int len = snprintf(
        number_sql, sizeof(number_sql),
        "UPDATE audit_entry SET leaf_index = v.column2, leaf_hash = v.column3 FROM (VALUES ");
    for (int i = 0; i < AUDIT_GROUP; i++)
        len += snprintf(number_sql + len, sizeof(number_sql) - (size_t)len, "%s($%d, $%d, $%d)",
                        i ? ", " : "", 3 * i + 2, 3 * i + 3, 3 * i + 4);
    snprintf(number_sql + len, sizeof(number_sql) - (size_t)len,
             ") AS v WHERE audit_entry.tenant_id = $1 AND audit_entry.entry_id = v.column1 "
             "AND audit_entry.leaf_index IS NULL");
}

static cx_err number_entries(struct store_tx *tx, const struct audit_batch *batch, size_t first,
                             size_t count)
{
    struct store_stmt *q = NULL;
    if (count == AUDIT_GROUP) {
        CX_TRY(store_prepare(tx, number_sql, &q));
    } else {
        count = 1;
        CX_TRY(store_prepare(
            tx,
            "UPDATE audit_entry SET leaf_index = $3, leaf_hash = $4 WHERE tenant_id = $1 "
            "AND entry_id = $2 AND leaf_index IS NULL",
            &q));
    }
    store_bind_id(q, 1, batch->tenant_id);
    for (size_t i = 0; i < count; i++) {
        const struct merkle_hash *hash = &batch->leaves[first + i];
        store_bind_id(q, (int)(3 * i + 2), batch->entries[first + i]);
        store_bind_int(q, (int)(3 * i + 3), (int64_t)(batch->tree.size + first + i));
        store_bind_bytes(q, (int)(3 * i + 4), CX_BYTES(hash->b, sizeof(hash->b)));
    }
    CX_TRY(store_exec(q));
    return store_changes(q) == (int64_t)count ? CX_OK : CX_ERR(CONFLICT);
}

/* CX_E_CONFLICT: the tree is not of the size before any more. */
static cx_err replace_tree(struct store_tx *tx, struct cx_id tenant_id, uint64_t before,
                           const struct merkle_tree *grown)
{
    struct store_stmt *q = NULL;
    if (before == 0) {
        CX_TRY(store_prepare(tx,
                             "INSERT INTO audit_tree (tenant_id, size, frontier, checkpoint_size) "
                             "VALUES ($1, 0, $2, 0) ON CONFLICT DO NOTHING",
                             &q));
        store_bind_id(q, 1, tenant_id);
        store_bind_bytes(q, 2, CX_BYTES_NONE);
        CX_TRY(store_exec(q));
    }
    CX_TRY(store_prepare(tx,
                         "UPDATE audit_tree SET size = $3, frontier = $4 "
                         "WHERE tenant_id = $1 AND size = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, (int64_t)before);
    store_bind_int(q, 3, (int64_t)grown->size);
    store_bind_bytes(q, 4, merkle_frontier_view(grown));
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err audit_store_number(struct store_tx *tx, const struct audit_record *record,
                          uint64_t *ret_index, struct merkle_hash *ret_leaf)
{
    struct merkle_tree tree;
    struct merkle_hash leaf;
    CX_TRY(hash_record(record, &leaf));
    CX_TRY(read_tree(tx, record->tenant_id, &tree));
    const uint64_t index = tree.size;
    CX_TRY(merkle_append(&tree, &leaf));
    CX_TRY(replace_tree(tx, record->tenant_id, index, &tree));
    *ret_index = index;
    *ret_leaf = leaf;
    return CX_OK;
}

cx_err audit_store_sequence(struct store_tx *tx, const struct audit_batch *batch,
                            const struct merkle_tree *grown)
{
    CX_TRY(replace_tree(tx, batch->tenant_id, batch->tree.size, grown));
    pthread_once(&number_sql_once, make_number_sql);
    for (size_t done = 0; done < batch->count;) {
        size_t left = batch->count - done;
        size_t group = left >= AUDIT_GROUP ? AUDIT_GROUP : 1;
        CX_TRY(number_entries(tx, batch, done, group));
        done += group;
    }
    return CX_OK;
}

struct unsigned_trees {
    struct audit_unsigned *trees;
    size_t count;
};

static cx_err read_unsigned(struct store_tx *tx, void *arg)
{
    struct unsigned_trees *found = arg;
    found->count = 0;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT tenant_id, size, frontier FROM audit_tree "
                         "WHERE checkpoint_size < size LIMIT $1",
                         &q));
    store_bind_int(q, 1, AUDIT_TREES_MAX);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row || found->count == AUDIT_TREES_MAX)
            return CX_OK;
        struct audit_unsigned *tree = &found->trees[found->count];
        tree->tenant_id = store_col_id(q, 0);
        CX_TRY(merkle_frontier_read((uint64_t)store_col_int(q, 1), store_col_bytes(q, 2),
                                    &tree->tree));
        found->count++;
    }
}

cx_err audit_store_unsigned(struct store *store, struct arena *arena,
                            struct audit_unsigned **ret_trees, size_t *ret_count)
{
    struct unsigned_trees found = {0};
    CX_TRY(ARENA_NEW_ARRAY(arena, AUDIT_TREES_MAX, &found.trees));
    CX_TRY(store_read(store, read_unsigned, &found));
    *ret_trees = found.trees;
    *ret_count = found.count;
    return CX_OK;
}

struct signed_size {
    struct cx_id tenant_id;
    uint64_t size;
};

static cx_err read_signed_size(struct store_tx *tx, void *arg)
{
    struct signed_size *it = arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT checkpoint_size FROM audit_tree WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, it->tenant_id);
    bool row = false;
    CX_TRY(store_step(q, &row));
    it->size = (uint64_t)store_col_int(q, 0);
    return CX_OK;
}

cx_err audit_store_signed_size(struct store *store, struct cx_id tenant_id, uint64_t *ret_size)
{
    struct signed_size it = {.tenant_id = tenant_id};
    CX_TRY(store_read(store, read_signed_size, &it));
    *ret_size = it.size;
    return CX_OK;
}

cx_err audit_store_checkpoint(struct store_tx *tx, struct cx_id tenant_id, uint64_t size,
                              struct cx_str note, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "INSERT INTO audit_checkpoint (tenant_id, size, note, created_us) "
                         "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, (int64_t)size);
    store_bind_text(q, 3, note);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    CX_TRY(store_prepare(tx,
                         "UPDATE audit_tree SET checkpoint_size = $2 "
                         "WHERE tenant_id = $1 AND checkpoint_size < $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, (int64_t)size);
    return store_exec(q);
}
