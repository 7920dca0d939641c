#include "core/incident/revocation_store.h"
#include "core/api/contract.h"

#define COLUMNS                                                                                    \
    "SELECT revocation_id, incident_id, scope_id, state, item, reason, drill, comment, "           \
    "author_id, "                                                                                  \
    "created_us, approver_id, approved_us, after_id, revoked_count, revoked_before_count, "        \
    "expired_count, held_count, finished_us FROM incident_revocation "

static cx_err plan_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                      struct revocation_plan *ret_plan)
{
    struct revocation_plan plan = {.row = {.tenant_id = tenant_id,
                                           .revocation_id = store_col_id(q, 0),
                                           .incident_id = store_col_id(q, 1),
                                           .scope_id = store_col_id(q, 2),
                                           .item = store_col_int(q, 4),
                                           .reason = store_col_int(q, 5),
                                           .drill = store_col_int(q, 6),
                                           .author_id = store_col_id(q, 8),
                                           .created_us = store_col_int(q, 9),
                                           .has_approver_id = !store_col_is_null(q, 10),
                                           .approver_id = store_col_id(q, 10),
                                           .has_approved_us = !store_col_is_null(q, 11),
                                           .approved_us = store_col_int(q, 11),
                                           .after_id = store_col_id(q, 12),
                                           .has_finished_us = !store_col_is_null(q, 17),
                                           .finished_us = store_col_int(q, 17)},
                                   .counts = {store_col_int(q, 13), store_col_int(q, 14),
                                              store_col_int(q, 15), store_col_int(q, 16)}};
    int state = 0;
    CX_TRY(api_enum_value(&api_enum_mass_revocation_state, store_col_text(q, 3), &state));
    plan.state = (enum api_mass_revocation_state)state;
    CX_TRY(arena_copy(arena, store_col_sealed(q, 7).envelope, &plan.row.comment.envelope));
    *ret_plan = plan;
    return CX_OK;
}

cx_err revocation_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                       struct arena *arena, struct revocation_plan *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         COLUMNS "WHERE tenant_id = $1 AND incident_id = $2 "
                                 "ORDER BY created_us, revocation_id LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, REVOCATIONS_MAX);
    while (count < REVOCATIONS_MAX) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        CX_TRY(plan_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err revocation_next(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                       struct revocation_plan *ret_plan)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         COLUMNS "WHERE tenant_id = $1 AND state = 'approved' "
                                 "ORDER BY approved_us LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &has));
    return has ? plan_of(q, tenant_id, arena, ret_plan) : CX_ERR(NOTFOUND);
}

