#include "core/incident/freeze_store.h"
#include "base/checked.h"

#define COLUMNS                                                                                    \
    "SELECT freeze_id, incident_id, kind, subject_id, reason, placer_id, placed_us, lifter_id, "   \
    "lifted_us FROM access_freeze WHERE tenant_id = $1 "

static cx_err row_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                     struct row_access_freeze *ret_row)
{
    struct row_access_freeze row = {.tenant_id = tenant_id,
                                    .freeze_id = store_col_id(q, 0),
                                    .incident_id = store_col_id(q, 1),
                                    .subject_id = store_col_id(q, 3),
                                    .placer_id = store_col_id(q, 5),
                                    .placed_us = store_col_int(q, 6),
                                    .has_lifter_id = !store_col_is_null(q, 7),
                                    .lifter_id = store_col_id(q, 7),
                                    .has_lifted_us = !store_col_is_null(q, 8),
                                    .lifted_us = store_col_int(q, 8)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.kind));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 4).envelope, &row.reason.envelope));
    *ret_row = row;
    return CX_OK;
}

cx_err freeze_page(struct store_tx *tx, struct cx_id tenant_id, bool lifted_too,
                   const struct page_key *after, size_t limit, struct arena *arena,
                   struct row_access_freeze *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         COLUMNS "AND (lifted_us IS NULL OR $2 = 1) "
                                 "AND (placed_us, freeze_id) < ($3, $4) "
                                 "ORDER BY placed_us DESC, freeze_id DESC LIMIT $5",
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
        CX_TRY(row_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err freeze_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id freeze_id,
                   struct arena *arena, struct row_access_freeze *ret_row)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx, COLUMNS "AND freeze_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, freeze_id);
    CX_TRY(store_step(q, &has));
    return has ? row_of(q, tenant_id, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err freeze_count_standing(struct store_tx *tx, struct cx_id tenant_id, int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(
        tx, "SELECT COUNT(*) FROM access_freeze WHERE tenant_id = $1 AND lifted_us IS NULL", &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &has));
    *ret_count = store_col_int(q, 0);
    return CX_OK;
}

cx_err freeze_set_lifted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id freeze_id,
                         struct cx_id lifter_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE access_freeze SET lifter_id = $3, lifted_us = $4 "
                         "WHERE tenant_id = $1 AND freeze_id = $2 AND lifted_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, freeze_id);
    store_bind_id(q, 3, lifter_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err freeze_check_subject(struct store_tx *tx, const struct row_access_freeze *row,
                            enum api_freeze_kind kind)
{
    static const char *const QUERIES[] = {
        [API_FREEZE_KIND_USER] = "SELECT 1 FROM tenant_user WHERE tenant_id = $1 AND user_id = $2",
        [API_FREEZE_KIND_TOKEN] = "SELECT 1 FROM api_token WHERE tenant_id = $1 AND token_id = $2",
        [API_FREEZE_KIND_SESSION] =
            "SELECT 1 FROM login_session WHERE tenant_id = $1 AND session_id = $2",
        [API_FREEZE_KIND_ACME_ACCOUNT] =
            "SELECT 1 FROM acme_account WHERE tenant_id = $1 AND account_id = $2"};
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx, QUERIES[kind], &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->subject_id);
    CX_TRY(store_step(q, &has));
    return has ? CX_OK : CX_ERR(NOTFOUND);
}

/* $1 tenant, $2 what is frozen, $3 a time. */
static cx_err count_of(struct store_tx *tx, const struct row_access_freeze *row, const char *sql,
                       cx_time time_us, int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->subject_id);
    store_bind_int(q, 3, time_us);
    CX_TRY(store_step(q, &has));
    *ret_count = store_col_int(q, 0);
    return CX_OK;
}

#define OPEN_REQUESTS                                                                              \
    "state IN ('awaiting_approval', 'approved', 'awaiting_collection', 'issuing') "                \
    "AND created_us <= $3"

