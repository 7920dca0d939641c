#include "core/intake/source_store.h"

#define SOURCE                                                                                     \
    "SELECT source_id, name, kind, mapping, secret, previous_secret, previous_until_us, "          \
    "rotation_count, rotated_us, creator_id, created_us, ender_id, ended_us FROM alert_source "
#define DELIVERY_COLUMNS                                                                           \
    "SELECT delivery_id, source_id, label, sha256, alert_count, opened_count, skipped_count, "     \
    "received_us"
#define DELIVERY DELIVERY_COLUMNS " FROM alert_delivery "

static cx_err source_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                        struct row_alert_source *ret_row)
{
    struct row_alert_source row = {.tenant_id = tenant_id,
                                   .source_id = store_col_id(q, 0),
                                   .has_previous_secret = !store_col_is_null(q, 5),
                                   .has_previous_until_us = !store_col_is_null(q, 6),
                                   .previous_until_us = store_col_int(q, 6),
                                   .rotation_count = store_col_int(q, 7),
                                   .has_rotated_us = !store_col_is_null(q, 8),
                                   .rotated_us = store_col_int(q, 8),
                                   .creator_id = store_col_id(q, 9),
                                   .created_us = store_col_int(q, 10),
                                   .has_ender_id = !store_col_is_null(q, 11),
                                   .ender_id = store_col_id(q, 11),
                                   .has_ended_us = !store_col_is_null(q, 12),
                                   .ended_us = store_col_int(q, 12)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &row.name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.kind));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.mapping));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 4).envelope, &row.secret.envelope));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 5).envelope, &row.previous_secret.envelope));
    *ret_row = row;
    return CX_OK;
}

cx_err alert_source_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                         struct arena *arena, struct row_alert_source *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx, SOURCE "WHERE tenant_id = $1 AND source_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, source_id);
    CX_TRY(store_step(q, &has));
    return has ? source_of(q, tenant_id, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err alert_source_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                         size_t limit, struct arena *arena, struct row_alert_source *rows,
                         size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         SOURCE "WHERE tenant_id = $1 AND (created_us < $2 OR (created_us = $2 "
                                "AND source_id < $3)) "
                                "ORDER BY created_us DESC, source_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        CX_TRY(source_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err alert_source_name_taken(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                               bool *ret_taken)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT 1 FROM alert_source WHERE tenant_id = $1 AND name = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, name);
    return store_step(q, ret_taken);
}

cx_err alert_source_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                        struct cx_id ender_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE alert_source SET ender_id = $3, ended_us = $4 "
                         "WHERE tenant_id = $1 AND source_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, source_id);
    store_bind_id(q, 3, ender_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err alert_source_rotate(struct store_tx *tx, const struct row_alert_source *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE alert_source SET previous_until_us = $4, rotated_us = $5, "
                         "rotation_count = rotation_count + 1 "
                         "WHERE tenant_id = $1 AND source_id = $2 AND rotation_count = $3 "
                         "AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->source_id);
    store_bind_int(q, 3, row->rotation_count);
    if (row->has_previous_until_us)
        store_bind_int(q, 4, row->previous_until_us);
    else
        store_bind_null(q, 4);
    store_bind_int(q, 5, row->rotated_us);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    CX_TRY(row_alert_source_set_secret(tx, row->tenant_id, row->source_id, row->secret));
    return row_alert_source_set_previous_secret(tx, row->tenant_id, row->source_id,
                                                row->previous_secret);
}

static cx_err delivery_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                          struct row_alert_delivery *ret_row)
{
    struct row_alert_delivery row = {.tenant_id = tenant_id,
                                     .delivery_id = store_col_id(q, 0),
                                     .source_id = store_col_id(q, 1),
                                     .alert_count = store_col_int(q, 4),
                                     .opened_count = store_col_int(q, 5),
                                     .skipped_count = store_col_int(q, 6),
                                     .received_us = store_col_int(q, 7)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.label));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 3), &row.sha256));
    *ret_row = row;
    return CX_OK;
}

cx_err alert_delivery_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                           struct cx_id delivery_id, struct arena *arena,
                           struct row_alert_delivery *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         DELIVERY_COLUMNS ", body FROM alert_delivery "
                                          "WHERE tenant_id = $1 AND delivery_id = $2 "
                                          "AND source_id = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, delivery_id);
    store_bind_id(q, 3, source_id);
    CX_TRY(store_step(q, &has));
    if (!has)
        return CX_ERR(NOTFOUND);
    CX_TRY(delivery_of(q, tenant_id, arena, ret_row));
    return arena_copy(arena, store_col_sealed(q, 8).envelope, &ret_row->body.envelope);
}

cx_err alert_delivery_named(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                            struct cx_str label, struct arena *arena,
                            struct row_alert_delivery *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(
        store_prepare(tx, DELIVERY "WHERE tenant_id = $1 AND source_id = $2 AND label = $3", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, source_id);
    store_bind_text(q, 3, label);
    CX_TRY(store_step(q, &has));
    return has ? delivery_of(q, tenant_id, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err alert_delivery_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                           const struct page_key *after, size_t limit, struct arena *arena,
                           struct row_alert_delivery *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         DELIVERY "WHERE tenant_id = $1 AND source_id = $2 AND (received_us < $3 "
                                  "OR (received_us = $3 AND delivery_id < $4)) "
                                  "ORDER BY received_us DESC, delivery_id DESC LIMIT $5",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, source_id);
    store_bind_int(q, 3, after->time_us);
    store_bind_id(q, 4, after->id);
    store_bind_int(q, 5, (int64_t)limit);
    while (count < limit) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        CX_TRY(delivery_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err alert_delivery_count(struct store_tx *tx, struct cx_id tenant_id, struct cx_id source_id,
                            cx_time since_us, int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         "SELECT COUNT(*) FROM alert_delivery WHERE tenant_id = $1 "
                         "AND source_id = $2 AND received_us > $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, source_id);
    store_bind_int(q, 3, since_us);
    CX_TRY(store_step(q, &has));
    *ret_count = has ? store_col_int(q, 0) : 0;
    return CX_OK;
}