cx_err revocation_approve(struct store_tx *tx, struct cx_id tenant_id, struct cx_id revocation_id,
                          struct cx_id approver_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_revocation SET state = 'approved', approver_id = $3, "
                         "approved_us = $4 WHERE tenant_id = $1 AND revocation_id = $2 "
                         "AND state = 'drafted'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, revocation_id);
    store_bind_id(q, 3, approver_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err revocation_withdraw(struct store_tx *tx, struct cx_id tenant_id, struct cx_id revocation_id,
                           cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_revocation SET state = 'withdrawn', finished_us = $3 "
                         "WHERE tenant_id = $1 AND revocation_id = $2 "
                         "AND state IN ('drafted', 'approved')",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, revocation_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err revocation_step_end(struct store_tx *tx, const struct revocation_plan *plan,
                           struct cx_id *ret_until_id, bool *ret_last)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(store_prepare(tx,
                         "SELECT certificate_id FROM incident_scope_certificate "
                         "WHERE tenant_id = $1 AND scope_id = $2 AND certificate_id > $3 "
                         "ORDER BY certificate_id LIMIT 1 OFFSET $4",
                         &q));
    store_bind_id(q, 1, plan->row.tenant_id);
    store_bind_id(q, 2, plan->row.scope_id);
    store_bind_id(q, 3, plan->row.after_id);
    store_bind_int(q, 4, REVOCATION_STEP - 1);
    CX_TRY(store_step(q, &has));
    *ret_last = !has;
    if (has)
        *ret_until_id = store_col_id(q, 0);
    else
        memset(ret_until_id, 0xff, sizeof(*ret_until_id));
    return CX_OK;
}

/* $1 tenant, $2 scope, $3 after, $4 until */
/* CROSS JOIN: SQLite then goes from the scope to the certificates and never the other way round, through an inventory of
 * which the scope has little. */
#define STEP                                                                                       \
    "FROM incident_scope_certificate m CROSS JOIN certificate c "                                  \
    "WHERE c.tenant_id = m.tenant_id AND c.certificate_id = m.certificate_id "                     \
    "AND m.tenant_id = $1 AND m.scope_id = $2 "                                                    \
    "AND m.certificate_id > $3 AND m.certificate_id <= $4 "
#define HELD                                                                                       \
    "EXISTS (SELECT 1 FROM certificate_hold h WHERE h.tenant_id = $1 "                             \
    "AND h.certificate_id = c.certificate_id AND h.lifted_us IS NULL)"
/* $5 now */
#define OPEN "AND c.revoked_us IS NULL AND c.not_after_us >= $5 AND NOT " HELD

static void bind_step(struct store_stmt *q, const struct revocation_plan *plan,
                      struct cx_id until_id)
{
    store_bind_id(q, 1, plan->row.tenant_id);
    store_bind_id(q, 2, plan->row.scope_id);
    store_bind_id(q, 3, plan->row.after_id);
    store_bind_id(q, 4, until_id);
}

cx_err revocation_count(struct store_tx *tx, const struct revocation_plan *plan,
                        struct cx_id until_id, cx_time now_us, struct revocation_counts *ret_counts)
{
    struct store_stmt *q = NULL;
    bool has = false;
    CX_TRY(
        store_prepare(tx,
                      "SELECT COUNT(*), COUNT(CASE WHEN c.revoked_us IS NOT NULL THEN 1 END), "
                      "COUNT(CASE WHEN c.revoked_us IS NULL AND c.not_after_us < $5 THEN 1 END), "
                      "COUNT(CASE WHEN c.revoked_us IS NULL AND c.not_after_us >= $5 AND " HELD
                      " THEN 1 END) " STEP,
                      &q));
    bind_step(q, plan, until_id);
    store_bind_int(q, 5, now_us);
    CX_TRY(store_step(q, &has));
    struct revocation_counts counts = {.revoked_before = store_col_int(q, 1),
                                       .expired = store_col_int(q, 2),
                                       .held = store_col_int(q, 3)};
    counts.revoked = store_col_int(q, 0) - counts.revoked_before - counts.expired - counts.held;
    *ret_counts = counts;
    return CX_OK;
}

/* Before the rows are revoked: only shards of those that will be. */
static cx_err mark_shards(struct store_tx *tx, const struct revocation_plan *plan,
                          struct cx_id until_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE crl_shard SET dirty_count = dirty_count + 1 WHERE tenant_id = $1 "
                         "AND (issuer_id, shard) IN (SELECT c.issuer_id, c.shard " STEP OPEN ")",
                         &q));
    bind_step(q, plan, until_id);
    store_bind_int(q, 5, now_us);
    return store_exec(q);
}

/* Answers signed ahead say something else by now: to be signed anew. */
static cx_err mark_answers(struct store_tx *tx, const struct revocation_plan *plan,
                           struct cx_id until_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE ocsp_answer SET renew_us = 0 WHERE tenant_id = $1 "
                         "AND certificate_id IN (SELECT c.certificate_id " STEP OPEN ")",
                         &q));
    bind_step(q, plan, until_id);
    store_bind_int(q, 5, now_us);
    return store_exec(q);
}

static cx_err revoke_range(struct store_tx *tx, const struct revocation_plan *plan,
                           struct cx_id until_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE certificate SET revoked_us = $5, revoke_reason = $6 "
        "WHERE tenant_id = $1 AND certificate_id IN (SELECT c.certificate_id " STEP OPEN ")",
        &q));
    bind_step(q, plan, until_id);
    store_bind_int(q, 5, now_us);
    store_bind_int(q, 6, plan->row.reason);
    return store_exec(q);
}