static cx_err count_user(struct store_tx *tx, const struct row_access_freeze *row, cx_time now_us,
                         cx_time since_us, struct api_freeze_trial *trial)
{
    const struct {
        const char *sql;
        int64_t *ret_count;
        cx_time time_us;
    } COUNTS[] = {{"SELECT COUNT(*) FROM api_token WHERE tenant_id = $1 AND user_id = $2 "
                   "AND revoked_us IS NULL AND expires_us > $3",
                   &trial->token_count, now_us},
                  {"SELECT COUNT(*) FROM login_session WHERE tenant_id = $1 AND user_id = $2 "
                   "AND ended_us IS NULL AND expires_us > $3",
                   &trial->session_count, now_us},
                  {"SELECT COUNT(*) FROM client_certificate WHERE tenant_id = $1 AND user_id = $2 "
                   "AND removed_us IS NULL AND created_us <= $3",
                   &trial->client_certificate_count, now_us},
                  {"SELECT COUNT(*) FROM acme_account WHERE tenant_id = $1 AND user_id = $2 "
                   "AND state = 'valid' AND created_us <= $3",
                   &trial->acme_account_count, now_us},
                  {"SELECT COUNT(*) FROM service_owner WHERE tenant_id = $1 AND owner_id = $2 "
                   "AND ended_us IS NULL AND since_us <= $3",
                   &trial->service_account_count, now_us},
                  {"SELECT COUNT(*) FROM request WHERE tenant_id = $1 AND requester_id = $2 "
                   "AND " OPEN_REQUESTS,
                   &trial->open_request_count, now_us},
                  {"SELECT COUNT(*) FROM certificate WHERE tenant_id = $1 AND requester_id = $2 "
                   "AND issued_us >= $3",
                   &trial->recent_count, since_us}};
    for (size_t i = 0; i < CX_COUNT_OF(COUNTS); i++)
        CX_TRY(count_of(tx, row, COUNTS[i].sql, COUNTS[i].time_us, COUNTS[i].ret_count));
    return CX_OK;
}

cx_err freeze_count_hit(struct store_tx *tx, const struct row_access_freeze *row,
                        enum api_freeze_kind kind, cx_time now_us, cx_time since_us,
                        struct api_freeze_trial *ret_trial)
{
    switch (kind) {
    case API_FREEZE_KIND_USER:
        return count_user(tx, row, now_us, since_us, ret_trial);
    case API_FREEZE_KIND_TOKEN:
        return count_of(
            tx, row,
            "WITH RECURSIVE made (token_id) AS (SELECT $2 UNION SELECT t.token_id FROM api_token t "
            "JOIN made m ON t.parent_id = m.token_id WHERE t.tenant_id = $1) "
            "SELECT COUNT(*) FROM api_token t JOIN made m ON t.token_id = m.token_id "
            "WHERE t.tenant_id = $1 AND t.revoked_us IS NULL AND t.expires_us > $3",
            now_us, &ret_trial->token_count);
    case API_FREEZE_KIND_SESSION:
        return count_of(tx, row,
                        "SELECT COUNT(*) FROM login_session WHERE tenant_id = $1 "
                        "AND session_id = $2 AND ended_us IS NULL AND expires_us > $3",
                        now_us, &ret_trial->session_count);
    default: /* an ACME account */
        break;
    }
    CX_TRY(count_of(tx, row,
                    "SELECT COUNT(*) FROM acme_account WHERE tenant_id = $1 AND account_id = $2 "
                    "AND state = 'valid' AND created_us <= $3",
                    now_us, &ret_trial->acme_account_count));
    return count_of(tx, row,
                    "SELECT COUNT(*) FROM acme_order o JOIN request r ON r.tenant_id = o.tenant_id "
                    "AND r.request_id = o.request_id WHERE o.tenant_id = $1 AND o.account_id = $2 "
                    "AND r.created_us >= $3",
                    since_us, &ret_trial->recent_count);
}
