#include "core/governance/pack.h"

/* Columns from the first: pack_id, from_us, until_us, maker_id, markdown_sha256, made_us. */
#define PACK_COLUMNS "pack_id, from_us, until_us, maker_id, markdown_sha256, made_us"

static cx_err row_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                     struct row_incident_pack *row)
{
    *row = (struct row_incident_pack){.tenant_id = tenant_id,
                                      .pack_id = store_col_id(q, 0),
                                      .from_us = store_col_int(q, 1),
                                      .until_us = store_col_int(q, 2),
                                      .has_maker_id = !store_col_is_null(q, 3),
                                      .maker_id = store_col_id(q, 3),
                                      .made_us = store_col_int(q, 5)};
    return arena_copy(arena, store_col_bytes(q, 4), &row->markdown_sha256);
}

cx_err pack_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                 size_t limit, struct arena *arena, struct row_incident_pack *rows,
                 size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " PACK_COLUMNS " FROM incident_pack WHERE tenant_id = $1 "
                         "AND (made_us, pack_id) < ($2, $3) "
                         "ORDER BY made_us DESC, pack_id DESC LIMIT $4",
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
        CX_TRY(row_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err pack_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id pack_id,
                 struct arena *arena, struct row_incident_pack *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " PACK_COLUMNS ", markdown FROM incident_pack "
                         "WHERE tenant_id = $1 AND pack_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, pack_id);
    CX_TRY(store_step(q, &has));
    if (!has)
        return CX_ERR(NOTFOUND);
    CX_TRY(row_of(q, tenant_id, arena, ret_row));
    return arena_copy(arena, store_col_sealed(q, 6).envelope, &ret_row->markdown.envelope);
}
