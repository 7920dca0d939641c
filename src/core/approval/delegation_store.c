#include "core/approval/delegation_store.h"
#include "core/access/access_store.h"
#include "core/access/conflict.h"
#include "core/access/place.h"
#include "core/access/rights_cache.h"
#include "core/api/api.h"
#include "core/approval/rule_store.h"
#include "core/change/change.h"

#define DELEGATION_COLUMNS                                                                         \
    "delegation_id, delegator_id, delegate_id, kind, group_id, reason, start_us, expires_us, "     \
    "created_us, ended_us"

static cx_err row_of(const struct store_stmt *q, struct arena *arena,
                     struct delegation_row *ret_row)
{
    struct delegation_row row = {
        .delegation_id = store_col_id(q, 0),
        .delegator_id = store_col_id(q, 1),
        .delegate_id = store_col_id(q, 2),
        .group_id = store_col_id(q, 4),
        .start_us = store_col_int(q, 6),
        .expires_us = store_col_int(q, 7),
        .created_us = store_col_int(q, 8),
        .ended_us = store_col_int(q, 9),
    };
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.kind));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 5).envelope, &row.reason.envelope));
    *ret_row = row;
    return CX_OK;
}

cx_err delegation_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id delegation_id,
                       struct arena *arena, struct delegation_row *ret_row)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " DELEGATION_COLUMNS " FROM delegation WHERE tenant_id = $1 "
                         "AND delegation_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, delegation_id);
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err delegation_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id party,
                       const struct page_key *after, size_t limit, struct arena *arena,
                       struct delegation_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " DELEGATION_COLUMNS " FROM delegation WHERE tenant_id = $1 "
                         "AND (delegator_id = $5 OR delegate_id = $5 OR $5 IS NULL) "
                         "AND (created_us, delegation_id) < ($2, $3) "
                         "ORDER BY created_us DESC, delegation_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    if (cx_id_is_zero(party))
        store_bind_null(q, 5);
    else
        store_bind_id(q, 5, party);
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

cx_err delegation_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id delegation_id,
                      struct cx_id by, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE delegation SET ended_us = $3, ended_by_id = $4 "
                         "WHERE tenant_id = $1 AND delegation_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, delegation_id);
    store_bind_int(q, 3, now_us);
    store_bind_id(q, 4, by);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    return change_note_id(tx, tenant_id, CHANGE_DELEGATION, delegation_id);
}

cx_err delegation_leads(struct store_tx *tx, struct cx_id tenant_id, struct cx_id from,
                        struct cx_id to, cx_time now_us, bool *ret_leads)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "WITH RECURSIVE next (user_id) AS (SELECT delegate_id FROM delegation "
        "WHERE tenant_id = $1 AND delegator_id = $2 AND ended_us IS NULL AND expires_us > $4 "
        "UNION SELECT d.delegate_id FROM delegation d JOIN next n ON d.delegator_id = n.user_id "
        "WHERE d.tenant_id = $1 AND d.ended_us IS NULL AND d.expires_us > $4) "
        "SELECT 1 FROM next WHERE user_id = $3 LIMIT 1",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, from);
    store_bind_id(q, 3, to);
    store_bind_int(q, 4, now_us);
    return store_step(q, ret_leads);
}

static cx_err refuse(struct api_request *request, const char *rule, const char *text)
{
    return cx_refuse(request->diag, CX_ERR(DENIED), "delegation_id", rule, "%s", text);
}

/* Its time, its kind of request, its group. */
static cx_err check_limits(struct store_tx *tx, struct api_request *request,
                           const struct delegation_row *row, const struct request_row *now)
{
    struct access_place place = {.groups = &now->group_id,
                                 .group_count = !cx_id_is_zero(now->group_id)};
    struct cx_id *groups = NULL;
    size_t count = 0;
    bool within = cx_id_is_zero(row->group_id);
    if (row->ended_us || request->now_us < row->start_us || request->now_us >= row->expires_us)
        return refuse(request, "delegation-over", "The delegation is not in force (any more).");
    if (row->kind.len && !cx_str_is(row->kind, request_kind_name(now->kind)))
        return refuse(request, "delegation-outside", "The delegation is for other requests.");
    CX_TRY(approval_groups_above(tx, request->principal.tenant_id, &place, request->arena, &groups,
                                 &count));
    for (size_t i = 0; i < count && !within; i++)
        within = cx_id_eq(groups[i], row->group_id);
    return within ? CX_OK
                  : refuse(request, "delegation-outside",
                           "The delegation is for what another group owns.");
}

static cx_err check_delegator(struct store_tx *tx, struct api_request *request,
                              const struct delegation_row *row)
{
    struct user_row user;
    CX_TRY(user_find(tx, request->principal.tenant_id, row->delegator_id, request->arena, &user));
    return user.state == USER_ACTIVE
               ? CX_OK
               : refuse(request, "delegator-inactive", "Who delegated is not active (any more).");
}

cx_err delegation_use(struct store_tx *tx, struct api_request *request, struct cx_id delegation_id,
                      const struct request_row *now, struct principal *ret_delegator)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct delegation_row row;
    cx_err err = delegation_find(tx, tenant_id, delegation_id, request->arena, &row);
    if (err.code == CX_E_NOTFOUND ||
        (cx_is_ok(err) && !cx_id_eq(row.delegate_id, request->principal.user_id)))
        return refuse(request, "delegation-unknown", "You have no such delegation.");
    CX_TRY(err);
    CX_TRY(check_limits(tx, request, &row, now));
    CX_TRY(check_delegator(tx, request, &row));
    struct principal delegator = {
        .tenant_id = tenant_id, .user_id = row.delegator_id, .authenticated = true};
    CX_TRY(access_principal_load(request->core, tx, request->now_us, &delegator));
    err = access_conflict_check_delegate(tx, &request->principal, &delegator, request->arena,
                                         request->diag);
    if (cx_failed(err)) {
        access_principal_clear(&delegator);
        return err;
    }
    *ret_delegator = delegator;
    return CX_OK;
}
