#include "core/incident/account_store.h"
#include "core/api/contract.h"

static cx_err part_of(const struct store_stmt *q, struct arena *arena, struct part *ret_part)
{
    struct part part = {.version_id = store_col_id(q, 0),
                        .number = store_col_int(q, 1),
                        .version = store_col_int(q, 2),
                        .author_id = store_col_id(q, 5),
                        .created_us = store_col_int(q, 6)};
    int kind = 0;
    CX_TRY(api_enum_value(&api_enum_part_kind, store_col_text(q, 3), &kind));
    part.kind = (enum api_part_kind)kind;
    CX_TRY(arena_copy(arena, store_col_sealed(q, 4).envelope, &part.sealed.envelope));
    *ret_part = part;
    return CX_OK;
}

cx_err part_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                 int64_t number, struct arena *arena, struct part *parts, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(
        store_prepare(tx,
                      "SELECT p.version_id, p.number, p.version, p.kind, p.content, p.author_id, "
                      "p.created_us FROM incident_part p "
                      "WHERE p.tenant_id = $1 AND p.incident_id = $2 AND (p.number = $3 OR ($3 = 0 "
                      "AND NOT EXISTS (SELECT 1 FROM incident_part n WHERE n.tenant_id = $1 AND "
                      "n.incident_id = $2 AND n.number = p.number AND n.version > p.version))) "
                      "ORDER BY p.number, p.version LIMIT $4",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, number);
    store_bind_int(q, 4, PARTS_MAX);
    while (count < PARTS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(part_of(q, arena, &parts[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err part_last_number(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        int64_t *ret_number)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT COALESCE(MAX(number), 0) FROM incident_part "
                         "WHERE tenant_id = $1 AND incident_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    CX_TRY(store_step(q, &row));
    *ret_number = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

static cx_err sign_off_of(const struct store_stmt *q, struct arena *arena, struct sign_off *ret_row)
{
    int side = 0;
    struct sign_off row = {.sign_off_id = store_col_id(q, 0),
                           .number = store_col_int(q, 2),
                           .version = store_col_int(q, 3),
                           .signer_id = store_col_id(q, 5),
                           .created_us = store_col_int(q, 6)};
    CX_TRY(api_enum_value(&api_enum_sign_off_side, store_col_text(q, 1), &side));
    row.side = (enum api_sign_off_side)side;
    CX_TRY(arena_copy(arena, store_col_sealed(q, 4).envelope, &row.comment.envelope));
    *ret_row = row;
    return CX_OK;
}

cx_err sign_off_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                     struct arena *arena, struct sign_off *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(
        store_prepare(tx,
                      "SELECT sign_off_id, side, number, version, comment, signer_id, created_us "
                      "FROM incident_sign_off WHERE tenant_id = $1 AND incident_id = $2 "
                      "ORDER BY created_us, sign_off_id LIMIT $3",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, SIGN_OFFS_MAX);
    while (count < SIGN_OFFS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(sign_off_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err publication_of(const struct store_stmt *q, struct arena *arena,
                             struct publication *ret_row)
{
    int form = 0;
    struct publication row = {.publication_id = store_col_id(q, 0),
                              .author_id = store_col_id(q, 5),
                              .created_us = store_col_int(q, 6),
                              .approver_id = store_col_id(q, 7),
                              .approved_us = store_col_int(q, 8),
                              .posted_us = store_col_int(q, 10)};
    CX_TRY(api_enum_value(&api_enum_publication_form, store_col_text(q, 1), &form));
    row.form = (enum api_publication_form)form;
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.template_name));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 3).envelope, &row.body.envelope));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 4), &row.sha256));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 9), &row.url));
    *ret_row = row;
    return CX_OK;
}

#define PUBLICATIONS                                                                               \
    "SELECT publication_id, text_form, template, body, sha256, author_id, created_us, "            \
    "approver_id, "                                                                                \
    "approved_us, url, posted_us FROM incident_publication "                                       \
    "WHERE tenant_id = $1 AND incident_id = $2 "

cx_err publication_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct arena *arena, struct publication *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx, PUBLICATIONS "ORDER BY created_us, publication_id LIMIT $3", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, PUBLICATIONS_MAX);
    while (count < PUBLICATIONS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(publication_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err publication_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct cx_id publication_id, struct arena *arena,
                        struct publication *ret_row)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, PUBLICATIONS "AND publication_id = $3", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_id(q, 3, publication_id);
    CX_TRY(store_step(q, &row));
    return row ? publication_of(q, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err publication_was_posted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                              enum api_publication_form form, bool *ret_posted)
{
    struct store_stmt *q = NULL;
    CX_TRY(
        store_prepare(tx,
                      "SELECT 1 FROM incident_publication WHERE tenant_id = $1 "
                      "AND incident_id = $2 AND text_form = $3 AND posted_us IS NOT NULL LIMIT 1",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_text(q, 3, cx_str_from(api_enum_name(&api_enum_publication_form, (int)form)));
    return store_step(q, ret_posted);
}

cx_err publication_set_approved(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id publication_id, struct cx_id approver_id,
                                cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_publication SET approver_id = $3, approved_us = $4 "
                         "WHERE tenant_id = $1 AND publication_id = $2 AND approver_id IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, publication_id);
    store_bind_id(q, 3, approver_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err publication_set_posted(struct store_tx *tx, struct cx_id tenant_id,
                              struct cx_id publication_id, struct cx_str url, cx_time at_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE incident_publication SET url = $3, posted_us = $4 WHERE tenant_id = $1 "
        "AND publication_id = $2 AND approver_id IS NOT NULL AND posted_us IS NULL",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, publication_id);
    store_bind_text(q, 3, url);
    store_bind_int(q, 4, at_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

/* $1 tenant, $2 incident */
#define AFFECTED                                                                                   \
    "FROM (SELECT DISTINCT m.certificate_id FROM incident_scope s "                                \
    "JOIN incident_scope_certificate m ON m.tenant_id = s.tenant_id AND m.scope_id = s.scope_id "  \
    "WHERE s.tenant_id = $1 AND s.incident_id = $2 AND NOT EXISTS (SELECT 1 FROM incident_scope "  \
    "x WHERE x.tenant_id = $1 AND x.incident_id = $2 AND x.corrects_id = s.scope_id)) f "          \
    "JOIN certificate c ON c.tenant_id = $1 AND c.certificate_id = f.certificate_id "

cx_err affected_count(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                      cx_time now_us, struct affected_counts *ret_counts)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT COUNT(*), COUNT(CASE WHEN c.revoked_us IS NULL AND c.not_after_us "
                         ">= $3 THEN 1 END), "
                         "COUNT(CASE WHEN c.not_after_us < $3 THEN 1 END) " AFFECTED,
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_step(q, &row));
    *ret_counts =
        (struct affected_counts){store_col_int(q, 0), store_col_int(q, 1), store_col_int(q, 2)};
    return CX_OK;
}

cx_err affected_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                     cx_time now_us, struct cx_id after, size_t limit, struct cx_id *ids,
                     size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT c.certificate_id " AFFECTED
                         "WHERE c.not_after_us >= $3 AND c.certificate_id > $4 "
                         "ORDER BY c.certificate_id LIMIT $5",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, now_us);
    store_bind_id(q, 4, after);
    store_bind_int(q, 5, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        ids[count++] = store_col_id(q, 0);
    }
    *ret_count = count;
    return CX_OK;
}
