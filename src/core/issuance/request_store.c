#include "core/issuance/request_store.h"

static const char *const KINDS[REQUEST_KIND_COUNT] = {
    [REQUEST_ISSUE] = "issue",
    [REQUEST_RENEW] = "renew",
    [REQUEST_REPLACE] = "replace",
    [REQUEST_REVOKE] = "revoke",
};

const char *request_kind_name(enum request_kind kind)
{
    return KINDS[kind];
}

cx_err request_kind_from_name(struct cx_str text, enum request_kind *ret_kind)
{
    for (int i = 0; i < REQUEST_KIND_COUNT; i++) {
        if (cx_str_is(text, KINDS[i])) {
            *ret_kind = (enum request_kind)i;
            return CX_OK;
        }
    }
    return CX_ERR(STORE);
}

#define REQUEST_COLUMNS                                                                            \
    "request_id, kind, state, requester_id, issuer_id, profile_name, profile_version, "            \
    "certificate_id, result_id, key_source, key_type, validity_s, body, comment, failure, "        \
    "revoke_reason, approvals_needed, approvals_given, created_us, updated_us, attempt_count, "    \
    "retry_us, failure_rule, group_id"

static cx_err copy_sealed(const struct store_stmt *q, int column, struct arena *arena,
                          struct cx_sealed *ret_sealed)
{
    if (store_col_is_null(q, column))
        return CX_OK;
    return arena_copy(arena, store_col_sealed(q, column).envelope, &ret_sealed->envelope);
}

static cx_err row_of(const struct store_stmt *q, struct arena *arena,
                     struct request_row *ret_request)
{
    struct request_row row = {
        .request_id = store_col_id(q, 0),
        .requester_id = store_col_id(q, 3),
        .issuer_id = store_col_id(q, 4),
        .profile_version = (uint32_t)store_col_int(q, 6),
        .certificate_id = store_col_id(q, 7),
        .result_id = store_col_id(q, 8),
        .server_key = cx_str_is(store_col_text(q, 9), "server"),
        .validity_s = store_col_int(q, 11),
        .revoke_reason = (uint8_t)store_col_int(q, 15),
        .approvals_needed = store_col_int(q, 16),
        .approvals_given = store_col_int(q, 17),
        .created_us = store_col_int(q, 18),
        .updated_us = store_col_int(q, 19),
        .attempt_count = store_col_int(q, 20),
        .retry_us = store_col_int(q, 21),
        .group_id = store_col_id(q, 23),
    };
    CX_TRY(request_kind_from_name(store_col_text(q, 1), &row.kind));
    CX_TRY(request_state_from_name(store_col_text(q, 2), &row.state));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 5), &row.profile_name));
    CX_TRY(pki_key_type_from_name(store_col_text(q, 10), &row.key_type));
    CX_TRY(copy_sealed(q, 12, arena, &row.body));
    CX_TRY(copy_sealed(q, 13, arena, &row.comment));
    CX_TRY(copy_sealed(q, 14, arena, &row.failure));
    if (!store_col_is_null(q, 22))
        CX_TRY(arena_copy_str(arena, store_col_text(q, 22), &row.failure_rule));
    *ret_request = row;
    return CX_OK;
}

cx_err request_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                    struct arena *arena, struct request_row *ret_request)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT " REQUEST_COLUMNS " FROM request WHERE tenant_id = $1 AND request_id = $2",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_request) : CX_ERR(NOTFOUND);
}

/* Driven by the index of the narrowest filter given; the others are checked on the rows it yields. */
#define PAGE_OF(driver)                                                                            \
    "SELECT " REQUEST_COLUMNS " FROM request WHERE tenant_id = $1 " driver                         \
    " AND (kind = $5 OR $5 IS NULL) AND (state = $6 OR $6 IS NULL) AND " SCOPE_OBJECT(             \
        "request", "request_tag", "request_id", "$7", "$8", "$9", "$10", "$11",                    \
        "$12") " AND (created_us, request_id) < ($2, $3) ORDER BY created_us DESC, request_id "    \
               "DESC LIMIT $4"

