#include "core/approval/proposal_store.h"

static const char *const KINDS[PROPOSAL_KIND_COUNT] = {
    [PROPOSAL_ROLE_GRANT] = "role_grant", [PROPOSAL_ELIGIBLE_GRANT] = "eligible_grant",
    [PROPOSAL_ELEVATION] = "elevation",   [PROPOSAL_RULE_CREATE] = "rule_create",
    [PROPOSAL_RULE_END] = "rule_end",     [PROPOSAL_BREAK_GLASS] = "break_glass",
};
static const char *const STATES[PROPOSAL_STATE_COUNT] = {
    [PROPOSAL_AWAITING] = "awaiting_approval",
    [PROPOSAL_DONE] = "done",
    [PROPOSAL_REJECTED] = "rejected",
    [PROPOSAL_CANCELLED] = "cancelled",
    [PROPOSAL_EXPIRED] = "expired",
};

const char *proposal_kind_name(enum proposal_kind kind)
{
    return KINDS[kind];
}

const char *proposal_state_name(enum proposal_state state)
{
    return STATES[state];
}

static cx_err word_of(struct cx_str text, const char *const *words, int count, int *ret_value)
{
    for (int i = 0; i < count; i++) {
        if (cx_str_is(text, words[i])) {
            *ret_value = i;
            return CX_OK;
        }
    }
    return CX_ERR(STORE);
}

#define PROPOSAL_COLUMNS                                                                           \
    "proposal_id, kind, state, requester_id, receiver_id, target_id, duration_us, reason, "        \
    "approvals_needed, approvals_given, created_us, updated_us"

static cx_err row_of(const struct store_stmt *q, struct arena *arena, struct proposal_row *ret_row)
{
    int kind = 0, state = 0;
    CX_TRY(word_of(store_col_text(q, 1), KINDS, PROPOSAL_KIND_COUNT, &kind));
    CX_TRY(word_of(store_col_text(q, 2), STATES, PROPOSAL_STATE_COUNT, &state));
    struct proposal_row row = {
        .proposal_id = store_col_id(q, 0),
        .kind = (enum proposal_kind)kind,
        .state = (enum proposal_state)state,
        .requester_id = store_col_id(q, 3),
        .receiver_id = store_col_id(q, 4),
        .target_id = store_col_id(q, 5),
        .duration_us = store_col_int(q, 6),
        .approvals_needed = store_col_int(q, 8),
        .approvals_given = store_col_int(q, 9),
        .created_us = store_col_int(q, 10),
        .updated_us = store_col_int(q, 11),
    };
    CX_TRY(arena_copy(arena, store_col_sealed(q, 7).envelope, &row.reason.envelope));
    *ret_row = row;
    return CX_OK;
}

cx_err proposal_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id,
                     struct arena *arena, struct proposal_row *ret_row)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT " PROPOSAL_COLUMNS " FROM proposal WHERE tenant_id = $1 AND proposal_id = $2",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, proposal_id);
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err proposal_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id party,
                     const struct page_key *after, size_t limit, struct arena *arena,
                     struct proposal_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " PROPOSAL_COLUMNS " FROM proposal WHERE tenant_id = $1 "
                         "AND (requester_id = $5 OR receiver_id = $5 OR $5 IS NULL) "
                         "AND (created_us, proposal_id) < ($2, $3) "
                         "ORDER BY created_us DESC, proposal_id DESC LIMIT $4",
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

cx_err proposal_conclude(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id,
                         enum proposal_state to, cx_time now_us)
{
    struct store_stmt *q = NULL;
    if (to == PROPOSAL_AWAITING)
        return CX_ERR(INTERNAL);
    CX_TRY(store_prepare(tx,
                         "UPDATE proposal SET state = $3, updated_us = $4 WHERE tenant_id = $1 "
                         "AND proposal_id = $2 AND state = 'awaiting_approval'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, proposal_id);
    store_bind_text(q, 3, cx_str_from(STATES[to]));
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err proposal_count_approval(struct store_tx *tx, struct cx_id tenant_id,
                               struct cx_id proposal_id, int64_t given)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE proposal SET approvals_given = approvals_given + 1 "
                         "WHERE tenant_id = $1 AND proposal_id = $2 AND approvals_given = $3 "
                         "AND state = 'awaiting_approval'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, proposal_id);
    store_bind_int(q, 3, given);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err proposal_decisions(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id,
                          struct arena *arena, struct proposal_decision *decisions,
                          size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(
        store_prepare(tx,
                      "SELECT approver_id, decision, comment, decided_us FROM proposal_decision "
                      "WHERE tenant_id = $1 AND proposal_id = $2 ORDER BY decided_us, approver_id",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, proposal_id);
    while (count < PROPOSAL_DECISIONS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        decisions[count] =
            (struct proposal_decision){.approver_id = store_col_id(q, 0),
                                       .approve = cx_str_is(store_col_text(q, 1), "approve"),
                                       .decided_us = store_col_int(q, 3)};
        CX_TRY(arena_copy(arena, store_col_sealed(q, 2).envelope,
                          &decisions[count++].comment.envelope));
    }
    *ret_count = count;
    return CX_OK;
}
