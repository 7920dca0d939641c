#include "core/inventory/search_store.h"

/* Parameters: 1 tenant · 2, 3 page key · 4 limit · 5 issuer · 6 profile · 7 requester · 8 status · 9 now ·
 * 10, 11 expiry window · 12 serial · 13 sha256 · 14 spki_sha256 · 15, 16 tag · 17 whether a tag is given ·
 * 18 … 23 scope of who searches · 24 name, domain or index token */
#define RESIDUAL                                                                                   \
    " AND (c.issuer_id = $5 OR $5 IS NULL) AND (c.profile_name = $6 OR $6 IS NULL)"                \
    " AND (c.requester_id = $7 OR $7 IS NULL)"                                                     \
    " AND ($8 = 0 OR ($8 = 1 AND c.revoked_us IS NULL AND c.not_after_us > $9)"                    \
    " OR ($8 = 2 AND c.revoked_us IS NULL AND c.not_after_us <= $9)"                               \
    " OR ($8 = 3 AND c.revoked_us IS NOT NULL))"                                                   \
    " AND (c.not_after_us >= $10 OR $10 IS NULL) AND (c.not_after_us < $11 OR $11 IS NULL)"        \
    " AND (c.serial = $12 OR $12 IS NULL) AND (c.sha256 = $13 OR $13 IS NULL)"                     \
    " AND (c.spki_sha256 = $14 OR $14 IS NULL)"                                                    \
    " AND ($17 = 0 OR EXISTS (SELECT 1 FROM certificate_tag t WHERE t.tenant_id = $1"              \
    " AND t.certificate_id = c.certificate_id AND t.name = $15 AND t.value = $16))"                \
    " AND " SCOPE_OBJECT("c", "certificate_tag", "certificate_id", "$18", "$19", "$20", "$21",     \
                         "$22", "$23")

/* Rows of certificate itself, in the order of (issued_us, certificate_id). */
#define DIRECT(condition)                                                                          \
    "SELECT " CERTIFICATE_COLUMNS " FROM certificate c WHERE c.tenant_id = $1 " condition RESIDUAL \
    " AND (c.issued_us, c.certificate_id) < ($2, $3)"                                              \
    " ORDER BY c.issued_us DESC, c.certificate_id DESC LIMIT $4"

/* The same for a value that few rows have. "+" keeps SQLite from walking all rows in order of issued_us instead of
 * looking the value up and sorting what it finds. */
#define LOOKED_UP(condition)                                                                       \
    "SELECT " CERTIFICATE_COLUMNS " FROM certificate c WHERE c.tenant_id = $1 " condition RESIDUAL \
    " AND (+c.issued_us, c.certificate_id) < ($2, $3)"                                             \
    " ORDER BY +c.issued_us DESC, c.certificate_id DESC LIMIT $4"

/* Rows reached from a search table that repeats issued_us. CROSS JOIN keeps SQLite from turning the order round. */
#define THROUGH(table, condition)                                                                  \
    "SELECT " CERTIFICATE_COLUMNS " FROM " table " d CROSS JOIN certificate c"                     \
    " WHERE d.tenant_id = $1 AND " condition " AND (d.issued_us, d.certificate_id) < ($2, $3)"     \
    " AND c.tenant_id = $1 AND c.certificate_id = d.certificate_id" RESIDUAL                       \
    " ORDER BY d.issued_us DESC, d.certificate_id DESC LIMIT $4"

