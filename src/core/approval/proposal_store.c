#include "core/approval/proposal_store.h"
#include "core/change/change.h"

static const char *const KINDS[PROPOSAL_KIND_COUNT] = {
    [PROPOSAL_ROLE_GRANT] = "role_grant",       [PROPOSAL_ELIGIBLE_GRANT] = "eligible_grant",
    [PROPOSAL_ELEVATION] = "elevation",         [PROPOSAL_RULE_CREATE] = "rule_create",
    [PROPOSAL_RULE_END] = "rule_end",           [PROPOSAL_BREAK_GLASS] = "break_glass",
    [PROPOSAL_POLICY_CHANGE] = "policy_change",
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
    "approvals_needed, approvals_given, created_us, updated_us, object, object_name, operation, "  \
    "request"

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
    CX_TRY(arena_copy_str(arena, store_col_text(q, 12), &row.object));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 13), &row.object_name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 14), &row.operation));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 15).envelope, &row.request.envelope));
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
    const struct change_tie *tie = to == PROPOSAL_DONE ? store_tx_attached(tx) : NULL;
    struct store_stmt *q = NULL;
    if (to == PROPOSAL_AWAITING)
        return CX_ERR(INTERNAL);
    CX_TRY(store_prepare(tx,
                         "UPDATE proposal SET state = $3, updated_us = $4, entry_id = $5 "
                         "WHERE tenant_id = $1 "
                         "AND proposal_id = $2 AND state = 'awaiting_approval'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, proposal_id);
    store_bind_text(q, 3, cx_str_from(STATES[to]));
    store_bind_int(q, 4, now_us);
    if (tie)
        store_bind_id(q, 5, tie->entry_id);
    else
        store_bind_null(q, 5);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err proposal_tie(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id)
{
    const struct change_tie *tie = store_tx_attached(tx);
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "UPDATE proposal SET entry_id = $3 WHERE tenant_id = $1 AND proposal_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, proposal_id);
    store_bind_id(q, 3, tie->entry_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(NOTFOUND);
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

static cx_err effect_of(const struct store_stmt *q, struct arena *arena,
                        struct proposal_effect *ret_effect)
{
    struct proposal_effect effect = {.base_version = store_col_int(q, 2),
                                     .newest_version = store_col_int(q, 5)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &effect.object));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &effect.key));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &effect.content));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &effect.base));
    *ret_effect = effect;
    return CX_OK;
}

cx_err proposal_effects(struct store_tx *tx, struct cx_id tenant_id, struct cx_id proposal_id,
                        struct arena *arena, struct proposal_effect **ret_effects,
                        size_t *ret_count)
{
    struct proposal_effect *effects = NULL;
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, PROPOSAL_EFFECTS_MAX, &effects));
    CX_TRY(store_prepare(
        tx,
        "SELECT e.object, e.object_key, e.base_version, e.content, b.content, "
        "(SELECT MAX(n.version) FROM state_change n WHERE n.tenant_id = $1 "
        "AND n.object = e.object AND n.object_key = e.object_key) FROM proposal_effect e "
        "LEFT JOIN state_change b ON b.tenant_id = e.tenant_id AND b.object = e.object "
        "AND b.object_key = e.base_key AND b.version = CASE WHEN e.base_key = e.object_key "
        "THEN e.base_version ELSE (SELECT MAX(m.version) FROM state_change m "
        "WHERE m.tenant_id = $1 AND m.object = e.object AND m.object_key = e.base_key) END "
        "WHERE e.tenant_id = $1 AND e.proposal_id = $2 ORDER BY e.position",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, proposal_id);
    while (count < PROPOSAL_EFFECTS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(effect_of(q, arena, &effects[count++]));
    }
    *ret_effects = effects;
    *ret_count = count;
    return CX_OK;
}

bool proposal_is_stale(const struct proposal_effect *effects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (effects[i].newest_version != effects[i].base_version)
            return true;
    return false;
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