static cx_err move_on(struct store_tx *tx, const struct revocation_plan *plan,
                      struct cx_id until_id, bool last, cx_time now_us,
                      const struct revocation_counts *counts)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_revocation SET after_id = $4, state = $5, "
                         "revoked_count = revoked_count + $6, "
                         "revoked_before_count = revoked_before_count + $7, "
                         "expired_count = expired_count + $8, held_count = held_count + $9, "
                         "finished_us = $10 WHERE tenant_id = $1 AND revocation_id = $2 "
                         "AND after_id = $3 AND state = 'approved'",
                         &q));
    store_bind_id(q, 1, plan->row.tenant_id);
    store_bind_id(q, 2, plan->row.revocation_id);
    store_bind_id(q, 3, plan->row.after_id);
    store_bind_id(q, 4, until_id);
    store_bind_text(q, 5, last ? CX_STR("done") : CX_STR("approved"));
    store_bind_int(q, 6, counts->revoked);
    store_bind_int(q, 7, counts->revoked_before);
    store_bind_int(q, 8, counts->expired);
    store_bind_int(q, 9, counts->held);
    if (last)
        store_bind_int(q, 10, now_us);
    else
        store_bind_null(q, 10);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err revocation_step(struct store_tx *tx, const struct revocation_plan *plan,
                       struct cx_id until_id, bool last, cx_time now_us)
{
    struct revocation_counts counts;
    CX_TRY(revocation_count(tx, plan, until_id, now_us, &counts));
    CX_TRY(move_on(tx, plan, until_id, last, now_us, &counts)); /* first: who is late stops here */
    if (plan->row.drill || counts.revoked == 0)
        return CX_OK;
    CX_TRY(mark_shards(tx, plan, until_id, now_us));
    CX_TRY(mark_answers(tx, plan, until_id, now_us));
    return revoke_range(tx, plan, until_id, now_us);
}

cx_err revocation_issuers(struct store_tx *tx, const struct revocation_plan *plan,
                          struct cx_id until_id, struct cx_id *ids, size_t limit, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx, "SELECT DISTINCT c.issuer_id " STEP "LIMIT $5", &q));
    bind_step(q, plan, until_id);
    store_bind_int(q, 5, (int64_t)limit);
    while (count < limit) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        ids[count++] = store_col_id(q, 0);
    }
    *ret_count = count;
    return CX_OK;
}

cx_err hold_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                 struct arena *arena, struct row_certificate_hold *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(
        store_prepare(tx,
                      "SELECT hold_id, certificate_id, reason, placer_id, placed_us, lifter_id, "
                      "lifted_us FROM certificate_hold WHERE tenant_id = $1 AND incident_id = $2 "
                      "ORDER BY placed_us, hold_id LIMIT $3",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, HOLDS_MAX);
    while (count < HOLDS_MAX) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            break;
        rows[count] = (struct row_certificate_hold){.tenant_id = tenant_id,
                                                    .hold_id = store_col_id(q, 0),
                                                    .incident_id = incident_id,
                                                    .certificate_id = store_col_id(q, 1),
                                                    .placer_id = store_col_id(q, 3),
                                                    .placed_us = store_col_int(q, 4),
                                                    .has_lifter_id = !store_col_is_null(q, 5),
                                                    .lifter_id = store_col_id(q, 5),
                                                    .has_lifted_us = !store_col_is_null(q, 6),
                                                    .lifted_us = store_col_int(q, 6)};
        CX_TRY(arena_copy(arena, store_col_sealed(q, 2).envelope, &rows[count++].reason.envelope));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err hold_lift(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                 struct cx_id hold_id, struct cx_id lifter_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE certificate_hold SET lifter_id = $4, lifted_us = $5 "
                         "WHERE tenant_id = $1 AND hold_id = $2 AND incident_id = $3 "
                         "AND lifted_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, hold_id);
    store_bind_id(q, 3, incident_id);
    store_bind_id(q, 4, lifter_id);
    store_bind_int(q, 5, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}
