#include "core/access/access_store.h"
#include "store/rows.h"
#include "core/change/change.h"

static const char *const STATES[USER_STATE_COUNT] = {
    [USER_INVITED] = "invited", [USER_ACTIVE] = "active", [USER_DISABLED] = "disabled"};

const char *user_state_name(enum user_state state)
{
    return STATES[state];
}

static enum user_state state_of(struct cx_str text)
{
    for (int i = 0; i < USER_STATE_COUNT; i++) {
        if (cx_str_is(text, STATES[i]))
            return (enum user_state)i;
    }
    return USER_DISABLED; /* deny by default; the CHECK of the table lets nothing else in */
}

/* Columns: user_id, state, display_name, email, created_us, disabled_us, kind. */
static cx_err row_of(const struct store_stmt *q, struct arena *arena, struct user_row *ret_user)
{
    struct user_row user = {.user_id = store_col_id(q, 0), .state = state_of(store_col_text(q, 1))};
    CX_TRY(arena_copy(arena, store_col_sealed(q, 2).envelope, &user.display_name.envelope));
    if (!store_col_is_null(q, 3))
        CX_TRY(arena_copy(arena, store_col_sealed(q, 3).envelope, &user.email.envelope));
    user.created_us = store_col_int(q, 4);
    user.disabled_us = store_col_int(q, 5);
    user.service = !cx_str_is(store_col_text(q, 6), "person");
    *ret_user = user;
    return CX_OK;
}

cx_err user_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                 struct arena *arena, struct user_row *ret_user)
{
    struct store_stmt *q = NULL;
    struct user_row user;
    bool row = false;
    CX_TRY(
        store_prepare(tx,
                      "SELECT user_id, state, display_name, email, created_us, disabled_us, kind "
                      "FROM tenant_user WHERE tenant_id = $1 AND user_id = $2",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    CX_TRY(row_of(q, arena, &user));
    *ret_user = user;
    return CX_OK;
}

cx_err user_page(struct store_tx *tx, struct cx_id tenant_id, const struct access_scope *scope,
                 struct cx_id self_id, const struct page_key *after, size_t limit,
                 struct arena *arena, struct user_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(
        store_prepare(tx,
                      "SELECT user_id, state, display_name, email, created_us, disabled_us, kind "
                      "FROM tenant_user WHERE tenant_id = $1 AND (created_us, user_id) < ($2, $3) "
                      "AND (user_id = $5 OR " SCOPE_PEOPLE(
                          "tenant_user.user_id", "$6", "$7", "$8", "$9", "$10",
                          "$11") ") "
                                 "ORDER BY created_us DESC, user_id DESC LIMIT $4",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    store_bind_id(q, 5, self_id);
    access_scope_bind(q, 6, scope);
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

cx_err user_set_state(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      enum user_state from, enum user_state to, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE tenant_user SET state = $4, disabled_us = $5 "
                         "WHERE tenant_id = $1 AND user_id = $2 AND state = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_text(q, 3, cx_str_from(STATES[from]));
    store_bind_text(q, 4, cx_str_from(STATES[to]));
    if (to == USER_DISABLED)
        store_bind_int(q, 5, now_us);
    else
        store_bind_null(q, 5);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    return change_note_id(tx, tenant_id, CHANGE_USER, user_id);
}

cx_err user_set_email(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      struct cx_sealed email, struct cx_bytes email_index)
{
    struct store_stmt *q = NULL;
    CX_TRY(row_tenant_user_set_email(tx, tenant_id, user_id, email));
    CX_TRY(store_prepare(tx,
                         "UPDATE tenant_user SET email_index = $3 "
                         "WHERE tenant_id = $1 AND user_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_bytes(q, 3, email_index);
    return store_exec(q);
}

cx_err user_forget_email(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id)
{
    const struct cx_sealed none = {.envelope = CX_BYTES(NULL, 0)};
    struct store_stmt *q = NULL;
    CX_TRY(row_tenant_user_set_email(tx, tenant_id, user_id, none));
    CX_TRY(store_prepare(
        tx, "UPDATE tenant_user SET email_index = NULL WHERE tenant_id = $1 AND user_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    return store_exec(q);
}