static const char *statement_of(const struct search *search)
{
    switch (search->name_by) {
    case SEARCH_NAME_EXACT:
        return THROUGH("certificate_name", "d.value = $24 AND d.value <> ''");
    case SEARCH_NAME_BELOW:
        return THROUGH("certificate_zone", "d.zone = $24");
    case SEARCH_NAME_INDEXED:
        return THROUGH("certificate_name", "d.name_index = $24 AND d.name_index IS NOT NULL");
    case SEARCH_NAME_NONE:
        break;
    }
    if (search->serial.len)
        return LOOKED_UP("AND c.serial = $12");
    if (search->sha256.len)
        return LOOKED_UP("AND c.sha256 = $13");
    if (search->spki_sha256.len)
        return DIRECT("AND c.spki_sha256 = $14");
    if (search->has_tag)
        return THROUGH("certificate_tag", "d.name = $15 AND d.value = $16");
    if (search->has_requester_id)
        return DIRECT("AND c.requester_id = $7");
    if (search->profile_name.len)
        return DIRECT("AND c.profile_name = $6");
    if (search->has_issuer_id)
        return DIRECT("AND c.issuer_id = $5");
    if (search->status == SEARCH_REVOKED)
        return DIRECT("AND c.revoked_us IS NOT NULL");
    if (search->has_expires_before)
        return DIRECT("AND c.not_after_us < $11");
    if (access_scope_is_group(&search->scope))
        return DIRECT("AND c.group_id = $19");
    return DIRECT("");
}

static void bind_id(struct store_stmt *q, int index, bool has, struct cx_id id)
{
    if (has)
        store_bind_id(q, index, id);
    else
        store_bind_null(q, index);
}

static void bind_bytes(struct store_stmt *q, int index, struct cx_bytes bytes)
{
    if (bytes.len)
        store_bind_bytes(q, index, bytes);
    else
        store_bind_null(q, index);
}

static void bind_text(struct store_stmt *q, int index, struct cx_str text)
{
    if (text.len)
        store_bind_text(q, index, text);
    else
        store_bind_null(q, index);
}

static void bind_time(struct store_stmt *q, int index, bool has, cx_time time_us)
{
    if (has)
        store_bind_int(q, index, time_us);
    else
        store_bind_null(q, index);
}

static void bind_search(struct store_stmt *q, const struct search *search,
                        const struct page_key *after, size_t limit)
{
    store_bind_id(q, 1, search->tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    bind_id(q, 5, search->has_issuer_id, search->issuer_id);
    bind_text(q, 6, search->profile_name);
    bind_id(q, 7, search->has_requester_id, search->requester_id);
    store_bind_int(q, 8, search->status);
    store_bind_int(q, 9, search->now_us);
    bind_time(q, 10, search->has_expires_after, search->expires_after_us);
    bind_time(q, 11, search->has_expires_before, search->expires_before_us);
    bind_bytes(q, 12, search->serial);
    bind_bytes(q, 13, search->sha256);
    bind_bytes(q, 14, search->spki_sha256);
    bind_text(q, 15, search->has_tag ? search->tag_name : CX_STR_NONE);
    bind_text(q, 16, search->has_tag ? search->tag_value : CX_STR_NONE);
    store_bind_int(q, 17, search->has_tag);
    access_scope_bind(q, 18, &search->scope);
    if (search->name_by == SEARCH_NAME_INDEXED)
        store_bind_bytes(q, 24, search->name_index);
    else if (search->name_by != SEARCH_NAME_NONE)
        store_bind_text(q, 24, search->name);
}

cx_err search_page(struct store_tx *tx, const struct search *search, const struct page_key *after,
                   size_t limit, struct arena *arena, struct certificate_row *rows,
                   size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx, statement_of(search), &q));
    bind_search(q, search, after, limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(certificate_row_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err search_names(struct store_tx *tx, struct cx_id tenant_id, struct cx_id certificate_id,
                    struct arena *arena, struct search_name_row *names, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT kind, value FROM certificate_name WHERE tenant_id = $1 "
                         "AND certificate_id = $2 ORDER BY position",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    while (count < PKI_NAMES_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(pki_name_kind_from_name(store_col_text(q, 0), &names[count].kind));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &names[count++].value));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err search_tags(struct store_tx *tx, struct cx_id tenant_id, struct cx_id certificate_id,
                   struct arena *arena, struct access_tag *tags, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT name, value FROM certificate_tag WHERE tenant_id = $1 "
                         "AND certificate_id = $2 ORDER BY name",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    while (count < REQUEST_TAGS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &tags[count].name));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &tags[count++].value));
    }
    *ret_count = count;
    return CX_OK;
}
