#include "core/incident/scope_store.h"

/* The filters, of which NULL fits everything. The time is always a range, never "OR NULL": whichever index a statement below
 * goes by, the range is its end, so that a window of a large inventory reads the window. */
#define FOUND                                                                                      \
    "INSERT INTO incident_scope_certificate (tenant_id, scope_id, certificate_id, was_revoked) "   \
    "SELECT c.tenant_id, s.scope_id, c.certificate_id, "                                           \
    "CASE WHEN c.revoked_us IS NULL THEN 0 ELSE 1 END FROM incident_scope s "                      \
    "JOIN certificate c ON c.tenant_id = s.tenant_id "                                             \
    "WHERE s.tenant_id = $1 AND s.scope_id = $2 "                                                  \
    "AND (c.issuer_id = s.issuer_id OR s.issuer_id IS NULL) "                                      \
    "AND (c.profile_name = s.profile_name OR s.profile_name IS NULL) "                             \
    "AND (c.requester_id = s.requester_id OR s.requester_id IS NULL) "                             \
    "AND c.issued_us >= COALESCE(s.issued_after_us, -9223372036854775807) "                        \
    "AND c.issued_us < COALESCE(s.issued_before_us, 9223372036854775807) "

static const char *const found_by_key = FOUND "AND c.spki_sha256 = $3 "
                                              "AND (s.serials = '' OR EXISTS (SELECT 1 FROM "
                                              "incident_scope_serial n WHERE n.tenant_id = $1 AND "
                                              "n.scope_id = $2 AND n.serial = c.serial))";
static const char *const found_by_serial =
    FOUND "AND c.serial IN (SELECT n.serial FROM incident_scope_serial n "
          "WHERE n.tenant_id = $1 AND n.scope_id = $2)";
static const char *const found_by_requester = FOUND "AND c.requester_id = s.requester_id";
static const char *const found_by_issuer = FOUND "AND c.issuer_id = s.issuer_id";
static const char *const found_by_profile = FOUND "AND c.profile_name = s.profile_name";
static const char *const found_by_time = FOUND;

/* By what finds the fewest, each with an index of its own. */
static const char *statement_of(const struct row_incident_scope *row, size_t serial_count)
{
    if (row->has_spki_sha256)
        return found_by_key;
    if (serial_count > 0)
        return found_by_serial;
    if (row->has_requester_id)
        return found_by_requester;
    if (row->has_issuer_id)
        return found_by_issuer;
    return row->has_profile_name ? found_by_profile : found_by_time;
}

cx_err scope_run(struct store_tx *tx, const struct row_incident_scope *row,
                 const struct cx_bytes *serials, size_t serial_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(row_incident_scope_insert(tx, row));
    for (size_t i = 0; i < serial_count; i++) {
        const struct row_incident_scope_serial serial = {row->tenant_id, row->scope_id, serials[i]};
        CX_TRY(row_incident_scope_serial_insert(tx, &serial));
    }
    CX_TRY(store_prepare(tx, statement_of(row, serial_count), &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->scope_id);
    if (row->has_spki_sha256)
        store_bind_bytes(q, 3, row->spki_sha256);
    return store_exec(q);
}

static cx_err count_certificates(struct store_tx *tx, const struct row_incident_scope *row,
                                 struct scope_row *scope)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         "SELECT COUNT(*), COUNT(DISTINCT c.requester_id), "
                         "COUNT(CASE WHEN m.was_revoked = 1 THEN 1 END), "
                         "COUNT(CASE WHEN m.was_revoked = 0 AND c.not_after_us >= $3 THEN 1 END) "
                         "FROM incident_scope_certificate m JOIN certificate c "
                         "ON c.tenant_id = m.tenant_id AND c.certificate_id = m.certificate_id "
                         "WHERE m.tenant_id = $1 AND m.scope_id = $2",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->scope_id);
    store_bind_int(q, 3, row->created_us);
    CX_TRY(store_step(q, &has));
    scope->certificate_count = store_col_int(q, 0);
    scope->requester_count = store_col_int(q, 1);
    scope->revoked_count = store_col_int(q, 2);
    scope->valid_count = store_col_int(q, 3);
    CX_TRY(store_prepare(tx,
                         "SELECT COUNT(*) FROM incident_scope_certificate m "
                         "JOIN certificate_name n ON n.tenant_id = m.tenant_id "
                         "AND n.certificate_id = m.certificate_id "
                         "WHERE m.tenant_id = $1 AND m.scope_id = $2",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->scope_id);
    CX_TRY(store_step(q, &has));
    scope->name_count = store_col_int(q, 0);
    return CX_OK;
}

