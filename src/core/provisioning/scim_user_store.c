#include "core/provisioning/scim_store.h"

#define USER_OWN                                                                                   \
    "SELECT s.user_id, u.state, s.attributes, s.created_us, s.changed_us, s.deactivated_us "       \
    "FROM scim_user s JOIN tenant_user u ON u.tenant_id = s.tenant_id AND u.user_id = s.user_id "  \
    "WHERE s.tenant_id = $1 AND s.client_id = $2 AND s.removed_us IS NULL "
#define USER_ORDER " ORDER BY s.created_us, s.user_id LIMIT $3 OFFSET $4"

static cx_err user_of(const struct store_stmt *q, struct arena *arena, struct scim_user *ret_user)
{
    struct scim_user user = {.user_id = store_col_id(q, 0),
                             .state = USER_DISABLED,
                             .created_us = store_col_int(q, 3),
                             .changed_us = store_col_int(q, 4),
                             .deactivated_us = store_col_int(q, 5)};
    for (int i = 0; i < USER_STATE_COUNT; i++)
        if (cx_str_is(store_col_text(q, 1), user_state_name((enum user_state)i)))
            user.state = (enum user_state)i;
    CX_TRY(arena_copy(arena, store_col_sealed(q, 2).envelope, &user.attributes.envelope));
    *ret_user = user;
    return CX_OK;
}

cx_err scim_user_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                      struct cx_id user_id, struct arena *arena, struct scim_user *ret_user)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, USER_OWN "AND s.user_id = $3", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, client_id);
    store_bind_id(q, 3, user_id);
    CX_TRY(store_step(q, &row));
    return row ? user_of(q, arena, ret_user) : CX_ERR(NOTFOUND);
}

cx_err scim_user_search(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                        const struct scim_key *key, size_t offset, size_t limit,
                        struct arena *arena, struct scim_user *rows, size_t *ret_count)
{
    static const char *const texts[] = {
        [SCIM_ALL] = USER_OWN USER_ORDER,
        [SCIM_BY_ID] = USER_OWN "AND s.user_id = $5" USER_ORDER,
        [SCIM_BY_NAME] = USER_OWN "AND s.user_name_index = $5" USER_ORDER,
        [SCIM_BY_EXTERNAL_ID] = USER_OWN "AND s.external_id_index = $5" USER_ORDER,
        [SCIM_BY_EMAIL] = USER_OWN "AND u.email_index = $5" USER_ORDER,
    };
    struct store_stmt *q = NULL;
    size_t count = 0;
    if (key->kind == SCIM_BY_MEMBER)
        return CX_ERR(USAGE);
    CX_TRY(store_prepare(tx, texts[key->kind], &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, client_id);
    store_bind_int(q, 3, (int64_t)limit);
    store_bind_int(q, 4, (int64_t)offset);
    if (key->kind == SCIM_BY_ID)
        store_bind_id(q, 5, key->id);
    else if (key->kind != SCIM_ALL)
        store_bind_bytes(q, 5, key->index);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(user_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err scim_user_total(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                       size_t *ret_total)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT count(*) FROM scim_user WHERE tenant_id = $1 AND client_id = $2 "
                         "AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, client_id);
    CX_TRY(store_step(q, &row));
    *ret_total = row ? (size_t)store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err scim_user_name_taken(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                            struct cx_bytes index, struct cx_id user_id, bool *ret_taken)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM scim_user WHERE tenant_id = $1 AND client_id = $2 "
                         "AND user_name_index = $3 AND removed_us IS NULL AND user_id <> $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, client_id);
    store_bind_bytes(q, 3, index);
    store_bind_id(q, 4, user_id);
    return store_step(q, ret_taken);
}

cx_err scim_user_update(struct store_tx *tx, const struct scim_user_update *update)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE scim_user SET user_name_index = $3, external_id_index = $4, "
                         "changed_us = $5 WHERE tenant_id = $1 AND user_id = $2 "
                         "AND changed_us = $6 AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, update->tenant_id);
    store_bind_id(q, 2, update->user_id);
    store_bind_bytes(q, 3, update->user_name_index);
    if (update->external_id_index.len)
        store_bind_bytes(q, 4, update->external_id_index);
    else
        store_bind_null(q, 4);
    store_bind_int(q, 5,
                   update->now_us > update->before_us ? update->now_us : update->before_us + 1);
    store_bind_int(q, 6, update->before_us);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    return row_scim_user_set_attributes(tx, update->tenant_id, update->user_id, update->attributes);
}

cx_err scim_user_set_deactivated(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                                 cx_time deactivated_us, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE scim_user SET deactivated_us = $3, changed_us = "
                         "CASE WHEN changed_us < $4 THEN $4 ELSE changed_us + 1 END "
                         "WHERE tenant_id = $1 AND user_id = $2 AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    if (deactivated_us)
        store_bind_int(q, 3, deactivated_us);
    else
        store_bind_null(q, 3);
    store_bind_int(q, 4, now_us);
    return store_exec(q);
}

cx_err scim_user_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE scim_user SET removed_us = $3 "
                         "WHERE tenant_id = $1 AND user_id = $2 AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

cx_err scim_user_forget_removed(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "DELETE FROM scim_user WHERE tenant_id = $1 AND user_id = $2 "
                         "AND removed_us IS NOT NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    return store_exec(q);
}
