#include "core/incident/block_store.h"
#include "core/api/contract.h"

#define COLUMNS                                                                                    \
    "SELECT block_id, incident_id, kind, issuer_id, profile_name, requester_id, spki_sha256, "     \
    "domain, reason, placer_id, placed_us, lifter_id, lifted_us FROM issuance_block "

static cx_err row_of(const struct store_stmt *q, struct arena *arena, struct block_row *ret_row)
{
    struct block_row block = {.row = {.block_id = store_col_id(q, 0),
                                      .incident_id = store_col_id(q, 1),
                                      .has_issuer_id = !store_col_is_null(q, 3),
                                      .issuer_id = store_col_id(q, 3),
                                      .has_profile_name = !store_col_is_null(q, 4),
                                      .has_requester_id = !store_col_is_null(q, 5),
                                      .requester_id = store_col_id(q, 5),
                                      .has_spki_sha256 = !store_col_is_null(q, 6),
                                      .has_domain = !store_col_is_null(q, 7),
                                      .placer_id = store_col_id(q, 9),
                                      .placed_us = store_col_int(q, 10),
                                      .has_lifter_id = !store_col_is_null(q, 11),
                                      .lifter_id = store_col_id(q, 11),
                                      .has_lifted_us = !store_col_is_null(q, 12),
                                      .lifted_us = store_col_int(q, 12)}};
    struct row_issuance_block *row = &block.row;
    int kind = 0;
    CX_TRY(api_enum_value(&api_enum_block_kind, store_col_text(q, 2), &kind));
    block.kind = (enum api_block_kind)kind;
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row->profile_name));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 6), &row->spki_sha256));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 7), &row->domain));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 8).envelope, &row->reason.envelope));
    *ret_row = block;
    return CX_OK;
}

cx_err block_page(struct store_tx *tx, struct cx_id tenant_id, bool lifted_too,
                  const struct page_key *after, size_t limit, struct arena *arena,
                  struct block_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         COLUMNS "WHERE tenant_id = $1 AND (lifted_us IS NULL OR $2 = 1) "
                                 "AND (placed_us, block_id) < ($3, $4) "
                                 "ORDER BY placed_us DESC, block_id DESC LIMIT $5",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, lifted_too);
    store_bind_int(q, 3, after->time_us);
    store_bind_id(q, 4, after->id);
    store_bind_int(q, 5, (int64_t)limit);
    while (count < limit) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err block_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id block_id,
                  struct arena *arena, struct block_row *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx, COLUMNS "WHERE tenant_id = $1 AND block_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, block_id);
    CX_TRY(store_step(q, &has));
    return has ? row_of(q, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err block_count_standing(struct store_tx *tx, struct cx_id tenant_id, int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(
        tx, "SELECT COUNT(*) FROM issuance_block WHERE tenant_id = $1 AND lifted_us IS NULL", &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &has));
    *ret_count = store_col_int(q, 0);
    return CX_OK;
}

cx_err block_set_lifted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id block_id,
                        struct cx_id lifter_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE issuance_block SET lifter_id = $3, lifted_us = $4 "
                         "WHERE tenant_id = $1 AND block_id = $2 AND lifted_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, block_id);
    store_bind_id(q, 3, lifter_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

/* Each by the index that it has. */
static const char *recent_query(const struct row_issuance_block *row)
{
    if (row->has_domain)
        return "SELECT COUNT(*) FROM certificate c WHERE c.tenant_id = $1 AND c.issued_us >= $2 "
               "AND (EXISTS (SELECT 1 FROM certificate_zone z WHERE z.tenant_id = $1 AND z.zone = "
               "$3 AND z.issued_us = c.issued_us AND z.certificate_id = c.certificate_id) "
               "OR EXISTS (SELECT 1 FROM certificate_name n WHERE n.tenant_id = $1 AND "
               "n.certificate_id = c.certificate_id AND n.value = $3))";
    if (row->has_issuer_id)
        return "SELECT COUNT(*) FROM certificate WHERE tenant_id = $1 AND issued_us >= $2 AND "
               "issuer_id = $3";
    if (row->has_profile_name)
        return "SELECT COUNT(*) FROM certificate WHERE tenant_id = $1 AND issued_us >= $2 AND "
               "profile_name = $3";
    if (row->has_requester_id)
        return "SELECT COUNT(*) FROM certificate WHERE tenant_id = $1 AND issued_us >= $2 AND "
               "requester_id = $3";
    if (row->has_spki_sha256)
        return "SELECT COUNT(*) FROM certificate WHERE tenant_id = $1 AND issued_us >= $2 AND "
               "spki_sha256 = $3";
    return "SELECT COUNT(*) FROM certificate WHERE tenant_id = $1 AND issued_us >= $2";
}

cx_err block_count_recent(struct store_tx *tx, const struct row_issuance_block *row,
                          cx_time since_us, int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx, recent_query(row), &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_int(q, 2, since_us);
    if (row->has_domain)
        store_bind_text(q, 3, row->domain);
    else if (row->has_issuer_id)
        store_bind_id(q, 3, row->issuer_id);
    else if (row->has_profile_name)
        store_bind_text(q, 3, row->profile_name);
    else if (row->has_requester_id)
        store_bind_id(q, 3, row->requester_id);
    else if (row->has_spki_sha256)
        store_bind_bytes(q, 3, row->spki_sha256);
    CX_TRY(store_step(q, &has));
    *ret_count = store_col_int(q, 0);
    return CX_OK;
}