/* Columns: corrects_id, issuer_id, profile_name, requester_id, spki_sha256, issued_after_us, issued_before_us, serials,
 * comment, creator_id, created_us. */
static cx_err row_of(const struct store_stmt *q, struct arena *arena,
                     struct row_incident_scope *row)
{
    row->has_corrects_id = !store_col_is_null(q, 0);
    row->corrects_id = store_col_id(q, 0);
    row->has_issuer_id = !store_col_is_null(q, 1);
    row->issuer_id = store_col_id(q, 1);
    row->has_profile_name = !store_col_is_null(q, 2);
    row->has_requester_id = !store_col_is_null(q, 3);
    row->requester_id = store_col_id(q, 3);
    row->has_spki_sha256 = !store_col_is_null(q, 4);
    row->has_issued_after_us = !store_col_is_null(q, 5);
    row->issued_after_us = store_col_int(q, 5);
    row->has_issued_before_us = !store_col_is_null(q, 6);
    row->issued_before_us = store_col_int(q, 6);
    row->creator_id = store_col_id(q, 9);
    row->created_us = store_col_int(q, 10);
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row->profile_name));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 4), &row->spki_sha256));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 7), &row->serials));
    return arena_copy(arena, store_col_sealed(q, 8).envelope, &row->comment.envelope);
}

cx_err scope_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                  struct cx_id scope_id, struct arena *arena, struct scope_row *ret_scope)
{
    struct store_stmt *q = NULL;
    bool has = false;
    struct scope_row scope = {
        .row = {.tenant_id = tenant_id, .incident_id = incident_id, .scope_id = scope_id}};
    CX_TRY(store_prepare(tx,
                         "SELECT corrects_id, issuer_id, profile_name, requester_id, spki_sha256, "
                         "issued_after_us, issued_before_us, serials, comment, creator_id, "
                         "created_us FROM incident_scope "
                         "WHERE tenant_id = $1 AND scope_id = $2 AND incident_id = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, scope_id);
    store_bind_id(q, 3, incident_id);
    CX_TRY(store_step(q, &has));
    if (!has)
        return CX_ERR(NOTFOUND);
    CX_TRY(row_of(q, arena, &scope.row));
    CX_TRY(count_certificates(tx, &scope.row, &scope));
    *ret_scope = scope;
    return CX_OK;
}

cx_err scope_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                  struct cx_id *ids, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT scope_id FROM incident_scope WHERE tenant_id = $1 "
                         "AND incident_id = $2 ORDER BY created_us, scope_id LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, SCOPES_MAX);
    while (count < SCOPES_MAX) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        ids[count++] = store_col_id(q, 0);
    }
    *ret_count = count;
    return CX_OK;
}

cx_err scope_certificates(struct store_tx *tx, struct cx_id tenant_id, struct cx_id scope_id,
                          struct cx_id after, size_t limit, struct arena *arena,
                          struct scope_certificate *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT m.certificate_id, c.requester_id, c.serial, m.was_revoked "
                         "FROM incident_scope_certificate m JOIN certificate c "
                         "ON c.tenant_id = m.tenant_id AND c.certificate_id = m.certificate_id "
                         "WHERE m.tenant_id = $1 AND m.scope_id = $2 AND m.certificate_id > $3 "
                         "ORDER BY m.certificate_id LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, scope_id);
    store_bind_id(q, 3, after);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        rows[count] = (struct scope_certificate){.certificate_id = store_col_id(q, 0),
                                                 .requester_id = store_col_id(q, 1),
                                                 .was_revoked = store_col_int(q, 3) == 1};
        CX_TRY(arena_copy(arena, store_col_bytes(q, 2), &rows[count++].serial));
    }
    *ret_count = count;
    return CX_OK;
}
