/* Blocks of issuance in the database, as their people see them; what issuance asks is core/policy/block.h. Inside store closures. A block is
 * lifted once and never removed. */
#pragma once
#include "api_types.h" /* generated */
#include "core/incident/incident_store.h"

struct block_row {
    struct row_issuance_block row;
    enum api_block_kind kind;
};

/* Newest first; rows has room for limit. */
cx_err block_page(struct store_tx *tx, struct cx_id tenant_id, bool lifted_too,
                  const struct page_key *after, size_t limit, struct arena *arena,
                  struct block_row *rows, size_t *ret_count);
/* CX_E_NOTFOUND. */
cx_err block_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id block_id,
                  struct arena *arena, struct block_row *ret_row);
cx_err block_count_standing(struct store_tx *tx, struct cx_id tenant_id, int64_t *ret_count);
/* CX_E_CONFLICT when it was lifted before. */
cx_err block_set_lifted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id block_id,
                        struct cx_id lifter_id, cx_time now_us);
/* Certificates issued since then that the block would have refused. */
cx_err block_count_recent(struct store_tx *tx, const struct row_issuance_block *row,
                          cx_time since_us, int64_t *ret_count);