cx_err request_page(struct store_tx *tx, struct cx_id tenant_id,
                    const struct request_filter *filter, const struct page_key *after, size_t limit,
                    struct arena *arena, struct request_row *rows, size_t *ret_count)
{
    static const char *const by_time = PAGE_OF("");
    static const char *const by_state = PAGE_OF("AND state = $13");
    static const char *const by_requester = PAGE_OF("AND requester_id = $13");
    static const char *const by_group = PAGE_OF("AND group_id = $8");
    struct store_stmt *q = NULL;
    size_t count = 0;
    bool by_person = filter->has_requester_id;
    CX_TRY(store_prepare(tx,
                         by_person                               ? by_requester
                         : filter->has_state                     ? by_state
                         : access_scope_is_group(&filter->scope) ? by_group
                                                                 : by_time,
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    if (filter->has_kind)
        store_bind_text(q, 5, cx_str_from(KINDS[filter->kind]));
    else
        store_bind_null(q, 5);
    if (filter->has_state)
        store_bind_text(q, 6, cx_str_from(request_state_name(filter->state)));
    else
        store_bind_null(q, 6);
    access_scope_bind(q, 7, &filter->scope);
    if (by_person)
        store_bind_id(q, 13, filter->requester_id);
    else if (filter->has_state)
        store_bind_text(q, 13, cx_str_from(request_state_name(filter->state)));
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err request_page_of_profile(struct store_tx *tx, struct cx_id tenant_id, struct cx_str profile,
                               size_t limit, struct arena *arena, struct request_row *rows,
                               size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " REQUEST_COLUMNS " FROM (SELECT " REQUEST_COLUMNS
                         " FROM request WHERE tenant_id = $1 "
                         "ORDER BY created_us DESC, request_id DESC LIMIT $2) newest "
                         "WHERE profile_name = $3 AND kind <> 'revoke' "
                         "ORDER BY created_us DESC, request_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, REQUEST_LOOKED_MAX);
    store_bind_text(q, 3, profile);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err request_transition(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                          enum request_state from, enum request_state to, cx_time now_us)
{
    struct store_stmt *q = NULL;
    if (!request_state_may(from, to))
        return CX_ERR(INTERNAL);
    CX_TRY(store_prepare(tx,
                         "UPDATE request SET state = $4, updated_us = $5 "
                         "WHERE tenant_id = $1 AND request_id = $2 AND state = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    store_bind_text(q, 3, cx_str_from(request_state_name(from)));
    store_bind_text(q, 4, cx_str_from(request_state_name(to)));
    store_bind_int(q, 5, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err request_conclude(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                        enum request_state to, struct cx_id certificate_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    if (!request_state_may(REQUEST_ISSUING, to) || !request_state_is_final(to))
        return CX_ERR(INTERNAL);
    CX_TRY(store_prepare(tx,
                         "UPDATE request SET state = $3, updated_us = $4, result_id = $5, "
                         "retry_us = NULL "
                         "WHERE tenant_id = $1 AND request_id = $2 AND state = 'issuing'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    store_bind_text(q, 3, cx_str_from(request_state_name(to)));
    store_bind_int(q, 4, now_us);
    store_bind_id(q, 5, certificate_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err request_set_retry(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                         cx_time retry_us, int64_t attempt_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE request SET retry_us = $3, attempt_count = $4 "
                         "WHERE tenant_id = $1 AND request_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    if (retry_us)
        store_bind_int(q, 3, retry_us);
    else
        store_bind_null(q, 3);
    store_bind_int(q, 4, attempt_count);
    return store_exec(q);
}

cx_err request_set_failure_rule(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id request_id, struct cx_str rule)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE request SET failure_rule = $3, retry_us = NULL "
                         "WHERE tenant_id = $1 AND request_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    store_bind_text(q, 3, rule);
    return store_exec(q);
}

cx_err request_set_failure(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                           struct cx_str rule, struct cx_sealed failure)
{
    CX_TRY(row_request_set_failure(tx, tenant_id, request_id, failure));
    return request_set_failure_rule(tx, tenant_id, request_id, rule);
}

cx_err request_count_approval(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                              int64_t given)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE request SET approvals_given = approvals_given + 1 "
                         "WHERE tenant_id = $1 AND request_id = $2 AND approvals_given = $3 "
                         "AND state = 'awaiting_approval'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    store_bind_int(q, 3, given);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err request_tags(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                    struct arena *arena, struct access_tag *tags, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx,
        "SELECT name, value FROM request_tag WHERE tenant_id = $1 AND request_id = $2 "
        "ORDER BY name",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
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

cx_err request_approvals(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                         struct arena *arena, struct approval_found *approvals, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(
        store_prepare(tx,
                      "SELECT approver_id, decision, comment, decided_us, behalf_of_id "
                      "FROM approval "
                      "WHERE tenant_id = $1 AND request_id = $2 ORDER BY decided_us, approver_id",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    while (count < REQUEST_APPROVALS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        approvals[count].approver_id = store_col_id(q, 0);
        approvals[count].approve = cx_str_is(store_col_text(q, 1), "approve");
        approvals[count].decided_us = store_col_int(q, 3);
        approvals[count].behalf_of_id = store_col_id(q, 4);
        CX_TRY(copy_sealed(q, 2, arena, &approvals[count++].comment));
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err list_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                       struct cx_id *ids, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx,
        "SELECT request_id FROM request WHERE tenant_id = $1 AND retry_us IS NOT NULL "
        "AND retry_us <= $2 AND state = 'approved' ORDER BY retry_us LIMIT $3",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, (int64_t)limit);
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

cx_err request_claim_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                         cx_time lease_us, size_t limit, struct cx_id *ids, size_t *ret_count)
{
    size_t due = 0, claimed = 0;
    CX_TRY(list_due(tx, tenant_id, now_us, limit, ids, &due));
    for (size_t i = 0; i < due; i++) {
        struct store_stmt *q = NULL;
        CX_TRY(store_prepare(
            tx,
            "UPDATE request SET retry_us = $3 WHERE tenant_id = $1 AND request_id = $2 "
            "AND state = 'approved' AND retry_us <= $4",
            &q));
        store_bind_id(q, 1, tenant_id);
        store_bind_id(q, 2, ids[i]);
        store_bind_int(q, 3, lease_us);
        store_bind_int(q, 4, now_us);
        CX_TRY(store_exec(q));
        if (store_changes(q) == 1)
            ids[claimed++] = ids[i];
    }
    *ret_count = claimed;
    return CX_OK;
}
