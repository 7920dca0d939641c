/* Sources of signed alerts and what they sent, in the database. Inside store closures. */
#pragma once
#include "core/page.h"
#include "store/rows.h"

/* CX_E_NOTFOUND. */
cx_err alert_source_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                         struct arena *arena, struct row_alert_source *ret_row);
/* Newest first; rows has room for limit. */
cx_err alert_source_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                         size_t limit, struct arena *arena, struct row_alert_source *rows,
                         size_t *ret_count);
/* Is the name taken, by one that ended too? It stands in the keys of its alerts. */
cx_err alert_source_name_taken(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                               bool *ret_taken);
/* CX_E_CONFLICT when it has ended. */
cx_err alert_source_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                        struct cx_id ender_id, cx_time now_us);
/* Secrets and times of row, whose rotation_count is the one that was read. CX_E_CONFLICT when it is not any more, or it has ended. */
cx_err alert_source_rotate(struct store_tx *tx, const struct row_alert_source *row);

/* With its body. CX_E_NOTFOUND. */
cx_err alert_delivery_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                           struct cx_id delivery_id, struct arena *arena,
                           struct row_alert_delivery *ret_row);
/* By the sender's name of it. CX_E_NOTFOUND. */
cx_err alert_delivery_named(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                            struct cx_str label, struct arena *arena,
                            struct row_alert_delivery *ret_row);
/* Newest first, without bodies; rows has room for limit. */
cx_err alert_delivery_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                           const struct page_key *after, size_t limit, struct arena *arena,
                           struct row_alert_delivery *rows, size_t *ret_count);
cx_err alert_delivery_count(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                            cx_time since_us, int64_t *ret_count);
