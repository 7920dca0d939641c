/* Leavers: from the mark to the end of everything they had. */
#include "core/access/access_store.h"
#include "core/access/group_store.h"
#include "core/access/service_store.h"
#include "core/authentication/session_store.h"
#include "core/client_certificate/client_certificate_store.h"
#include "core/core.h"
#include "core/field.h"
#include "core/review/review.h"

enum { LEAVER_BINDINGS_MAX = 1000 };

static cx_err end_bindings(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           cx_time now_us, struct arena *arena)
{
    struct store_stmt *q = NULL;
    struct cx_id *ids = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, LEAVER_BINDINGS_MAX, &ids));
    CX_TRY(store_prepare(tx,
                         "SELECT binding_id FROM role_binding WHERE tenant_id = $1 "
                         "AND subject_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (count == LEAVER_BINDINGS_MAX)
            return CX_ERR(LIMIT);
        ids[count++] = store_col_id(q, 0);
    }
    for (size_t i = 0; i < count; i++)
        CX_TRY(binding_end(tx, tenant_id, ids[i], (struct cx_id){{0}}, now_us));
    return CX_OK;
}

cx_err leaver_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id, cx_time now_us,
                  struct arena *arena)
{
    const struct cx_id none = {{0}};
    struct user_row user;
    struct cx_id *groups = NULL;
    size_t count = 0;
    CX_TRY(user_find(tx, tenant_id, user_id, arena, &user));
    if (user.state != USER_DISABLED)
        CX_TRY(user_set_state(tx, tenant_id, user_id, user.state, USER_DISABLED, now_us));
    CX_TRY(token_revoke_all(tx, tenant_id, user_id, now_us));
    CX_TRY(client_binding_remove_all(tx, tenant_id, user_id, none, now_us));
    CX_TRY(session_end_others(tx, tenant_id, user_id, none, now_us));
    CX_TRY(device_forget_all(tx, tenant_id, user_id));
    CX_TRY(link_expire_all(tx, tenant_id, user_id, now_us));
    CX_TRY(access_groups_of(tx, tenant_id, user_id, ACCESS_NOW, arena, &groups, &count));
    for (size_t i = 0; i < count; i++)
        CX_TRY(group_end_member(tx, tenant_id, groups[i], user_id, now_us));
    CX_TRY(service_end_owned(tx, tenant_id, user_id, arena, now_us));
    return end_bindings(tx, tenant_id, user_id, now_us, arena);
}

cx_err leaver_prepare(struct core *core, struct arena *arena, const struct leaver_draft *draft,
                      struct cx_diag *diag, struct row_leaver *ret_row)
{
    cx_time latest_us = draft->left_us + (cx_time)LEAVER_GRACE_HOURS * 3600 * CX_US_PER_S;
    cx_time earliest_us = draft->left_us > draft->now_us ? draft->left_us : draft->now_us;
    if (latest_us < draft->now_us)
        latest_us = draft->now_us; /* late already: at once */
    cx_time due_us = draft->has_due ? draft->due_us : earliest_us;
    if (due_us > latest_us)
        return cx_refuse(diag, CX_ERR(POLICY), "due", "leaver-too-late",
                         "Access ends within %d hours after somebody left.", LEAVER_GRACE_HOURS);
    struct row_leaver row = {
        .tenant_id = draft->tenant_id,
        .user_id = draft->user_id,
        .marked_us = draft->now_us,
        .source = cx_id_is_zero(draft->by) ? CX_STR("directory") : CX_STR("person"),
        .left_us = draft->left_us,
        .due_us = due_us,
        .has_marked_by_id = !cx_id_is_zero(draft->by),
        .marked_by_id = draft->by,
    };
    CX_TRY(cx_id_new(core->rng, &row.leaver_id));
    struct field_place reason = {draft->tenant_id, "leaver", "reason", row.leaver_id};
    CX_TRY(field_seal_text(core, reason, draft->reason, arena, &row.reason));
    *ret_row = row;
    return CX_OK;
}

cx_err leaver_mark(struct store_tx *tx, const struct row_leaver *row, struct arena *arena)
{
    struct leaver_row waiting;
    cx_err err = leaver_waiting(tx, row->tenant_id, row->user_id, arena, &waiting);
    if (err.code == CX_E_NOTFOUND)
        return row_leaver_insert(tx, row);
    CX_TRY(err);
    if (waiting.due_us <= row->due_us)
        return CX_OK;
    CX_TRY(
        leaver_withdraw(tx, row->tenant_id, waiting.leaver_id, row->marked_by_id, row->marked_us));
    return row_leaver_insert(tx, row);
}
